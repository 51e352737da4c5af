"""Scan a French text, and read its tokens: by rules, by the user's lexicon, or as plain words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from ..numerals import NumberWords
from ..pattern import pattern
from ..rule_scanner import RuleScanner, RuleTokenReader, numeric
from . import abbreviations, calendar, codes, numbers, quantities
from .phones import IPA
from .rules import LETTERS, FrenchAround

WORDS_OF_A_LETTER = "aàoôuy"


@dataclass
class FrenchTokenReader(RuleTokenReader):
    """Reader of the tokens of one French text."""

    LANGUAGE, AROUND, IPA = "French", FrenchAround, IPA
    numbers: ClassVar[NumberWords] = numbers

    PLAIN = pattern(r"[a-zàâçèéêëîïôùûüœ]{2,30}(?=[\s,;!?)]|$)")
    NUMERIC = numeric(quantities.CURRENCIES.signs)
    ELIDED = pattern(r"((?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu|quelqu)')(?=\d)", flags=re.IGNORECASE)
    SPELT_RULES, CHUNK_RULES = (*quantities.SPELT_RULES, *abbreviations.SPELT_RULES), codes.CHUNK_RULES
    LETTER_RULES = (
        *codes.EARLY_RULES,
        *quantities.LETTER_RULES,
        *abbreviations.LETTER_RULES,
        *calendar.LETTER_RULES,
        *codes.LETTER_RULES,
        *abbreviations.LATE_RULES,
        *codes.MIXED_RULES,
    )
    DIGIT_RULES = (
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
    SIGN_RULES = (*abbreviations.SIGN_RULES, *calendar.QUOTE_RULES, *codes.SIGN_RULES)

    def _letter(self, written: str, end: int) -> str:
        """Return ``a``, ``à``, ``ô`` and ``y`` as words, other letters as capitals."""
        is_word = written.lower() in WORDS_OF_A_LETTER and written.lower() not in "ou"
        follows = pattern(r"\s[a-zà-ÿœ]").match(self.text, end)
        if not is_word or (written.isupper() and written not in "ÀÔ" and follows is None):
            return "".join(letter for letter in written.upper() if "A" <= letter <= "Z") or written.lower()
        return written.lower()


@dataclass
class FrenchScanner(RuleScanner):
    """Scanner of a French text."""

    AFTER = pattern(rf"[\"')\]*_]{{0,4}}(\s*)([{LETTERS}]*)(\S?)")
    KINDS, DOT = abbreviations.KINDS, "point"

    def _starts_sentence(self, word: str, form: str) -> bool:
        return word[:1].isupper() and (form == "etc." or self.KINDS.get(form) == "end")
