"""Italian text to phones: normalisation, stress by a list and by endings, phones by rules of spelling."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from ..characters import fold_accents
from ..common.calendar import is_time
from ..numerals import NumberWords
from ..pattern import pattern
from ..rule_front_end import RuleFrontEnd, RuleScanner, RuleTokenReader, numeric
from ..say_as import SayAs
from ..tokens import LATIN, MAX_WORD_LENGTH, Token
from . import calendar, codes, numbers, quantities
from .calendar import day_words, time_words
from .phones import IPA, SYMBOLS
from .pronounce import is_known, phones_of
from .rules import LETTERS, NAMES, SIGNS, ItalianAround, spoken, word_list

SHORTENED, TYPED_ACCENTS = word_list("shortened"), word_list("typed-accents")
ITALIAN_WORD = pattern(rf"[{LATIN}]+(?:'[{LATIN}]+)*'?")
_ACCENTED = {"che": "é", "ne": "é", "a": "à", "e": "è", "i": "ì", "o": "ò", "u": "ù"}
"""Vowels with the accent that they have at the end of a word."""


@dataclass
class ItalianTokenReader(RuleTokenReader):
    """Reader of the tokens of one Italian text."""

    LANGUAGE, AROUND, IPA = "Italian", ItalianAround, IPA
    numbers: ClassVar[NumberWords] = numbers

    PLAIN = pattern(r"[a-zàèéìòù]{3,30}(?=[\s,;!?)]|$)")
    NUMERIC = numeric(quantities.CURRENCIES.signs)
    ELIDED = pattern(r"((?:un|all|dall|dell|nell|sull|coll|quell|quest|sant|[ldcstmvn])')(?=\d)", flags=re.IGNORECASE)
    SPELT_RULES, CHUNK_RULES = codes.SPELT_RULES, codes.CHUNK_RULES
    LETTER_RULES = (
        *quantities.LETTER_RULES,
        *calendar.LETTER_RULES,
        *codes.LETTER_RULES,
    )
    DIGIT_RULES = (
        *codes.DIGIT_RULES,
        *calendar.DIGIT_RULES,
        *quantities.MEASURE_RULES,
        *codes.LATE_RULES,
        *quantities.PLAIN_RULES,
    )
    SIGN_RULES = (*calendar.QUOTE_RULES, *codes.SIGN_RULES)

    def _word(self, position: int) -> Token | None:
        """Read a word of Latin letters, with an apostrophe at its end where letters are left out: ``po'``."""
        match = ITALIAN_WORD.match(self.text, position, position + MAX_WORD_LENGTH + 1)
        if not match:
            return None
        end = min(match.end(), position + MAX_WORD_LENGTH)
        low = self.text[position : end - 1].lower()
        if self.text[end - 1] == "'" and low in TYPED_ACCENTS and not self.text[end : end + 1].isalnum():
            return Token(position, end, [low[:-1] + _ACCENTED.get(low[-3:], _ACCENTED.get(low, _ACCENTED[low[-1]]))])
        if self.text[end - 1] == "'" and self.text[position : end - 1].lower() not in SHORTENED:
            end -= 1
        written = self.text[position:end]
        is_word = written.lower() in ("a", "e", "i", "o", "à", "è", "ì", "ò", "é", "ù") and written != "I"
        return Token(position, end, [written.lower() if is_word or len(written) > 1 else written.upper()])


@dataclass
class ItalianScanner(RuleScanner):
    """Scanner of an Italian text."""

    AFTER = pattern(rf"[\"')\]*_]{{0,4}}(\s*)([{LETTERS}]*)(\S?)")
    KINDS, DOT = codes.KINDS, "punto"

    def _starts_sentence(self, word: str, form: str) -> bool:
        return word[:1].isupper() and len(word) > 1 and form == "ecc."


SAY_AS = SayAs(
    numbers=numbers,
    names=SIGNS.names,
    months=NAMES.months,
    plus="più",
    minus="meno",
    letter=lambda letter: " ".join(spoken("letters").get(fold_accents(letter).upper(), ())),
    ordinal=lambda number, _mark: numbers.ordinal(number),
    ordinal_mark=r"\.?([º°ª]?)",
    time=lambda hour, minute: " ".join(time_words(hour, int(minute))) if is_time(hour, minute) else "",
    day=day_words,
)


class ItalianFrontEnd(RuleFrontEnd):
    """Front end of Italian: text to sentences of words and phones; all regions are read in the same way."""

    CODE, SAY_AS, READER, SCANNER = "it", SAY_AS, ItalianTokenReader, ItalianScanner
    symbols = SYMBOLS

    @staticmethod
    def _is_known(word: str) -> bool:
        return is_known(word)

    def _phones_of(self, word: str, is_noun: bool) -> tuple[str, ...]:
        return phones_of(word)
