"""A limiter that looks ahead, and keeps true peaks (ITU-R BS.1770) below a ceiling."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..audio.sound_file import SoundFormat
from ..base.ranges import ranged
from ..base.units import db_to_gain
from ..dsp.true_peak import FILTER_SAMPLES, interpolation_phases
from .dynamics import remaining
from .effect import Effect, EffectStream, milliseconds_to_samples

SHORTEST_AVERAGE = 16  # samples; a gain that changes faster alters peaks between samples
CHUNK_SAMPLES = 4_096
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
        for start in range(0, block.shape[1], CHUNK_SAMPLES):
            chunk = block[:, start : start + CHUNK_SAMPLES]
            output[:, start : start + CHUNK_SAMPLES] = self._limited(chunk)
        return output

    def _limited(self, chunk: np.ndarray) -> np.ndarray:
        from .limiter_kernels import limiter_gains, true_peak_levels  # numba is slow to import

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
