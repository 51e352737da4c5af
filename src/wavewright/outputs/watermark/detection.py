"""Search for the mark in sound of any length: chance of a false positive, payload, speed and marked seconds."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from itertools import chain

import numpy as np

from ...audio.wave_blocks import BlockReader, resampled
from .carrier import (
    CELL_S,
    CELLS_PER_OCTAVE,
    LOWEST_CELL_HZ,
    N_CELL_BANDS,
    N_CELLS,
    SpeedFolding,
    cell_signs,
    folded,
    weighted,
    whitened,
)
from .evidence import MAX_P_VALUE, best_position, highest_scores, log_evidence_of, log_sum, p_value_of, scores_of
from .localisation import MarkedSegment, marked_segments
from .payload import CHIP_RATE_HZ, DEFAULT_KEY, N_CHIPS, NO_MODEL, Payload

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


MIN_WINDOW_S = 5.0
"""Shorter windows are not searched."""

MIN_LOG_EVIDENCE = 3.0
"""Of a window that is reported as marked."""

FRAME_SAMPLES, HOP_SAMPLES = 1_024, 256
STEPS_PER_BAND = 3
N_STEPS = STEPS_PER_BAND * N_CELL_BANDS
"""Steps of a 24th of an octave, half a semitone."""

MAX_SHIFT = 4
"""Steps by which the pitch may differ, two semitones up or down."""

BAND_MARGIN = 0.4
"""Steps by which the band of a step is wider at both ends, so that low bands have enough bins."""

DYNAMIC_RANGE_DB = 50.0
SMOOTHED_FRAMES, SMOOTHED_STEPS = 11, 11
"""Lengths of the means that are subtracted: 0.18 s and almost half an octave, about two cells and four."""

MAX_DEVIATION_DB = 5.0
MIN_DEVIATION_DB = 0.1

MAX_TIME_RATIO = 1.12
TIME_RATIO_STEP = 0.0035
OFFSETS_PER_CELL = 4

SLOPE = 7.5
"""The ``a`` of the e-value, near the score at which levels are detected; see :mod:`.evidence`."""


@dataclass(frozen=True)
class LevelCandidate:
    """The most likely mark of a window: its score, speed (time ratio) and pitch in semitones, relative to the mark."""

    score: float
    speed: float
    semitones: float


@dataclass(frozen=True)
class LevelEvidence:
    """Evidence of all windows: the most likely mark, and the spans in seconds of the windows that have it."""

    log_evidence: float
    best: LevelCandidate
    spans: tuple[tuple[float, float], ...]


def search_windows(windows: Iterable[np.ndarray], chosen: Set[int], key: str, any_speed: bool) -> LevelEvidence | None:
    """Search for level cells in some of the windows of a sound; return the mean evidence, None without a window.

    Windows are ``(time,)`` at CHIP_RATE_HZ; ``any_speed`` searches other time ratios and pitches, too.
    """
    logs: list[float] = []
    candidates: list[LevelCandidate] = []
    spans: list[tuple[float, float]] = []
    start_s = 0.0
    for index, window in enumerate(windows):
        end_s = start_s + len(window) / CHIP_RATE_HZ
        if index in chosen and end_s - start_s >= MIN_WINDOW_S:
            log_evidence, candidate = LevelFolds(window, any_speed).search(key)
            logs.append(log_evidence)
            candidates.append(candidate)
            if log_evidence > MIN_LOG_EVIDENCE:
                spans.append((start_s, end_s))
        start_s = end_s
    if not logs:
        return None
    best = max(candidates, key=lambda candidate: candidate.score)
    return LevelEvidence(float(log_sum(np.array(logs))) - math.log(len(logs)), best, tuple(spans))


class LevelFolds:
    """The levels of a window ``(time,)``, folded at all time ratios and pitches, or those of the mark."""

    def __init__(self, window: np.ndarray, any_speed: bool = True) -> None:
        n_ratios = math.floor(math.log(MAX_TIME_RATIO) / TIME_RATIO_STEP) if any_speed else 0
        self._ratios = np.exp(TIME_RATIO_STEP * np.arange(-n_ratios, n_ratios + 1))
        self._shifts = np.arange(-MAX_SHIFT, MAX_SHIFT + 1) if any_speed else np.zeros(1, int)
        cells = _bands_at(_deviations(window), self._shifts)
        self._folds = [_folded(cells, float(ratio)) for ratio in self._ratios]

    def search(self, key: str) -> tuple[float, LevelCandidate]:
        """Return the log evidence, the mean over all time ratios, pitches and offsets, and the most likely mark."""
        scores = np.stack([_scores(fold, key) for fold in self._folds])  # (ratios, N_CELLS, offsets in a cell, shifts)
        log_evidence = float(log_sum((SLOPE * scores - SLOPE**2 / 2).ravel())) - math.log(scores.size)
        ratio, _, _, shift = np.unravel_index(int(scores.argmax()), scores.shape)
        semitones = float(self._shifts[shift]) * 12 / (CELLS_PER_OCTAVE * STEPS_PER_BAND)
        return log_evidence, LevelCandidate(float(scores.max()), float(self._ratios[ratio]), semitones)


def _deviations(window: np.ndarray) -> np.ndarray:
    """Return the levels in dB beside those around them ``(frames, steps)``, limited and weighted.

    The levels of speech change slowly in time at one frequency, and slowly in frequency at one moment. Both slow parts
    are subtracted, so what is left is almost without correlation. Steps in which it varies more have a lower weight.
    """
    padded = np.pad(window, FRAME_SAMPLES // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, FRAME_SAMPLES)[::HOP_SAMPLES]
    spectra = np.fft.rfft(frames * np.hanning(FRAME_SAMPLES + 1)[:-1], 2 * FRAME_SAMPLES)
    sums = np.cumsum(np.pad(spectra.real**2 + spectra.imag**2, ((0, 0), (1, 0))), axis=1)
    first = np.arange(-MAX_SHIFT, N_STEPS + MAX_SHIFT)
    power = _sum_to(sums, first + 1 + BAND_MARGIN) - _sum_to(sums, first - BAND_MARGIN)
    levels = 10.0 * np.log10(np.maximum(power, 1e-12))
    levels = np.maximum(levels, np.median(levels) - DYNAMIC_RANGE_DB)
    fast = levels - _smoothed(levels, SMOOTHED_FRAMES)
    deviations = fast - _smoothed(fast.T, SMOOTHED_STEPS).T
    limited = MAX_DEVIATION_DB * np.tanh(deviations / MAX_DEVIATION_DB)
    return np.asarray(limited / np.maximum(limited.var(axis=0), MIN_DEVIATION_DB**2))


def _sum_to(sums: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Return the power below edges in steps above LOWEST_CELL_HZ, with fractions of bins."""
    edges = LOWEST_CELL_HZ * 2.0 ** (steps / (CELLS_PER_OCTAVE * STEPS_PER_BAND))
    bins = np.minimum(edges * 2 * FRAME_SAMPLES / CHIP_RATE_HZ + 0.5, sums.shape[1] - 1.0)
    whole = np.minimum(np.floor(bins).astype(int), sums.shape[1] - 2)
    return np.asarray(sums[:, whole] + (bins - whole) * (sums[:, whole + 1] - sums[:, whole]))


