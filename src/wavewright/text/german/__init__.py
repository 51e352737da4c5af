"""German text to phones: normalisation, a pronouncing dictionary, compounds, a letter-to-sound model."""

from __future__ import annotations

from typing import ClassVar

from ..numerals import NumberWords
from ..rule_front_end import RuleFrontEnd
from ..say_as import SayAs
from . import numbers
from .phones import SYMBOLS
from .pronounce import composed, known, phones_of, plain
from .rules import NAMES, SIGNS, mapping
from .tokens import GermanScanner, GermanTokenReader

MIN_COMPOSED = 6
"""Letters of the shortest word that counts as known because it is made of known words."""


class GermanSayAs(SayAs):
    """German texts of SSML's ``say-as``."""

    numbers: ClassVar[NumberWords] = numbers
    names, months = SIGNS.names, NAMES.months
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

    def day(self, day: int) -> list[str]:
        """Return the words of the day of a date."""
        return numbers.ordinal(day, "er")

    def year(self, year: int) -> list[str]:
        """Return the words of the year of a date."""
        return numbers.year(year)


class GermanFrontEnd(RuleFrontEnd):
    """Front end of German: text to sentences of words and phones; all regions are read in the same way."""

    CODE, SAY_AS, READER, SCANNER = "de", GermanSayAs, GermanTokenReader, GermanScanner
    symbols = SYMBOLS

    @staticmethod
    def _is_known(word: str) -> bool:
        word = plain(word)
        return known(word) is not None or (len(word) >= MIN_COMPOSED and composed(word) is not None)

    def _phones_of(self, word: str, is_noun: bool) -> tuple[str, ...]:
        return phones_of(word, is_noun)
