"""A melody as a chorale: a score with soprano, alto, tenor and bass.

Four-part harmony on a grid: Gibbs sampling, repair of broken rules, and the best of several candidates.

References
----------
L. Yao, S. Ozair, K. Cho, Y. Bengio: On the equivalence between deep NADE and generative stochastic networks.
ECML PKDD, 2014 (the schedule of the sampling).
C.-Z. A. Huang, T. Cooijmans, A. Roberts, A. Courville, D. Eck: Counterpoint by convolution. ISMIR, 2017.

``recipes/harmony.py`` trains it on chorales of J. S. Bach, and ``data/harmony.json`` is its card.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from ...base.errors import BadSetting, ScoreWarning
from ...base.onnx_runtime import open_session
from ...base.ranges import RangedSettings, ranged
from ..bars import bars_of
from ..score import Score, Track, key_event, notes_of
from ..theory import MusicalKey, pitch_name, sounding_sharps
from .arrangement import MIN_TICKS_PER_QUARTER, key_of, with_resolution
from .melody import find_key, melody_track, skyline
from .voice_leading import (
    LOWEST,
    N_PITCHES,
    SILENT,
    SILENT_CELL,
    STEPS_PER_QUARTER,
    UNKNOWN,
    VOICE_RANGES,
    VOICES,
    find_violations,
)

GRAPH = Path(__file__).parent / "data" / "harmony.onnx"
FORBIDDEN = -1e9


class HarmonyPredictor:
    """Predicts pitches of cells by an ONNX graph."""

    def __init__(self, path: Path = GRAPH) -> None:
        self._session = open_session(path)
        pitches = np.arange(LOWEST, LOWEST + N_PITCHES)
        outside = [(pitches < low) | (pitches > high) for low, high in VOICE_RANGES]
        self._ranges = np.where(outside, FORBIDDEN, 0.0).astype(np.float32)

    def log_probabilities(self, cells: np.ndarray) -> np.ndarray:
        """Return log probabilities of the pitches of all cells within the ranges of the voices.

        - ``cells``: ``(batch, steps, 4)``, UNKNOWN where a pitch is to be predicted; the first step begins a quarter.
        - returns: ``(batch, steps, 4, N_PITCHES)``.
        """
        phases = np.broadcast_to(np.arange(cells.shape[1]) % STEPS_PER_QUARTER, cells.shape[:2])
        logits = self._session.run(None, {"cells": cells.astype(np.int64), "phases": phases.astype(np.int64)})[0]
        logits = logits + self._ranges
        logits -= logits.max(-1, keepdims=True)
        log_probabilities: np.ndarray = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
        return log_probabilities


@lru_cache(maxsize=1)
def bundled_predictor() -> HarmonyPredictor:
    """Return the network that comes with Wavewright, opened once."""
    return HarmonyPredictor()


STEPS_PER_EIGHTH = STEPS_PER_QUARTER // 2
MOST_HIDDEN, LEAST_HIDDEN = 0.9, 0.06
ANNEALED = 0.8  # fraction of the sweeps after which the fewest cells are hidden
HOTTEST, COLDEST = 1.0, 0.2
WINDOW, OVERLAP = 512, 64  # steps
VIOLATION_NATS = 2.0  # of a violation a chord, beside the negative log-likelihood of a cell
N_LIKELIHOOD_PASSES = 4


@dataclass(frozen=True)
class HarmonySettings(RangedSettings):
    """Effort of the search for a harmony."""

    n_candidates: int = ranged(4, 1, 64)  # harmonies that are sampled, the best of which is returned
    n_sweeps: int = ranged(64, 1, 1_000)  # steps of the Gibbs sampling
    n_repairs: int = ranged(24, 0, 1_000)
    """Rounds in which the surroundings of broken rules, and some other cells, are sampled again."""


def harmonise_grid(
    known_pitches: np.ndarray,
    is_known: np.ndarray,
    tonic: int | None = None,
    *,
    seed: int = 0,
    settings: HarmonySettings | None = None,
    predictor: HarmonyPredictor | None = None,
) -> np.ndarray:
    """Return the pitches of four voices, some of which are given.

    - ``known_pitches``: ``(steps, 4)``: pitches of soprano, alto, tenor and bass at sixteenths, SILENT for rests; only
      those of ``is_known`` count. The first step begins a quarter.
    - ``is_known``: ``(steps, 4)`` bool: cells that stay as they are.
    - ``predictor``: the bundled network by default.
    - returns: ``(steps, 4)``.
    """
    n_steps = len(known_pitches)
    padding = ((0, -n_steps % STEPS_PER_QUARTER), (0, 0))
    pitches, is_fixed = (
        np.pad(known_pitches, padding, constant_values=SILENT),
        np.pad(is_known, padding, constant_values=True),
    )
    search = _HarmonySearch(predictor or bundled_predictor(), tonic, settings or HarmonySettings(), seed)
    start = 0
    while True:
        window = slice(start, start + WINDOW)
        pitches[window] = search.harmony(pitches[window], is_fixed[window])
        if start + WINDOW >= n_steps:
            return pitches[:n_steps]
        is_fixed[: start + WINDOW - OVERLAP // 2] = True
        start += WINDOW - OVERLAP


class _HarmonySearch:
    """Harmonies of one window after another."""

    def __init__(self, predictor: HarmonyPredictor, tonic: int | None, settings: HarmonySettings, seed: int) -> None:
        self._predictor, self._tonic, self._settings = predictor, tonic, settings
        self._rng = np.random.default_rng(seed)

    def harmony(self, pitches: np.ndarray, is_fixed: np.ndarray) -> np.ndarray:
        """Return the best of several harmonies of a window ``(steps, 4)``."""
        known = np.where(pitches == SILENT, SILENT_CELL, pitches - LOWEST + 1)
        cells = np.repeat(np.where(is_fixed, known, UNKNOWN)[None], self._settings.n_candidates, axis=0)
        free = ~is_fixed
        n_annealed = max(1, ANNEALED * self._settings.n_sweeps)
        for sweep in range(self._settings.n_sweeps):
            cold = min(1.0, sweep / n_annealed)
            hidden = self._blocks(cells, MOST_HIDDEN + cold * (LEAST_HIDDEN - MOST_HIDDEN)) & free | (cells == UNKNOWN)
            cells = self._resampled(cells, hidden, HOTTEST + cold * (COLDEST - HOTTEST))
        for _ in range(self._settings.n_repairs):
            cells = self._repaired(cells, free)
        costs = self._negative_log_likelihoods(cells, free)
        n_beats = max(1, cells.shape[1] // STEPS_PER_QUARTER)
        costs += [VIOLATION_NATS * len(self._violations(each)) / n_beats for each in cells]
        return _pitches_of(cells[int(costs.argmin())])

    def _blocks(self, cells: np.ndarray, probability: float) -> np.ndarray:
        """Draw beats of voices, each with a probability."""
        n, n_steps, n_voices = cells.shape
        return _by_step(self._rng.random((n, n_steps // STEPS_PER_QUARTER, n_voices)) < probability)

    def _resampled(self, cells: np.ndarray, hidden: np.ndarray, temperature: float) -> np.ndarray:
        """Draw hidden cells, by eighths; those of a voice and beat have one random number, so that notes stay whole."""
        logits = self._predictor.log_probabilities(np.where(hidden, UNKNOWN, cells)) / temperature
        n, n_steps, n_voices = cells.shape
        eighths = logits.reshape(n, n_steps // STEPS_PER_EIGHTH, STEPS_PER_EIGHTH, n_voices, N_PITCHES)
        logits = np.repeat(eighths.mean(2), STEPS_PER_EIGHTH, axis=1)
        noise = self._rng.gumbel(size=(n, n_steps // STEPS_PER_QUARTER, n_voices, N_PITCHES))
        drawn = (logits + _by_step(noise)).argmax(-1) + 1
        return np.where(hidden, drawn, cells)

    def _repaired(self, cells: np.ndarray, free: np.ndarray) -> np.ndarray:
        """Draw beats at broken rules and some others again, and keep what does not break more."""
        n_beats = cells.shape[1] // STEPS_PER_QUARTER
        before = np.stack([self._by_beat(each, n_beats) for each in cells])
        broken = before > 0
        near = broken | np.roll(broken, -1, 1)
        near[:, -1] = broken[:, -1]
        chosen = near[:, :, None] & (self._rng.random((*near.shape, 4)) < self._rng.uniform(0.3, 1.0))
        hidden = (_by_step(chosen) | self._blocks(cells, LEAST_HIDDEN)) & free
        drawn = self._resampled(cells, hidden, COLDEST)
        result = cells.copy()
        for index, touched in enumerate(hidden.reshape(len(cells), n_beats, -1).any(2)):
            after = self._by_beat(drawn[index], n_beats)
            for first, last in _runs(touched | np.append(False, touched[:-1])):
                if after[first:last].sum() <= before[index, first:last].sum():
                    span = slice(first * STEPS_PER_QUARTER, last * STEPS_PER_QUARTER)
                    result[index, span] = drawn[index, span]
        return result

    def _violations(self, cells: np.ndarray) -> np.ndarray:
        return find_violations(_pitches_of(cells), self._tonic)

    def _by_beat(self, cells: np.ndarray, n_beats: int) -> np.ndarray:
        return np.bincount(self._violations(cells)["step"] // STEPS_PER_QUARTER, minlength=n_beats)

    def _negative_log_likelihoods(self, cells: np.ndarray, free: np.ndarray) -> np.ndarray:
        """Return the mean of each candidate over its free cells, each predicted once from most others, in nats."""
        n, n_steps, n_voices = cells.shape
        group = _by_step(self._rng.integers(0, N_LIKELIHOOD_PASSES, (1, n_steps // STEPS_PER_QUARTER, n_voices)))
        total = np.zeros(n)
        for index in range(N_LIKELIHOOD_PASSES):
            hidden = (group == index) & free
            logits = self._predictor.log_probabilities(np.where(hidden, UNKNOWN, cells))
            chosen = np.take_along_axis(logits, np.clip(cells - 1, 0, N_PITCHES - 1)[..., None], -1)[..., 0]
            total -= np.where(hidden, chosen, 0.0).sum((1, 2))
        return total / max(1, int(free.sum()))


def _by_step(beats: np.ndarray) -> np.ndarray:
    """Repeat ``(batch, beats, ...)`` for the steps of each beat."""
    return np.repeat(beats, STEPS_PER_QUARTER, axis=1)


def _runs(chosen: np.ndarray) -> list[tuple[int, int]]:
    """Return first index and end of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], chosen, [False]]).astype(np.int8)))
    return [(int(first), int(last)) for first, last in edges.reshape(-1, 2)]


