"""Scores to grids and back: voices, a melody with chords, or a pattern of drums."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...base.errors import BadSetting
from ...music.accompaniment.chord_text import CHORD_TRACK, CHORD_VELOCITY
from ...music.accompaniment.melody import melody_track, skyline
from ...music.bars import Bar, bars_of
from ...music.score import KEY, METRE, NO_CHORD, NOTE, Chord, Score, Track, empty, key_event, notes_of
from ...music.theory import ChordSymbol, MusicalKey
from ...music.timing import TEMPO, quarters_per_minute_to_us
from .config import DRUM_NAMES, DRUMS, ComposerConfig
from .grid import STEPS_PER_QUARTER, Grid
from .vocabulary import FIRST_NOTE, N_CHORDS, QUALITIES, REST, Vocabulary

Event = tuple[int, int, int]
"""First step, step after the last, and symbol."""

PlacedEvent = tuple[int, int, int, int, int]
"""An event with the track and the index of its note; -1 for a chord, which no single note stands for."""

TICKS_PER_QUARTER = 480
STEP_TICKS = TICKS_PER_QUARTER // STEPS_PER_QUARTER
VELOCITY, DRUM_VELOCITY = 84, 92
MAX_STEPS = 20_000
MIN_CHORD_NOTES = 2

SAME_DRUMS = {35: 36, 37: 38, 39: 38, 40: 38, 44: 42, 43: 41, 47: 45, 50: 48, 52: 49, 55: 49, 57: 49, 53: 51, 59: 51}
"""Drums of General MIDI that count as another of a pattern."""

CHOIR = ("soprano", "alto", "tenor", "bass")

_PREFERRED = {"m7b5": "dim", "dim7": "dim", "mmaj7": "m", "m6": "m", "madd9": "m", "m9": "m7", "m11": "m7"}
_SEVENTHS = ("9", "7b9", "7#9", "11", "13", "7sus4", "7b5", "aug7")


def grid_of(score: Score, config: ComposerConfig) -> Grid:
    """Return a score on the grid of a model.

    Notes are rounded to sixteenths. Notes out of the range of the vocabulary are moved by octaves.

    Raises BadSetting if the score has nothing that the layout can hold, or is too long.
    """
    return placed_on_grid(score, config).grid


@dataclass(frozen=True, eq=False)
class Placed:
    """A score on the grid of a model."""

    grid: Grid
    lanes: tuple[tuple[PlacedEvent, ...], ...]  # events of each voice with their notes
    first: int  # steps that are missing before a pickup
    ticks_per_quarter: int

    def step(self, tick: int) -> int:
        """Return the nearest step of a tick."""
        return _step(tick, self.ticks_per_quarter, self.first)

    def tick(self, step: int) -> int:
        """Return the tick of a step."""
        return round((step - self.first) * self.ticks_per_quarter / STEPS_PER_QUARTER)


def placed_on_grid(score: Score, config: ComposerConfig, bar: Bar | None = None) -> Placed:
    """Return a score on the grid of a model, see :func:`grid_of`; ``bar`` is by default the metre of most bars."""
    first, bar_steps = _first_bar(score, bar)
    n_steps = first + int(np.ceil(_end(score) * STEPS_PER_QUARTER / score.ticks_per_quarter))
    n_steps = -(-n_steps // bar_steps) * bar_steps
    if n_steps > MAX_STEPS:
        raise BadSetting(f"The score has {n_steps} sixteenths; at most {MAX_STEPS} are possible. Give a shorter one.")
    lanes = {"voices": _voices, "lead-sheet": _lead_sheet, "drums": _drums}[config.layout](score, config, first)
    if not any(lanes):
        raise BadSetting(_missing(score, config))
    columns = [cells_of([event[:3] for event in events], n_steps) for events in lanes]
    symbols, is_held = (np.stack(each, 1) for each in zip(*columns, strict=True))
    return Placed(
        Grid(symbols, is_held, bar_steps), tuple(tuple(sorted(lane)) for lane in lanes), first, score.ticks_per_quarter
    )


def _missing(score: Score, config: ComposerConfig) -> str:
    """Return why a score has nothing that the layout can hold."""
    if not score.n_notes:
        return "The score has no notes; give one with notes."
    if config.layout == "drums":
        return f"The score has no drums that the model knows; these are {', '.join(DRUM_NAMES)}."
    composes = "voices" if config.layout == "voices" else "a melody with chords"
    return f"The score has no notes but drums; the model composes {composes}."


def cells_of(events: Sequence[Event], n_steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Return symbols and held cells of a voice, ``(n_steps,)`` each; an event ends where the next starts."""
    symbols, is_held = np.full(n_steps, REST), np.ones(n_steps, bool)
    is_held[:1] = False
    ordered = sorted(event for event in events if event[0] < n_steps)
    starts = [*(event[0] for event in ordered), n_steps]
    for (start, until, symbol), following in zip(ordered, starts[1:], strict=True):
        end = min(max(until, start + 1), following)
        symbols[start:end], is_held[start], is_held[start + 1 : end] = symbol, False, True
        is_held[end : end + 1] = False
    return symbols, is_held


