"""Waves that arrive in blocks: counted, regrouped, cut or padded, resampled, mixed to mono; clipped samples."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from ..base.channel_layouts import Positions, mono_weights, stereo_weights
from ..base.units import gain_to_db, samples_to_seconds

LARGEST_UNCLIPPED = 1.0 + 2.0**-15
"""Full scale and a step of 16 bits: what exceeds it is lost where numbers are integers."""

MONO_BLOCK_VALUES = 2**19
"""Samples of all channels in a block of what listens and writes no sound."""

LOWER_FIRST = "lower the recording first, such as by `wavewright edit --do 'normalise -1dB'`"
LOWER_THE_TRACKS = "lower the tracks, or write floats by --subtype FLOAT"
"""Advice for clipped samples."""


class CountedWaves:
    """Iterable over waves ``(channels, time)`` that counts their samples and reports the count to ``show``."""

    def __init__(self, waves: Iterable[np.ndarray], show: Callable[[int], object] = lambda _: None) -> None:
        self._waves = waves
        self._show = show
        self.n_channels = self.n_samples = 0

    def __iter__(self) -> Iterator[np.ndarray]:
        for wave in self._waves:
            self.n_channels = len(wave)
            self.n_samples += wave.shape[1]
            self._show(self.n_samples)
            yield wave


@dataclass(frozen=True)
class ClippedSamples:
    """Samples that exceeded full scale and were clipped as they were stored.

    - ``n_samples``: their number, in all channels.
    - ``fraction``: of all samples.
    - ``peak_db``: largest sample before, in dB of full scale.
    """

    n_samples: int
    fraction: float
    peak_db: float

    def warning(self, advice: str) -> str:
        """Return a sentence on them, with advice."""
        samples = "1 sample" if self.n_samples == 1 else f"{self.n_samples} samples"
        return (
            f"{samples} ({100 * self.fraction:.2g} %) exceeded full scale by up to {self.peak_db:.1f} dB and "
            f"{'was' if self.n_samples == 1 else 'were'} clipped: {advice}."
        )


class PeakMeter:
    """The largest sample of blocks that pass."""

    def __init__(self) -> None:
        self.peak = 0.0

    def measured(self, waves: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """Yield the blocks as they are."""
        for wave in waves:
            self.peak = max(self.peak, float(np.abs(wave).max(initial=0.0)))
            yield wave


class ClippingMeter:
    """Counts samples beyond full scale in waves that are about to be stored as integers."""

    def __init__(self) -> None:
        self._n_samples = 0
        self._n_clipped = 0
        self._peak = 0.0

    def add(self, wave: np.ndarray) -> None:
        """Add the next block of the wave, ``(channels, time)``."""
        magnitudes = np.abs(wave)
        self._n_samples += wave.size
        self._n_clipped += int((magnitudes > LARGEST_UNCLIPPED).sum())
        self._peak = max(self._peak, float(magnitudes.max(initial=0.0)))

    def measured(self, waves: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """Add blocks as they pass."""
        for wave in waves:
            self.add(wave)
            yield wave

    def result(self) -> ClippedSamples | None:
        """Return the clipped samples so far, None if there are none."""
        if not self._n_clipped:
            return None
        peak_db = round(float(gain_to_db(self._peak)), 2)
        return ClippedSamples(self._n_clipped, round(self._n_clipped / self._n_samples, 6), peak_db)


class BlockReader:
    """Read blocks of any lengths as blocks of chosen lengths.

    - ``blocks``: ``(channels, time)``.
    """

    def __init__(self, blocks: Iterable[np.ndarray], n_channels: int) -> None:
        self._blocks = iter(blocks)
        self._rest = np.zeros((n_channels, 0), np.float32)

    def read(self, n_samples: int) -> np.ndarray:
        """Return the next ``(channels, n_samples)``; fewer at the end."""
        pieces = [self._rest]
        n_read = self._rest.shape[1]
        while n_read < n_samples and (block := next(self._blocks, None)) is not None:
            pieces.append(block)
            n_read += block.shape[1]
        joined = pieces[0] if len(pieces) == 1 else np.concatenate(pieces, axis=1)
        self._rest = joined[:, n_samples:]
        return joined[:, :n_samples]

    def blocks(self, n_samples: int) -> Iterator[np.ndarray]:
        """Yield the rest in blocks ``(channels, n_samples)``, the last one shorter."""
        while (block := self.read(n_samples)).shape[1]:
            yield block


def with_channels(wave: np.ndarray, n_channels: int, positions: Positions | None = None) -> np.ndarray:
    """Return a wave ``(channels, time)`` with this number of channels.

    One is copied to all; several are mixed to one, see :func:`mixed_to_mono`.
    """
    if len(wave) == n_channels:
        return wave
    return np.repeat(wave, n_channels, axis=0) if len(wave) == 1 else mixed_to_mono(wave, positions)


def mixed_to_mono(wave: np.ndarray, positions: Positions | None = None) -> np.ndarray:
    """Return the channels of a wave ``(channels, time)`` mixed to one, see :func:`.channel_layouts.mono_weights`.

    ``positions`` are those of the channels; by default the usual ones for their number.
    """
    if stereo_weights(len(wave), positions) is None:
        mean: np.ndarray = wave.mean(axis=0, keepdims=True)
        return mean
    return _weighted(wave, [mono_weights(len(wave), positions)])


def at_most_stereo(wave: np.ndarray, positions: Positions | None = None) -> np.ndarray:
    """Return a wave ``(channels, time)`` of three and more channels as its stereo downmix, above eight in mono.

    ``positions`` as for :func:`mixed_to_mono`.
    """
    if len(wave) <= 2:
        return wave
    weights = stereo_weights(len(wave), positions)
    return mixed_to_mono(wave) if weights is None else _weighted(wave, weights)


def _weighted(wave: np.ndarray, weights: Sequence[Sequence[float]]) -> np.ndarray:
    """Return sums of the channels with a row of weights for each."""
    mixed = np.zeros((len(weights), wave.shape[1]), wave.dtype)
    for index, row in enumerate(weights):
        for weight, channel in zip(row, wave, strict=True):
            mixed[index] += wave.dtype.type(weight) * channel
    return mixed


def fitted(waves: Iterable[np.ndarray], n_channels: int, n_due: Callable[[], int]) -> Iterator[np.ndarray]:
    """Yield waves ``(channels, time)`` up to the number of samples that is due, padded with silence at the end.

    ``n_due`` is called after every block, since the length of a source is known for sure at its end only.
    """
    n_yielded = 0
    for wave in waves:
        chunk = np.ascontiguousarray(wave[:, : n_due() - n_yielded], dtype=np.float32)
        n_yielded += chunk.shape[1]
        if chunk.size:
            yield chunk
    if n_missing := n_due() - n_yielded:
        yield np.zeros((n_channels, n_missing), np.float32)


def until_interrupted(waves: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    """Yield waves until Ctrl-C is pressed."""
    with suppress(KeyboardInterrupt):
        yield from waves


def first_samples(chunks: Iterator[np.ndarray], n_samples: int | None) -> Iterator[np.ndarray]:
    """Yield chunks ``(channels, time)`` of at most ``n_samples`` in total."""
    remaining = n_samples
    for chunk in chunks:
        yield chunk if remaining is None else chunk[:, :remaining]
        if remaining is not None:
            remaining -= chunk.shape[1]
            if remaining <= 0:
                return


def resampled(waves: Iterable[np.ndarray], from_rate: int, to_rate: int, n_channels: int) -> Iterator[np.ndarray]:
    """Resample consecutive blocks of a wave with soxr's HQ filter, in bounded memory.

    - ``waves``: blocks ``(channels, time)`` float32.
    - ``from_rate``, ``to_rate``: in Hz.
    - returns: blocks ``(channels, time)`` float32 of other lengths.
    """
    if from_rate == to_rate:
        yield from waves
        return
    import soxr

    stream = soxr.ResampleStream(from_rate, to_rate, n_channels, dtype="float32")
    for wave in waves:
        yield stream.resample_chunk(np.ascontiguousarray(wave.T)).T
    yield stream.resample_chunk(np.zeros((0, n_channels), np.float32), last=True).T


def converted(
    waves: Iterable[np.ndarray],
    from_rate: int,
    to_rate: int,
    from_channels: int,
    to_channels: int,
    positions: Positions | None = None,
) -> Iterator[np.ndarray]:
    """Resample consecutive blocks and give them another number of channels.

    See :func:`resampled` and :func:`with_channels`.
    """
    return (with_channels(wave, to_channels, positions) for wave in resampled(waves, from_rate, to_rate, from_channels))


class MonoSound:
    """A wave or a sound file of any length, read once; see :func:`mixed_to_mono`.

    - ``waves``: consecutive blocks ``(channels, time)``.
    - ``sample_rate``: in Hz.
    - ``show``: called with the seconds that are read.
    - ``positions``: of the channels; by default the usual ones for their number.
    """

    def __init__(
        self,
        waves: Iterable[np.ndarray],
        sample_rate: int,
        show: Callable[[float], object] = lambda _: None,
        positions: Positions | None = None,
    ) -> None:
        self._positions = positions
        self._waves = CountedWaves(waves, lambda n_samples: show(samples_to_seconds(n_samples, sample_rate)))
        self._sample_rate = sample_rate

    @classmethod
    def of_wave(cls, wave: np.ndarray, sample_rate: int) -> MonoSound:
        """Return a wave ``(channels, time)``."""
        step = max(1, MONO_BLOCK_VALUES // max(len(wave), 1))
        return cls((wave[:, start : start + step] for start in range(0, wave.shape[1], step)), sample_rate)

    @property
    def seconds(self) -> float:
        """Seconds that have been read."""
        return samples_to_seconds(self._waves.n_samples, self._sample_rate)

    def blocks(self, sample_rate: int) -> Iterator[np.ndarray]:
        """Yield consecutive blocks ``(time,)`` float32 at a sample rate."""
        mono = (mixed_to_mono(wave, self._positions).astype(np.float32, copy=False) for wave in self._waves)
        for wave in resampled(mono, self._sample_rate, sample_rate, 1):
            yield wave[0]
