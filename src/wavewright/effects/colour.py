"""Colour: saturation without aliasing, bit crushing, and dither with noise shaping."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..audio.sound_file import SoundFormat
from ..base.errors import BadSetting
from ..base.names import quoted
from ..base.ranges import ranged
from ..base.units import db_to_gain
from ..dsp.true_peak import windowed_sinc
from .effect import Effect, EffectStream

OVERSAMPLING = 4
REACH_SAMPLES = 16  # of both oversampling filters, on each side
KAISER_BETA = 8.0  # of the oversampling filter
CHUNK_SAMPLES = 4_096

SHAPINGS: Mapping[str, tuple[float, ...]] = {
    "none": (),
    "weighted": (2.033, -2.165, 1.959, -1.590, 0.6149),
}
"""Weights of the fed-back errors: ``weighted`` follows the ear's threshold at 44.1 kHz (Lipshitz et al., 1991)."""


@dataclass(frozen=True)
class Saturation(Effect):
    """Saturate as ``tanh(drive * x) / tanh(drive)``, at four times the sample rate so that it does not alias.

    Full scale stays full scale; ``mix`` is the fraction of the saturated sound.
    """

    drive_db: float = ranged(12.0, -40.0, 60.0)
    mix: float = ranged(1.0, 0.0, 1.0)

    def stream(self, sound: SoundFormat) -> SaturationStream:
        """Open a stream, see :meth:`.effect.Effect.stream`."""
        return SaturationStream(sound.n_channels, float(db_to_gain(self.drive_db)), self.mix)


class SaturationStream(EffectStream):
    """The stream of :class:`Saturation`: interpolated, shaped and decimated by linear-phase filters."""

    adopted = ("_drive", "_level", "_dry")

    def __init__(self, n_channels: int, drive: float, mix: float) -> None:
        super().__init__(n_channels, latency_samples=2 * REACH_SAMPLES)
        self._drive = np.float32(drive)
        self._level = np.float32(mix / np.tanh(drive))
        self._dry = np.float32(1.0 - mix)
        self._up, self._down = _oversampling_filters()
        self._recent = np.zeros((n_channels, self.latency_samples), np.float32)
        self._shaped = np.zeros((n_channels, OVERSAMPLING, self.latency_samples), np.float32)

    def _process(self, block: np.ndarray) -> np.ndarray:
        output = np.empty_like(block)
        for start in range(0, block.shape[1], CHUNK_SAMPLES):
            chunk = np.s_[:, start : start + CHUNK_SAMPLES]
            output[chunk] = self._saturated(block[chunk])
        return output

    def _saturated(self, chunk: np.ndarray) -> np.ndarray:
        from .colour_kernels import add_filtered  # numba is slow to import

        n_samples = chunk.shape[1]
        history = np.concatenate([self._recent, chunk], axis=1)
        fine = np.zeros((self.n_channels, OVERSAMPLING, n_samples), np.float32)
        saturated = np.zeros_like(chunk)
        for channel in range(self.n_channels):
            for point in range(OVERSAMPLING):
                add_filtered(history[channel], self._up[point], fine[channel, point])
        fine *= self._drive
        np.tanh(fine, out=fine)
        shaped = np.concatenate([self._shaped, fine], axis=2)
        for channel in range(self.n_channels):
            for point in range(OVERSAMPLING):
                add_filtered(shaped[channel, point], self._down[point], saturated[channel])
        self._recent = history[:, n_samples:]
        self._shaped = shaped[:, :, n_samples:]
        saturated *= self._level
        saturated += self._dry * history[:, :n_samples]
        return saturated


