"""Scores of which a model composes some bars, voices or quarters anew; everything else stays, bit for bit."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...base.errors import BadSetting
from ...music.accompaniment.arrangement import with_resolution
from ...music.accompaniment.chord_text import CHORD_TRACK, CHORD_VELOCITY
from ...music.accompaniment.melody import melody_track
from ...music.bars import bars_of
from ...music.score import NO_CHORD, NOTE, RELEASE_VELOCITY, Chord, Score, Track
from .config import ComposerConfig
from .conversion import (
    DRUM_VELOCITY,
    VELOCITY,
    Placed,
    chord_of,
    lane_events,
    placed_on_grid,
    voice_track,
)
from .drawing import Sketch
from .grid import STEPS_PER_QUARTER, Grid
from .vocabulary import FIRST_NOTE, REST

MAX_TICKS_PER_QUARTER = 32_767
MELODY, CHORDS = 0, 1
"""Lanes of a lead sheet."""


@dataclass(frozen=True, eq=False)
class Revision:
    """A score on the grid of a model, with the cells that are composed anew."""

    score: Score  # on ticks that sixteenths are whole numbers of, if there are such ticks
    config: ComposerConfig
    placed: Placed  # the score on the grid, with the note of each event
    is_new: np.ndarray  # cells to compose, ``(steps, lanes)`` bool; all cells of a note, or none
    removed: tuple[frozenset[int], ...]  # indices of the notes of each track that new ones replace
    lanes: frozenset[int]  # voices that are composed; of added bars, those that are written
    added_bars: int = 0  # bars at the end that the score did not have

    @classmethod
    def of_bars(cls, score: Score, config: ComposerConfig, first: int, last: int, lanes: frozenset[int]) -> Revision:
        """Compose bars anew: the notes that sound within them alone; those that cross their ends stay.

        Raises BadSetting if the score lacks one of these bars, or has nothing that the model composes.
        """
        score = _with_whole_steps(score)
        bars = bars_of(score)
        chosen = [bar for bar in bars if first <= bar.number <= last]
        if first > last or not chosen or chosen[0].number != first or chosen[-1].number != last:
            raise BadSetting(
                f"Bars {first} to {last} cannot be composed anew; the score has the bars {bars[0].number} to "
                f"{bars[-1].number}."
            )
        placed = placed_on_grid(score, config, chosen[0])
        start, end = chosen[0].start, chosen[-1].end
        is_new = np.zeros(placed.grid.symbols.shape, bool)
        is_new[placed.step(start) : placed.step(end), sorted(lanes)] = True

        def is_replaced(note: np.ndarray, _: int) -> bool:
            return start <= int(note["start"]) and int(note["start"]) + int(note["duration"]) <= end

        return cls._around(score, config, placed, is_new, lanes, is_replaced)

    @classmethod
    def of_quarters(cls, score: Score, config: ComposerConfig, is_drawn: np.ndarray, lanes: frozenset[int]) -> Revision:
        """Compose quarters ``(steps, lanes)`` bool anew: the notes that start in them."""
        score = _with_whole_steps(score)
        placed = placed_on_grid(score, config)
        is_new = np.zeros(placed.grid.symbols.shape, bool)
        is_new[:, sorted(lanes)] = is_drawn[: len(is_new), sorted(lanes)]
        drawn = is_new.copy()

        def is_replaced(note: np.ndarray, lane: int) -> bool:
            return bool(drawn[min(placed.step(int(note["start"])), len(drawn) - 1), lane])

        return cls._around(score, config, placed, is_new, lanes, is_replaced)

    @classmethod
    def of_voices(cls, score: Score, config: ComposerConfig, lanes: frozenset[int]) -> Revision:
        """Compose whole voices anew."""
        score = _with_whole_steps(score)
        placed = placed_on_grid(score, config)
        is_new = np.zeros(placed.grid.symbols.shape, bool)
        is_new[:, sorted(lanes)] = True
        return cls._around(score, config, placed, is_new, lanes, lambda *_: True)

    @classmethod
    def of_more_bars(cls, score: Score, config: ComposerConfig, n_bars: int, lanes: frozenset[int]) -> Revision:
        """Compose bars after the last one, in its metre."""
        score = _with_whole_steps(score)
        last = bars_of(score)[-1]
        placed = placed_on_grid(score, config, last)
        bar_steps = placed.grid.bar_steps
        if bar_steps * score.ticks_per_quarter != last.whole * STEPS_PER_QUARTER:
            raise BadSetting(f"A score in {last.metre} cannot be continued; its bars must be whole sixteenths.")
        start = placed.step(last.start - last.lead + last.whole)
        n_more = start + n_bars * bar_steps - len(placed.grid)
        grid = placed.grid
        more = np.full((n_more, config.n_lanes), REST)
        longer = Grid(
            np.concatenate([grid.symbols, more]),
            np.concatenate([grid.is_held, np.zeros(more.shape, bool)]),
            bar_steps,
        )
        is_new = np.zeros(longer.symbols.shape, bool)
        is_new[start:] = True
        removed = tuple(frozenset[int]() for _ in score.tracks)
        return cls(score, config, replace(placed, grid=longer), is_new, removed, lanes, n_bars)

    @classmethod
    def _around(
        cls,
        score: Score,
        config: ComposerConfig,
        placed: Placed,
        is_new: np.ndarray,
        lanes: frozenset[int],
        is_replaced: Callable[[np.ndarray, int], bool],
    ) -> Revision:
        """Decide for each note whether it is replaced, and with it all its cells."""
        removed: list[set[int]] = [set() for _ in score.tracks]
        for lane in sorted(lanes):
            for start, end, _, track, index in placed.lanes[lane]:
                if track < 0:
                    continue
                is_replaced_here = is_replaced(score.tracks[track].notes[index], lane)
                is_new[start : max(end, start + 1), lane] = is_replaced_here
                if is_replaced_here:
                    removed[track].add(index)
        if config.layout == "lead-sheet" and CHORDS in lanes:
            for track in _chord_tracks(score):
                notes = score.tracks[track].notes
                removed[track] |= {index for index, note in enumerate(notes) if is_replaced(note, CHORDS)}
        return cls(score, config, placed, is_new, tuple(map(frozenset, removed)), lanes)

    @property
    def sketch(self) -> Sketch:
        """The observed cells of the piece."""
        return Sketch(self.placed.grid, ~self.is_new)

    @property
    def must_start(self) -> np.ndarray:
        """Cells in which no note goes on, since the one before stays as it is, ``(steps, lanes)`` bool."""
        follows_known = self.is_new.copy()
        follows_known[1:] &= ~self.is_new[:-1]
        if self.config.layout == "lead-sheet":
            follows_known[:, CHORDS] = False  # a chord may go on
        return follows_known

    def score_with(self, grid: Grid) -> Score:
        """Return the score with the cells of a grid that are new."""
        new: dict[int, list[tuple[int, int, int, int]]] = {}
        tracks = list(self.score.tracks)
        for lane in sorted(self.lanes):
            is_chords = self.config.layout == "lead-sheet" and lane == CHORDS
            rows = [*(self._chord_rows(grid) if is_chords else self._rows(grid, lane))]
            if not rows or (is_chords and self._has_symbols_alone):
                continue
            new.setdefault(self._track_of(lane, tracks), []).extend(rows)
        for index, track in enumerate(tracks):
            removed = self.removed[index] if index < len(self.removed) else frozenset()
            tracks[index] = _with_notes(track, removed, new.get(index, ()))
        chords = self._chords(grid) if self.config.layout == "lead-sheet" else self.score.chords
        score = replace(self.score, tracks=tuple(tracks), chords=chords)
        if not self.added_bars:
            return score
        end = self.placed.tick(len(grid))
        lines = self.score.bar_lines
        if len(lines):
            starts = range(len(grid) - self.added_bars * grid.bar_steps, len(grid) + 1, grid.bar_steps)
            added = [self.placed.tick(step) for step in starts]
            lines = np.concatenate([lines[lines <= bars_of(self.score)[-1].start], np.array(added, np.int64)])
        return replace(score, length=max(score.length, end), bar_lines=lines)

    def _rows(self, grid: Grid, lane: int) -> Iterator[tuple[int, int, int, int]]:
        """Yield start, duration, pitch and velocity (0 for that of the track) of the new notes of a voice."""
        lowest = self.config.vocabulary.lowest - FIRST_NOTE
        for start, end, symbol in lane_events(grid, lane):
            if self.is_new[start, lane]:
                known = np.flatnonzero(~self.is_new[start:end, lane])
                stop = start + int(known[0]) if len(known) else end
                first = max(self.placed.tick(start), 0)
                yield first, self.placed.tick(stop) - first, symbol + lowest, 0

    def _chord_rows(self, grid: Grid) -> Iterator[tuple[int, int, int, int]]:
        """Yield the notes of the chords of the new cells, struck again where these begin."""
        for first, last in _runs(self.is_new[:, CHORDS]):
            for start, end, symbol in lane_events(grid, CHORDS):
                begin, stop = max(start, first), min(end, last)
                if begin < stop:
                    tick = max(self.placed.tick(begin), 0)
                    for pitch in chord_of(symbol, self.config.vocabulary).close_voicing():
                        yield tick, self.placed.tick(stop) - tick, pitch, 0

    def _chords(self, grid: Grid) -> tuple[Chord, ...]:
        """Return the chord symbols, those of the new cells among them; the old ones hold again after these."""
        old = self.score.chords
        if CHORDS not in self.lanes or (not old and not self.added_bars):
            return old
        sharps = int(self.score.keys["sharps"][0]) if len(self.score.keys) else 0
        runs = [
            (max(self.placed.tick(first), 0), self.placed.tick(last), first, last)
            for first, last in _runs(self.is_new[:, CHORDS])
        ]
        chords = [chord for chord in old if not any(start <= chord.tick < end for start, end, *_ in runs)]
        events = lane_events(grid, CHORDS)
        for start, end, first, last in runs:
            texts = {stop: NO_CHORD for _, stop, _ in events if first <= stop < last}
            texts |= {
                begin: chord_of(symbol, self.config.vocabulary).symbol(sharps)
                for begin, _, symbol in events
                if first <= begin < last
            }
            chords += [Chord(max(self.placed.tick(step), start), text) for step, text in texts.items()]
            before = [chord for chord in old if chord.tick <= end]
            if before and texts and last < len(grid) and before[-1].tick < end:
                chords.append(Chord(end, before[-1].symbol))
        return tuple(sorted(chords, key=lambda chord: chord.tick))

    @property
    def _has_symbols_alone(self) -> bool:
        """True if the chords of the score are symbols that no track plays."""
        return bool(self.score.chords) and not _chord_tracks(self.score)

    def _track_of(self, lane: int, tracks: list[Track]) -> int:
        """Return the track of the new notes of a voice: that of most of its notes, or a new one."""
        sources = [track for *_, track, _ in self.placed.lanes[lane] if track >= 0]
        if self.config.layout == "drums":
            sources = [index for index, track in enumerate(tracks) if track.is_drum and len(track.notes)]
        elif self.config.layout == "lead-sheet":
            sources = [melody_track(self.score)] if lane == MELODY else _chord_tracks(self.score)
            named = [index for index in sources if "chord" in tracks[index].name.lower()]
            sources = named or sorted(sources, key=lambda index: -len(tracks[index].notes))
        if sources:
            counted = np.bincount(sources) if self.config.layout == "voices" else None
            return int(counted.argmax()) if counted is not None else sources[0]
        new = voice_track(self.config, lane)
        names = [track.name for track in tracks[len(self.score.tracks) :]]
        if new.name in names:
            return len(self.score.tracks) + names.index(new.name)
        tracks.append(new)
        return len(tracks) - 1


def _chord_tracks(score: Score) -> list[int]:
    """Return the tracks that play chords: all with notes but the melody and drums."""
    melody = melody_track(score)
    return [
        index for index, track in enumerate(score.tracks) if index != melody and not track.is_drum and len(track.notes)
    ]


def _runs(is_new: np.ndarray) -> list[tuple[int, int]]:
    """Return first step and step after the last of each run of new cells."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_new, [False]]).astype(int)))
    return [(int(first), int(last)) for first, last in edges.reshape(-1, 2)]


