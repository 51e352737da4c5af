"""Search for the mark in sound of any length: chance of a false positive, payload, speed and marked seconds."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from ...audio.wave_blocks import BlockReader, resampled
from .evidence import MAX_P_VALUE, log_evidence_of, log_sum, p_value_of, scores_of
from .level_search import LevelEvidence, LoudestSegments, LoudSegment, MarkCandidate, search_windows
from .localisation import MarkedSegment, marked_segments
from .payload import NO_MODEL, Payload
from .sequences import CHIP_RATE_HZ, DEFAULT_KEY, N_CHIPS
from .whitening import folded, weighted, whitened

SEGMENT_SAMPLES = 25 * N_CHIPS
"""Samples that are searched at once, 6 s: whole periods, so that their folds can be added."""

WINDOW_SEGMENTS = 5
"""Segments whose levels are searched together, 30 s."""

MAX_LEVEL_WINDOWS = 4
"""Loudest windows whose levels are searched."""


@dataclass(frozen=True)
class Detection:
    """Result of a search.

    - ``is_marked``: the mark was detected: `p_value` is at most 1e-6.
    - ``p_value``: bound on the chance that unmarked sound gives as much evidence, whatever it is.
    - ``payload``: number in the mark, or None if no mark was detected, or its levels alone.
    - ``speed``: speed of the sound relative to that when it was marked; 1 if no mark was detected.
    - ``semitones``: pitch relative to that, where only the levels of the mark are left, which have no payload.
    - ``position``: start of the first period in samples at 16 kHz.
    - ``segments``: where the mark is.
    - ``seconds``: length of the sound.
    """

    is_marked: bool
    p_value: float
    payload: Payload | None
    speed: float
    position: int
    segments: tuple[MarkedSegment, ...]
    seconds: float
    semitones: float = 0.0

    @property
    def marked_seconds(self) -> float:
        """Length of all marked segments together."""
        return sum(segment.end_s - segment.start_s for segment in self.segments)


class MarkSearch:
    """Evidence for a mark at the speed at which it was made, from segments of one or more recordings.

    - ``key``: key of the mark.
    - ``total``: sum of the folds of all recordings ``(views, harmonics)``. Recordings that start where their stream
      started add up, which detects marks in clips that are too short one by one.
    """

    def __init__(self, key: str = DEFAULT_KEY) -> None:
        self.key = key
        self.total = np.zeros((0, 0), complex)
        self._last: np.ndarray | None = None
        self._logs: list[float] = []
        self._best: MarkCandidate | None = None

    def add(self, segment: np.ndarray) -> None:
        """Add the next segment of a sound as :func:`segments_of` yields it ``(views, time)``."""
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
        """Return the log evidence of a fold, the mean of its views, and keep the most likely mark so far."""
        scores = scores_of(fold, self.key)
        for view in scores:
            candidate = MarkCandidate.of_scores(view)
            if self._best is None or abs(candidate.score) > abs(self._best.score):
                self._best = candidate
        return float(log_sum(log_evidence_of(scores))) - math.log(len(scores))

    def result(self) -> tuple[float, MarkCandidate]:
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


def detect_wave(
    wave: np.ndarray,
    sample_rate: int,
    key: str = DEFAULT_KEY,
    any_speed: bool = True,
    together: MarkSearch | None = None,
) -> Detection:
    """Search for the mark in a wave ``(channels, time)``; see :func:`detect_blocks`."""
    return detect_blocks(lambda: [wave], sample_rate, key, any_speed, together)


def detect_blocks(
    read: Callable[[], Iterable[np.ndarray]],
    sample_rate: int,
    key: str = DEFAULT_KEY,
    any_speed: bool = True,
    together: MarkSearch | None = None,
) -> Detection:
    """Search for the mark in sound of any length, in bounded memory.

    - ``read``: returns the sound from its start in blocks ``(channels, time)``; called up to three times.
    - ``sample_rate``: in Hz.
    - ``key``: key of the mark.
    - ``any_speed``: search speeds from 0.95 to 1.05 too, if no mark is detected at the speed at which it was made.
    - ``together``: search over several recordings, to which this one is added.
    - returns: its `p_value` is a proved bound, see :mod:`.evidence`.
    """
    search, loudest, energies, n_samples = MarkSearch(key), LoudestSegments(), [], 0
    for segment in segments_of(read(), sample_rate):
        energies.append(float(np.square(segment[0]).sum()))
        loudest.add(LoudSegment(energies[-1], n_samples, segment[0]))
        n_samples += segment.shape[1]
        search.add(segment)
        if together is not None:
            if len(energies) == 1:
                together.start_recording()
            together.add(segment)
    seconds = n_samples / CHIP_RATE_HZ
    if not energies:
        return Detection(False, 1.0, None, 1.0, 0, (), seconds)
    log_evidence, best = search.result()
    log_evidence -= math.log(2.0)  # the other half of the weight is on other speeds and on levels
    if any_speed and p_value_of(log_evidence) > MAX_P_VALUE:
        at_speeds, candidate = loudest.search(key)
        log_evidence = float(np.logaddexp(log_evidence, at_speeds - math.log(4.0)))
        best = max(best, candidate, key=lambda each: abs(each.score))
    if p_value_of(log_evidence) > MAX_P_VALUE:
        levels = search_windows(_windows_of(read(), sample_rate), _loudest_windows(energies), key, any_speed)
        if levels is None:
            return Detection(False, p_value_of(log_evidence), None, 1.0, 0, (), seconds)
        log_evidence = float(np.logaddexp(log_evidence, levels.log_evidence - math.log(4.0 if any_speed else 2.0)))
        return _by_levels(p_value_of(log_evidence), levels, seconds)
    polarity = math.copysign(1.0, best.score)
    pieces = (polarity * segment[0] for segment in segments_of(read(), sample_rate))
    where = marked_segments(pieces, key, best.payload, best.position, best.speed)
    return Detection(True, p_value_of(log_evidence), best.payload, best.speed, best.position, where, seconds)


def _by_levels(p_value: float, levels: LevelEvidence, seconds: float) -> Detection:
    """Return the result where the noise of the mark was not detected."""
    if p_value > MAX_P_VALUE:
        return Detection(False, p_value, None, 1.0, 0, (), seconds)
    where = tuple(MarkedSegment(*span) for span in levels.spans)
    return Detection(True, p_value, None, levels.best.speed, 0, where, seconds, levels.best.semitones)


def segments_of(blocks: Iterable[np.ndarray], sample_rate: int) -> Iterator[np.ndarray]:
    """Yield segments of SEGMENT_SAMPLES at CHIP_RATE_HZ, the last one shorter, in two views ``(2, time)``.

    The views are whitened and weighted, see :mod:`.whitening`.
    """
    for segment in _regrouped(blocks, sample_rate, SEGMENT_SAMPLES):
        yield np.stack([whitened(segment), weighted(segment)])


def _windows_of(blocks: Iterable[np.ndarray], sample_rate: int) -> Iterator[np.ndarray]:
    """Yield the sum of the channels in windows of the search for levels ``(time,)``, the last one shorter."""
    return (window.sum(axis=0) for window in _regrouped(blocks, sample_rate, WINDOW_SEGMENTS * SEGMENT_SAMPLES))


def _regrouped(blocks: Iterable[np.ndarray], sample_rate: int, n_samples: int) -> Iterator[np.ndarray]:
    """Yield the sound at CHIP_RATE_HZ in blocks ``(channels, n_samples)``, the last one shorter."""
    iterator = iter(blocks)
    first = next(iterator, None)
    if first is None:
        return
    singles = (block.astype(np.float32, copy=False) for block in chain([first], iterator))
    n_channels = len(first)
    yield from BlockReader(resampled(singles, sample_rate, CHIP_RATE_HZ, n_channels), n_channels).blocks(n_samples)


def _loudest_windows(energies: Sequence[float]) -> set[int]:
    """Return the indices of the windows whose levels are searched, by the energies of all segments."""
    starts = range(0, len(energies), WINDOW_SEGMENTS)
    return _loudest([sum(energies[start : start + WINDOW_SEGMENTS]) for start in starts], MAX_LEVEL_WINDOWS)


def _loudest(energies: Sequence[float], n_most: int) -> set[int]:
    """Return the indices of the highest energies."""
    return {*np.argsort(energies)[::-1][:n_most].tolist()}
