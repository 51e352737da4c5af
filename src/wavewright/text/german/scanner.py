"""Scan a German text from left to right: the words that are spoken, and the pauses between them."""

from __future__ import annotations

from dataclasses import dataclass

from ..pattern import pattern
from ..rule_scanner import RuleScanner
from ..tokens import Token
from .abbreviations import KINDS
from .calendar_names import MONTH_NAMES
from .grammar import ORDINAL_NOUNS, STARTERS
from .numbers import cardinal
from .pronounce import is_known
from .tokens import GermanTokenReader

AFTER = pattern(r"[\"')\]*_]{0,4}(\s*)([A-Za-zÄÖÜäöüß]*)(\S?)")
ORDINAL = pattern(r"(?:\d{1,3}|[IVX]{1,5})\.\s+([A-Za-zÄÖÜäöüß]+)")
UNTIL = pattern(r"\s?[-–]\s?(?=\d)")
LONGEST_ABBREVIATION = 6


@dataclass
class GermanScanner(RuleScanner):
    """Scanner of the text of a reader of tokens."""

    AFTER, KINDS, DOT = AFTER, KINDS, "punkt"

    reader: GermanTokenReader

    def _number_of_item(self, number: int) -> list[str]:
        return cardinal(number)

    def _dash(self) -> bool:
        """Read a dash between numbers as ``bis``."""
        last = self.tokens[-1] if self.tokens else None
        until = UNTIL.match(self.text, self.position)
        if until and last and last.end == self.position and self._joins(last, until[0]):
            self.tokens.append(Token(self.position, until.end(), ["bis"]))
            self.position = until.end()
            return True
        return super()._dash()

    def _joins(self, last: Token, dash: str) -> bool:
        """Return True if a dash after a number, a date or a time means ``bis``."""
        written = self.text[last.start : last.end]
        is_date = written in MONTH_NAMES or any(word in MONTH_NAMES.values() for word in last.words)
        is_time = "uhr" in last.words or "prozent" in last.words
        return (last.is_numeric and (dash.strip() == "–" and dash == "–")) or is_date or is_time

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
        is_ordinal = after and (after[1] in MONTH_NAMES or after[1].lower() in ORDINAL_NOUNS)
        return not is_ordinal and super()._is_item_number(written)

    def _is_after_unknown(self, position: int) -> bool:
        """Return True for the dot of an unknown short word, as of an abbreviation: ``Matth. 5``."""
        last = self.tokens[-1] if self.tokens else None
        if last is None or last.is_numeric or last.end != position or position - last.start > LONGEST_ABBREVIATION:
            return False
        return len(last.words) == 1 and not is_known(last.words[0])
