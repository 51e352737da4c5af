"""German texts of SSML's ``say-as``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ..say_as import NumberWords, SayAs
from . import numbers
from .calendar_names import MONTHS
from .signs import WORDS
from .tables import mapping, of_kind, rows


class GermanSayAs(SayAs):
    """See :class:`.text.say_as.SayAs`."""

    numbers: ClassVar[NumberWords] = numbers
    names: ClassVar[Mapping[str, str]] = {**WORDS, **of_kind(rows("signs", 3), "address")}
    plus, minus = "plus", "minus"

    def letter(self, character: str) -> str:
        """Return the phones of the name of a letter."""
        return mapping("letters").get(character if character == "ß" else character.upper(), "")

    def ordinal(self, number: int, mark: str) -> list[str]:
        """Return the words of an ordinal number."""
        return numbers.ordinal(number)

    def time(self, hour: int, minute: str) -> str:
        """Return a time to read."""
        return f"{hour}:{minute} Uhr"

    def date(self, day: int | None, month: int | None, year: int | None) -> list[str]:
        """Return the words of a date."""
        words = numbers.ordinal(day, "er") if day is not None else []
        words += [MONTHS[month - 1]] if month is not None else []
        return [*words, *(numbers.year(year) if year is not None else [])]


SAY_AS = GermanSayAs()
