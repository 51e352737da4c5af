"""Silent segments of a recording, exact to the sample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...dsp.silence import SilenceDetector


@dataclass(frozen=True)
class Silence:
    """Segments without a louder sample.

    - ``threshold_db``: no sample of a segment exceeds it, in dB of full scale.
    - ``min_seconds``: length of the shortest segment.
    - ``segments``: start and end of each in seconds.
    - ``fraction``: of the recording that is silent.
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
    """Silent segments of consecutive blocks."""

    def __init__(self, sample_rate: int, threshold_db: float, min_seconds: float) -> None:
        self._sample_rate, self._threshold_db, self._min_seconds = sample_rate, threshold_db, min_seconds
        self._detector = SilenceDetector(threshold_db, min_seconds * sample_rate)
        self._segments: list[tuple[int, int]] = []

    def add(self, wave: np.ndarray) -> None:
        """Add the next block of the wave, ``(channels, time)``."""
        self._segments += self._detector.add(wave)

    def result(self) -> Silence:
        """Return the segments of all blocks."""
        segments = [*self._segments, *self._detector.last()]
        rate = self._sample_rate
        return Silence(
            self._threshold_db,
            self._min_seconds,
            tuple((round(start / rate, 6), round(end / rate, 6)) for start, end in segments),
            round(sum(end - start for start, end in segments) / max(1, self._detector.n_samples), 4),
        )
