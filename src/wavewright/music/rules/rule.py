"""The contract of rules: a table of settings that fills a section with notes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import Annotated, TypeAlias

import numpy as np
from pydantic import BeforeValidator, Field

from ...base.toml_tables import TomlTable
from ..theory import pitch_range_of
from .frame import RuleNote, RuleSection, check_range

MAX_BEATS = 64


def _checked_beats(value: object) -> Fraction:
    """Validate a number of beats: a whole number, a decimal number, or a fraction such as ``1/3``."""
    try:
        beats = Fraction(str(value)).limit_denominator(48)
    except (ValueError, ZeroDivisionError):
        raise ValueError("write a number of beats such as 1, 0.5 or 1/3") from None
    if not Fraction(1, 16) <= beats <= MAX_BEATS:
        raise ValueError(f"{value} beats; write 1/16 to {MAX_BEATS}")
    return beats


def _checked_span(value: object) -> tuple[int, int]:
    """Validate a range of pitches such as ``C4..G5``."""
    if not isinstance(value, str):
        raise ValueError("write two pitches such as C4..G5")
    return pitch_range_of(value)


Beats: TypeAlias = Annotated[Fraction, BeforeValidator(_checked_beats)]
PitchSpan: TypeAlias = Annotated[tuple[int, int], BeforeValidator(_checked_span)]


class VoiceRule(TomlTable, ABC):
    """A voice and the rule that writes its notes.

    Attributes
    ----------
    name : str
        Of the track; the rule's by default.
    program : int
        Instrument of General MIDI, 0 to 127.
    velocity : int
        Mean velocity.
    range : (int, int), optional
        Lowest and highest pitch; those of the piece by default.
    """

    name: str = Field(default="", max_length=40)
    program: int = Field(default=0, ge=0, le=127)
    velocity: int = Field(default=80, ge=1, le=117)
    range: PitchSpan | None = None

    @property
    def is_drum(self) -> bool:
        """True for voices of drums, whose pitches belong to no key."""
        return False

    @property
    def needs_chords(self) -> bool:
        """True if the rule plays the chords of the piece."""
        return False

    @property
    def line_names(self) -> tuple[str, ...]:
        """Names of the tracks that the rule writes."""
        return (self.name or type(self).model_fields["rule"].default,)

    def compose_lines(self, section: RuleSection, rng: np.random.Generator) -> list[list[RuleNote]]:
        """Return the notes of each track, see :meth:`compose`."""
        return [self.compose(section, rng)]

    @abstractmethod
    def compose(self, section: RuleSection, rng: np.random.Generator) -> list[RuleNote]:
        """Return the notes of a section, sorted by start, none beyond its end.

        Raises
        ------
        BadSetting
            If the rule does not fit the section's key, range or metre.
        """

    def pitches(self, section: RuleSection, fewest: int = 5) -> list[int]:
        """Return the pitches that the voice may play; raise BadSetting if they are fewer than ``fewest``."""
        lowest, highest = self.range or (section.frame.lowest, section.frame.highest)
        return check_range(section.frame.key, lowest, highest, fewest)

    def chord_pitches(self, section: RuleSection, tick: int, pitches: Sequence[int]) -> list[int]:
        """Return those of some pitches that belong to the chord at a tick; all of them if none does."""
        chord = section.chord_at(tick)
        if chord is None:
            return list(pitches)
        return [pitch for pitch in pitches if pitch % 12 in chord.pitch_classes] or list(pitches)


def weighted_choice(rng: np.random.Generator, weights: Sequence[float]) -> int:
    """Return a random index in proportion to weights, of which at least one is above 0."""
    totals = np.cumsum(weights)
    return int(np.searchsorted(totals, rng.random() * totals[-1], side="right"))


def draw_rhythm(section: RuleSection, durations: dict[int, float], rng: np.random.Generator) -> list[tuple[int, int]]:
    """Return starts and durations of notes that fill the bars of a section; none is tied across a bar line.

    Parameters
    ----------
    section : RuleSection
    durations : dict
        Weights of durations in ticks. Where none fits the rest of a bar, that rest is the duration.
    rng : np.random.Generator
    """
    values = sorted(durations)
    rhythm = []
    for start in section.bar_starts():
        tick, end = start, start + section.frame.bar_ticks
        while tick < end:
            fitting = [value for value in values if value <= end - tick and durations[value] > 0]
            duration = fitting[weighted_choice(rng, [durations[value] for value in fitting])] if fitting else end - tick
            rhythm.append((tick, duration))
            tick += duration
    return rhythm


def restruck(notes: list[RuleNote]) -> list[RuleNote]:
    """Return notes of which each ends where its pitch is struck again, and one of those of one start and pitch."""
    chosen = {(note.pitch, note.start): note for note in sorted(notes, key=lambda note: (note.duration, note.velocity))}
    ordered = [chosen[each] for each in sorted(chosen)]
    ended = [
        replace(note, duration=min(note.duration, after.start - note.start)) if note.pitch == after.pitch else note
        for note, after in pairwise(ordered)
    ]
    return sorted(ended + ordered[-1:], key=lambda note: (note.start, note.pitch))


def to_ticks(beats: Fraction, section: RuleSection) -> int:
    """Convert beats to ticks, at least one."""
    return max(1, round(beats * section.frame.beat_ticks))