def _with_whole_steps(score: Score) -> Score:
    """Return a score whose sixteenths are whole ticks, if there is such a grid."""
    ticks = math.lcm(score.ticks_per_quarter, STEPS_PER_QUARTER)
    return score if ticks > MAX_TICKS_PER_QUARTER else with_resolution(score, ticks)


def _with_notes(track: Track, removed: frozenset[int], rows: Sequence[tuple[int, int, int, int]]) -> Track:
    """Return a track without some notes and with new ones, which do not touch its others of their pitch."""
    if not removed and not rows:
        return track
    kept = np.delete(track.notes, sorted(removed))
    usual = DRUM_VELOCITY if track.is_drum else CHORD_VELOCITY if track.name == CHORD_TRACK else VELOCITY
    velocity = int(np.median(track.notes["velocity"])) if len(track.notes) else usual
    new = np.zeros(len(rows), NOTE)
    for note, (start, duration, pitch, own_velocity) in zip(new, sorted(rows), strict=True):
        same = kept[kept["pitch"] == pitch]
        before = same[(same["start"] <= start) & (same["start"] + same["duration"] > start)]
        begin = max([start, *(before["start"] + before["duration"]).tolist()])
        after = same["start"][same["start"] >= begin]
        end = min([start + duration, *after.tolist()])
        note["start"], note["duration"], note["pitch"] = begin, max(end - begin, 0), pitch
        note["velocity"], note["release_velocity"] = own_velocity or velocity, RELEASE_VELOCITY
    notes = np.concatenate([kept, new[new["duration"] > 0]])
    return replace(track, notes=notes[np.argsort(notes["start"], kind="stable")])
