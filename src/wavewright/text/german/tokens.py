"""Read the token at a position of a German text: by rules, by the user's lexicon, or as a plain word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..pattern import pattern
from ..rule_scanner import RuleTokenReader
from . import abbreviations, addresses, calendar, codes, money, quantities, signs
from .numbers import digits
from .phones import phones_of_ipa
from .rules import GermanAround, Rule
from .tables import alternatives

PLAIN = pattern(r"[a-zäöüß]{3,30}(?=[\s,;!?)]|$)")
_CURRENCIES = alternatives(written for written, fields in money.CURRENCIES.items() if fields[0] == "sign")
NUMERIC = pattern(rf"[-−+±]?(?:\d|(?:{_CURRENCIES})\s?[-−]?\d)|\(0\d|[{quantities.HALVES}]")

LETTER_RULES: Sequence[Rule] = (
    *calendar.LETTER_RULES,
    *money.LETTER_RULES,
    *abbreviations.LETTER_RULES[:2],
    *codes.LETTER_RULES[:2],
    *abbreviations.LETTER_RULES[2:],
    *codes.MIXED_RULES,
)
DIGIT_RULES: Sequence[Rule] = (
    *codes.DIGIT_RULES,
    *calendar.DIGIT_RULES,
    *quantities.FRACTION_RULES,
    *money.SIGN_RULES,
    *money.DIGIT_RULES,
    *abbreviations.DIGIT_RULES,
    *quantities.MEASURE_RULES,
    *codes.MIXED_RULES,
    *codes.LATE_RULES,
    *calendar.YEAR_RULES,
    *quantities.PLAIN_RULES,
)
SIGN_RULES: Sequence[Rule] = (
    *abbreviations.SIGN_RULES,
    *calendar.QUOTE_RULES,
    *addresses.SIGN_RULES,
    *signs.SIGN_RULES,
)


@dataclass
class GermanTokenReader(RuleTokenReader):
    """Reader of the tokens of one German text."""

    LANGUAGE = "German"

    PLAIN, NUMERIC = PLAIN, NUMERIC
    SPELT_RULES, CHUNK_RULES = abbreviations.SPELT_RULES, addresses.CHUNK_RULES
    LETTER_RULES, DIGIT_RULES, SIGN_RULES = LETTER_RULES, DIGIT_RULES, SIGN_RULES

    def _letter(self, written: str, end: int) -> str:
        return written if written == "ß" else written.upper()

    def _phones(self, text: str, where: str) -> tuple[str, ...]:
        return phones_of_ipa(text, where)

    def _digits(self, text: str) -> list[str]:
        return digits(text)

    def _around(self, start: int, end: int) -> GermanAround:
        return GermanAround(self.text, start, end, self.knows)
