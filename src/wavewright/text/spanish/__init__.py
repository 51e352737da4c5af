"""Spanish text to phones: normalisation, and the rules of a spelling that is nearly regular."""

from __future__ import annotations

from typing import ClassVar

from ..numerals import NumberWords
from ..rule_front_end import RuleFrontEnd
from ..say_as import SayAs
from . import numbers
from .calendar import day_of_month
from .phones import SYMBOLS
from .pronounce import is_known, phones_of
from .rules import NAMES, SIGNS
from .tokens import SpanishScanner, SpanishTokenReader

AMERICA, EUROPEAN_REGIONS = "419", ("", "es")
"""The region of Latin America, as all regions but these are read: c and z are [s] there."""


class SpanishSayAs(SayAs):
    """Spanish texts of SSML's ``say-as``."""

    numbers: ClassVar[NumberWords] = numbers
    names, months = SIGNS.names, NAMES.months
    plus, minus, of = "más", "menos", "de"
    ordinal_mark = r"\.?([oaºª]|er)?"

    def letter(self, character: str) -> str:
        """Return the phones of the name of a letter."""
        is_letter = character.isalpha() and character not in self.names
        return " ".join(phones_of(character.upper(), not self.region)) if is_letter else ""

    def ordinal(self, number: int, mark: str) -> list[str]:
        """Return the words of an ordinal number in the gender of its mark."""
        return numbers.ordinal(number, {"ª": "a", "º": "o", "": "o"}.get(mark, mark))

    def time(self, hour: int, minute: str) -> str:
        """Return a time to read."""
        return f"{hour}:{minute} h"

    def day(self, day: int) -> list[str]:
        """Return the words of the day of a date."""
        return day_of_month(day)


class SpanishFrontEnd(RuleFrontEnd):
    """Front end of Spanish: text to sentences of words and phones, of Spain or, with ``es-MX``, of America."""

    CODE, SAY_AS, READER, SCANNER = "es", SpanishSayAs, SpanishTokenReader, SpanishScanner
    symbols = SYMBOLS

    def _dialect_of(self, region: str) -> str:
        return "" if region in EUROPEAN_REGIONS else AMERICA

    @staticmethod
    def _is_known(word: str) -> bool:
        return is_known(word)

    def _phones_of(self, word: str, is_noun: bool) -> tuple[str, ...]:
        return phones_of(word, not self._region)