def _smoothed(values: np.ndarray, n_smoothed: int) -> np.ndarray:
    """Return the mean of ``n_smoothed`` rows around each row."""
    half = n_smoothed // 2
    sums = np.cumsum(np.pad(np.pad(values, ((half, half), (0, 0)), mode="edge"), ((1, 0), (0, 0))), axis=0)
    return np.asarray((sums[n_smoothed:] - sums[:-n_smoothed]) / n_smoothed)


def _bands_at(deviations: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    """Return the sums of the steps of each band at each shift ``(frames, shifts, bands)``."""
    starts = MAX_SHIFT + shifts[:, None] + STEPS_PER_BAND * np.arange(N_CELL_BANDS)
    sums = np.cumsum(np.pad(deviations, ((0, 0), (1, 0))), axis=1)
    return np.asarray(sums[:, starts + STEPS_PER_BAND] - sums[:, starts])


def _folded(cells: np.ndarray, ratio: float) -> np.ndarray:
    """Return the sums of all periods at a time ratio, a cell long from each offset on ``(offsets, shifts, bands)``."""
    n_offsets = N_CELLS * OFFSETS_PER_CELL
    times = np.arange(len(cells)) * (HOP_SAMPLES / CHIP_RATE_HZ * ratio * OFFSETS_PER_CELL / CELL_S)
    offsets = np.rint(times).astype(int) % n_offsets
    order = np.argsort(offsets, kind="stable")
    known, starts = np.unique(offsets[order], return_index=True)
    fold = np.zeros((n_offsets, *cells.shape[1:]))
    fold[known] = np.add.reduceat(cells[order], starts, axis=0)
    return np.asarray(sum(np.roll(fold, -index, axis=0) for index in range(OFFSETS_PER_CELL)))


def _scores(fold: np.ndarray, key: str) -> np.ndarray:
    """Return the scores ``z`` of a fold with the signs ``(N_CELLS, offsets in a cell, shifts)``."""
    periods = fold.reshape(N_CELLS, OFFSETS_PER_CELL, *fold.shape[1:])
    spectra, signs = np.fft.rfft(periods, axis=0), np.fft.rfft(cell_signs(key), axis=0)
    products = (spectra * np.conj(signs)[:, None, None]).sum(axis=-1)
    norm = np.sqrt(np.square(periods).sum(axis=(0, -1)))
    return np.asarray(np.fft.irfft(products, N_CELLS, axis=0) / np.maximum(norm, 1e-30))


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

    The views are whitened and weighted, see :mod:`.carrier`.
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
