"""Rhythms by rules: pulses at distances in a bar that differ by at most one step."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field, field_validator, model_validator

from ...base.names import quoted
from ...base.toml_tables import TomlTable
from ..accompaniment.style import DRUMS
from .frame import RuleNote, RuleSection
from .rule import VoiceRule

MAX_STEPS = 128
DRUM_TICKS = 60


def euclidean_rhythm(pulses: int, steps: int, rotation: int = 0) -> list[bool]:
    """Return which of so many steps have one of so many pulses, by Bjorklund's algorithm.

    Parameters
    ----------
    pulses : int
        0 to ``steps``.
    steps : int
    rotation : int
        Steps by which the rhythm starts later in itself.

    Examples
    --------
    >>> "".join(".x"[pulse] for pulse in euclidean_rhythm(3, 8))
    'x..x..x.'

    References
    ----------
    G. Toussaint, "The Euclidean algorithm generates traditional musical rhythms", 2005.
    """
    heads, tails = [[True] for _ in range(pulses)], [[False] for _ in range(steps - pulses)]
    while heads and len(tails) > 1:
        n_pairs = min(len(heads), len(tails))
        pairs = [heads[index] + tails[index] for index in range(n_pairs)]
        heads, tails = pairs, heads[n_pairs:] or tails[n_pairs:]
    flat = [step for group in heads + tails for step in group]
    shift = rotation % steps if steps else 0
    return flat[shift:] + flat[:shift]


class Pulses(TomlTable):
    """One Euclidean rhythm: pulses, steps of a bar, and rotation, of a drum or of notes."""

    drum: str = ""
    pulses: int = Field(ge=0, le=MAX_STEPS)
    steps: int = Field(ge=1, le=MAX_STEPS)
    rotation: int = Field(default=0, ge=0, le=MAX_STEPS)
    velocity: int = Field(default=0, ge=-60, le=60)

    @field_validator("drum")
    @classmethod
    def _is_known(cls, drum: str) -> str:
        if drum and drum not in DRUMS:
            raise ValueError(f"there is no drum {quoted(drum)}; drums are {', '.join(DRUMS)}")
        return drum

    @model_validator(mode="after")
    def _is_possible(self) -> Pulses:
        if self.pulses > self.steps:
            raise ValueError(f"{self.pulses} pulses do not fit {self.steps} steps; give at most as many pulses")
        return self


class Euclid(VoiceRule):
    """Euclidean rhythms of drums, or of the notes of the chords from the lowest up.

    Attributes
    ----------
    rhythms : list of Pulses
        All with a drum, or none.
    """

    rule: Literal["euclid"] = "euclid"
    rhythms: list[Pulses] = Field(min_length=1, max_length=32)

    @model_validator(mode="after")
    def _is_one_kind(self) -> Euclid:
        if len({bool(each.drum) for each in self.rhythms}) > 1:
            raise ValueError("some rhythms have a drum and some have none; make two voices of them")
        return self

    @property
    def is_drum(self) -> bool:
        """True if the rhythms are those of drums."""
        return bool(self.rhythms[0].drum)

    def compose(self, section: RuleSection, rng: np.random.Generator) -> list[RuleNote]:
        """Return the rhythms, the same in every bar; steps that no tick divides are at the nearest tick."""
        pitches = [] if self.is_drum else self.pitches(section)
        notes = []
        for index, each in enumerate(self.rhythms):
            pulses = euclidean_rhythm(each.pulses, each.steps, each.rotation)
            edges = [round(step * section.frame.bar_ticks / each.steps) for step in range(each.steps + 1)]
            onsets = [step for step, is_pulse in enumerate(pulses) if is_pulse]
            for bar in section.bar_starts():
                for number, step in enumerate(onsets):
                    start = bar + edges[step]
                    end = bar + edges[onsets[number + 1] if number + 1 < len(onsets) else each.steps]
                    velocity = min(127, max(1, section.velocity(start, self.velocity) + each.velocity))
                    if self.is_drum:
                        notes.append(RuleNote(start, min(DRUM_TICKS, end - start), DRUMS[each.drum], velocity))
                    else:
                        tones = self.chord_pitches(section, start, pitches)
                        notes.append(RuleNote(start, end - start, tones[(index + number) % len(tones)], velocity))
        return sorted(set(notes), key=lambda note: (note.start, note.pitch))
