"""Runs of notes that a score has in common with others: the same intervals and times between the notes, in any key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..music.accompaniment.melody import skyline
from ..music.score import Score, Track

STEPS_PER_QUARTER = 4
LONGEST_STEPS = 64
"""Longer times between notes count as this."""

FIGURE_NOTES = 4
"""A note that follows the same so many notes as an earlier one repeats a figure."""

NoteSequence = tuple[object, ...]
"""Each note relative to its predecessor: interval and time, or of drums the time and all drums of a start."""


@dataclass(frozen=True)
class NoteRun:
    """A run of notes that a piece has in common with another.

    - ``n_notes``: notes of the run.
    - ``voice``, ``note``: track of the piece, and its first note there, both from 0.
    """

    n_notes: int
    voice: int
    note: int

    def events(self, voices: Sequence[NoteSequence]) -> NoteSequence:
        """Return what it is of the voices of its piece."""
        return voices[self.voice][self.note : self.note + self.n_notes - 1]


@dataclass(frozen=True)
class ScorePiece:
    """A score, what it is, its file if it has one, and the beginning of it that a composer was given."""

    name: str
    score: Score
    path: Path | None = None
    given: Score | None = None

    @property
    def voices(self) -> list[NoteSequence]:
        """The voices of its tracks."""
        return voices_of(self.score)


def n_new_notes(run: NoteSequence, known: Set[NoteSequence] = frozenset()) -> int:
    """Return the notes of a run without those that repeat a figure of the run itself, or a known one.

    A bar of drums counts once, however often it is played.
    """
    return len({_figure(run, end, FIGURE_NOTES + 1) for end in range(1, len(run) + 1)} - known) + 1


def figures_of(voices: Sequence[NoteSequence]) -> Set[NoteSequence]:
    """Return all figures of voices: each note with up to FIGURE_NOTES notes before it."""
    lengths = range(1, FIGURE_NOTES + 2)
    return {_figure(voice, end, n) for voice in voices for end in range(1, len(voice) + 1) for n in lengths}


def _figure(voice: NoteSequence, end: int, length: int) -> NoteSequence:
    return voice[max(0, end - length) : end]


def voices_of(score: Score) -> list[NoteSequence]:
    """Return what follows what in each track with notes; of chords only the highest note counts."""
    return [
        _drum_voice(track, score) if track.is_drum else _pitched_voice(track, score)
        for track in score.tracks
        if len(track.notes)
    ]


def _pitched_voice(track: Track, score: Score) -> NoteSequence:
    notes = skyline(track)
    intervals = np.diff(notes["pitch"].astype(int))
    return tuple(zip(intervals.tolist(), _steps_between(notes["start"], score), strict=True))


def _drum_voice(track: Track, score: Score) -> NoteSequence:
    starts = np.unique(track.notes["start"])
    drums = [tuple(sorted(track.notes["pitch"][track.notes["start"] == start].tolist())) for start in starts]
    return tuple(zip(drums[1:], _steps_between(starts, score), strict=True))


def _steps_between(ticks: np.ndarray, score: Score) -> list[int]:
    """Return the sixteenths from each tick to the next."""
    steps = np.rint(np.diff(ticks) * STEPS_PER_QUARTER / score.ticks_per_quarter).astype(int)
    return [int(each) for each in np.clip(steps, 1, LONGEST_STEPS)]


class RunIndex:
    """Finds the runs that a piece has in common with any of many pieces: a suffix automaton of their voices.

    References
    ----------
    A. Blumer et al., "The smallest automaton recognizing the subwords of a text", 1985.
    """

    def __init__(self, pieces: Sequence[Sequence[NoteSequence]]) -> None:
        self._next: list[dict[object, int]] = [{}]
        self._link, self._length = [-1], [0]
        self._codes: dict[object, int] = {}
        for voices in pieces:
            for voice in voices:
                self._add(voice)
        self._texts = [[self._text(voice) for voice in voices] for voices in pieces]

    def runs(self, voices: Sequence[NoteSequence]) -> Iterator[NoteRun]:
        """Yield the runs of the voices of a piece that no longer one contains, in the order of their ends."""
        for index, voice in enumerate(voices):
            state = length = 0
            for position, event in enumerate(voice):
                if length and event not in self._next[state]:
                    yield NoteRun(length + 1, index, position - length)
                while state and event not in self._next[state]:
                    state = self._link[state]
                    length = self._length[state]
                if event in self._next[state]:
                    state, length = self._next[state][event], length + 1
            if length:
                yield NoteRun(length + 1, index, len(voice) - length)

    def sources(self, run: NoteRun, voices: Sequence[NoteSequence]) -> list[int]:
        """Return the numbers of all pieces that have a run of the voices of another one."""
        part = self._text(run.events(voices))
        return [number for number, texts in enumerate(self._texts) if any(part in text for text in texts)]

    def _text(self, events: NoteSequence) -> str:
        """Return a character for each event, since strings are searched fast."""
        return "".join(chr(self._codes.setdefault(event, len(self._codes))) for event in events)

    def _add(self, voice: NoteSequence) -> None:
        """Add a voice of a piece."""
        last = 0
        for event in voice:
            last = self._extended(last, event)

    def _extended(self, last: int, event: object) -> int:
        """Return the state of a prefix and one event more."""
        if event in self._next[last]:  # a prefix of this voice is part of another one
            known = self._next[last][event]
            return known if self._length[known] == self._length[last] + 1 else self._split(last, event, known)
        state = self._new({}, self._length[last] + 1, 0)
        walk = last
        while walk >= 0 and event not in self._next[walk]:
            self._next[walk][event] = state
            walk = self._link[walk]
        if walk >= 0:
            known = self._next[walk][event]
            is_solid = self._length[known] == self._length[walk] + 1
            self._link[state] = known if is_solid else self._split(walk, event, known)
        return state

    def _split(self, before: int, event: object, state: int) -> int:
        """Return a copy of a state for the shorter runs that lead to it, which it takes over from there on."""
        copy = self._new(dict(self._next[state]), self._length[before] + 1, self._link[state])
        self._link[state] = copy
        while before >= 0 and self._next[before].get(event) == state:
            self._next[before][event] = copy
            before = self._link[before]
        return copy

    def _new(self, following: dict[object, int], length: int, link: int) -> int:
        self._next.append(following)
        self._length.append(length)
        self._link.append(link)
        return len(self._next) - 1
