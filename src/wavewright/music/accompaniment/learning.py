"""Styles learned from scores: typical bars of their bass, chords and drums."""

from __future__ import annotations

import itertools
import re
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ...base.errors import BadSetting, ScoreWarning
from ..bars import Bar, bar_index, bars_of, first_whole
from ..score import Score, Track
from ..theory import ChordSymbol
from .arrangement import key_of
from .chord_model import find_chords
from .chord_text import chords_of_score
from .melody import find_key, melody_track, skyline
from .style import APPROACH, DRUMS, HOLD, METRE, MIN_RANGE, REST, STRIKES, AccompanimentStyle

STEPS_PER_QUARTER = (4, 3, 6, 8, 12)
"""Grids of patterns, in the order of preference."""

BASS_DEGREES = ("1", "2", "2", "3", "3", "5", "5", "5", "6", "6", "7", "7")
"""Characters of the bass by the semitones above the root; the fourth and the tritone are nearest to the fifth."""

SIMILAR_DRUMS = {
    35: 36,
    40: 38,
    41: 45,
    43: 45,
    48: 50,
    52: 49,
    55: 49,
    57: 49,
    59: 51,
    71: 67,
    72: 68,
    74: 73,
    77: 76,
    79: 86,
    80: 81,
}
"""Drums of General MIDI that have no name in a style, and the nearest that has."""

BASE_PERCENTILE = 75
SOFT, ACCENTED = 0.79, 1.12
"""Velocities below and above which a note is soft and accented, as factors of the usual one of its part."""

MIN_CHORD = 2
"""Notes that start together from which they are a chord and no single voice."""


