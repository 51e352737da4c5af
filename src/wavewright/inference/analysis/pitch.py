"""Pitch of a recording: its median, its range, and how much is voiced."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...base.units import seconds_to_samples
from ...dsp.pitch import track_pitch
from ...dsp.spectrum import FrameBuffer

LIMITS_HZ = (40.0, 2_000.0)
LOWEST_HZ, HIGHEST_HZ = 30.0, 4_000.0
"""Widest limits between which a pitch can be searched."""

HOP_SECONDS = 0.02
BLOCK_SECONDS = 10.0
CONTEXT_SECONDS = 1.0  # on both sides of a block, so that paths through it do not start there
RANGE_PERCENTILES = (10, 90)


@dataclass(frozen=True)
class Pitch:
    """Pitch of the voiced frames.

    - ``voiced_fraction``: of the frames.
    - ``median_hz``, ``low_hz``, ``high_hz``: median, and the 10th and 90th percentile; None if nothing is voiced.
    - ``limits_hz``: limits between which the pitch was searched.
    """

    voiced_fraction: float
    median_hz: float | None
    low_hz: float | None
    high_hz: float | None
    limits_hz: tuple[float, float]


class PitchMeter:
    """Pitch of consecutive blocks, tracked in blocks of BLOCK_SECONDS that overlap."""

    def __init__(self, sample_rate: int, limits_hz: tuple[float, float] = LIMITS_HZ) -> None:
        self._sample_rate, self._limits_hz = sample_rate, limits_hz
        self._hop = seconds_to_samples(HOP_SECONDS, sample_rate)
        self._n_context = self._hop * round(CONTEXT_SECONDS / HOP_SECONDS)
        n_block = self._hop * round(BLOCK_SECONDS / HOP_SECONDS)
        self._blocks = FrameBuffer(1, n_block + 2 * self._n_context, n_block)
        self._blocks.add(np.zeros((1, self._n_context), np.float32))
        self._tracks: list[np.ndarray] = []

    def add(self, wave: np.ndarray) -> None:
        """Add the next block of the wave, ``(1, time)``."""
        for block in self._blocks.add(wave)[0]:
            self._tracks.append(self._track(block)[: -1 - self._n_context // self._hop])

    def track(self) -> np.ndarray:
        """Return the pitch in Hz every HOP_SECONDS, ``(frames,)`` float32, 0 where unvoiced."""
        rest = self._blocks.rest()[0]
        last = [self._track(rest)] if len(rest) > self._n_context else []
        return np.concatenate([np.zeros(0, np.float32), *self._tracks, *last])

    def result(self) -> Pitch:
        """Return the pitch of all blocks."""
        track = self.track()
        voiced = track[track > 0]
        if not len(voiced):
            return Pitch(0.0, None, None, None, self._limits_hz)
        low, high = np.percentile(voiced, RANGE_PERCENTILES)
        median_hz, low_hz, high_hz = (round(float(number), 1) for number in (np.median(voiced), low, high))
        return Pitch(round(len(voiced) / len(track), 3), median_hz, low_hz, high_hz, self._limits_hz)

    def _track(self, block: np.ndarray) -> np.ndarray:
        """Return the pitch of a block without its context before."""
        f0_hz = track_pitch(block, self._sample_rate, self._hop, *self._limits_hz, only_inside=True).f0_hz
        return f0_hz[self._n_context // self._hop :]
