"""A melody with an accompaniment: bass, chords, inner voices and drums in a style."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from ..bars import Bar, bars_of, first_whole
from ..score import NOTE, PROGRAM as PROGRAM_CHANGE, Score, Track, controls_of, empty, key_event, keys_of, notes_of
from ..theory import ChordSymbol, MusicalKey, nearest_of
from ..timing import TEMPO, quarters_per_minute_to_us
from .chord_model import as_score_chords, find_chords
from .chord_text import chords_of_score, parse_chords, silences_of, without_silences
from .melody import find_key, melody_track, phrase_ends, skyline
from .style import (
    APPROACH,
    DRUMS,
    HARMONIC_PARTS,
    STRIKES,
    STRUMS,
    AccompanimentStyle,
    InstrumentTable,
    PatternBar,
    PatternTable,
    load_style,
)
from .voicing import lead_voices

MIN_TICKS_PER_QUARTER = 96
"""Scores on a coarser grid get a finer one, on which the steps of patterns lie."""

TRACK_NAMES = {"bass": "bass", "chords": "chords", "inner": "inner voices"}
VELOCITY_SPREAD = 4
OFF_BEAT_VELOCITY = 0.92
STRUM_QUARTERS = 1 / 24  # from the first to the last voice of a strummed chord
DRUM_QUARTERS = 1 / 8
FILL_OPENNESS = 8  # a fill follows this number of bars at the latest, where phrases have no longer notes

COLOURS = {
    "sixths": {"tonic": "6", "major": "6", "dominant": "7", "minor": "m7", "dim": "m7b5"},
    "sevenths": {"tonic": "maj7", "major": "maj7", "dominant": "7", "minor": "m7", "dim": "m7b5"},
    "ninths": {"tonic": "maj9", "major": "maj9", "dominant": "9", "minor": "m9", "dim": "m7b5"},
    "dominant": {"tonic": "7", "major": "7", "dominant": "7", "minor": "m7", "dim": "m7b5"},
    "power": {"tonic": "5", "major": "5", "dominant": "5", "minor": "5", "dim": "dim"},
}
"""Kind of chord for each colour of a style, by the function of the triad in the key."""

Rows = list[tuple[int, int, int, int]]
Chords = tuple[tuple[int, ChordSymbol], ...]


@dataclass(frozen=True)
class PlannedBar:
    """A bar and the patterns of its parts, each with the index of the bar in the pattern."""

    bar: Bar
    patterns: dict[str, tuple[PatternBar, float]]  # with the quarters of a bar of the pattern


def accompany(
    melody: Score,
    style: str | Path | AccompanimentStyle = "pop",
    chords: str | None = None,
    *,
    key: MusicalKey | None = None,
    seed: int = 0,
) -> Score:
    """Return a score with a melody and its accompaniment.

    All tracks stay as they are. Parts are added as tracks, and the chords as symbols.

    Parameters
    ----------
    melody : Score
    style : str, Path or AccompanimentStyle
        Name of a style, or its TOML file.
    chords : str, optional
        Such as ``C G Am F`` (see :func:`parse_chords`); those of the score by default, the first of which sounds from
        the first whole bar on and stays where it is written; and if there are none, the most probable ones.
    key : MusicalKey, optional
        By default that of the score, or else the most probable one.
    seed : int
        Selects among the variations of the style.

    Returns
    -------
    Score
        On a finer grid if that of the melody has less than MIN_TICKS_PER_QUARTER.

    Raises
    ------
    BadSetting
        If there is no melody, no such style, or a chord cannot be read.
    """
    chosen = style if isinstance(style, AccompanimentStyle) else load_style(style)
    score = with_resolution(melody, MIN_TICKS_PER_QUARTER)
    has_melody = bool(score.n_notes) or not score.chords  # or chords alone, such as those of a lead sheet
    notes = skyline(score.tracks[melody_track(score)]) if has_melody else empty(NOTE)
    bars = bars_of(score, to_end=not has_melody)
    known_key = key or key_of(score) or find_key(notes, bars)
    if chords is not None:
        progression = parse_chords(chords, bars, known_key)
        score = replace(score, chords=as_score_chords(progression, known_key))
    else:
        progression = chords_of_score(score.chords, bars[first_whole(bars)].start)
        if not progression:
            for of_key, span in [(key, bars)] if key else spans_of_keys(score, bars, known_key):
                likely = find_chords(notes, span, of_key, chosen.chords_per_bar)
                found = tuple((tick, coloured(chord, of_key, chosen.chord_colour)) for tick, chord in likely)
                progression += found
                score = replace(score, chords=(*score.chords, *as_score_chords(found, of_key)))
    rng = np.random.default_rng(seed)
    planned = plan(chosen, bars, phrase_ends(notes, bars), rng)
    parts = _Parts(score, chosen, planned, progression, notes, known_key, rng)
    return replace(
        score,
        tracks=(*score.tracks, *parts.tracks()),
        keys=score.keys if len(score.keys) else key_event(known_key),
        tempos=score.tempos if len(score.tempos) else _tempo_event(chosen.tempo),
    )


def spans_of_keys(
    score: Score, bars: tuple[Bar, ...], first: MusicalKey
) -> Iterator[tuple[MusicalKey, tuple[Bar, ...]]]:
    """Yield each key of a score with its bars; a key within a bar, or at a pickup, begins with the next whole one."""
    changes = {
        next((at for at, bar in enumerate(bars) if bar.start >= tick and not bar.is_pickup), len(bars)): key
        for tick, key in keys_of(score)
    }
    starts = [0, *sorted(at for at in changes if first_whole(bars) < at < len(bars))]
    for start, end in pairwise([*starts, len(bars)]):
        yield changes[start] if start else first, bars[start:end]


def plan(
    style: AccompanimentStyle, bars: tuple[Bar, ...], ends: tuple[int, ...], rng: np.random.Generator
) -> list[PlannedBar]:
    """Return the patterns of each bar: a variation for each phrase, a fill at its end, an ending in the last bar.

    A pickup at the start has none.
    """
    start, since_fill = first_whole(bars), 0
    planned = [PlannedBar(bar, {}) for bar in bars[:start]]
    for end in ends:
        for index in range(start, end + 1):
            bar = bars[index]
            if index == start or bar.metre != bars[index - 1].metre:
                main, first = _drawn(style.of_metre(bar.metre), rng), index
            patterns = _bars_at(main, index - first)
            since_fill += 1
            if index == len(bars) - 1:
                patterns |= _extra(style, bar, "ending", rng)
            elif index == end and (since_fill >= FILL_OPENNESS or rng.random() < 0.5):
                patterns |= _extra(style, bar, "fill", rng)
                since_fill = 0
            planned.append(PlannedBar(bar, patterns))
        start = end + 1
    return planned


def coloured(chord: ChordSymbol, key: MusicalKey, colour: str) -> ChordSymbol:
    """Return a triad with the further notes that a style gives to chords of its function in the key."""
    if colour == "triads":
        return chord
    degree = (chord.root - key.tonic) % 12
    if chord.kind in ("dim", "m"):
        function = "dim" if chord.kind == "dim" else "minor"
    elif chord.kind == "7" or degree == 7 or (degree == 10 and key.is_minor):
        function = "dominant"
    else:
        function = "tonic" if degree == 0 else "major"
    return ChordSymbol(chord.root, COLOURS[colour][function], chord.bass)


def key_of(score: Score) -> MusicalKey | None:
    """Return the first key of a score, if it has one."""
    return next((key for _, key in keys_of(score)), None)


def with_resolution(score: Score, least: int) -> Score:
    """Return the score on a grid of at least so many ticks a quarter; every time is exactly as before."""
    factor = -(-least // score.ticks_per_quarter)
    if factor <= 1:
        return score

    def scaled(events: np.ndarray, *fields: str) -> np.ndarray:
        events = events.copy()
        for name in fields:
            events[name] *= factor
        return events

    tracks = tuple(
        replace(
            track,
            notes=scaled(track.notes, "start", "duration"),
            controls=scaled(track.controls, "tick"),
            metas=tuple(replace(meta, tick=meta.tick * factor) for meta in track.metas),
        )
        for track in score.tracks
    )
    return replace(
        score,
        tracks=tracks,
        ticks_per_quarter=score.ticks_per_quarter * factor,
        tempos=scaled(score.tempos, "tick"),
        metres=scaled(score.metres, "tick"),
        bar_lines=score.bar_lines * factor,
        keys=scaled(score.keys, "tick"),
        chords=tuple(replace(chord, tick=chord.tick * factor) for chord in score.chords),
        metas=tuple(replace(meta, tick=meta.tick * factor) for meta in score.metas),
        length=score.length * factor,
    )


class _Parts:
    """The tracks of an accompaniment."""

    def __init__(
        self,
        score: Score,
        style: AccompanimentStyle,
        planned: list[PlannedBar],
        chords: Chords,
        melody: np.ndarray,
        key: MusicalKey,
        rng: np.random.Generator,
    ) -> None:
        self._quarter = score.ticks_per_quarter
        self._style, self._planned, self._chords, self._key, self._rng = style, planned, chords, key, rng
        self._silences = silences_of(score.chords, planned[-1].bar.end)
        self._ticks = [tick for tick, _ in chords]
        ends = [*self._ticks[1:], planned[-1].bar.end]
        self._ceilings = [
            int(
                melody["pitch"][(melody["start"] < end) & (melody["start"] + melody["duration"] > start)].min(
                    initial=127
                )
            )
            for start, end in zip(self._ticks, ends, strict=True)
        ]

    def tracks(self) -> list[Track]:
        """Return the tracks of all parts that the style has."""
        tracks = []
        for name in HARMONIC_PARTS:
            table: InstrumentTable | None = getattr(self._style, name)
            if table is not None:
                rows = self._bass(table) if name == "bass" else self._chorded(name, table)
                rows = without_silences(rows, self._silences)
                program = controls_of([(0, PROGRAM_CHANGE, 0, table.program)])
                tracks.append(Track(notes_of(rows), TRACK_NAMES[name], controls=program))
        if self._style.drums is not None:
            tracks.append(Track(notes_of(self._drums(self._style.drums.velocity)), "drums", is_drum=True))
        return [track for track in tracks if len(track.notes)]

    def _events(self, role: str) -> list[tuple[int, int, str, Bar]]:
        """Return first and last tick, symbol and bar of each event of a part; patterns repeat to the end of a bar."""
        events = []
        for planned in self._planned:
            if role not in planned.patterns:
                continue
            pattern, quarters = planned.patterns[role]
            bar = planned.bar
            length = round(quarters * self._quarter)
            for offset in range(0, bar.lead + bar.length, max(1, length)):
                for event in pattern.events:
                    start, end = (
                        bar.start - bar.lead + offset + self._tick(step, pattern.n_steps, length)
                        for step in (event.start, event.end)
                    )
                    if bar.start <= start < min(bar.end, end):
                        events.append((start, min(end, bar.end), event.symbol, bar))
        return events

    def _tick(self, step: int, n_steps: int, length: int) -> int:
        """Return the tick of a step in its bar, with swing."""
        quarters, within = divmod(length * step / (n_steps * self._quarter), 1.0)
        swing = self._style.swing
        moved = within * 2 * swing if within <= 0.5 else swing + (within - 0.5) * 2 * (1 - swing)
        return round((quarters + moved) * self._quarter)

    def _velocity(self, base: float, start: int, bar: Bar) -> int:
        accent = 1.0 if bar.strength(start) >= 0.5 else OFF_BEAT_VELOCITY
        drawn = base * accent + self._rng.uniform(-VELOCITY_SPREAD, VELOCITY_SPREAD)
        return int(np.clip(round(drawn), 1, 127))

    def _chord_index(self, tick: int) -> int:
        return max(0, bisect_right(self._ticks, tick) - 1)

    def _split(self, start: int, end: int) -> list[tuple[int, int, int]]:
        """Return start, end and chord of the pieces into which changes of chords divide a note."""
        first, last = self._chord_index(start), self._chord_index(end - 1)
        cuts = [start, *self._ticks[first + 1 : last + 1], end]
        return [(cuts[i], cuts[i + 1], first + i) for i in range(last - first + 1)]

    def _bass(self, table: InstrumentTable) -> Rows:
        rows: Rows = []
        low, high = table.range
        root = (2 * low + high) // 3
        for start, end, symbol, bar in self._events("bass"):
            for begin, finish, index in self._split(start, end):
                chord = self._chords[index][1]
                root = _within(nearest_of((root + (2 * low + high) // 3) // 2, [chord.lowest]), low, high)
                if symbol == APPROACH:
                    following = self._chords[self._chord_index(bar.end)][1]
                    target = _within(nearest_of(root, [following.lowest]), low, high)
                    pitch = self._approach(target, root, low, high)
                else:
                    pitch = _within(root + _interval(int(symbol), chord, self._key), low, high)
                rows.append((begin, finish - begin, pitch, self._velocity(table.velocity, begin, bar)))
        return rows

    def _approach(self, target: int, before: int, low: int, high: int) -> int:
        """Return a pitch that leads to a target: a step of the scale from the side of the note before."""
        sign = 1 if before > target else -1
        candidates = [target + sign * 2, target + sign, target - sign]
        of_scale = [pitch for pitch in candidates if low <= pitch <= high and pitch % 12 in self._key.pitch_classes]
        return (of_scale or [_within(target + sign, low, high)])[0]

    def _chorded(self, name: str, table: InstrumentTable) -> Rows:
        symbols = [chord for _, chord in self._chords]
        voicings = lead_voices(symbols, table.voices, *table.range, self._ceilings)
        rows: Rows = []
        for start, end, symbol, bar in self._events(name):
            for begin, finish, index in self._split(start, end):
                velocity = self._velocity(table.velocity * STRIKES.get(symbol, 1.0), begin, bar)
                pitches = voicings[index]
                if symbol.isdigit():
                    pitches = (pitches[(int(symbol) - 1) % len(pitches)],)
                spread = round(STRUM_QUARTERS * self._quarter) if symbol in STRUMS else 0
                ordered = sorted({*pitches}, reverse=symbol == "u")
                for voice, pitch in enumerate(ordered):
                    delay = min(spread * voice // max(1, len(ordered) - 1), finish - begin - 1)
                    rows.append((begin + delay, finish - begin - delay, pitch, velocity))
        return rows

    def _drums(self, velocity: int) -> Rows:
        rows: Rows = []
        for name, pitch in DRUMS.items():
            for start, end, symbol, bar in self._events(name):
                length = max(1, min(end - start, round(DRUM_QUARTERS * self._quarter)))
                rows.append((start, length, pitch, self._velocity(velocity * STRIKES[symbol], start, bar)))
        return rows


def _drawn(patterns: list[PatternTable], rng: np.random.Generator) -> PatternTable:
    weights = np.array([pattern.weight for pattern in patterns])
    return patterns[int(rng.choice(len(patterns), p=weights / weights.sum()))]


def _bars_at(pattern: PatternTable, index: int) -> dict[str, tuple[PatternBar, float]]:
    """Return the bars of the parts of a pattern at a bar counted from its start."""
    return {name: (bars[index % len(bars)], pattern.quarters) for name, bars in pattern.parts().items()}


def _extra(
    style: AccompanimentStyle, bar: Bar, use: str, rng: np.random.Generator
) -> dict[str, tuple[PatternBar, float]]:
    """Return what a fill or an ending changes; other drums than its own are silent."""
    patterns = style.of_metre(bar.metre, use)
    if not patterns:
        return {}
    pattern = _drawn(patterns, rng)
    silent = {name: (PatternBar(1, ()), pattern.quarters) for name in DRUMS} if pattern.drums else {}
    return silent | _bars_at(pattern, 0)


def _interval(degree: int, chord: ChordSymbol, key: MusicalKey) -> int:
    """Return the semitones of a step of the bass above the lowest note of a chord."""
    above_root = {interval % 12 for interval in chord.intervals}
    third = next((i for i in (4, 3, 5, 2) if i in above_root), 7)
    fifth = next((i for i in (7, 6, 8) if i in above_root), 7)
    seventh = next((i for i in (11, 10, 9) if i in above_root), 12)
    scale = {(pitch_class - chord.root) % 12 for pitch_class in key.pitch_classes}
    second = 2 if 2 in scale or 1 not in scale else 1
    sixth = next((i for i in (9, 8) if i in above_root), 9 if 9 in scale or 8 not in scale else 8)
    from_root = {1: 0, 2: second, 3: third, 5: fifth, 6: sixth, 7: seventh, 8: 12}[degree]
    inverted = (chord.lowest - chord.root) % 12
    return from_root if degree in (1, 8) or not inverted else (from_root - inverted) % 12


def _within(pitch: int, low: int, high: int) -> int:
    """Return a pitch moved by octaves into a range of an octave or more."""
    if pitch < low:
        pitch += 12 * (-(-(low - pitch) // 12))
    if pitch > high:
        pitch -= 12 * (-(-(pitch - high) // 12))
    return pitch


def _tempo_event(tempo: float) -> np.ndarray:
    return np.array([(0, quarters_per_minute_to_us(tempo))], TEMPO)
