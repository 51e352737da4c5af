"""Silent segments of a recording, exact to the sample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..units import db_to_gain


@dataclass(frozen=True)
class Silence:
    """Segments without a louder sample.

    Attributes
    ----------
    threshold_db : float
        No sample of a segment exceeds it, in dB of full scale.
    min_seconds : float
        Length of the shortest segment.
    segments : tuple of tuple of float
        Start and end of each in seconds.
    fraction : float
        Of the recording that is silent.
    """

    threshold_db: float
    min_seconds: float
    segments: tuple[tuple[float, float], ...]
    fraction: float

    @property
    def seconds(self) -> float:
        """Length of all segments together."""
        return sum(end - start for start, end in self.segments)


class SilenceMeter:
    """Silent segments of consecutive blocks.

    Parameters
    ----------
    sample_rate : int, in Hz
    threshold_db : float
        Loudest sample of silence, in dB of full scale.
    min_seconds : float
        Shortest segment.
    """

    def __init__(self, sample_rate: int, threshold_db: float, min_seconds: float) -> None:
        self._sample_rate, self._threshold_db, self._min_seconds = sample_rate, threshold_db, min_seconds
        self._threshold = float(db_to_gain(threshold_db))
        self._min_samples = max(1.0, min_seconds * sample_rate)
        self._n_samples = 0
        self._last_loud = -1
        self._segments: list[tuple[int, int]] = []

    def add(self, wave: np.ndarray) -> None:
        """Add the next block of the wave, ``(channels, time)``."""
        loud = np.flatnonzero((np.abs(wave) > self._threshold).any(axis=0)) + self._n_samples
        self._n_samples += wave.shape[1]
        if len(loud):
            ends = np.concatenate([[self._last_loud], loud])
            for index in np.flatnonzero(np.diff(ends) > self._min_samples):
                self._segments.append((int(ends[index]) + 1, int(ends[index + 1])))
            self._last_loud = int(loud[-1])

    def result(self) -> Silence:
        """Return the segments of all blocks."""
        segments = list(self._segments)
        if self._n_samples - self._last_loud > self._min_samples:
            segments.append((self._last_loud + 1, self._n_samples))
        rate = self._sample_rate
        return Silence(
            self._threshold_db,
            self._min_seconds,
            tuple((round(start / rate, 6), round(end / rate, 6)) for start, end in segments),
            round(sum(end - start for start, end in segments) / max(1, self._n_samples), 4),
        )