@dataclass(frozen=True)
class BarGrid:
    """A bar and the steps that its notes are rounded to."""

    bar: Bar
    n_steps: int

    def steps(self, notes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the notes that start in the bar, and their steps.

        Notes up to half a step before the bar belong to it.
        """
        ticks = notes["start"] - self.bar.start
        steps = np.floor(ticks * self.n_steps / self.bar.length + 0.5).astype(np.int64)
        inside = (steps >= 0) & (steps < self.n_steps)
        return notes[inside], steps[inside]

    def text(self, symbols: dict[int, str], ends: dict[int, float]) -> str:
        """Return the text of symbols by step, each held up to its end in steps."""
        characters = [REST] * self.n_steps
        for step, following in itertools.pairwise([*sorted(symbols), self.n_steps]):
            last = min(following, max(step + 1, round(ends[step])))
            characters[step:last] = [symbols[step], *(HOLD * (last - step - 1))]
        return "".join(characters)

    def ends(self, notes: np.ndarray, steps: np.ndarray) -> dict[int, float]:
        """Return the latest end of the notes of each step, in steps."""
        durations = notes["duration"] * self.n_steps / self.bar.length
        return {int(step): float(step + durations[steps == step].max()) for step in np.unique(steps)}


def drum_texts(grid: BarGrid, notes: np.ndarray) -> dict[str, str]:
    """Return the text of each drum of a bar by its name."""
    names = {pitch: name for name, pitch in DRUMS.items()}
    base = float(np.percentile(notes["velocity"], BASE_PERCENTILE))
    inside, steps = grid.steps(notes)
    symbols: dict[str, dict[int, str]] = {}
    for note, step in zip(inside, steps, strict=True):
        pitch = int(note["pitch"])
        name = names.get(SIMILAR_DRUMS.get(pitch, pitch))
        if name is not None:
            symbols.setdefault(name, {})[int(step)] = _strike(float(note["velocity"]), base)
    return {name: grid.text(each, {step: step + 1.0 for step in each}) for name, each in symbols.items()}


def chords_text(grid: BarGrid, notes: np.ndarray) -> str:
    """Return the text of the chords of a bar: strikes of all voices, or numbers of single ones."""
    base = float(np.percentile(notes["velocity"], BASE_PERCENTILE))
    inside, steps = grid.steps(notes)
    pitches = sorted({int(pitch) for pitch in inside["pitch"]})
    symbols = {}
    for step in np.unique(steps):
        together = inside[steps == step]
        if len(together) >= MIN_CHORD:
            symbols[int(step)] = _strike(float(together["velocity"].mean()), base)
        else:
            symbols[int(step)] = str(min(6, 1 + pitches.index(int(together["pitch"][0]))))
    return grid.text(symbols, grid.ends(inside, steps))


def bass_text(grid: BarGrid, notes: np.ndarray, chords: tuple[tuple[int, ChordSymbol], ...]) -> str:
    """Return the text of the bass of a bar: steps above the bass of the chord at each note."""
    inside, steps = grid.steps(notes)
    ticks = np.array([tick for tick, _ in chords])
    following = _chord_at(ticks, chords, grid.bar.end)
    symbols: dict[int, str] = {}
    roots: list[int] = []
    for step in np.unique(steps):
        pitch = int(inside["pitch"][steps == step].min())
        tick = grid.bar.start + round(int(step) * grid.bar.length / grid.n_steps)
        chord = _chord_at(ticks, chords, tick)
        symbol = BASS_DEGREES[(pitch - chord.lowest) % 12]
        if symbol == "1":
            roots.append(pitch)
            symbol = "8" if pitch >= min(roots) + 12 else "1"
        elif pitch % 12 not in chord.pitch_classes and following.lowest != chord.lowest:
            distance = (pitch - following.lowest + 6) % 12 - 6
            is_last = step == steps.max()
            symbol = APPROACH if is_last and abs(distance) <= 2 else symbol
        symbols[int(step)] = symbol
    return grid.text(symbols, grid.ends(inside, steps))


def _chord_at(ticks: np.ndarray, chords: tuple[tuple[int, ChordSymbol], ...], tick: int) -> ChordSymbol:
    return chords[max(0, int(np.searchsorted(ticks, tick, side="right")) - 1)][1]


def _strike(velocity: float, base: float) -> str:
    """Return the character of a strike by its velocity."""
    symbols = {1.0: "x", STRIKES["X"]: "X", STRIKES["o"]: "o"}
    factor = STRIKES["X"] if velocity > ACCENTED * base else STRIKES["o"] if velocity < SOFT * base else 1.0
    return symbols[factor]


MAX_PATTERNS = 4
"""Most main patterns of a metre."""

MIN_GAIN = 0.04
"""Least part of the mean similarity that a further pattern must add."""

MAX_BARS = 600
"""Different bars of a metre that are compared."""

MAX_MEAN_ERROR_QUARTERS = 0.04
"""Mean distance of notes to their steps up to which a grid of fewer steps is preferred."""

BASS_PROGRAMS = range(32, 40)
BASS_NAME = re.compile("bass(?!oon)", re.IGNORECASE)
HIGHEST_BASS = 52
SEVENTHS_FROM = 0.3
"""Fraction of bars with a seventh from which the chords of a style are sevenths."""

TOMS = ("low-tom", "mid-tom", "high-tom")
MAX_FILLS = 0.35
"""Bars with toms, as a fraction of those without, up to which they are fills."""

BEAT_QUARTERS = 0.06
"""Distance from a quarter up to which a note lies on it, so that it says nothing about the grid."""

USUAL_TEMPO = 110.0


@dataclass
class _Bars:
    """Bars of one metre: how often each combination of texts occurs, in fills, at the ends of scores and elsewhere."""

    main: Counter[tuple[tuple[str, str], ...]] = field(default_factory=Counter)
    fill: Counter[tuple[tuple[str, str], ...]] = field(default_factory=Counter)
    last: Counter[tuple[tuple[str, str], ...]] = field(default_factory=Counter)

    def add(self, entry: tuple[tuple[str, str], ...], *, is_last: bool) -> None:
        """Count a bar; bars with toms are fills."""
        has_toms = any(role in TOMS for role, _ in entry)
        (self.last if is_last else self.fill if has_toms else self.main)[entry] += 1

    def without_usual_toms(self) -> _Bars:
        """Return the bars with fills among the main ones if they are too many to be fills."""
        if self.fill.total() <= MAX_FILLS * self.main.total():
            return self
        return _Bars(self.main + self.fill, Counter(), self.last)


@dataclass
class _RoleNotes:
    """Notes of a part of all scores."""

    programs: Counter[int] = field(default_factory=Counter)
    pitches: list[np.ndarray] = field(default_factory=list)
    velocities: list[np.ndarray] = field(default_factory=list)
    voices: list[int] = field(default_factory=list)

    def add(self, track: Track) -> None:
        self.programs[track.program] += len(track.notes)
        self.pitches.append(track.notes["pitch"])
        self.velocities.append(track.notes["velocity"])
        self.voices += np.unique(track.notes["start"], return_counts=True)[1].tolist()

    @property
    def velocity(self) -> int:
        return int(np.clip(np.median(np.concatenate(self.velocities)), 1, 127))

    def table(self, fewest_voices: int) -> dict[str, object]:
        """Return the instrument as a table of a style."""
        low, high = (int(each) for each in np.percentile(np.concatenate(self.pitches), (2, 98)))
        missing = max(0, MIN_RANGE - (high - low))
        low = max(0, low - missing // 2)
        high = min(127, max(high, low + MIN_RANGE))
        return {
            "program": self.programs.most_common(1)[0][0],
            "range": f"{min(low, high - MIN_RANGE)}..{high}",
            "velocity": self.velocity,
            "voices": int(np.clip(np.median(self.voices), fewest_voices, 6)),
        }


def learn_style(scores: Sequence[Score], title: str = "Learned") -> AccompanimentStyle:
    """Return a style whose patterns are the typical bars of scores.

    Every bar becomes one line for each role: steps of the bass above the root of the chord, strikes of the chords, and
    strikes of each drum. Of each metre, bars are selected one after another so that all bars resemble one of them most
    (the greedy maximum of a facility location). Weights are the numbers of bars that resemble each.

    - ``scores``: with a bass, chords or drums. The bass is a track of a bass instrument or the lowest one, the chords
      are that of the others, without the melody, with the most notes.

    Raises BadSetting if no score has such a part.

    References
    ----------
    G. Nemhauser, L. Wolsey, M. Fisher, "An analysis of approximations for maximizing submodular set functions", 1978.
    """
    bars: dict[str, _Bars] = {}
    instruments: dict[str, _RoleNotes] = {}
    sevenths: list[bool] = []
    for score in scores:
        _read_score(score, bars, instruments, sevenths)
    patterns: list[dict[str, object]] = []
    for metre, of_metre in sorted(bars.items(), key=lambda item: -item[1].main.total()):
        if re.match(METRE, metre):
            patterns += _patterns(metre, of_metre.without_usual_toms())
        else:
            warnings.warn(f"Left out: the bars in {metre}, a metre that no style has.", ScoreWarning, stacklevel=2)
    if not patterns:
        raise BadSetting("No score has a bass, chords or drums; give scores with such tracks beside the melody.")
    tempos = [60e6 / score.tempos["us_per_quarter"][0] for score in scores if len(score.tempos)]
    contents: dict[str, object] = {
        "title": title[:80],
        "description": f"Learned from {len(scores)} score{'s' if len(scores) > 1 else ''}.",
        "tempo": round(float(np.clip(np.median(tempos or [USUAL_TEMPO]), 20, 400)), 1),
        "chord_colour": "sevenths" if sevenths and sum(sevenths) >= SEVENTHS_FROM * len(sevenths) else "triads",
        "patterns": patterns,
    }
    contents |= {role: instruments[role].table(1 if role == "bass" else 2) for role in instruments if role != "drums"}
    if "drums" in instruments:
        contents["drums"] = {"velocity": instruments["drums"].velocity}
    return AccompanimentStyle.model_validate(contents)


def parts_of(score: Score) -> dict[str, list[Track]]:
    """Return the tracks of a score that are its bass, chords and drums."""
    parts = {"drums": [track for track in score.tracks if track.is_drum and len(track.notes)]}
    pitched = [track for track in score.tracks if not track.is_drum and len(track.notes)]
    if not pitched:
        return parts
    basses = [track for track in pitched if track.program in BASS_PROGRAMS or BASS_NAME.search(track.name)]
    if not basses and len(pitched) > 1:
        lowest = min(pitched, key=lambda track: float(np.median(track.notes["pitch"])))
        basses = [lowest] if np.median(lowest.notes["pitch"]) <= HIGHEST_BASS else []
    parts["bass"] = basses[:1]
    melody = score.tracks[melody_track(score)]
    others = [track for track in pitched if track is not melody and all(track is not bass for bass in basses)]
    parts["chords"] = [max(others, key=lambda track: len(track.notes))] if others else []
    return parts


def _read_score(score: Score, bars: dict[str, _Bars], instruments: dict[str, _RoleNotes], sevenths: list[bool]) -> None:
    """Add the bars and instruments of a score."""
    parts = {role: tracks for role, tracks in parts_of(score).items() if tracks}
    if not parts:
        return
    for role, tracks in parts.items():
        for track in tracks:
            instruments.setdefault(role, _RoleNotes()).add(track)
    score_bars = bars_of(score)
    chords = _chords(score, score_bars) if "bass" in parts or "chords" in parts else ()
    starts = np.concatenate([track.notes["start"] for tracks in parts.values() for track in tracks])
    grids = _grids(score_bars, starts, score.ticks_per_quarter)
    for index, bar in enumerate(score_bars):
        if bar.metre not in grids or bar.length != bar.whole:
            continue
        grid = BarGrid(bar, grids[bar.metre])
        texts: dict[str, str] = {}
        if "bass" in parts:
            texts["bass"] = bass_text(grid, parts["bass"][0].notes, chords)
        if "chords" in parts:
            texts["chords"] = chords_text(grid, parts["chords"][0].notes)
            sevenths.append(_has_seventh(bar, parts["chords"][0].notes, chords))
        if "drums" in parts:
            texts |= drum_texts(grid, np.concatenate([track.notes for track in parts["drums"]]))
        entry = tuple(sorted((role, text) for role, text in texts.items() if text.strip(".")))
        if entry:
            bars.setdefault(bar.metre, _Bars()).add(entry, is_last=index == len(score_bars) - 1)


def _chords(score: Score, bars: tuple[Bar, ...]) -> tuple[tuple[int, ChordSymbol], ...]:
    """Return the chords of a score, the most probable ones of all its notes if it has none."""
    written = chords_of_score(score.chords, bars[first_whole(bars)].start)
    if written:
        return written
    notes = np.concatenate([track.notes for track in score.tracks if not track.is_drum])
    notes = notes[np.argsort(notes["start"], kind="stable")]
    key = key_of(score) or find_key(skyline(score.tracks[melody_track(score)]), bars)
    return find_chords(notes, bars, key)


def _grids(bars: tuple[Bar, ...], starts: np.ndarray, ticks_per_quarter: int) -> dict[str, int]:
    """Return the number of steps of the bars of each metre: the smallest on which the notes lie well enough."""
    index = bar_index(bars, starts)
    grids: dict[str, int] = {}
    for metre in {bar.metre for bar in bars}:
        length = next(bar.whole for bar in bars if bar.metre == metre)
        inside = np.array([bars[each].metre == metre for each in index], bool)
        ticks = starts[inside] - np.array([bars[each].start for each in index[inside]], np.int64)
        from_beat = np.abs(ticks / ticks_per_quarter - np.rint(ticks / ticks_per_quarter))
        positions = ticks[from_beat > BEAT_QUARTERS] / length
        errors: dict[int, float] = {}
        for steps in STEPS_PER_QUARTER:
            n_steps, rest = divmod(steps * length, ticks_per_quarter)
            if rest == 0 and 1 <= n_steps <= 192:
                distances = np.abs(positions * n_steps - np.rint(positions * n_steps)) / steps
                errors[n_steps] = float(distances.mean()) if len(distances) else 0.0
        fitting = [n_steps for n_steps, error in errors.items() if error <= MAX_MEAN_ERROR_QUARTERS]
        if errors:
            grids[metre] = fitting[0] if fitting else min(errors, key=lambda n_steps: errors[n_steps])
    return grids


def _has_seventh(bar: Bar, notes: np.ndarray, chords: tuple[tuple[int, ChordSymbol], ...]) -> bool:
    """Return True if a seventh above the root of the chord starts in a bar."""
    root = [chord.root for tick, chord in chords if tick <= bar.start][-1:] or [chords[0][1].root]
    inside = notes[(notes["start"] >= bar.start) & (notes["start"] < bar.end)]
    return bool(np.isin((inside["pitch"] - root[0]) % 12, (10, 11)).any())


def _patterns(metre: str, bars: _Bars) -> list[dict[str, object]]:
    """Return the tables of the main patterns of a metre, of a fill and of an ending."""
    main = bars.main or bars.last
    entries, counts = zip(*main.most_common(MAX_BARS), strict=True)
    weights = np.array(counts, np.float64)
    similarity = _similarity(entries)
    covered = np.zeros(len(entries))
    selected: list[int] = []
    while len(selected) < MAX_PATTERNS:
        gains = (np.maximum(similarity, covered) - covered) @ weights / weights.sum()
        best = int(gains.argmax())
        if selected and gains[best] < MIN_GAIN:
            break
        selected.append(best)
        covered = np.maximum(covered, similarity[best])
    nearest = similarity[selected].argmax(0)
    tables = []
    for number, index in enumerate(selected):
        weight = float(np.clip(weights[nearest == number].sum(), 1, 1_000))
        tables.append(_table(metre, entries[index], weight=weight))
    for use, others in (("fill", bars.fill), ("ending", bars.last)):
        if others:
            tables.append(_table(metre, _centre(others), use=use))
    return tables


def _centre(bars: Counter[tuple[tuple[str, str], ...]]) -> tuple[tuple[str, str], ...]:
    """Return the bar that all bars resemble most."""
    entries, counts = zip(*bars.most_common(MAX_BARS), strict=True)
    centre: tuple[tuple[str, str], ...] = entries[int((_similarity(entries) @ np.array(counts, np.float64)).argmax())]
    return centre


def _similarity(entries: Sequence[tuple[tuple[str, str], ...]]) -> np.ndarray:
    """Return the similarity of bars ``(n, n)``: notes that two have in common, of all notes of both."""
    features = [
        {
            (role, position / len(text))
            for role, text in entry
            for position, symbol in enumerate(text)
            if symbol not in ".-"
        }
        for entry in entries
    ]
    index = {each: number for number, each in enumerate(sorted(set().union(*features)))}
    matrix = np.zeros((len(entries), max(1, len(index))))
    for row, of_bar in zip(matrix, features, strict=True):
        row[[index[each] for each in of_bar]] = 1.0
    common = matrix @ matrix.T
    totals = matrix.sum(1)
    similarity: np.ndarray = common / np.maximum(1.0, totals[:, None] + totals - common)
    return similarity


def _table(metre: str, entry: tuple[tuple[str, str], ...], **more: object) -> dict[str, object]:
    """Return a pattern as a table of a style."""
    texts = dict(entry)
    harmonic: dict[str, object] = {role: texts.pop(role) for role in ("bass", "chords") if role in texts}
    return {"metre": metre, **more, **harmonic, **({"drums": texts} if texts else {})}
