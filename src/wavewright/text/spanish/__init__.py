"""Spanish text to phones: normalisation, and the rules of a spelling that is nearly regular."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from .. import region
from ..numerals import NumberWords
from ..pattern import pattern
from ..rule_front_end import RuleFrontEnd, RuleScanner, RuleTokenReader, numeric
from ..say_as import SayAs
from . import calendar, codes, numbers, quantities
from .calendar import day_of_month
from .phones import IPA, SYMBOLS
from .pronounce import UNSTRESSED, is_known, phones_of
from .rules import LETTERS, NAMES, NO_NOUNS, SIGNS, SpanishAround

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
    SPELT_RULES, CHUNK_RULES = codes.SPELT_RULES, codes.CHUNK_RULES
    LETTER_RULES = (*calendar.LETTER_RULES, *quantities.LETTER_RULES, *codes.LETTER_RULES)
    DIGIT_RULES = (
        *codes.DIGIT_RULES,
        *calendar.DIGIT_RULES,
        *quantities.MEASURE_RULES,
        *codes.LATE_RULES,
        *quantities.PLAIN_RULES,
    )
    SIGN_RULES = (*calendar.QUOTE_RULES, *codes.SIGN_RULES)

    def _letter(self, written: str, end: int) -> str:
        """Return ``y``, ``a``, ``o`` as words, others as capitals."""
        follows = pattern(r"\s[a-záéíóúüñ¿¡]").match(self.text, end)
        is_word = written.lower() in CONJUNCTIONS and (written.islower() or follows is not None)
        return written.lower() if is_word else written.upper()


@dataclass
class SpanishScanner(RuleScanner):
    """Scanner of a Spanish text."""

    AFTER = pattern(rf"[\"')\]*_]{{0,4}}(\s*)([¿¡(\"'—-]*[{LETTERS}]*)(\S?)")
    KINDS, DOT = codes.KINDS, "punto"

    def _dash(self) -> bool:
        """Read a dash between numbers as ``a``."""
        return self._joining(UNTIL, "a") or super()._dash()

    def _starts_sentence(self, word: str, form: str) -> bool:
        return word[:1].isupper() or word[:1] in ("¿", "¡")

    def _is_name(self, word: str, sign: str) -> bool:
        is_letter = len(word) == 1 and sign == "."
        return is_letter or word.lower() not in UNSTRESSED | NO_NOUNS


AMERICA, EUROPEAN_REGIONS = "419", ("", "es")
"""The region of Latin America, as all regions but these are read: c and z are [s] there."""


def _letter_name(letter: str) -> str:
    """Return the phones of the name of a letter; empty for what is none."""
    is_letter = letter.isalpha() and letter not in SIGNS.names
    return " ".join(phones_of(letter.upper(), not region.region())) if is_letter else ""


SAY_AS = SayAs(
    numbers=numbers,
    names=SIGNS.names,
    months=NAMES.months,
    plus="más",
    minus="menos",
    of="de",
    letter=_letter_name,
    ordinal=lambda number, mark: numbers.ordinal(number, {"ª": "a", "º": "o", "": "o"}.get(mark, mark)),
    ordinal_mark=r"\.?([oaºª]|er)?",
    time=lambda hour, minute: f"{hour}:{minute} h",
    day=day_of_month,
)


class SpanishFrontEnd(RuleFrontEnd):
    """Front end of Spanish: text to sentences of words and phones, of Spain or, with ``es-MX``, of America."""

    CODE, SAY_AS, READER, SCANNER = "es", SAY_AS, SpanishTokenReader, SpanishScanner
    symbols = SYMBOLS

    def _dialect_of(self, region: str) -> str:
        return "" if region in EUROPEAN_REGIONS else AMERICA

    @staticmethod
    def _is_known(word: str) -> bool:
        return is_known(word)

    def _phones_of(self, word: str, is_noun: bool) -> tuple[str, ...]:
        return phones_of(word, not self._region)