def _pitches_of(cells: np.ndarray) -> np.ndarray:
    return np.where(cells == SILENT_CELL, SILENT, cells - 1 + LOWEST)


CHOIR_PROGRAM = 52
VELOCITY = 72
MAX_STEPS = 40_000
LONGEST_BREATH = STEPS_PER_QUARTER  # rests of the melody up to so many steps are none for the other voices


def harmonise(
    melody: Score,
    *,
    voice: str = "soprano",
    key: MusicalKey | None = None,
    seed: int = 0,
    settings: HarmonySettings | None = None,
) -> Score:
    """Return a melody in four voices, in the style of the chorales of J. S. Bach.

    The notes of the melody stay as they are, but a melody beyond the range of its voice is transposed into it, by
    octaves where that is enough. The other voices move in eighths at the shortest. They rest where the melody rests
    for more than a quarter.

    - ``voice``: voice that the melody is: soprano, alto, tenor or bass.
    - ``key``: by default that of the score, or else the most probable one.
    - returns: with a track for each voice and no others; texts of the melody, such as lyrics, stay.

    Raises BadSetting if there is no melody or no such voice, or the melody is too wide or too long. Warns of a
    melody that is moved, and of other tracks, chord symbols and lower notes, which are left out.
    """
    if voice not in VOICES:
        raise BadSetting(f"There is no voice {voice!r}; give one of {', '.join(VOICES)}.")
    score = with_resolution(melody, MIN_TICKS_PER_QUARTER)
    track = score.tracks[melody_track(score)]
    notes = skyline(track)
    others = [each.name or "one without a name" for each in score.tracks if each is not track and len(each.notes)]
    lost = [f"tracks ({', '.join(others)})"] * bool(others) + ["chord symbols"] * bool(score.chords)
    lost += ["notes under those of the melody"] * (len(notes) < len(track.notes))
    if lost:
        warnings.warn(f"A chorale has four voices alone; left out: {', '.join(lost)}.", ScoreWarning, stacklevel=2)
    bars = bars_of(score)
    known_key = key or key_of(score) or find_key(notes, bars)
    index = VOICES.index(voice)
    shift = _shift_into(notes["pitch"], index)
    notes["pitch"] += shift
    if shift:
        warnings.warn(
            f"The melody is moved by {shift:+d} semitones, into the range of {voice}.", ScoreWarning, stacklevel=2
        )
    line = _line_of(notes, score.ticks_per_quarter)
    known = np.repeat(np.where(line == SILENT, SILENT, 0)[:, None], len(VOICES), axis=1)
    known[:, index] = line
    is_known = np.repeat((line == SILENT)[:, None], len(VOICES), axis=1)
    is_known[:, index] = True
    tonic = (known_key.tonic + shift) % 12
    pitches = harmonise_grid(known, is_known, tonic, seed=seed, settings=settings)
    tracks = [
        Track(
            notes if lane == index else _voice_notes(pitches[:, lane], notes, score, bars[0].lead),
            name,
            channel=lane,
            metas=track.metas if lane == index else (),
        )
        for lane, name in enumerate(VOICES)
    ]
    keys = score.keys.copy()
    keys["sharps"] = [sounding_sharps(sharps, shift) for sharps in keys["sharps"].tolist()]
    if key is not None or not len(keys):
        keys = key_event(known_key if shift % 12 == 0 else MusicalKey(tonic, known_key.scale))
    return replace(
        score,
        tracks=tuple(each.with_program(CHOIR_PROGRAM) for each in tracks),
        keys=keys,
        chords=(),
    )


