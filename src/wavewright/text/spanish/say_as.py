"""Spanish texts of SSML's ``say-as``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ..say_as import NumberWords, SayAs
from . import numbers
from .abbreviations import ADDRESS_SIGNS, SIGN_WORDS
from .calendar import MONTHS, date, day_of_month
from .pronounce import phones_of


class SpanishSayAs(SayAs):
    """See :class:`.text.say_as.SayAs`.

    - ``is_american``: True for the Spanish of America.
    """

    numbers: ClassVar[NumberWords] = numbers
    names: ClassVar[Mapping[str, str]] = {**SIGN_WORDS, **ADDRESS_SIGNS}
    plus, minus = "más", "menos"
    ordinal_mark = r"\.?([oaºª]|er)?"

    def __init__(self, is_american: bool) -> None:
        self._is_american = is_american

    def letter(self, character: str) -> str:
        """Return the phones of the name of a letter."""
        is_letter = character.isalpha() and character not in self.names
        return " ".join(phones_of(character.upper(), not self._is_american)) if is_letter else ""

    def ordinal(self, number: int, mark: str) -> list[str]:
        """Return the words of an ordinal number in the gender of its mark."""
        return numbers.ordinal(number, {"ª": "a", "º": "o", "": "o"}.get(mark, mark))

    def time(self, hour: int, minute: str) -> str:
        """Return a time to read."""
        return f"{hour}:{minute} h"

    def date(self, day: int | None, month: int | None, year: int | None) -> list[str]:
        """Return the words of a date."""
        if day is not None and month is not None:
            return list(date(day, month, year, self._is_american))
        words = day_of_month(day, self._is_american) if day is not None else []
        words = [*words, *([MONTHS[month - 1]] if month is not None else [])]
        joined = ["de"] if words and year is not None else []
        return [*words, *joined, *(numbers.cardinal(year) if year is not None else [])]
