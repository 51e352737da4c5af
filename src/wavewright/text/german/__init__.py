"""German text to phones: normalisation, a pronouncing dictionary, compounds, a letter-to-sound model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..numerals import NumberWords
from ..pattern import pattern
from ..rule_front_end import RuleFrontEnd, RuleScanner, RuleTokenReader, numeric
from ..say_as import SayAs
from ..tokens import Token
from . import calendar, codes, numbers, quantities
from .grammar import ORDINAL_NOUNS, STARTERS
from .phones import IPA, SYMBOLS
from .pronounce import composed, is_known, known, phones_of, plain
from .rules import NAMES, SIGNS, GermanAround, mapping

ORDINAL = pattern(r"(?:\d{1,3}|[IVX]{1,5})\.\s+([A-Za-zÄÖÜäöüß]+)")
UNTIL = pattern(r"\s?[-–]\s?(?=\d)")
LONGEST_ABBREVIATION = 6


@dataclass
class GermanTokenReader(RuleTokenReader):
    """Reader of the tokens of one German text."""

    LANGUAGE, AROUND, IPA = "German", GermanAround, IPA
    numbers: ClassVar[NumberWords] = numbers

    PLAIN = pattern(r"[a-zäöüß]{3,30}(?=[\s,;!?)]|$)")
    NUMERIC = numeric(quantities.CURRENCIES.signs)
    SPELT_RULES, CHUNK_RULES = codes.SPELT_RULES, codes.CHUNK_RULES
    LETTER_RULES = (*calendar.LETTER_RULES, *quantities.LETTER_RULES, *codes.LETTER_RULES)
    DIGIT_RULES = (
        *codes.DIGIT_RULES,
        *calendar.DIGIT_RULES,
        *quantities.AMOUNT_RULES,
        *codes.PAGE_RULES,
        *quantities.MEASURE_RULES,
        *codes.LATE_RULES,
        *calendar.YEAR_RULES,
        *quantities.PLAIN_RULES,
    )
    SIGN_RULES = (*calendar.QUOTE_RULES, *codes.SIGN_RULES)

    def _letter(self, written: str, end: int) -> str:
        return written if written == "ß" else written.upper()


@dataclass
class GermanScanner(RuleScanner):
    """Scanner of a German text."""

    AFTER = pattern(r"[\"')\]*_]{0,4}(\s*)([A-Za-zÄÖÜäöüß]*)(\S?)")
    KINDS, DOT = codes.KINDS, "punkt"

    def _dash(self) -> bool:
        """Read a dash between numbers as ``bis``."""
        return self._joining(UNTIL, "bis") or super()._dash()

    def _joins(self, last: Token, dash: str) -> bool:
        """Return True if a dash after a number, a date or a time means ``bis``."""
        written = self.text[last.start : last.end]
        is_date = written in NAMES.month_names or any(word in NAMES.months for word in last.words)
        is_time = "uhr" in last.words or "prozent" in last.words
        return (last.is_numeric and dash == "–") or is_date or is_time

    def _starts_sentence(self, word: str, form: str) -> bool:
        return word[:1].isupper() and word.lower() in STARTERS

    def _is_no_stop(self, position: int, next_letter: str) -> bool:
        """Return True for the dot of an initial, or of an unknown abbreviation before a number."""
        is_initial = super()._is_no_stop(position, next_letter)
        return is_initial or (next_letter.isdigit() and self._is_after_unknown(position))

    def _is_name(self, word: str, sign: str) -> bool:
        return word.lower() not in STARTERS

    def _is_item_number(self, written: str) -> bool:
        """Return False for an ordinal at the start of a line: ``1. FC Köln``, ``3. Mai``."""
        after = ORDINAL.match(self.text, self.position)
        is_ordinal = after and (after[1] in NAMES.month_names or after[1].lower() in ORDINAL_NOUNS)
        return not is_ordinal and super()._is_item_number(written)

    def _is_after_unknown(self, position: int) -> bool:
        """Return True for the dot of an unknown short word, as of an abbreviation: ``Matth. 5``."""
        last = self.tokens[-1] if self.tokens else None
        if last is None or last.is_numeric or last.end != position or position - last.start > LONGEST_ABBREVIATION:
            return False
        return len(last.words) == 1 and not is_known(last.words[0])


MIN_COMPOSED = 6
"""Letters of the shortest word that counts as known because it is made of known words."""


SAY_AS = SayAs(
    numbers=numbers,
    names=SIGNS.names,
    months=NAMES.months,
    plus="plus",
    minus="minus",
    letter=lambda letter: mapping("letters").get(letter if letter == "ß" else letter.upper(), ""),
    ordinal=lambda number, _mark: numbers.ordinal(number),
    time=lambda hour, minute: f"{hour}:{minute} Uhr",
    day=lambda day: numbers.ordinal(day, "er"),
    year=numbers.year,
)


class GermanFrontEnd(RuleFrontEnd):
    """Front end of German: text to sentences of words and phones; all regions are read in the same way."""

    CODE, SAY_AS, READER, SCANNER = "de", SAY_AS, GermanTokenReader, GermanScanner
    symbols = SYMBOLS

    @staticmethod
    def _is_known(word: str) -> bool:
        word = plain(word)
        return known(word) is not None or (len(word) >= MIN_COMPOSED and composed(word) is not None)

    def _phones_of(self, word: str, is_noun: bool) -> tuple[str, ...]:
        return phones_of(word, is_noun)