def _shift_into(pitches: np.ndarray, voice: int) -> int:
    """Return the semitones that move a melody into the range of a voice, octaves if possible."""
    low, high = VOICE_RANGES[voice]
    lowest, highest = int(pitches.min()), int(pitches.max())
    if highest - lowest > high - low:
        raise BadSetting(
            f"The melody spans {highest - lowest} semitones, {pitch_name(lowest)} to {pitch_name(highest)}; a "
            f"{VOICES[voice]} has {high - low}. Give a melody with a smaller range."
        )
    fitting = range(low - lowest, high - highest + 1)
    return min(fitting, key=lambda shift: (shift != 0, shift % 12 != 0, abs(shift)))


def _line_of(notes: np.ndarray, ticks_per_quarter: int) -> np.ndarray:
    """Return the pitch of a voice at each sixteenth; notes go on through short rests."""

    def step_of(ticks: np.ndarray) -> np.ndarray:
        steps: np.ndarray = (2 * ticks * STEPS_PER_QUARTER + ticks_per_quarter) // (2 * ticks_per_quarter)
        return steps

    starts, ends = step_of(notes["start"]), step_of(notes["start"] + notes["duration"])
    if ends.max() > MAX_STEPS:
        raise BadSetting(
            f"The melody has {ends.max() // STEPS_PER_QUARTER} quarters; at most {MAX_STEPS // 4} can be "
            "harmonised. Give a part of it."
        )
    line = np.full(max(1, int(ends.max())), SILENT)
    following = np.append(starts[1:], ends[-1])
    for start, end, after, pitch in zip(starts, ends, following, notes["pitch"], strict=True):
        line[start : after if after - end <= LONGEST_BREATH else end] = pitch
    return line


def _voice_notes(pitches: np.ndarray, melody: np.ndarray, score: Score, lead: int) -> np.ndarray:
    """Return the notes of a voice; a held pitch is struck again on a beat where the melody has a note."""
    step_ticks = score.ticks_per_quarter / STEPS_PER_QUARTER
    beats = melody["start"][(melody["start"] + lead) % score.ticks_per_quarter == 0]
    is_start = np.append(True, np.diff(pitches) != 0)
    again = np.rint(beats / step_ticks).astype(int)
    is_start[again[again < len(pitches)]] = True
    starts = np.flatnonzero(is_start)
    ends = np.append(starts[1:], len(pitches))
    rows = [
        (round(start * step_ticks), round(end * step_ticks) - round(start * step_ticks), int(pitches[start]), VELOCITY)
        for start, end in zip(starts, ends, strict=True)
        if pitches[start] != SILENT
    ]
    return notes_of(rows)
