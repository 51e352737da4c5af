"""Search for the noise of the mark at other speeds than that at which it was made."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from .evidence import best_position, highest_scores, log_evidence_of, log_sum, scores_of
from .payload import Payload
from .sequences import N_CHIPS
from .whitening import SpeedFolding

MAX_SPEED_SEGMENTS = 4
"""Loudest segments that are searched at other speeds."""

SPEED_BATCH = 16
"""Speeds that are ranked at once: few enough for their scores to stay in the cache of a processor."""

N_CHECKED_SPEEDS = 16


@dataclass(frozen=True)
class MarkCandidate:
    """The most likely mark: its score, which is negative for inverted sound, position in chips, payload and speed."""

    score: float
    position: int
    payload: Payload
    speed: float

    @classmethod
    def of_scores(cls, scores: np.ndarray, speed: float = 1.0, n_before: int = 0) -> MarkCandidate:
        """Return the most likely mark by scores ``(N_SEQUENCES, N_CHIPS)`` of sound after `n_before` samples."""
        score, position, numbers = best_position(scores)
        start = round(position + n_before * speed) % N_CHIPS if n_before else position
        return cls(score, start, Payload.from_bytes(numbers), speed)


@dataclass(frozen=True)
class LoudSegment:
    """A segment of whitened sound ``(time,)``, its energy, and the samples before it."""

    energy: float
    n_before: int
    wave: np.ndarray


class LoudestSegments:
    """The loudest segments of a sound, at most MAX_SPEED_SEGMENTS, kept for a search at other speeds."""

    def __init__(self) -> None:
        self._segments: list[LoudSegment] = []

    def add(self, segment: LoudSegment) -> None:
        """Keep a segment if it is one of the loudest so far."""
        self._segments = sorted([segment, *self._segments], key=lambda each: -each.energy)[:MAX_SPEED_SEGMENTS]

    def search(self, key: str) -> tuple[float, MarkCandidate]:
        """Return the log evidence, the mean of all segments and speeds, and the most likely mark."""
        log_evidence, candidate = _search_speeds(self._segments, key)
        return log_evidence - math.log(len(self._segments)), candidate


def _search_speeds(segments: Iterable[LoudSegment], key: str) -> tuple[float, MarkCandidate]:
    """Return the sum, as a logarithm, of the evidence of segments at all speeds but 1, and the most likely mark.

    Only the speeds with the highest scores are summed; see :mod:`.evidence` for why this keeps the bound.
    """
    logs: list[float] = []
    candidates: list[MarkCandidate] = []
    for segment in segments:
        folding = SpeedFolding(segment.wave)
        batches = np.array_split(folding.speeds, -(-len(folding.speeds) // SPEED_BATCH))
        highest = np.concatenate(
            [highest_scores(folding.folded(speeds, single=True), key) for speeds in batches]  # half the time
        )
        checked = folding.speeds[np.argsort(highest)[::-1][:N_CHECKED_SPEEDS]]
        scores = scores_of(folding.folded(checked), key)
        logs += (log_evidence_of(scores) - math.log(len(folding.speeds))).tolist()
        candidates += [
            MarkCandidate.of_scores(each, float(speed), segment.n_before)
            for speed, each in zip(checked, scores, strict=True)
        ]
    return float(log_sum(np.array(logs))), max(candidates, key=lambda candidate: candidate.score)
