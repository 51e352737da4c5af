"""Scan a French text, and read its tokens: by rules, by the user's lexicon, or as plain words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from ..pattern import pattern
from ..rule_scanner import RuleScanner, RuleTokenReader
from ..tokens import Token
from . import abbreviations, calendar, codes, quantities
from .dialect import region
from .numbers import cardinal, digits
from .phones import phones_of_ipa
from .rules import LETTERS, FrenchAround, Rule

PLAIN = pattern(r"[a-zàâçèéêëîïôùûüœ]{2,30}(?=[\s,;!?)]|$)")
ELIDED = pattern(r"((?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu|quelqu)')(?=\d)", flags=re.IGNORECASE)
"""An article or another word that is joined with a number: ``l'1``."""
WORDS_OF_A_LETTER = "aàoôuy"
NUMERIC = pattern(rf"[-−+±]?(?:\d|(?:{quantities.SIGN_CURRENCIES})\s?[-−]?\d)|\(0\d|[{quantities.HALVES}]")
AFTER = pattern(rf"[\"')\]*_]{{0,4}}(\s*)([{LETTERS}]*)(\S?)")

LETTER_RULES: Sequence[Rule] = (
    *codes.EARLY_RULES,
    *quantities.LETTER_RULES,
    *abbreviations.LETTER_RULES,
    *calendar.LETTER_RULES,
    *codes.LETTER_RULES,
    *abbreviations.LATE_RULES,
    *codes.MIXED_RULES,
)
DIGIT_RULES: Sequence[Rule] = (
    *codes.DIGIT_RULES,
    *quantities.EARLY_RULES,
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
class FrenchTokenReader(RuleTokenReader):
    """Reader of the tokens of one French text; ``region`` is that of its numbers."""

    LANGUAGE = "French"
    PLAIN, NUMERIC = PLAIN, NUMERIC
    SPELT_RULES, CHUNK_RULES = (*quantities.SPELT_RULES, *abbreviations.SPELT_RULES), codes.CHUNK_RULES
    LETTER_RULES, DIGIT_RULES, SIGN_RULES = LETTER_RULES, DIGIT_RULES, SIGN_RULES

    region: str = ""

    def _letters(self, position: int, before: str) -> Token | None:
        match = None if before.isalnum() else ELIDED.match(self.text, position)
        number = self._number(match.end(), "'") if match else None
        if match is None or number is None:
            return super()._letters(position, before)
        first, *others = number.words
        return Token(position, number.end, [match[1].lower() + first, *others], is_numeric=True)

    def _letter(self, written: str, end: int) -> str:
        """Return ``a``, ``à``, ``ô`` and ``y`` as words, other letters as capitals."""
        is_word = written.lower() in WORDS_OF_A_LETTER and written.lower() not in "ou"
        follows = pattern(r"\s[a-zà-ÿœ]").match(self.text, end)
        if not is_word or (written.isupper() and written not in "ÀÔ" and follows is None):
            return "".join(letter for letter in written.upper() if "A" <= letter <= "Z") or written.lower()
        return written.lower()

    def _phones(self, text: str, where: str) -> tuple[str, ...]:
        return phones_of_ipa(text, where)

    def _digits(self, text: str) -> list[str]:
        return digits(text)

    def _around(self, start: int, end: int) -> FrenchAround:
        return FrenchAround(self.text, start, end, self.knows)


@dataclass
class FrenchScanner(RuleScanner):
    """Scanner of a French text."""

    AFTER, KINDS, DOT = AFTER, abbreviations.KINDS, "point"

    reader: FrenchTokenReader

    def _dialect(self) -> AbstractContextManager[None]:
        return region(self.reader.region)

    def _number_of_item(self, number: int) -> list[str]:
        return cardinal(number)

    def _starts_sentence(self, word: str, form: str) -> bool:
        return word[:1].isupper() and (form == "etc." or self.KINDS.get(form) == "end")
