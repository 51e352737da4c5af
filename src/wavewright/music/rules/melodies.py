"""Melodies by rules: random motion, arpeggios, L-systems and cellular automata."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, field_validator

from ...base.errors import BadSetting
from .frame import RuleNote, RuleSection
from .rule import Beats, VoiceRule, draw_rhythm, to_ticks, weighted_choice

MAX_STEP = 14
MAX_SYMBOLS = 50_000
"""Symbols that an L-system may grow to."""


class RandomMotion(VoiceRule):
    """Random motion on the notes of the key, reflected at the ends of the range.

    Attributes
    ----------
    steps : dict
        Weights of the steps of the scale from note to note, such as ``{"-1" = 3, "0" = 1, "1" = 3}``.
    durations : dict
        Weights of durations in beats.
    rest : float
        Probability of a rest instead of a note.
    chord_tones : str
        Notes that are moved to the nearest of the chord: ``bars`` (the first of each bar), ``beats`` or ``none``.
    """

    rule: Literal["walk"] = "walk"
    steps: dict[int, Annotated[float, Field(ge=0, le=1e6)]] = Field(
        default={-3: 0.5, -2: 1.5, -1: 4, 0: 1, 1: 4, 2: 1.5, 3: 0.5}, min_length=1
    )
    durations: dict[Beats, Annotated[float, Field(ge=0, le=1e6)]] = Field(
        default={Fraction(1): 4, Fraction("1/2"): 3, Fraction(2): 1}, min_length=1
    )
    rest: float = Field(default=0.05, ge=0, le=0.9)
    chord_tones: Literal["bars", "beats", "none"] = "bars"

    @field_validator("steps")
    @classmethod
    def _moves(cls, steps: dict[int, float]) -> dict[int, float]:
        if any(abs(step) > MAX_STEP for step in steps) or not any(steps.values()):
            raise ValueError(f"steps are -{MAX_STEP} to {MAX_STEP}, of which one has a weight above 0")
        return steps

    def compose(self, section: RuleSection, rng: np.random.Generator) -> list[RuleNote]:
        """Return the melody, which ends on the tonic or, within the piece, where it is."""
        pitches = self.pitches(section)
        steps, weights = list(self.steps), list(self.steps.values())
        durations = {to_ticks(beats, section): weight for beats, weight in self.durations.items()}
        rhythm = draw_rhythm(section, durations, rng)
        top = len(pitches) - 1
        position = int(rng.integers(top // 4, top - top // 4 + 1))
        notes: list[RuleNote] = []
        for index, (start, duration) in enumerate(rhythm):
            position = _reflected(position + steps[weighted_choice(rng, weights)], top)
            if rng.random() < self.rest and 0 < index < len(rhythm) - 1:
                continue
            pitch = pitches[position]
            if self._is_strong(start, section):
                pitch = nearest_pitch(self.chord_pitches(section, start, pitches), pitch)
            if section.is_final and index == len(rhythm) - 1:
                pitch = tonic_near(section, pitches, pitch)
            position = pitches.index(pitch)
            notes.append(RuleNote(start, duration, pitch, section.velocity(start, self.velocity)))
        return notes

    def _is_strong(self, tick: int, section: RuleSection) -> bool:
        spans = {"none": 0, "bars": section.frame.bar_ticks, "beats": section.frame.beat_ticks}
        span = spans[self.chord_tones]
        return bool(span) and tick % section.frame.bar_ticks % span == 0


def nearest_pitch(pitches: Sequence[int], pitch: int) -> int:
    """Return the nearest of some pitches to one, the lower of two equally near."""
    return min(pitches, key=lambda each: (abs(each - pitch), each))


def tonic_near(section: RuleSection, pitches: list[int], pitch: int) -> int:
    """Return the nearest tonic of some pitches to one of them; itself if there is no tonic."""
    tonics = [each for each in pitches if each % 12 == section.frame.key.tonic]
    return nearest_pitch(tonics, pitch) if tonics else pitch


def _reflected(position: int, top: int) -> int:
    """Return a position from 0 to ``top``, reflected at both ends."""
    position %= 2 * top
    return min(position, 2 * top - position)


class Arpeggio(VoiceRule):
    """The notes of the chords one after another.

    Attributes
    ----------
    pattern : str
        ``up``, ``down``, ``up-down``, ``random``, or numbers of the chord's notes from the lowest, such as ``0 2 1 2``.
    value : number
        Beats of a note.
    octaves : int
        Octaves that it spans, as far as the range permits.
    gate : float
        Length of a note over its value.
    """

    rule: Literal["arpeggio"] = "arpeggio"
    pattern: str = Field(default="up", max_length=200)
    value: Beats = Fraction("1/2")
    octaves: int = Field(default=2, ge=1, le=6)
    gate: float = Field(default=1.0, gt=0, le=1)

    @field_validator("pattern")
    @classmethod
    def _is_known(cls, pattern: str) -> str:
        words = pattern.split()
        if pattern not in ("up", "down", "up-down", "random") and not (
            words and all(word.isascii() and word.isdigit() and len(word) < 3 for word in words)
        ):
            raise ValueError("write up, down, up-down, random, or numbers such as 0 2 1 2")
        return pattern

    @property
    def needs_chords(self) -> bool:
        """An arpeggio is one of chords."""
        return True

    def compose(self, section: RuleSection, rng: np.random.Generator) -> list[RuleNote]:
        """Return the arpeggio; it begins again with each chord."""
        pitches = self.pitches(section)
        value = to_ticks(self.value, section)
        notes = []
        for span in section.chords:
            available = self._available(section, span.start, pitches)
            order = self._order(len(available))
            for index, start in enumerate(range(span.start, span.end, value)):
                choice = int(rng.integers(len(available))) if self.pattern == "random" else order[index % len(order)]
                duration = max(1, round(self.gate * min(value, span.end - start)))
                velocity = section.velocity(start, self.velocity)
                notes.append(RuleNote(start, duration, available[choice % len(available)], velocity))
        return notes

    def _available(self, section: RuleSection, tick: int, pitches: list[int]) -> list[int]:
        tones = self.chord_pitches(section, tick, pitches)
        return [pitch for pitch in tones if pitch < tones[0] + 12 * self.octaves] or tones[:1]

    def _order(self, n: int) -> list[int]:
        rising = list(range(n))
        if self.pattern == "down":
            return rising[::-1]
        if self.pattern == "up-down":
            return rising + rising[-2:0:-1]
        return rising if self.pattern in ("up", "random") else [int(word) for word in self.pattern.split()]


class LSystem(VoiceRule):
    """A melody drawn by the string that a Lindenmayer system grows.

    ``F`` plays a note and ``R`` rests, ``+`` and ``-`` move a step of the scale up and down, ``(`` and ``)`` halve and
    double the duration, ``[`` remembers pitch and duration and ``]`` returns to them; other letters only grow.

    Attributes
    ----------
    axiom : str
    productions : dict
        What each letter grows to; one of several is drawn each time.
    iterations : int
    value : number
        Beats of a note at first.

    References
    ----------
    P. Prusinkiewicz, "Score generation with L-systems", 1986.
    """

    rule: Literal["l-system"] = "l-system"
    axiom: str = Field(default="X", min_length=1, max_length=200)
    productions: dict[Annotated[str, Field(min_length=1, max_length=1)], str | list[str]] = Field(
        default={"X": ["F+X[F-X]", "F-F+X", "[+F]F-X"], "F": ["F", "(FF)"]}
    )
    iterations: int = Field(default=6, ge=0, le=40)
    value: Beats = Fraction(1)

    @field_validator("productions")
    @classmethod
    def _grows(cls, productions: dict[str, str | list[str]]) -> dict[str, str | list[str]]:
        if any(not texts for texts in productions.values() if isinstance(texts, list)):
            raise ValueError("a letter has an empty list; write at least one string")
        return productions

    def grown(self, rng: np.random.Generator) -> str:
        """Return the string after all iterations, or before it exceeds MAX_SYMBOLS."""
        text = self.axiom
        for _ in range(self.iterations):
            parts = []
            for letter in text:
                options = self.productions.get(letter, letter)
                parts.append(options if isinstance(options, str) else options[int(rng.integers(len(options)))])
            longer = "".join(parts)
            if len(longer) > MAX_SYMBOLS:
                break
            text = longer
        return text

    def compose(self, section: RuleSection, rng: np.random.Generator) -> list[RuleNote]:
        """Return the melody; the string is read again from its beginning as often as the section needs it."""
        text = self.grown(rng)
        if not set(text) & {"F", "R"}:
            raise BadSetting(f"The L-system grows to {text[:40]!r}, which has no F and no R; add one to the axiom.")
        turtle = _Turtle(section, self.pitches(section), to_ticks(self.value, section), self.velocity)
        while not turtle.is_at_end:
            turtle.read(text)
        return turtle.notes


class _Turtle:
    """The reader of an L-system's string: a pitch, a duration, and what it remembers."""

    def __init__(self, section: RuleSection, pitches: list[int], duration: int, velocity: int) -> None:
        self.notes: list[RuleNote] = []
        self._section, self._pitches, self._velocity = section, pitches, velocity
        self._shortest = max(1, section.frame.beat_ticks // 16)
        self._position, self._duration, self._tick = (len(pitches) - 1) // 2, duration, 0
        self._memory: list[tuple[int, int]] = []

    @property
    def is_at_end(self) -> bool:
        """True after the last bar of the section."""
        return self._tick >= self._section.length

    def read(self, text: str) -> None:
        """Follow the letters of a string, up to the end of the section; what was remembered is forgotten then."""
        for letter in text:
            if letter in "FR":
                self._advance(is_note=letter == "F")
                if self.is_at_end:
                    return
            elif letter in "+-":
                self._position += 1 if letter == "+" else -1
            elif letter in "()":
                duration = self._duration // 2 if letter == "(" else self._duration * 2
                self._duration = min(max(duration, self._shortest), self._section.frame.bar_ticks)
            elif letter == "[":
                self._memory.append((self._position, self._duration))
            elif letter == "]" and self._memory:
                self._position, self._duration = self._memory.pop()
        self._memory.clear()

    def _advance(self, *, is_note: bool) -> None:
        """Play a note or rest, at most up to the bar line."""
        left_in_bar = self._section.frame.bar_ticks - self._tick % self._section.frame.bar_ticks
        duration = min(self._duration, left_in_bar)
        if is_note:
            pitch = self._pitches[_reflected(self._position, len(self._pitches) - 1)]
            velocity = self._section.velocity(self._tick, self._velocity)
            self.notes.append(RuleNote(self._tick, duration, pitch, velocity))
        self._tick += duration


class Automaton(VoiceRule):
    """A melody or chords from the generations of an elementary cellular automaton on a ring of cells.

    Each generation is one step of the rhythm. Living cells are notes of the scale, from the lowest of the range on.

    Attributes
    ----------
    number : int
        Wolfram's number of the automaton, 0 to 255.
    cells : int
        Cells of the ring.
    density : float
        Probability that a cell lives at first.
    voices : int
        Most notes at a time: those of the living cells nearest to the notes before.
    value : number
        Beats of a generation.

    References
    ----------
    S. Wolfram, "Statistical mechanics of cellular automata", 1983.
    """

    rule: Literal["automaton"] = "automaton"
    number: int = Field(default=90, ge=0, le=255)
    cells: int = Field(default=15, ge=3, le=128)
    density: float = Field(default=0.4, gt=0, le=1)
    voices: int = Field(default=1, ge=1, le=8)
    value: Beats = Fraction("1/2")

    def generations(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Return the cells of so many generations, bool ``(count, cells)``."""
        alive = rng.random(self.cells) < self.density
        alive[int(rng.integers(self.cells))] = True
        table = np.array([self.number >> index & 1 for index in range(8)], np.bool_)
        rows = np.zeros((count, self.cells), np.bool_)
        for row in rows:
            row[:] = alive
            alive = table[4 * np.roll(alive, 1) + 2 * alive + np.roll(alive, -1)]
        return rows

    def compose(self, section: RuleSection, rng: np.random.Generator) -> list[RuleNote]:
        """Return the notes; generations without living cells are rests."""
        pitches = self.pitches(section)
        value = to_ticks(self.value, section)
        bar_ticks = section.frame.bar_ticks
        starts = [tick for bar in section.bar_starts() for tick in range(bar, bar + bar_ticks, value)]
        before = [len(pitches) // 2]
        notes: list[RuleNote] = []
        for start, row in zip(starts, self.generations(len(starts), rng), strict=True):
            alive = np.unique(np.flatnonzero(row) * len(pitches) // self.cells)
            nearest = sorted(map(int, alive), key=lambda cell: (min(abs(cell - each) for each in before), cell))
            chosen = sorted(nearest[: self.voices])
            end = start - start % bar_ticks + bar_ticks
            velocity = section.velocity(start, self.velocity)
            notes += [RuleNote(start, min(value, end - start), pitches[cell], velocity) for cell in chosen]
            before = chosen or before
        return notes
