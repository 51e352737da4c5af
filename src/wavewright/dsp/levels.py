"""Levels of consecutive blocks of a wave: peak, power, offset, clipping, and the power of short frames."""

from __future__ import annotations

import numpy as np

from ..units import seconds_to_samples
from .frames import FrameBuffer

FULL_SCALE = 0.9999
"""Smallest magnitude of a sample at full scale."""

CLIPPED_RUN = 4
"""Consecutive samples at full scale that count as clipping; a loud unclipped wave touches full scale for fewer."""

FRAME_SECONDS = 0.02


class LevelMeter:
    """Running sums over the blocks of a wave; blocks of any lengths give the same result.

    Parameters
    ----------
    n_channels : int
        Number of channels.

    Attributes
    ----------
    n_samples
        Samples of a channel so far.
    peaks, sums, squares : np.ndarray of shape ``(channels,)``
        Largest magnitude, sum and sum of squares of the samples.
    n_clipped_runs
        Runs of at least CLIPPED_RUN samples at full scale, in all channels together.
    n_clipped_samples
        Samples in them.
    """

    def __init__(self, n_channels: int) -> None:
        self.n_samples = 0
        self.peaks = np.zeros(n_channels)
        self.sums = np.zeros(n_channels)
        self.squares = np.zeros(n_channels)
        self.n_clipped_runs = 0
        self.n_clipped_samples = 0
        self._last_at_full_scale = np.zeros((n_channels, CLIPPED_RUN), dtype=bool)

    def add(self, wave: np.ndarray) -> None:
        """Add the next block of the wave, ``(channels, time)``."""
        magnitude = np.abs(wave)
        self.peaks = np.maximum(self.peaks, magnitude.max(axis=1, initial=0.0))
        self.sums += wave.sum(axis=1, dtype=np.float64)
        self.squares += np.square(wave, dtype=np.float64).sum(axis=1)
        self._count_clipped(magnitude >= FULL_SCALE)
        self.n_samples += wave.shape[1]

    @property
    def rms(self) -> float:
        """Root mean square of the samples of all channels."""
        return float(np.sqrt(self.squares.sum() / max(1, self.n_samples * len(self.squares))))

    @property
    def dc_offset(self) -> float:
        """Mean of the channel whose mean is farthest from 0."""
        means = self.sums / max(1, self.n_samples)
        return float(means[np.abs(means).argmax()])

    def _count_clipped(self, at_full_scale: np.ndarray) -> None:
        """Count runs at the sample where they reach CLIPPED_RUN."""
        full = np.concatenate([self._last_at_full_scale, at_full_scale], axis=1)  # (channels, CLIPPED_RUN + time)
        n_ends = full.shape[1] - CLIPPED_RUN
        long_enough = np.ones((full.shape[0], n_ends), dtype=bool)
        for lag in range(CLIPPED_RUN):
            long_enough &= full[:, CLIPPED_RUN - lag : full.shape[1] - lag]
        n_runs = int((long_enough & ~full[:, :n_ends]).sum())
        self.n_clipped_runs += n_runs
        self.n_clipped_samples += int(long_enough.sum()) + (CLIPPED_RUN - 1) * n_runs
        self._last_at_full_scale = full[:, n_ends:]


class FrameLevels:
    """Mean power of consecutive frames of FRAME_SECONDS over all channels, 4 bytes each.

    Parameters
    ----------
    sample_rate : int, in Hz
    n_channels : int
        Number of channels.

    Attributes
    ----------
    n_frame
        Samples of a frame.
    """

    def __init__(self, sample_rate: int, n_channels: int) -> None:
        self.n_frame = max(1, seconds_to_samples(FRAME_SECONDS, sample_rate))
        self._frames = FrameBuffer(n_channels, self.n_frame, self.n_frame)
        self._powers: list[np.ndarray] = []

    def add(self, wave: np.ndarray) -> None:
        """Add the next block of the wave, ``(channels, time)``."""
        self._powers.append(_mean_power(self._frames.add(wave)))

    def powers(self) -> np.ndarray:
        """Return the mean power of each complete frame so far, ``(frames,)`` float32; a shorter wave is one frame."""
        rest = self._frames.rest()
        if not any(map(len, self._powers)) and rest.shape[1]:
            return _mean_power(rest[:, None])
        return np.concatenate([np.zeros(0, np.float32), *self._powers])


def _mean_power(frames: np.ndarray) -> np.ndarray:
    """Return the mean square of frames ``(channels, frames, length)``, ``(frames,)`` float32."""
    power: np.ndarray = np.square(frames, dtype=np.float64).mean(axis=(0, 2))
    return power.astype(np.float32)
