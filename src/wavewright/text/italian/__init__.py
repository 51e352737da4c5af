"""Italian text to phones: normalisation, stress by a list and by endings, phones by rules of spelling."""

from __future__ import annotations

from typing import ClassVar

from ..characters import fold_accents
from ..common.calendar import is_time
from ..numerals import NumberWords
from ..rule_front_end import RuleFrontEnd
from ..say_as import SayAs
from . import numbers
from .calendar import day_words, time_words
from .phones import SYMBOLS
from .pronounce import is_known, phones_of
from .rules import NAMES, SIGNS, spoken
from .tokens import ItalianScanner, ItalianTokenReader


class ItalianSayAs(SayAs):
    """Italian texts of SSML's ``say-as``."""

    numbers: ClassVar[NumberWords] = numbers
    names, months = SIGNS.names, NAMES.months
    plus, minus = "più", "meno"
    ordinal_mark = r"\.?([º°ª]?)"

    def letter(self, character: str) -> str:
        """Return the phones of the name of a letter."""
        return " ".join(spoken("letters").get(fold_accents(character).upper(), ()))

    def ordinal(self, number: int, mark: str) -> list[str]:
        """Return the words of an ordinal number."""
        return numbers.ordinal(number)

    def time(self, hour: int, minute: str) -> str:
        """Return a time in words, empty if it is none."""
        return " ".join(time_words(hour, int(minute))) if is_time(hour, minute) else ""

    def day(self, day: int) -> list[str]:
        """Return the words of the day of a date."""
        return day_words(day)


class ItalianFrontEnd(RuleFrontEnd):
    """Front end of Italian: text to sentences of words and phones; all regions are read in the same way."""

    CODE, SAY_AS, READER, SCANNER = "it", ItalianSayAs, ItalianTokenReader, ItalianScanner
    symbols = SYMBOLS

    @staticmethod
    def _is_known(word: str) -> bool:
        return is_known(word)

    def _phones_of(self, word: str, is_noun: bool) -> tuple[str, ...]:
        return phones_of(word)
