"""French texts of SSML's ``say-as``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ..characters import fold_accents
from ..say_as import NumberWords, SayAs
from . import numbers
from .calendar import MONTHS, day_words, is_day, time_words
from .codes import ADDRESS_SIGNS, WORDS
from .dialect import region
from .pronounce import letter_names


class FrenchSayAs(SayAs):
    """See :class:`.text.say_as.SayAs`.

    - ``region``: that of the numbers.
    """

    numbers: ClassVar[NumberWords] = numbers
    names: ClassVar[Mapping[str, str]] = {**WORDS, **ADDRESS_SIGNS}
    plus, minus = "plus", "moins"
    ordinal_mark = r"\.?(ers?|ères?|res?|[eè]mes?|ièmes?|es?)?"

    def __init__(self, region: str) -> None:
        self._region = region

    def __call__(self, text: str, interpret_as: str, order: str = "") -> str:
        """Return the text to read; see :meth:`.text.say_as.SayAs.__call__`."""
        with region(self._region):
            return super().__call__(text, interpret_as, order)

    def letter(self, character: str) -> str:
        """Return the phones of the name of a letter."""
        return " ".join(letter_names().get(fold_accents(character).upper(), ()))

    def ordinal(self, number: int, mark: str) -> list[str]:
        """Return the words of an ordinal number in the gender of its mark."""
        return numbers.ordinal(number, mark.startswith(("r", "è")))

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
