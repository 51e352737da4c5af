"""French text to phones: normalisation, rules of spelling with a list of words, liaison and stress of groups."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from ..characters import fold_accents
from ..common.calendar import is_time
from ..lexicon import Lexicon
from ..numerals import NumberWords
from ..rule_front_end import RuleFrontEnd
from ..say_as import SayAs
from ..tokens import Token
from . import numbers
from .calendar import day_words, time_words
from .numbers import ORDINAL_ENDINGS, ordinal_with_ending
from .phones import SYMBOLS
from .pronounce import is_known, phones_of
from .rules import NAMES, SIGNS, spoken
from .sentences import pronounced
from .tokens import FrenchScanner, FrenchTokenReader


class FrenchSayAs(SayAs):
    """French texts of SSML's ``say-as``."""

    numbers: ClassVar[NumberWords] = numbers
    names, months = SIGNS.names, NAMES.months
    plus, minus = "plus", "moins"
    ordinal_mark = rf"\.?({ORDINAL_ENDINGS})?"

    def letter(self, character: str) -> str:
        """Return the phones of the name of a letter."""
        return " ".join(spoken("letters").get(fold_accents(character).upper(), ()))

    def ordinal(self, number: int, mark: str) -> list[str]:
        """Return the words of an ordinal number in the gender of its mark."""
        return ordinal_with_ending(number, mark) or numbers.ordinal(number)

    def time(self, hour: int, minute: str) -> str:
        """Return a time in words, empty if it is none."""
        return " ".join(time_words(hour, int(minute))) if is_time(hour, minute) else ""

    def day(self, day: int) -> list[str]:
        """Return the words of the day of a date."""
        return day_words(day)


class FrenchFrontEnd(RuleFrontEnd):
    """Front end of French: text to sentences of words and phones; ``fr-BE`` and ``fr-CH`` have numbers of their own."""

    CODE, SAY_AS, READER, SCANNER = "fr", FrenchSayAs, FrenchTokenReader, FrenchScanner
    symbols = SYMBOLS

    def _dialect_of(self, region: str) -> str:
        return region.upper() if region in ("be", "ch") else ""

    def _pronounced(
        self, tokens: list[Token], text: str, lexicon: Lexicon | None
    ) -> Iterator[tuple[Token, int, str, tuple[str, ...]]]:
        return pronounced(tokens, text, lexicon.get if lexicon else lambda _word: None)

    @staticmethod
    def _is_known(word: str) -> bool:
        return is_known(word)

    def _phones_of(self, word: str, is_noun: bool) -> tuple[str, ...]:
        return phones_of(word)