def _end(score: Score) -> int:
    return max((int((t.notes["start"] + t.notes["duration"]).max(initial=0)) for t in score.tracks), default=0)


def _first_bar(score: Score, bar: Bar | None) -> tuple[int, int]:
    """Return the steps that are missing before a pickup, and the steps of a bar, or of most bars."""
    if bar is not None:
        bar_steps = max(1, round(bar.whole * STEPS_PER_QUARTER / score.ticks_per_quarter))
        return -_step(bar.start - bar.lead, score.ticks_per_quarter, 0) % bar_steps, bar_steps
    bars = bars_of(score)
    total: Counter[int] = Counter()
    for each in bars:
        total[round(each.whole * STEPS_PER_QUARTER / score.ticks_per_quarter)] += each.length
    bar_steps = max(1, total.most_common(1)[0][0])
    return round(bars[0].lead * STEPS_PER_QUARTER / score.ticks_per_quarter) % bar_steps, bar_steps


def _step(tick: int, ticks_per_quarter: int, first: int) -> int:
    return first + (2 * tick * STEPS_PER_QUARTER + ticks_per_quarter) // (2 * ticks_per_quarter)


def _events(notes: np.ndarray, score: Score, config: ComposerConfig, first: int, track: int) -> list[PlacedEvent]:
    """Return notes of a track as events, moved by octaves into the vocabulary."""
    events, vocabulary = [], config.vocabulary
    for index, note in enumerate(notes):
        pitch = int(note["pitch"])
        too_low, too_high = vocabulary.lowest - pitch, pitch - vocabulary.highest
        pitch += 12 * max(0, -(-too_low // 12)) - 12 * max(0, -(-too_high // 12))
        ticks = (int(note["start"]), int(note["start"]) + int(note["duration"]))
        start, end = (_step(tick, score.ticks_per_quarter, first) for tick in ticks)
        if vocabulary.lowest <= pitch <= vocabulary.highest:
            events.append((start, end, pitch - vocabulary.lowest + FIRST_NOTE, track, index))
    return events


def pitched(score: Score) -> list[Track]:
    """Return the tracks that have notes and are no drums."""
    return [track for track in score.tracks if len(track.notes) and not track.is_drum]


def is_monophonic(track: Track) -> bool:
    """Return True if at most a twentieth of the notes of a track sound with another."""
    notes = track.notes
    overlaps = notes["start"][1:] < notes["start"][:-1] + 0.75 * notes["duration"][:-1]
    return bool(overlaps.mean() <= 0.05) if len(notes) > 1 else True


def _voices(score: Score, config: ComposerConfig, first: int) -> list[list[PlacedEvent]]:
    """Return a voice for each track, if there are as many, or the notes shared out from high to low."""
    tracks, vocabulary = pitched(score), config.vocabulary
    placed = {id(track): _events(track.notes, score, config, first, index) for index, track in enumerate(score.tracks)}
    if len(tracks) == config.n_voices and all(is_monophonic(track) for track in tracks):
        names = voice_names(config)
        if {track.name for track in tracks} == set(names):
            tracks = sorted(tracks, key=lambda track: names.index(track.name))
        else:
            tracks = sorted(tracks, key=lambda track: -float(track.notes["pitch"].mean()))
        return [placed[id(track)] for track in tracks]
    lanes: list[list[PlacedEvent]] = [[] for _ in range(config.n_voices)]
    last = [vocabulary.n_notes * (config.n_voices - lane) / (config.n_voices + 1) for lane in range(config.n_voices)]
    starts: dict[int, dict[int, PlacedEvent]] = {}
    for event in (event for track in tracks for event in placed[id(track)]):
        starts.setdefault(event[0], {})[event[2]] = event
    for start in sorted(starts):
        chord = [starts[start][symbol] for symbol in sorted(starts[start], reverse=True)]
        chord = chord[: config.n_voices - 1] + chord[-1:] if len(chord) > config.n_voices else chord
        for lane, event in zip(_nearest_lanes(chord, last), chord, strict=True):
            lanes[lane].append(event)
            last[lane] = event[2]
    return lanes


def _nearest_lanes(chord: Sequence[PlacedEvent], last: Sequence[float]) -> list[int]:
    """Return the lanes of notes from high to low, in this order, that are nearest to the last notes of the lanes."""
    costs = np.full((len(chord) + 1, len(last) + 1), np.inf)
    costs[0] = 0.0
    for row in range(1, len(chord) + 1):
        for lane in range(1, len(last) + 1):
            cost = costs[row - 1, lane - 1] + abs(chord[row - 1][2] - last[lane - 1])
            costs[row, lane] = min(costs[row, lane - 1], cost)
    lanes, lane = [], len(last)
    for row in range(len(chord), 0, -1):
        while costs[row, lane] == costs[row, lane - 1]:
            lane -= 1
        lane -= 1
        lanes.append(lane)
    return lanes[::-1]


def _lead_sheet(score: Score, config: ComposerConfig, first: int) -> list[list[PlacedEvent]]:
    """Return the melody, and the chords that the score names or that the other tracks have."""
    if not pitched(score):
        return [[], []]
    melody = melody_track(score)
    others = [t.notes for i, t in enumerate(score.tracks) if i != melody and not t.is_drum and len(t.notes)]
    named = [
        (_step(chord.tick, score.ticks_per_quarter, first), _chord_symbol(chord.symbol, config.vocabulary))
        for chord in score.chords
    ]
    chords = [(step, symbol) for step, symbol in named if symbol is not None]
    if not chords and others:
        chords = _sounding_chords(np.concatenate(others), score, config.vocabulary, first)
    end = _step(_end(score), score.ticks_per_quarter, first)
    edges = [*(step for step, _ in chords), end]
    events = [
        (step, until, symbol, -1, -1) for (step, symbol), until in zip(chords, edges[1:], strict=True) if until > step
    ]
    return [_melody_events(score, melody, config, first), events]


def _melody_events(score: Score, melody: int, config: ComposerConfig, first: int) -> list[PlacedEvent]:
    """Return the highest notes of a track as events."""
    notes = score.tracks[melody].notes
    highest = np.lexsort((-notes["pitch"].astype(int), notes["start"]))
    highest = highest[np.append(True, np.diff(notes["start"][highest]) > 0)] if len(notes) else highest
    events = _events(skyline(score.tracks[melody]), score, config, first, melody)
    return [(start, end, symbol, track, int(highest[index])) for start, end, symbol, track, index in events]


def _chord_symbol(text: str, vocabulary: Vocabulary) -> int | None:
    """Return the symbol of a chord, REST for none (``N.C.``), None for what is no chord."""
    if text.strip().upper().strip(".") in ("N.C", "NC", ""):
        return REST
    try:
        chord = ChordSymbol.parse(text)
    except BadSetting:
        return None
    kind = chord.kind if chord.kind in QUALITIES else _PREFERRED.get(chord.kind, "7" if chord.kind in _SEVENTHS else "")
    return vocabulary.first_chord + 12 * QUALITIES.index(kind) + chord.root


def _sounding_chords(notes: np.ndarray, score: Score, vocabulary: Vocabulary, first: int) -> list[tuple[int, int]]:
    """Return the chords that sound at the starts of notes, where at least two pitch classes sound."""
    chords: list[tuple[int, int]] = []
    ends = notes["start"] + notes["duration"]
    for tick in np.unique(notes["start"]):
        sounding = notes["pitch"][(notes["start"] <= tick) & (ends > tick)].astype(int)
        if len(set(sounding % 12)) < MIN_CHORD_NOTES:
            continue
        symbol = vocabulary.first_chord + nearest_chord(set(sounding % 12), int(sounding.min()) % 12)
        if not chords or chords[-1][1] != symbol:
            chords.append((_step(int(tick), score.ticks_per_quarter, first), symbol))
    return chords


def nearest_chord(pitch_classes: set[int], bass: int) -> int:
    """Return the chord, 0 to N_CHORDS - 1, whose tones are nearest to pitch classes; on its root if possible."""

    def fit(index: int) -> float:
        quality, root = divmod(index, 12)
        tones = ChordSymbol(root, QUALITIES[quality]).pitch_classes
        return len(tones & pitch_classes) - 0.6 * len(tones ^ pitch_classes) + 0.5 * (root == bass) - 0.01 * quality

    return max(range(N_CHORDS), key=fit)


def _drums(score: Score, config: ComposerConfig, first: int) -> list[list[PlacedEvent]]:
    lanes: list[dict[int, PlacedEvent]] = [{} for _ in DRUMS]
    for number, track in enumerate(score.tracks):
        for index, note in enumerate(track.notes if track.is_drum else ()):
            drum = SAME_DRUMS.get(int(note["pitch"]), int(note["pitch"]))
            if drum in DRUMS:
                step = _step(int(note["start"]), score.ticks_per_quarter, first)
                symbol = drum - config.vocabulary.lowest + FIRST_NOTE
                lanes[DRUMS.index(drum)].setdefault(step, (step, step + 1, symbol, number, index))
    return [[lane[step] for step in sorted(lane)] for lane in lanes]


def score_of(
    grid: Grid,
    config: ComposerConfig,
    tempo: float = 100.0,
    key: MusicalKey | None = None,
    metre: tuple[int, int] | None = None,
) -> Score:
    """Return a grid as a score; without ``metre``, bars of as many sixteenths with the longest beats."""
    tracks, chords = [], []
    lanes = [lane_events(grid, lane) for lane in range(config.n_lanes)]
    if config.layout == "drums":
        rows = sorted(row for lane in lanes for row in _rows(lane, config, DRUM_VELOCITY))
        tracks.append(replace(voice_track(config, 0), notes=notes_of(rows), channel=9))
    else:
        n_melodic = config.n_voices if config.layout == "voices" else 1
        for lane in range(n_melodic):
            notes = notes_of(_rows(lanes[lane], config, VELOCITY))
            tracks.append(replace(voice_track(config, lane), notes=notes, channel=lane))
    if config.layout == "lead-sheet":
        sharps = 0 if key is None else key.sharps
        named = [(start, end, chord_of(symbol, config.vocabulary)) for start, end, symbol in lanes[1]]
        texts = {end: NO_CHORD for _, end, _ in named if end < len(grid)}
        texts |= {start: chord.symbol(sharps) for start, _, chord in named}
        chords = [Chord(step * STEP_TICKS, texts[step]) for step in sorted(texts)]
        rows = [
            (start * STEP_TICKS, (end - start) * STEP_TICKS, pitch, CHORD_VELOCITY)
            for start, end, chord in named
            for pitch in chord.close_voicing()
        ]
        tracks.append(Track(notes_of(rows), CHORD_TRACK, channel=1))
    return Score(
        tuple(tracks),
        TICKS_PER_QUARTER,
        tempos=np.array([(0, quarters_per_minute_to_us(tempo))], TEMPO),
        metres=np.array([(0, *(metre or metre_of(grid.bar_steps)), 24, 8)], METRE),
        keys=empty(KEY) if key is None else key_event(key),
        chords=tuple(chords),
        length=len(grid) * STEP_TICKS,
    )


def metre_of(bar_steps: int) -> tuple[int, int]:
    """Return numerator and denominator of bars of so many sixteenths."""
    if bar_steps % 4 == 0:
        return bar_steps // 4, 4
    return (bar_steps // 2, 8) if bar_steps % 2 == 0 else (bar_steps, 16)


def chord_of(symbol: int, vocabulary: Vocabulary) -> ChordSymbol:
    """Return the chord of a symbol of the vocabulary."""
    quality, root = divmod(symbol - vocabulary.first_chord, 12)
    return ChordSymbol(root, QUALITIES[quality])


def lane_events(grid: Grid, lane: int) -> list[Event]:
    """Return the events of a voice that are no rests."""
    starts = np.flatnonzero(~grid.is_held[:, lane])
    ends = np.append(starts[1:], len(grid))
    symbols = grid.symbols[starts, lane]
    return [(int(s), int(e), int(symbol)) for s, e, symbol in zip(starts, ends, symbols, strict=True) if symbol != REST]


def _rows(events: Sequence[Event], config: ComposerConfig, velocity: int) -> list[tuple[int, int, int, int]]:
    lowest = config.vocabulary.lowest - FIRST_NOTE
    return [(s * STEP_TICKS, (e - s) * STEP_TICKS, symbol + lowest, velocity) for s, e, symbol in events]


def voice_track(config: ComposerConfig, lane: int) -> Track:
    """Return an empty track for a voice, with its name and program; that of all drums for one of drums."""
    if config.layout == "drums":
        return Track(empty(NOTE), "drums", is_drum=True)
    track = Track(empty(NOTE), voice_names(config)[lane])
    return track.with_program(config.programs[lane]) if config.programs else track


def voice_names(config: ComposerConfig) -> tuple[str, ...]:
    """Return the names of the voices."""
    if config.layout == "lead-sheet":
        return ("melody", CHORD_TRACK)
    if config.layout == "drums":
        return DRUM_NAMES
    if config.voices:
        return config.voices
    if config.n_voices == len(CHOIR):
        return CHOIR
    return tuple(f"voice {lane + 1}" for lane in range(config.n_voices))
