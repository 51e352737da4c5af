"""Scan an Italian text, and read its tokens: by rules, by the user's lexicon, or as plain words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..pattern import pattern
from ..rule_scanner import RuleScanner, RuleTokenReader
from ..tokens import LATIN, MAX_WORD_LENGTH, Token
from . import abbreviations, calendar, codes, quantities
from .numbers import cardinal, digits
from .phones import phones_of_ipa
from .rules import LETTERS, ItalianAround, Rule, word_list

SHORTENED, TYPED_ACCENTS = word_list("shortened"), word_list("typed-accents")
PLAIN = pattern(r"[a-zàèéìòù]{3,30}(?=[\s,;!?)]|$)")
ITALIAN_WORD = pattern(rf"[{LATIN}]+(?:'[{LATIN}]+)*'?")
ELIDED = pattern(r"((?:un|all|dall|dell|nell|sull|coll|quell|quest|sant|[ldcstmvn])')(?=\d)", flags=re.IGNORECASE)
"""An article or a preposition that is joined with a number: ``l'8``."""
NUMERIC = pattern(rf"[-−+±]?(?:\d|(?:{quantities.SIGN_CURRENCIES})\s?[-−]?\d)|\(0\d|[{quantities.HALVES}]")
AFTER = pattern(rf"[\"')\]*_]{{0,4}}(\s*)([{LETTERS}]*)(\S?)")

_ACCENTED = {"che": "é", "ne": "é", "a": "à", "e": "è", "i": "ì", "o": "ò", "u": "ù"}
"""Vowels with the accent that they have at the end of a word."""

LETTER_RULES: Sequence[Rule] = (
    *quantities.LETTER_RULES,
    *calendar.LETTER_RULES,
    *abbreviations.LETTER_RULES,
    *codes.LETTER_RULES,
    *abbreviations.LATE_RULES,
    *codes.MIXED_RULES,
)
DIGIT_RULES: Sequence[Rule] = (
    *codes.DIGIT_RULES,
    *calendar.DIGIT_RULES,
    *quantities.FRACTION_RULES,
    *quantities.SIGN_RULES,
    *quantities.MEASURE_RULES,
    *codes.MIXED_RULES,
    *codes.LATE_RULES,
    *quantities.PLAIN_RULES,
)
SIGN_RULES: Sequence[Rule] = (*abbreviations.SIGN_RULES, *calendar.QUOTE_RULES, *codes.SIGN_RULES)


@dataclass
class ItalianTokenReader(RuleTokenReader):
    """Reader of the tokens of one Italian text."""

    LANGUAGE = "Italian"

    PLAIN, NUMERIC = PLAIN, NUMERIC
    SPELT_RULES, CHUNK_RULES = abbreviations.SPELT_RULES, codes.CHUNK_RULES
    LETTER_RULES, DIGIT_RULES, SIGN_RULES = LETTER_RULES, DIGIT_RULES, SIGN_RULES

    def _letters(self, position: int, before: str) -> Token | None:
        return self._joined_number(position, before) or super()._letters(position, before)

    def _joined_number(self, position: int, before: str) -> Token | None:
        """Read ``l'8 marzo``: the first word of the number is joined with the article."""
        match = None if before.isalnum() else ELIDED.match(self.text, position)
        number = self._number(match.end(), "'") if match else None
        if match is None or number is None:
            return None
        first, *others = number.words
        return Token(position, number.end, [match[1].lower() + first, *others], is_numeric=True)

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

    def _phones(self, text: str, where: str) -> tuple[str, ...]:
        return phones_of_ipa(text, where)

    def _digits(self, text: str) -> list[str]:
        return digits(text)

    def _around(self, start: int, end: int) -> ItalianAround:
        return ItalianAround(self.text, start, end, self.knows)


@dataclass
class ItalianScanner(RuleScanner):
    """Scanner of an Italian text."""

    AFTER, KINDS, DOT = AFTER, abbreviations.KINDS, "punto"

    reader: ItalianTokenReader

    def _number_of_item(self, number: int) -> list[str]:
        return cardinal(number)

    def _starts_sentence(self, word: str, form: str) -> bool:
        return word[:1].isupper() and len(word) > 1 and form == "ecc."
