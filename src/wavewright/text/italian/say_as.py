"""Italian texts of SSML's ``say-as``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ..characters import fold_accents
from ..say_as import NumberWords, SayAs
from . import numbers
from .calendar import MONTHS, day_words, is_day, time_words
from .codes import ADDRESS_SIGNS, WORDS
from .pronounce import letter_names


class ItalianSayAs(SayAs):
    """See :class:`.text.say_as.SayAs`."""

    numbers: ClassVar[NumberWords] = numbers
    names: ClassVar[Mapping[str, str]] = {**WORDS, **ADDRESS_SIGNS}
    plus, minus = "più", "meno"
    ordinal_mark = r"\.?([º°ª]?)"

    def letter(self, character: str) -> str:
        """Return the phones of the name of a letter."""
        return " ".join(letter_names().get(fold_accents(character).upper(), ()))

    def ordinal(self, number: int, mark: str) -> list[str]:
        """Return the words of an ordinal number."""
        return numbers.ordinal(number)

    def time(self, hour: int, minute: str) -> str:
        """Return a time in words, empty if it is none."""
        return " ".join(time_words(hour, int(minute))) if hour <= 24 and int(minute) < 60 else ""

    def date(self, day: int | None, month: int | None, year: int | None) -> list[str]:
        """Return the words of a date; raise ValueError if there is no such day."""
        if not is_day(1 if day is None else day, 1 if month is None else month):
            raise ValueError
        words = day_words(day) if day is not None else []
        words = [*words, *([MONTHS[month - 1]] if month is not None else [])]
        return [*words, *(numbers.cardinal(year) if year is not None else [])]


SAY_AS = ItalianSayAs()
