"""Dynamics: compressor, expander, gate, de-esser and ducking, with a side chain where that makes sense; a limiter.

The level is the largest sample magnitude of the last milliseconds. Its gain follows from the static curve of the
effect, and is smoothed in dB.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from ..audio.sound_file import SoundFormat
from ..base.errors import BadAudio
from ..base.ranges import ranged
from ..base.units import db_to_gain
from ..dsp.true_peak import FILTER_SAMPLES, interpolation_phases
from .effect import Effect, EffectStream, KeyedEffect, KeyedStream, check_below_nyquist, milliseconds_to_samples
from .filters import HighPass

FLOOR_DB = -200.0
"""Level of silence."""

HOLD_INTERVALS = 8  # a peak counts for at most an eighth longer than the hold
HOLD_MS = 10.0
"""Least time for which a peak counts: half a period of the lowest frequency without ripple, 50 Hz."""

CHUNK_SAMPLES = 8_192  # fits the cache of a processor
DB_PER_NEPER = 20.0 / math.log(10.0)

GainCurve = Callable[[np.ndarray], np.ndarray]
"""Gains in dB as a function of levels in dBFS, float32; it may overwrite the levels."""


class GainStream(KeyedStream):
    """The stream of an effect whose gain depends on the level of a key.

    Parameters
    ----------
    sound : SoundFormat
    curve : callable
        The static curve.
    falling_ms, rising_ms : float
        Time constants of falling and of rising gains.
    hold_ms : float
        Least time for which a peak counts, not shorter than HOLD_MS.
    start_db : float
        The gain before the first sample.
    makeup_db : float
        Added to the smoothed gain.
    is_linked : bool
        All channels get the gain of the loudest one.
    """

    adopted: ClassVar[tuple[str, ...]] = ("_curve", "_n_interval", "_smoothing", "_makeup_db")

    def __init__(
        self,
        sound: SoundFormat,
        curve: GainCurve,
        *,
        falling_ms: float,
        rising_ms: float,
        hold_ms: float = HOLD_MS,
        start_db: float = 0.0,
        makeup_db: float = 0.0,
        is_linked: bool = True,
    ) -> None:
        super().__init__(sound.n_channels)
        self._curve = curve
        n_hold = milliseconds_to_samples(max(hold_ms, HOLD_MS), sound.sample_rate)
        self._n_interval = max(1, math.ceil(n_hold / HOLD_INTERVALS))
        self._smoothing = remaining(falling_ms, sound.sample_rate), remaining(rising_ms, sound.sample_rate)
        self._makeup_db = np.float32(makeup_db)
        self._is_linked = is_linked
        n_rows = 1 if is_linked else sound.n_channels
        self._positions = np.zeros((n_rows, 2), np.int64)
        self._maxima = np.full((n_rows, HOLD_INTERVALS + 1), FLOOR_DB, np.float32)
        self._gains = np.full(n_rows, start_db)

    def adopt(self, other: Self) -> None:
        """Take over another curve and other times, see :meth:`.effect.EffectStream.adopt`."""
        super().adopt(other)
        np.minimum(self._positions[:, 1], self._n_interval, out=self._positions[:, 1])  # else it would never end

    def _process_keyed(self, block: np.ndarray, key: np.ndarray) -> np.ndarray:
        if not self._is_linked and len(key) not in (1, self.n_channels):
            raise BadAudio(
                f"The side chain has {len(key)} channels, and the sound {self.n_channels}; "
                "channels that are not linked need one each, or one for all."
            )
        output = np.empty_like(block)
        for start in range(0, block.shape[1], CHUNK_SAMPLES):
            chunk = np.s_[:, start : start + CHUNK_SAMPLES]
            np.multiply(block[chunk], self._chunk_gains(key[chunk]), out=output[chunk])
        return output

    def _chunk_gains(self, key: np.ndarray) -> np.ndarray:
        """Return linear gains ``(rows, time)``."""
        from .dynamics_kernels import hold_peaks, smooth_gains  # numba is slow to import

        levels = levels_db(key, self._is_linked)
        if len(levels) < len(self._gains):
            levels = np.repeat(levels, len(self._gains), axis=0)
        hold_peaks(levels, self._n_interval, self._positions, self._maxima)
        gains = np.ascontiguousarray(self._curve(levels), np.float32)
        smooth_gains(gains, *self._smoothing, self._gains)
        gains += self._makeup_db
        gains *= np.float32(1.0 / DB_PER_NEPER)
        linear: np.ndarray = np.exp(gains, out=gains)
        return linear


def levels_db(block: np.ndarray, is_linked: bool) -> np.ndarray:
    """Return the level of each sample in dBFS, ``(channels, time)``; linked, that of the loudest channel."""
    magnitudes: np.ndarray = np.abs(block)
    if is_linked and len(block) > 1:
        magnitudes = magnitudes.max(axis=0, keepdims=True)
    np.maximum(magnitudes, np.float32(10.0 ** (FLOOR_DB / 20.0)), out=magnitudes)
    np.log(magnitudes, out=magnitudes)
    magnitudes *= np.float32(DB_PER_NEPER)
    return magnitudes


def remaining(milliseconds: float, sample_rate: float) -> float:
    """Return what is left of a step after one sample of smoothing by a time constant; 0 for none."""
    return math.exp(-1_000.0 / (milliseconds * sample_rate)) if milliseconds else 0.0


def soft_knee(above: np.ndarray, knee_db: float) -> np.ndarray:
    """Return decibels above a threshold, 0 below it, with a parabola over a knee around it."""
    if not knee_db:
        over: np.ndarray = np.maximum(above, np.float32(0.0))
        return over
    inside = np.clip(above + np.float32(0.5 * knee_db), 0, np.float32(knee_db))
    curved: np.ndarray = inside * inside * np.float32(0.5 / knee_db)
    return curved + np.maximum(above - np.float32(0.5 * knee_db), np.float32(0.0))


@dataclass(frozen=True)
class Compressor(KeyedEffect):
    """Compress the range above a threshold.

    ``ratio`` is how many dB above the threshold become one dB; the soft knee is ``knee_db`` wide. ``attack_ms`` and
    ``release_ms`` are time constants of the gain. ``linked`` channels get one gain, that of the loudest.

    References
    ----------
    D. Giannoulis, M. Massberg, J. Reiss, "Digital dynamic range compressor design", 2012.
    """

    threshold_db: float = ranged(-18.0, -120.0, 0.0)
    ratio: float = ranged(3.0, 1.0, 1_000.0)
    knee_db: float = ranged(6.0, 0.0, 48.0)
    attack_ms: float = ranged(5.0, 0.0, 1_000.0)
    release_ms: float = ranged(100.0, 0.0, 10_000.0)
    makeup_db: float = ranged(0.0, -60.0, 60.0)
    linked: bool = True

    def curve(self, levels: np.ndarray) -> np.ndarray:
        """Return the gain in dB for levels in dBFS, without make-up: the static curve."""
        return soft_knee(levels - np.float32(self.threshold_db), self.knee_db) * np.float32(1.0 / self.ratio - 1.0)

    def stream(self, sound: SoundFormat) -> GainStream:
        """Open a stream, see :meth:`.effect.Effect.stream`."""
        return GainStream(
            sound,
            self.curve,
            falling_ms=self.attack_ms,
            rising_ms=self.release_ms,
            makeup_db=self.makeup_db,
            is_linked=self.linked,
        )


@dataclass(frozen=True)
class Expander(KeyedEffect):
    """Expand the range below a threshold: each dB below it becomes ``ratio`` dB, at most ``range_db`` less.

    ``attack_ms`` is the time constant of a rising gain, ``release_ms`` of a falling one.
    """

    threshold_db: float = ranged(-40.0, -120.0, 0.0)
    ratio: float = ranged(2.0, 1.0, 100.0)
    range_db: float = ranged(40.0, 0.0, 120.0)
    knee_db: float = ranged(6.0, 0.0, 48.0)
    attack_ms: float = ranged(2.0, 0.0, 1_000.0)
    release_ms: float = ranged(100.0, 0.0, 10_000.0)
    linked: bool = True

    def curve(self, levels: np.ndarray) -> np.ndarray:
        """Return the gain in dB for levels in dBFS: the static curve."""
        below = soft_knee(np.float32(self.threshold_db) - levels, self.knee_db)
        gains: np.ndarray = np.maximum(below * np.float32(1.0 - self.ratio), np.float32(-self.range_db))
        return gains

    def stream(self, sound: SoundFormat) -> GainStream:
        """Open a stream, see :meth:`.effect.Effect.stream`."""
        return GainStream(
            sound,
            self.curve,
            falling_ms=self.release_ms,
            rising_ms=self.attack_ms,
            start_db=-self.range_db if self.ratio > 1.0 else 0.0,
            is_linked=self.linked,
        )


@dataclass(frozen=True)
class Gate(KeyedEffect):
    """Noise gate: opens at the threshold, closes below it by ``hysteresis_db``, ``hold_ms`` after the last peak.

    A closed gate attenuates by ``range_db``. ``attack_ms`` is the time constant of opening, ``release_ms`` of closing.
    """

    threshold_db: float = ranged(-50.0, -120.0, 0.0)
    range_db: float = ranged(80.0, 0.0, 120.0)
    hysteresis_db: float = ranged(4.0, 0.0, 40.0)
    attack_ms: float = ranged(1.0, 0.0, 1_000.0)
    hold_ms: float = ranged(50.0, 0.0, 5_000.0)
    release_ms: float = ranged(100.0, 0.0, 10_000.0)
    linked: bool = True

    def stream(self, sound: SoundFormat) -> GainStream:
        """Open a stream, see :meth:`.effect.Effect.stream`."""
        return GateStream(self, sound)


class GateStream(GainStream):
    """The stream of :class:`Gate`, which knows whether it is open."""

    adopted = ("_gate", "_n_interval", "_smoothing")

    def __init__(self, settings: Gate, sound: SoundFormat) -> None:
        super().__init__(
            sound,
            self._gate_gains,
            hold_ms=settings.hold_ms,
            falling_ms=settings.release_ms,
            rising_ms=settings.attack_ms,
            start_db=-settings.range_db,
            is_linked=settings.linked,
        )
        self._gate = settings
        self._is_open = np.zeros(1 if settings.linked else sound.n_channels)

    def _gate_gains(self, levels: np.ndarray) -> np.ndarray:
        from .dynamics_kernels import gate_gains  # numba is slow to import

        opens, range_db = self._gate.threshold_db, self._gate.range_db
        gate_gains(levels, opens, opens - self._gate.hysteresis_db, range_db, self._is_open)
        return levels


@dataclass(frozen=True)
class Ducker(KeyedEffect):
    """Duck a sound, such as music, by ``depth_db`` while its side chain, such as a voice, exceeds a threshold.

    The gain falls over ``knee_db`` around the threshold, with the time constant ``attack_ms``. It rises with
    ``release_ms``, from ``hold_ms`` after the last peak on.
    """

    threshold_db: float = ranged(-40.0, -120.0, 0.0)
    depth_db: float = ranged(12.0, 0.0, 120.0)
    knee_db: float = ranged(6.0, 0.0, 48.0)
    attack_ms: float = ranged(30.0, 0.0, 5_000.0)
    hold_ms: float = ranged(300.0, 0.0, 10_000.0)
    release_ms: float = ranged(400.0, 0.0, 10_000.0)

    def curve(self, levels: np.ndarray) -> np.ndarray:
        """Return the gain in dB for levels of the side chain in dBFS: the static curve."""
        above = levels - np.float32(self.threshold_db)
        if not self.knee_db:
            return np.where(above >= 0, np.float32(-self.depth_db), np.float32(0.0))
        gains: np.ndarray = np.clip(above / np.float32(self.knee_db) + np.float32(0.5), 0, 1)
        return gains * np.float32(-self.depth_db)

    def stream(self, sound: SoundFormat) -> GainStream:
        """Open a stream, see :meth:`.effect.Effect.stream`; without a side chain the sound ducks itself."""
        return GainStream(
            sound,
            self.curve,
            hold_ms=self.hold_ms,
            falling_ms=self.attack_ms,
            rising_ms=self.release_ms,
        )


@dataclass(frozen=True)
class DeEsser(Effect):
    """Compress the frequencies above ``frequency_hz`` alone where they exceed a threshold, as in sibilants.

    At most ``range_db`` are removed. ``ratio`` and the time constants are those of :class:`Compressor`.
    """

    frequency_hz: float = ranged(5_000.0, 500.0, 20_000.0)
    threshold_db: float = ranged(-30.0, -120.0, 0.0)
    ratio: float = ranged(4.0, 1.0, 1_000.0)
    range_db: float = ranged(12.0, 0.0, 60.0)
    attack_ms: float = ranged(1.0, 0.0, 1_000.0)
    release_ms: float = ranged(50.0, 0.0, 10_000.0)

    def curve(self, levels: np.ndarray) -> np.ndarray:
        """Return the gain of the high frequencies in dB for their level in dBFS: the static curve."""
        above = soft_knee(levels - np.float32(self.threshold_db), 0.0)
        gains: np.ndarray = np.maximum(above * np.float32(1.0 / self.ratio - 1.0), np.float32(-self.range_db))
        return gains

    def stream(self, sound: SoundFormat) -> DeEsserStream:
        """Open a stream, see :meth:`.effect.Effect.stream`."""
        check_below_nyquist(sound.sample_rate, frequency_hz=self.frequency_hz)
        return DeEsserStream(self, sound)


class DeEsserStream(EffectStream):
    """The stream of :class:`DeEsser`: changes the high band, and adds the difference to the sound."""

    adopted = ()

    def __init__(self, settings: DeEsser, sound: SoundFormat) -> None:
        super().__init__(sound.n_channels)
        self._band = HighPass(settings.frequency_hz).stream(sound)
        self._gain = GainStream(
            sound,
            settings.curve,
            falling_ms=settings.attack_ms,
            rising_ms=settings.release_ms,
        )

    def adopt(self, other: Self) -> None:
        """Take over the settings of both parts, see :meth:`.effect.EffectStream.adopt`."""
        super().adopt(other)
        self._band.adopt(other._band)
        self._gain.adopt(other._gain)

    def _process(self, block: np.ndarray) -> np.ndarray:
        band = self._band.push(block)
        difference = self._gain.push(band)
        difference -= band
        difference += block
        return difference


SHORTEST_AVERAGE = 16  # samples; a gain that changes faster alters peaks between samples
LIMITER_CHUNK_SAMPLES = 4_096
HEADROOM_DB = 0.03
"""Distance kept from the ceiling: a changing gain alters peaks between samples slightly."""


@dataclass(frozen=True)
class Limiter(Effect):
    """Keep true peaks below a ceiling in dBTP, at four times the sample rate.

    The gain falls smoothly over ``look_ahead_ms`` before each peak, but over at least 32 samples, and rises with the
    time constant ``release_ms``. The stream lags behind by a little more than the look-ahead. All channels get the same
    gain. A sound without a peak above the ceiling is unchanged.
    """

    ceiling_db: float = ranged(-1.0, -60.0, 0.0)
    look_ahead_ms: float = ranged(5.0, 1.0, 50.0)
    release_ms: float = ranged(50.0, 0.0, 5_000.0)

    def stream(self, sound: SoundFormat) -> LimiterStream:
        """Open a stream, see :meth:`.effect.Effect.stream`."""
        n_ahead = milliseconds_to_samples(self.look_ahead_ms, sound.sample_rate)
        return LimiterStream(
            sound.n_channels, float(db_to_gain(self.ceiling_db)), n_ahead, remaining(self.release_ms, sound.sample_rate)
        )


class LimiterStream(EffectStream):
    """The stream of :class:`Limiter`.

    Parameters
    ----------
    n_channels : int
    ceiling : float
        The largest magnitude, linear.
    n_ahead : int
        Samples over which the gain falls.
    release : float
        What is left after a sample of the distance to a higher gain.
    """

    adopted = ("_ceiling", "_harmless", "_release")

    def __init__(self, n_channels: int, ceiling: float, n_ahead: int, release: float) -> None:
        n_average = max(SHORTEST_AVERAGE, n_ahead // 2)
        n_fall = 2 * n_average - 1  # samples of both averages
        n_delay = n_fall - 1 + FILTER_SAMPLES
        super().__init__(n_channels, latency_samples=n_delay + FILTER_SAMPLES)
        self._ceiling = ceiling * float(db_to_gain(-HEADROOM_DB))
        self._release = release
        self._phases = interpolation_phases()
        # Magnitudes below this have no true peak above the ceiling.
        self._harmless = self._ceiling / float(np.abs(self._phases).sum(axis=1).max())
        n_window = n_delay + FILTER_SAMPLES + 1  # the gain is lowest as long as the interpolation sees the peak
        self._minima = np.zeros(n_window)
        self._minima_at = np.zeros(n_window, np.int64)
        self._ring = np.zeros((2, n_average))
        self._counters = np.zeros(3, np.int64)
        self._levels = np.array([1.0, 0.0, 0.0])
        self._recent = np.zeros((n_channels, max(self.latency_samples, 2 * FILTER_SAMPLES - 1)), np.float32)

    def _process(self, block: np.ndarray) -> np.ndarray:
        output = np.empty_like(block)
        for start in range(0, block.shape[1], LIMITER_CHUNK_SAMPLES):
            chunk = block[:, start : start + LIMITER_CHUNK_SAMPLES]
            output[:, start : start + LIMITER_CHUNK_SAMPLES] = self._limited(chunk)
        return output

    def _limited(self, chunk: np.ndarray) -> np.ndarray:
        from .dynamics_kernels import limiter_gains, true_peak_levels  # numba is slow to import

        n_samples = chunk.shape[1]
        history = np.concatenate([self._recent, chunk], axis=1)
        self._recent = history[:, n_samples:]
        extended = np.ascontiguousarray(history[:, -n_samples - 2 * FILTER_SAMPLES + 1 :])
        peaks = np.zeros(n_samples)
        if np.abs(extended).max() > self._harmless:
            true_peak_levels(extended, self._phases, np.empty(n_samples), peaks)
        gains = self._ceiling / np.maximum(peaks, self._ceiling)
        limiter_gains(gains, self._release, self._minima, self._minima_at, self._ring, self._counters, self._levels)
        delayed = history[:, -n_samples - self.latency_samples : history.shape[1] - self.latency_samples]
        limited: np.ndarray = delayed * gains.astype(np.float32)
        return limited