def _oversampling_filters() -> tuple[np.ndarray, np.ndarray]:
    """Return the filters that interpolate and that decimate each of the points of a sample, ``(points, taps)``."""
    n_taps, n_fine = 2 * REACH_SAMPLES + 1, 2 * REACH_SAMPLES * OVERSAMPLING + 1
    prototype = np.pad(windowed_sinc(n_fine, 1 / OVERSAMPLING, KAISER_BETA), OVERSAMPLING)
    up, down = np.zeros((2, OVERSAMPLING, n_taps))
    for point in range(OVERSAMPLING):
        up[point] = OVERSAMPLING * prototype[OVERSAMPLING + point :: OVERSAMPLING][:n_taps]
        down[point] = prototype[OVERSAMPLING - point :: OVERSAMPLING][:n_taps]
    return up[:, ::-1].astype(np.float32), down[:, ::-1].astype(np.float32)


@dataclass(frozen=True)
class BitCrush(Effect):
    """Round samples to ``bits``, and hold each until the next of a sample rate of ``rate_hz``, without filters."""

    bits: int = ranged(8, 1, 24)
    rate_hz: float = ranged(192_000.0, 20.0, 192_000.0)

    def stream(self, sound: SoundFormat) -> BitCrushStream:
        """Open a stream, see :meth:`.effect.Effect.stream`."""
        return BitCrushStream(sound.n_channels, self.bits, min(1.0, self.rate_hz / sound.sample_rate))


class BitCrushStream(EffectStream):
    """The stream of :class:`BitCrush`; ``relative_rate`` is the held sample rate over that of the sound."""

    adopted = ("_levels", "_relative_rate")

    def __init__(self, n_channels: int, bits: int, relative_rate: float) -> None:
        super().__init__(n_channels)
        self._levels = np.float32(2 ** (bits - 1))
        self._relative_rate = relative_rate
        self._n_samples = 0
        self._held = np.zeros((n_channels, 1), np.float32)

    def _process(self, block: np.ndarray) -> np.ndarray:
        rounded = np.round(block * self._levels) / self._levels
        n_samples = block.shape[1]
        if self._relative_rate == 1.0 or not n_samples:
            return rounded
        time = np.arange(self._n_samples - 1, self._n_samples + n_samples)
        is_new = np.diff(np.floor(time * self._relative_rate)) > 0
        latest = np.maximum.accumulate(np.where(is_new, np.arange(1, n_samples + 1), 0))
        held: np.ndarray = np.concatenate([self._held, rounded], axis=1)[:, latest]
        self._held = held[:, -1:]
        self._n_samples += n_samples
        return held


@dataclass(frozen=True)
class Dither(Effect):
    """Round to ``bits`` with triangular dither of two steps, so that the error is noise independent of the sound.

    ``shaping`` is a name in SHAPINGS. The noise follows from ``seed``.
    """

    bits: int = ranged(16, 4, 24)
    shaping: str = "none"
    seed: int = ranged(0, 0, 2**31)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.shaping not in SHAPINGS:
            raise BadSetting(f"shaping is {quoted(self.shaping)}; it must be one of {', '.join(SHAPINGS)}.")

    def stream(self, sound: SoundFormat) -> DitherStream:
        """Open a stream, see :meth:`.effect.Effect.stream`."""
        return DitherStream(sound.n_channels, self.bits, SHAPINGS[self.shaping], self.seed)


class DitherStream(EffectStream):
    """The stream of :class:`Dither`."""

    adopted = ("_step",)

    def __init__(self, n_channels: int, bits: int, taps: tuple[float, ...], seed: int) -> None:
        super().__init__(n_channels)
        self._step = 2.0 ** (1 - bits)
        self._taps = np.array(taps)
        self._errors = np.zeros((n_channels, len(taps)))
        self._keys = np.random.default_rng(seed).integers(2**64, size=n_channels, dtype=np.uint64)
        self._n_before = 0

    def _process(self, block: np.ndarray) -> np.ndarray:
        from .colour_kernels import requantise  # numba is slow to import

        output = np.empty_like(block)
        requantise(block, self._keys, self._n_before, self._step, self._taps, self._errors, output)
        self._n_before += block.shape[1]
        return output
