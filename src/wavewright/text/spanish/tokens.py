"""Scan a Spanish text, and read its tokens: by rules, by the user's lexicon, or as plain words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..numerals import NumberWords
from ..pattern import pattern
from ..rule_scanner import RuleScanner, RuleTokenReader, numeric
from . import abbreviations, calendar, numbers, quantities
from .phones import IPA
from .pronounce import UNSTRESSED
from .rules import LETTERS, NO_NOUNS, SpanishAround

CONJUNCTIONS = "aeouy"
"""Letters that are words."""

UNTIL = pattern(r"–(?=\d)")


@dataclass
class SpanishTokenReader(RuleTokenReader):
    """Reader of the tokens of one Spanish text."""

    LANGUAGE, AROUND, IPA = "Spanish", SpanishAround, IPA
    numbers: ClassVar[NumberWords] = numbers

    PLAIN = pattern(r"[a-záéíóúüñ]{2,30}(?=[\s,;!?)]|$)")
    NUMERIC = numeric(quantities.CURRENCIES.signs, area=r"\(0?\d{2,4}\)[ -]?\d")
    SPELT_RULES, CHUNK_RULES = abbreviations.SPELT_RULES, abbreviations.CHUNK_RULES
    LETTER_RULES = (*calendar.LETTER_RULES, *quantities.LETTER_RULES, *abbreviations.LETTER_RULES)
    DIGIT_RULES = (
        *quantities.CODE_RULES,
        *calendar.DIGIT_RULES,
        *quantities.MEASURE_RULES,
        *quantities.PLAIN_RULES,
    )
    SIGN_RULES = (*calendar.QUOTE_RULES, *abbreviations.SIGN_RULES)

    def _letter(self, written: str, end: int) -> str:
        """Return ``y``, ``a``, ``o`` as words, others as capitals."""
        follows = pattern(r"\s[a-záéíóúüñ¿¡]").match(self.text, end)
        is_word = written.lower() in CONJUNCTIONS and (written.islower() or follows is not None)
        return written.lower() if is_word else written.upper()


@dataclass
class SpanishScanner(RuleScanner):
    """Scanner of a Spanish text."""

    AFTER = pattern(rf"[\"')\]*_]{{0,4}}(\s*)([¿¡(\"'—-]*[{LETTERS}]*)(\S?)")
    KINDS, DOT = abbreviations.KINDS, "punto"

    def _dash(self) -> bool:
        """Read a dash between numbers as ``a``."""
        return self._joining(UNTIL, "a") or super()._dash()

    def _starts_sentence(self, word: str, form: str) -> bool:
        return word[:1].isupper() or word[:1] in ("¿", "¡")

    def _is_name(self, word: str, sign: str) -> bool:
        is_letter = len(word) == 1 and sign == "."
        return is_letter or word.lower() not in UNSTRESSED | NO_NOUNS
