"""Species counterpoint: a second voice to a cantus firmus, found by search under the rules of Fux."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import Field

from ...base.errors import BadSetting
from .frame import RuleNote, RuleSection
from .rule import VoiceRule

CONSONANCES = frozenset({0, 3, 4, 7, 8, 9})
"""Semitones of consonant intervals above the lower voice, modulo an octave; the fourth is a dissonance."""

PERFECT = frozenset({0, 7})
MELODIC_LEAPS = frozenset({1, 2, 3, 4, 5, 7, 8, 12})
"""Semitones of permitted melodic intervals: no tritone, no major sixth, no seventh."""

LEAP = 5  # semitones from which on a leap is followed by a step back
WIDEST = 19  # semitones between the voices
MOST_PARALLELS = 3  # thirds or sixths in a row
CANTUS_SPAN = 16  # semitones
MIN_SEMITONES = 21
CANTUS_STEPS = (-1, 1, -1, 1, -2, 2, -3, 3, -4, 4)
MIN_BARS, MAX_BARS = 4, 128
MELODIC_CONTEXT = 6  # notes, with tied ones, of which three are untied at least

MAX_TRIES = 300
MIN_NODES, NODES_PER_NOTE, MAX_NODES = 3_000, 4, 60_000
"""Nodes of the search at which a try ends, that many for each note if it has more, and those of all tries."""


@dataclass(frozen=True)
class Slot:
    """A note to find: where it starts, its duration, and what it may be.

    Attributes
    ----------
    bar : int
    start, duration : int
        In ticks.
    is_strong : bool
        At the start of a bar.
    is_tied : bool
        It continues the note before.
    """

    bar: int
    start: int
    duration: int
    is_strong: bool
    is_tied: bool = False


class Counterpoint(VoiceRule):
    """A counterpoint to a cantus firmus of one note a bar; both voices are written.

    Attributes
    ----------
    species : int
        1: note against note; 2: two notes (three in triple metres); 3: one a beat; 4: syncopations; 5: all of them.
    above : bool
        The counterpoint is the upper voice.
    cantus : list of int
        Degrees of the scale of the cantus firmus, 0 is the tonic; found by search if empty. It is repeated as often as
        the section needs it.

    References
    ----------
    J. J. Fux, "Gradus ad Parnassum", 1725; F. Salzer, C. Schachter, "Counterpoint in Composition", 1969.
    """

    rule: Literal["counterpoint"] = "counterpoint"
    species: int = Field(default=1, ge=1, le=5)
    above: bool = True
    cantus: list[int] = Field(default=[], max_length=256)

    @property
    def line_names(self) -> tuple[str, ...]:
        """Names of both tracks, the upper one first."""
        names = (self.name or "counterpoint", "cantus firmus")
        return names if self.above else names[::-1]

    def compose(self, section: RuleSection, rng: np.random.Generator) -> list[RuleNote]:
        """Return both voices, sorted by start."""
        return sorted((note for line in self.compose_lines(section, rng) for note in line), key=lambda note: note.start)

    def compose_lines(self, section: RuleSection, rng: np.random.Generator) -> list[list[RuleNote]]:
        """Return the notes of the upper and of the lower voice.

        Raises
        ------
        BadSetting
            If the key has not seven notes, the section is too short, the range too narrow, or there is no solution.
        """
        key = section.frame.key
        if len(key.intervals) != 7:
            raise BadSetting(f"Counterpoint needs a scale of seven notes; {key.name} has {len(key.intervals)}.")
        if not MIN_BARS <= section.n_bars <= MAX_BARS:
            raise BadSetting(
                f"Counterpoint needs sections of {MIN_BARS} to {MAX_BARS} bars; this one has {section.n_bars}: give "
                "another number of bars, or a form of more or fewer sections."
            )
        pitches = self.pitches(section)
        if pitches[-1] - pitches[0] < MIN_SEMITONES - 4:
            raise BadSetting(
                f"Two voices need a range of {MIN_SEMITONES} semitones; this one has {pitches[-1] - pitches[0]}."
            )
        n_nodes = 0
        for _ in range(MAX_TRIES):
            cantus = self._cantus(section, pitches, rng)
            if cantus is None:
                continue
            slots = self._slots(section, rng)
            search = _Search(cantus, slots, pitches, section.frame.key.tonic, rng, is_above=self.above)
            solution = search.solve()
            n_nodes += search.n_nodes
            if solution is not None:
                lines = self._notes(section, cantus, slots, solution)
                return lines if self.above else lines[::-1]
            if n_nodes > MAX_NODES:
                break
        raise BadSetting(
            f"No counterpoint of species {self.species} was found in {key.name} within this range; give a wider range "
            "or another cantus firmus."
        )

    def _notes(
        self, section: RuleSection, cantus: Sequence[int], slots: Sequence[Slot], solution: Sequence[int]
    ) -> list[list[RuleNote]]:
        """Return the notes of the counterpoint and of the cantus firmus."""
        bar_ticks = section.frame.bar_ticks
        firmus = [
            RuleNote(bar, bar_ticks, pitch, section.velocity(bar, self.velocity))
            for bar, pitch in zip(section.bar_starts(), cantus, strict=True)
        ]
        line: list[RuleNote] = []
        for slot, pitch in zip(slots, solution, strict=True):
            if slot.is_tied and line:
                line[-1] = RuleNote(line[-1].start, line[-1].duration + slot.duration, pitch, line[-1].velocity)
            else:
                line.append(RuleNote(slot.start, slot.duration, pitch, section.velocity(slot.start, self.velocity)))
        return [line, firmus]

    def _cantus(self, section: RuleSection, pitches: list[int], rng: np.random.Generator) -> list[int] | None:
        """Return the pitches of the cantus firmus, one a bar; None if the search found none."""
        key = section.frame.key
        inner = [
            p for p in pitches if (p <= pitches[0] + CANTUS_SPAN if self.above else p >= pitches[-1] - CANTUS_SPAN)
        ]
        tonics = [pitch for pitch in inner if pitch % 12 == key.tonic]
        if not tonics:
            raise BadSetting(f"The range has no {key.name.split()[0]} for the cantus firmus; give a wider one.")
        tonic = tonics[int(rng.integers(len(tonics)))]
        if self.cantus:
            start = pitches.index(tonic)
            indices = [start + self.cantus[index % len(self.cantus)] for index in range(section.n_bars - 1)] + [start]
            if min(indices) < 0 or max(indices) >= len(pitches):
                raise BadSetting("The cantus firmus leaves the range; give a wider one.")
            return [pitches[index] for index in indices]
        return search_cantus(inner, tonic, section.n_bars, rng)

    def _slots(self, section: RuleSection, rng: np.random.Generator) -> list[Slot]:
        """Return the notes to find: the rhythm of the species; the last bar has one note."""
        bar_ticks, beats = section.frame.bar_ticks, section.frame.n_beats
        half = (beats + 1) // 2 * section.frame.beat_ticks if beats > 1 else bar_ticks // 2
        slots = [Slot(section.n_bars - 1, section.length - bar_ticks, bar_ticks, is_strong=True)]
        was_tied_over = False
        for bar in range(section.n_bars - 2, -1, -1):
            edges = self._edges(section, rng)
            ties = self.species == 4 or (self.species == 5 and bar > 0 and rng.random() < 0.35)
            if ties or was_tied_over:
                edges = [0, half, bar_ticks]
            starts = [bar * bar_ticks + edge for edge in edges]
            own = [
                Slot(bar, start, end - start, is_strong=edge == 0, is_tied=edge == 0 and ties and bar > 0)
                for edge, start, end in zip(edges, starts, starts[1:], strict=False)
            ]
            slots = own + slots
            was_tied_over = own[0].is_tied
        return slots

    def _edges(self, section: RuleSection, rng: np.random.Generator) -> list[int]:
        """Return the starts of the notes of a bar, and its end."""
        bar_ticks, beats = section.frame.bar_ticks, section.frame.n_beats
        notes = {1: 1, 2: 3 if beats == 3 else 2, 3: beats if beats > 2 else 4, 4: 2}
        count = notes[self.species if self.species < 5 else int(rng.choice([2, 3, 3]))]
        if count == 2 and beats > 1:
            return [0, (beats + 1) // 2 * section.frame.beat_ticks, bar_ticks]
        return [round(index * bar_ticks / count) for index in range(count + 1)]


def search_cantus(pitches: Sequence[int], tonic: int, n_bars: int, rng: np.random.Generator) -> list[int] | None:
    """Return a cantus firmus from the tonic back to it, None if the search gave up.

    Mostly steps, no repeated note, no augmented or diminished interval, a leap is followed by a step back, one highest
    note, and the end falls or rises to the tonic by a step.
    """
    line = [tonic]
    stack = [_cantus_candidates(line, pitches, n_bars, rng)]
    for _ in range(max(MIN_NODES, NODES_PER_NOTE * n_bars)):
        if len(line) == n_bars and line.count(max(line)) == 1:
            return line
        pitch = next(stack[-1], None) if len(line) < n_bars else None
        if pitch is not None:
            line.append(pitch)
            stack.append(_cantus_candidates(line, pitches, n_bars, rng))
            continue
        stack.pop()
        line.pop()
        if not line:
            return None
    return None


def _cantus_candidates(line: list[int], pitches: Sequence[int], n_bars: int, rng: np.random.Generator) -> Iterator[int]:
    """Yield the pitches that may follow in a cantus firmus, in random order, steps more often first."""
    tonic, left = line[0], n_bars - len(line)
    index = pitches.index(line[-1])
    for step in dict.fromkeys(int(each) for each in rng.permutation(CANTUS_STEPS)):
        if not 0 <= index + step < len(pitches):
            continue
        pitch = pitches[index + step]
        if not _is_melodic([*line[-2:], pitch]) or abs(pitch - tonic) > 4 * left:
            continue
        if left == 1 and (pitch != tonic or abs(step) != 1):
            continue
        if left > 1 and len(line) > 3 and pitch == line[-2] and line[-1] == line[-3]:
            continue
        yield pitch


def _is_melodic(line: Sequence[int]) -> bool:
    """Return whether the last note of a line may follow the others."""
    interval = line[-1] - line[-2]
    if abs(interval) not in MELODIC_LEAPS:
        return False
    if len(line) < 3:
        return True
    before = line[-2] - line[-3]
    if abs(before) >= LEAP and not (interval * before < 0 and abs(interval) <= 2):
        return False
    return not (interval * before > 0 and abs(interval) + abs(before) in (6, 10, 11))


class _Search:
    """Depth-first search for the notes of a counterpoint, in random order."""

    def __init__(
        self,
        cantus: Sequence[int],
        slots: Sequence[Slot],
        pitches: Sequence[int],
        tonic: int,
        rng: np.random.Generator,
        *,
        is_above: bool,
    ) -> None:
        self._cantus, self._slots, self._pitches = cantus, slots, pitches
        self._tonic, self._rng, self._is_above = tonic, rng, is_above
        self._strong = [position for position, slot in enumerate(slots) if slot.is_strong]
        self.n_nodes = 0

    def solve(self) -> list[int] | None:
        """Return the pitch of each slot, None if there is no solution or the search gave up."""
        line: list[int] = []
        stack = [self._candidates(line)]
        while stack:
            self.n_nodes += 1
            if self.n_nodes > max(MIN_NODES, NODES_PER_NOTE * len(self._slots)):
                return None
            pitch = next(stack[-1], None)
            if pitch is None:
                stack.pop()
                if line:
                    line.pop()
                continue
            line.append(pitch)
            if len(line) == len(self._slots):
                return line
            stack.append(self._candidates(line))
        return None

    def _candidates(self, line: Sequence[int]) -> Iterator[int]:
        """Yield the pitches that may follow, steps more often first."""
        slot = self._slots[len(line)]
        if slot.is_tied:
            options = [line[-1]]
        elif line:
            near = [pitch for pitch in self._pitches if abs(pitch - line[-1]) <= 12]
            costs = [abs(pitch - line[-1]) + 5 * self._rng.random() for pitch in near]
            options = [near[index] for index in np.argsort(costs)]
        else:
            options = [self._pitches[index] for index in self._rng.permutation(len(self._pitches))]
        for pitch in options:
            if self._is_allowed([*line, int(pitch)]):
                yield int(pitch)

    def _interval(self, index: int, pitch: int) -> int:
        """Return the semitones from the lower voice up to the upper one at the start of a slot."""
        difference = pitch - self._cantus[self._slots[index].bar]
        return difference if self._is_above else -difference

    def _is_allowed(self, line: list[int]) -> bool:
        index = len(line) - 1
        slot, pitch = self._slots[index], line[-1]
        interval = self._interval(index, pitch)
        is_first, is_last = index == 0, index == len(self._slots) - 1
        if not 0 <= interval <= WIDEST or (interval == 0 and not is_first and not is_last and slot.is_strong):
            return False
        is_consonant = interval % 12 in CONSONANCES
        if is_first and interval % 12 not in (PERFECT if self._is_above else {0}):
            return False
        if is_last and not self._is_cadence(line, interval):
            return False
        if index and not slot.is_tied and not self._moves_well(line):
            return False
        if not self._resolves(line):
            return False
        if not is_consonant and not self._may_be_dissonant(line):
            return False
        return not index or self._is_independent(line)

    def _is_cadence(self, line: list[int], interval: int) -> bool:
        """Return whether the end is an octave or a unison, reached by a step against that of the cantus firmus."""
        firmus = self._cantus[-1] - self._cantus[-2]
        motion = line[-1] - line[-2]
        return interval % 12 == 0 and 1 <= abs(motion) <= 2 and motion * firmus < 0

    def _moves_well(self, line: list[int]) -> bool:
        """Return whether the last note follows those before as a melody; one repeated note is permitted at a bar."""
        slots = self._slots
        first = max(0, len(line) - MELODIC_CONTEXT)
        untied = [line[position] for position in range(first, len(line)) if not slots[position].is_tied]
        if untied[-1] == untied[-2]:
            return slots[len(line) - 1].is_strong and len(slots) == len(self._cantus) and untied[-3:-2] != untied[-1:]
        return _is_melodic(untied[-3:])

    def _may_be_dissonant(self, line: list[int]) -> bool:
        """Return whether a dissonance is a suspension, or a passing or neighbouring note reached by a step."""
        index = len(line) - 1
        slot = self._slots[index]
        if slot.is_strong:
            was_consonant = index > 0 and self._interval(index - 1, line[-2]) % 12 in CONSONANCES
            return slot.is_tied and was_consonant
        return index > 0 and 1 <= abs(line[-1] - line[-2]) <= 2

    def _resolves(self, line: list[int]) -> bool:
        """Return whether a dissonance before the last note is left as it must be."""
        index = len(line) - 1
        if index == 0 or self._interval(index - 1, line[-2]) % 12 in CONSONANCES:
            return True
        before, motion = self._slots[index - 1], line[-1] - line[-2]
        if before.is_strong:  # a suspension falls by a step to a consonance
            return -2 <= motion <= -1 and self._interval(index, line[-1]) % 12 in CONSONANCES
        arrival = line[-2] - line[-3]
        is_turn = motion == -arrival and len(self._slots) > 3 * len(self._cantus) - 3
        is_passing = motion * arrival > 0 and 1 <= abs(motion) <= 2
        return (is_passing or is_turn) and not self._slots[index].is_tied

    def _is_independent(self, line: list[int]) -> bool:
        """Return whether the voices move without parallel or hidden fifths and octaves, or too many thirds in a row."""
        index = len(line) - 1
        slot, interval = self._slots[index], self._interval(index, line[-1])
        firmus = self._cantus[slot.bar] - self._cantus[self._slots[index - 1].bar]
        motion = line[-1] - line[-2]
        if interval % 12 in PERFECT and firmus * motion > 0:
            return False
        if not slot.is_strong or slot.bar == 0:
            return True
        strong = self._strong[: bisect_right(self._strong, index)][-MOST_PARALLELS - 1 :]
        intervals = [self._interval(position, line[position]) % 12 for position in strong]
        if intervals[-1] in PERFECT and intervals[-1] == intervals[-2] and not slot.is_tied:
            moved = line[strong[-1]] - line[strong[-2]]
            if moved and (
                len(self._slots) == len(self._cantus)
                or moved * (self._cantus[slot.bar] - self._cantus[slot.bar - 1]) > 0
            ):
                return False
        recent = intervals[-MOST_PARALLELS - 1 :]
        kinds = [("third" if each in (3, 4) else "sixth" if each in (8, 9) else None) for each in recent]
        return not (len(recent) > MOST_PARALLELS and kinds[0] is not None and len(set(kinds)) == 1)
