"""The form of a piece: sections that return, phrases, and the cadences that end them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator

from ..base.errors import BadSetting
from ..base.toml_tables import TomlTable, TomlTables

VARIED_BARS = 2
"""Bars at the end of a section that a prime changes, at most half of it."""

PHRASE_BARS = 4
_LETTER = re.compile(r"([A-Za-z])('?)")

CadenceKind = Literal["full", "half", "none"]
"""A phrase ends on the tonic, on the dominant, or on neither."""

Manner = Literal["exact", "varied"]
"""A bar returns as it was, or with some of its quarters anew."""


def letters_of(form: str) -> tuple[str, ...]:
    """Return the letters of the sections of a form such as ``AA'BA``, with their primes; raise BadSetting if wrong."""
    text = re.sub(r"[\s-]+", "", form)
    letters = tuple(letter.upper() + prime for letter, prime in _LETTER.findall(text))
    if not letters or "".join(letters) != text.upper():
        raise BadSetting(f"The form is {form!r}; write letters such as AABA, with ' for another end.")
    return letters


def bars_of_section(form: str, bars: int) -> int:
    """Return the bars of each section of a form; raise BadSetting if they do not divide."""
    n_sections = len(letters_of(form))
    if bars % n_sections:
        example = n_sections * max(1, round(bars / n_sections))
        raise BadSetting(
            f"{bars} bars do not divide into the {n_sections} sections of {form}; give a multiple of {n_sections}, "
            f"such as {example}."
        )
    return bars // n_sections


@dataclass(frozen=True)
class FormBar:
    """A bar of a plan."""

    source: int | None = None  # index of the earlier bar that returns in it; None for a new one
    manner: Manner = "exact"  # of its return
    cadence: CadenceKind | None = None  # of the phrase that ends in it; None where none ends
    cadence_step: int | None = None  # sixteenths from its start to the last note of the phrase; None for the usual ones


@dataclass(frozen=True)
class FormPlan:
    """The plan of a piece, bar by bar, which notes then follow."""

    bars: tuple[FormBar, ...]

    def __post_init__(self) -> None:
        for index, bar in enumerate(self.bars):
            if bar.source is not None and not 0 <= bar.source < index:
                raise BadSetting(f"Bar {index + 1} returns bar {bar.source + 1}; give an earlier one.")

    def __len__(self) -> int:
        return len(self.bars)

    @classmethod
    def of_form(cls, form: str, bars: int) -> FormPlan:
        """Return the plan of sections of equal length; raise BadSetting if the bars do not divide by them."""
        n_bars = bars_of_section(form, bars)
        return cls.of_sections([PlannedSection(letter=letter, bars=n_bars) for letter in letters_of(form)])

    @classmethod
    def of_sections(cls, sections: Sequence[PlannedSection]) -> FormPlan:
        """Return the plan of sections.

        A letter that returns has the bars of its first section, as far as both have them; with a prime, or where its
        end would leave the piece open, its last bars are new.
        """
        bars: list[FormBar] = []
        firsts: dict[str, int] = {}
        for section, following in zip(sections, [*sections[1:], None], strict=True):
            start = len(bars)
            first = firsts.setdefault(section.letter[0], start)
            cadences = section.cadence_bars(is_open=following is not None and following.letter == f"{section.letter}'")
            last = first + section.bars - 1
            leaves_open = following is None and last < start and bars[last].cadence != cadences.get(section.bars - 1)
            n_new = n_varied(section.bars) if section.letter.endswith("'") or leaves_open else 0
            for index in range(section.bars):
                source = first + index
                if source < start and index < section.bars - n_new:
                    bars.append(FormBar(source, cadence=bars[source].cadence))
                else:
                    bars.append(FormBar(cadence=cadences.get(index)))
        return cls(tuple(bars))


def n_varied(bars: int) -> int:
    """Return how many bars at the end of a section a prime changes."""
    return min(VARIED_BARS, max(1, bars // 2))


class PlannedSection(TomlTable):
    """A section of a plan.

    Attributes
    ----------
    letter : str
        Equal letters are equal sections; ``A'`` is ``A`` with another end.
    bars : int
    cadences : list of str, optional
        ``full``, ``half`` or ``none`` of its phrases, which are equally long; by default, phrases of four bars end on
        the dominant, and the section on the tonic, or on the dominant before the same letter with a prime.
    """

    letter: str
    bars: Annotated[int, Field(ge=1, le=512)]
    cadences: list[CadenceKind] | None = Field(default=None, min_length=1, max_length=128)

    @field_validator("letter")
    @classmethod
    def _one_letter(cls, letter: str) -> str:
        if len(letters := letters_of(letter)) != 1:
            raise ValueError(f"{letter!r} has {len(letters)} letters; write one, with ' for another end")
        return letters[0]

    def cadence_bars(self, *, is_open: bool) -> dict[int, CadenceKind]:
        """Return the cadences by the indices of their bars; an open section ends on the dominant."""
        if self.cadences is not None:
            n_phrases = len(self.cadences)
            if self.bars % n_phrases:
                raise BadSetting(
                    f"Section {self.letter} has {self.bars} bars and {n_phrases} cadences; give as many cadences as "
                    "divide the bars."
                )
            length = self.bars // n_phrases
            return {(n + 1) * length - 1: kind for n, kind in enumerate(self.cadences)}
        ends: dict[int, CadenceKind] = {}
        if self.bars % PHRASE_BARS == 0:
            ends = dict.fromkeys(range(PHRASE_BARS - 1, self.bars - 1, PHRASE_BARS), "half")
        return ends | {self.bars - 1: "half" if is_open else "full"}


class PlanFile(TomlTable):
    """A plan as its TOML file describes it."""

    sections: list[PlannedSection] = Field(min_length=1, max_length=128)


_PLANS = TomlTables(Path(__file__).parent / "plans", PlanFile, "plan")


def read_plan(path: Path | str) -> FormPlan:
    """Return the plan of a TOML file; raise BadSetting if it cannot be read or is wrong."""
    return FormPlan.of_sections(_PLANS.load(path).sections)
