"""Search for the mark in sound of any length: chance of a false positive, payload, speed and marked seconds."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np

from ..clip import resampled
from ..wave_blocks import BlockReader
from .evidence import MAX_P_VALUE, best_position, log_evidence_of, log_sum, p_value_of, scores_of
from .localisation import MarkedSegment, marked_segments
from .payload import NO_MODEL, Payload
from .sequences import CHIP_RATE_HZ, DEFAULT_KEY, N_CHIPS
from .whitening import SpeedFolding, folded, whitened

SEGMENT_SAMPLES = 25 * N_CHIPS
"""Samples that are searched at once, 6 s: whole periods, so that their folds can be added."""

MAX_SPEED_SEGMENTS = 8
"""Loudest segments that are searched at other speeds."""

SPEED_BATCH = 64
N_CHECKED_SPEEDS = 16


@dataclass(frozen=True)
class Detection:
    """Result of a search.

    Attributes
    ----------
    is_marked
        The mark was detected: `p_value` is at most 1e-6.
    p_value
        Bound on the chance that unmarked sound gives as much evidence, whatever it is.
    payload
        Number in the mark, or None if no mark was detected.
    speed
        Speed of the sound relative to that when it was marked; 1 if no mark was detected.
    position
        Start of the first period in samples at 16 kHz.
    segments
        Where the mark is.
    seconds
        Length of the sound.
    """

    is_marked: bool
    p_value: float
    payload: Payload | None
    speed: float
    position: int
    segments: tuple[MarkedSegment, ...]
    seconds: float

    @property
    def marked_seconds(self) -> float:
        """Length of all marked segments together."""
        return sum(segment.end_s - segment.start_s for segment in self.segments)


@dataclass(frozen=True)
class _Candidate:
    """The most likely mark: its score, which is negative for inverted sound, position in chips, payload and speed."""

    score: float
    position: int
    payload: Payload
    speed: float


class MarkSearch:
    """Evidence for a mark at the speed at which it was made, from segments of one or more recordings.

    Parameters
    ----------
    key
        Key of the mark.

    Attributes
    ----------
    total
        Sum of the folds of all recordings ``(harmonics,)``. Recordings that start where their stream started add up,
        which detects marks in clips that are too short one by one.
    """

    def __init__(self, key: str = DEFAULT_KEY) -> None:
        self.key = key
        self.total = np.zeros(0, complex)
        self._last: np.ndarray | None = None
        self._logs: list[float] = []
        self._best: _Candidate | None = None

    def add(self, segment: np.ndarray) -> None:
        """Add the next segment of a sound, whitened, at most SEGMENT_SAMPLES ``(time,)``."""
        fold = folded(segment)
        self._logs.append(self._look_at(fold))
        if self._last is not None:
            self._logs.append(self._look_at(self._last + fold))
        self._last = fold
        self.total = fold if not len(self.total) else self.total + fold

    def start_recording(self) -> None:
        """Begin another recording: its first segment is not next to the last one."""
        self._last = None

    def _look_at(self, fold: np.ndarray) -> float:
        """Return the log evidence of a fold, and keep its most likely mark if it is the best so far."""
        scores = scores_of(fold, self.key)
        score, position, numbers = best_position(scores)
        if self._best is None or abs(score) > abs(self._best.score):
            self._best = _Candidate(score, position, Payload.from_bytes(numbers), 1.0)
        return float(log_evidence_of(scores))

    def result(self) -> tuple[float, _Candidate]:
        """Return the log evidence of all recordings, and the most likely mark; there must be a segment."""
        if len(self._logs) == 1:
            whole = self._logs[0]
        else:
            whole = self._look_at(self.total)
            parts = log_sum(np.array(self._logs)) - math.log(len(self._logs))
            whole = float(np.logaddexp(whole, parts)) - math.log(2.0)
        assert self._best is not None
        return whole, self._best

    def result_with_payload(self) -> tuple[float, Payload]:
        """Return the log evidence of all recordings, 0 without a segment, and the most likely payload."""
        if not self._logs:
            return 0.0, NO_MODEL
        log_evidence, best = self.result()
        return log_evidence, best.payload


def detect_wave(wave: np.ndarray, sample_rate: int, key: str = DEFAULT_KEY, any_speed: bool = True) -> Detection:
    """Search for the mark in a wave ``(channels, time)``; see :func:`detect_blocks`."""
    return detect_blocks(lambda: [wave], sample_rate, key, any_speed)


def detect_blocks(
    read: Callable[[], Iterable[np.ndarray]],
    sample_rate: int,
    key: str = DEFAULT_KEY,
    any_speed: bool = True,
    together: MarkSearch | None = None,
) -> Detection:
    """Search for the mark in sound of any length, in bounded memory.

    Parameters
    ----------
    read : callable
        Returns the sound from its start in blocks ``(channels, time)``; called up to three times.
    sample_rate : int, in Hz
    key : str
        Key of the mark.
    any_speed : bool
        Search speeds from 0.95 to 1.05 too, if no mark is detected at the speed at which it was made.
    together : MarkSearch, optional
        Search over several recordings, to which this one is added.

    Returns
    -------
    Detection
        Its `p_value` is a proved bound, see :mod:`.evidence`.
    """
    search, energies, n_samples = MarkSearch(key), [], 0
    for segment in segments_of(read(), sample_rate):
        n_samples += len(segment)
        energies.append(float(np.square(segment).sum()))
        search.add(segment)
        if together is not None:
            if len(energies) == 1:
                together.start_recording()
            together.add(segment)
    if not energies:
        return Detection(False, 1.0, None, 1.0, 0, (), 0.0)
    log_evidence, best = search.result()
    if any_speed:
        log_evidence -= math.log(2.0)  # half of the weight is on other speeds
        if p_value_of(log_evidence) > MAX_P_VALUE:
            loudest = sorted(np.argsort(energies)[::-1][:MAX_SPEED_SEGMENTS].tolist())
            at_speeds = _search_speeds(segments_of(read(), sample_rate), set(loudest), key)
            if at_speeds is not None:
                log_evidence = float(np.logaddexp(log_evidence, at_speeds[0] - math.log(2.0 * len(loudest))))
                best = max(best, at_speeds[1], key=lambda candidate: abs(candidate.score))
    p_value = p_value_of(log_evidence)
    seconds = n_samples / CHIP_RATE_HZ
    if p_value > MAX_P_VALUE:
        return Detection(False, p_value, None, 1.0, 0, (), seconds)
    polarity = math.copysign(1.0, best.score)
    pieces = (polarity * segment for segment in segments_of(read(), sample_rate))
    where = marked_segments(pieces, key, best.payload, best.position, best.speed)
    return Detection(True, p_value, best.payload, best.speed, best.position, where, seconds)


def segments_of(blocks: Iterable[np.ndarray], sample_rate: int) -> Iterator[np.ndarray]:
    """Yield whitened segments ``(time,)`` of SEGMENT_SAMPLES at CHIP_RATE_HZ, the last one shorter."""
    iterator = iter(blocks)
    first = next(iterator, None)
    if first is None:
        return

    singles = (block.astype(np.float32, copy=False) for block in chain([first], iterator))
    reader = BlockReader(resampled(singles, sample_rate, CHIP_RATE_HZ, first.shape[0]), first.shape[0])
    while (segment := reader.read(SEGMENT_SAMPLES)).shape[1]:
        yield whitened(segment)


def _search_speeds(segments: Iterable[np.ndarray], chosen: set[int], key: str) -> tuple[float, _Candidate] | None:
    """Return the sum, as a logarithm, of the evidence of segments at all speeds but 1, and the most likely mark.

    Only the speeds with the highest scores are summed; see :mod:`.evidence` for why this keeps the bound.
    """
    logs: list[float] = []
    best: _Candidate | None = None
    n_before = 0
    for index, segment in enumerate(segments):
        if index in chosen:
            folding = SpeedFolding(segment)
            highest = np.concatenate(
                [
                    _highest_of(scores_of(folding.folded(speeds), key))
                    for speeds in np.array_split(folding.speeds, -(-len(folding.speeds) // SPEED_BATCH))
                ]
            )
            checked = folding.speeds[np.argsort(highest)[::-1][:N_CHECKED_SPEEDS]]
            scores = scores_of(folding.folded(checked), key)
            logs += (log_evidence_of(scores) - math.log(len(folding.speeds))).tolist()
            for speed, each in zip(checked, scores, strict=True):
                score, position, numbers = best_position(each)
                if best is None or score > best.score:
                    start = round(position + n_before * float(speed)) % N_CHIPS
                    best = _Candidate(score, start, Payload.from_bytes(numbers), float(speed))
        n_before += len(segment)
    return None if best is None else (float(log_sum(np.array(logs))), best)


def _highest_of(scores: np.ndarray) -> np.ndarray:
    """Return the sums of the highest scores of the sequences, of either polarity, for ranking ``(speeds,)``."""
    return np.asarray(np.maximum(scores.max(axis=-1).sum(axis=-1), -scores.min(axis=-1).sum(axis=-1)))
