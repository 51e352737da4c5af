"""Scan a Spanish text from left to right: its tokens, the words that are spoken, and the pauses between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..pattern import pattern
from ..rule_scanner import RuleScanner, RuleTokenReader
from ..tokens import Token
from . import abbreviations, calendar, quantities
from .numbers import cardinal, digits
from .phones import phones_of_ipa
from .pronounce import UNSTRESSED
from .rules import LETTERS, NO_NOUNS, Rule, SpanishAround
from .tables import alternatives

PLAIN = pattern(r"[a-záéíóúüñ]{2,30}(?=[\s,;!?)]|$)")
CONJUNCTIONS = "aeouy"
"""Letters that are words."""

_CURRENCIES = alternatives(written for written, fields in quantities.CURRENCIES.items() if fields[0] == "sign")
NUMERIC = pattern(rf"[-−+±]?(?:\d|(?:{_CURRENCIES})\s?[-−]?\d)|\(0?\d{{2,4}}\)[ -]?\d|[{quantities.HALVES}]")
AFTER = pattern(rf"[\"')\]*_]{{0,4}}(\s*)([¿¡(\"'—-]*[{LETTERS}]*)(\S?)")
UNTIL = pattern(r"–(?=\d)")

LETTER_RULES: Sequence[Rule] = (*calendar.LETTER_RULES, *quantities.LETTER_RULES, *abbreviations.LETTER_RULES)
DIGIT_RULES: Sequence[Rule] = (
    *quantities.CODE_RULES,
    *calendar.DIGIT_RULES,
    *quantities.MEASURE_RULES,
    *quantities.PLAIN_RULES,
)
SIGN_RULES: Sequence[Rule] = (*calendar.QUOTE_RULES, *abbreviations.SIGN_RULES)


@dataclass
class SpanishTokenReader(RuleTokenReader):
    """Reader of the tokens of one Spanish text; ``is_american`` is True for the Spanish of America."""

    LANGUAGE = "Spanish"

    is_american: bool = False

    PLAIN, NUMERIC = PLAIN, NUMERIC
    SPELT_RULES, CHUNK_RULES = abbreviations.SPELT_RULES, abbreviations.CHUNK_RULES
    LETTER_RULES, DIGIT_RULES, SIGN_RULES = LETTER_RULES, DIGIT_RULES, SIGN_RULES

    def _letter(self, written: str, end: int) -> str:
        """Return ``y``, ``a``, ``o`` as words, others as capitals."""
        follows = pattern(r"\s[a-záéíóúüñ¿¡]").match(self.text, end)
        is_word = written.lower() in CONJUNCTIONS and (written.islower() or follows is not None)
        return written.lower() if is_word else written.upper()

    def _phones(self, text: str, where: str) -> tuple[str, ...]:
        return phones_of_ipa(text, where)

    def _digits(self, text: str) -> list[str]:
        return digits(text)

    def _around(self, start: int, end: int) -> SpanishAround:
        return SpanishAround(self.text, start, end, self.knows, self.is_american)


@dataclass
class SpanishScanner(RuleScanner):
    """Scanner of the text of a reader of tokens."""

    AFTER, KINDS, DOT = AFTER, abbreviations.KINDS, "punto"

    reader: SpanishTokenReader

    def _number_of_item(self, number: int) -> list[str]:
        return cardinal(number)

    def _dash(self) -> bool:
        """Read a dash between numbers as ``a``."""
        last = self.tokens[-1] if self.tokens else None
        until = UNTIL.match(self.text, self.position)
        if until and last and last.end == self.position and last.is_numeric:
            self.tokens.append(Token(self.position, until.end(), ["a"]))
            self.position = until.end()
            return True
        return super()._dash()

    def _starts_sentence(self, word: str, form: str) -> bool:
        return word[:1].isupper() or word[:1] in ("¿", "¡")

    def _is_name(self, word: str, sign: str) -> bool:
        is_letter = len(word) == 1 and sign == "."
        return is_letter or word.lower() not in UNSTRESSED | NO_NOUNS
