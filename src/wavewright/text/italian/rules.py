"""The tables of facts of Italian in ``data/``, and what its rules of reading share."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from ..rules import NEAR, AroundMatch, Reading, RuleOf, reads, reads_as
from ..tables import Tables, alternatives, of_kind

__all__ = [
    "DATA",
    "NEAR",
    "ItalianAround",
    "Reading",
    "Rule",
    "alternatives",
    "data_text",
    "mapping",
    "of_kind",
    "reads",
    "reads_as",
    "rows",
    "word_list",
]

DATA = Path(__file__).with_name("data")

_TABLES = Tables(DATA)
data_text, rows, mapping, word_list = _TABLES.data_text, _TABLES.rows, _TABLES.mapping, _TABLES.word_list

GROUPED = (
    r"\d{1,3}(?:\.\d{3})+(?!\d|\.\d|,\d{3}[.,])|[1-9]\d{0,2}(?: \d{3})+(?!\d|[./-]\d)|[1-9]\d{0,2}(?:'\d{3})+(?!\d)"
)
"""Digits in groups of three with dots, spaces or apostrophes."""
NUMBER = rf"(?:(?:{GROUPED}|\d+)(?:,\d+)?)"
"""A number, which may have a decimal comma."""
LETTERS = "A-Za-zÀ-ÖØ-öø-ÿ"
NOT_IN_WORD = rf"(?![{LETTERS}0-9])"
SIGN = r"([-−+±]?)"
SIGNS = {"-": ["meno"], "−": ["meno"], "+": ["più"], "±": ["più", "o", "meno"], "": []}
FEMININE, MASCULINE = word_list("feminine"), word_list("masculine")


@dataclass(frozen=True)
class ItalianAround(AroundMatch):
    """The text around a match in Italian."""

    LETTERS: ClassVar[str] = LETTERS

    @property
    def far_before(self) -> list[str]:
        """Up to six words before the match in its clause in lower case, the nearest last."""
        clause = re.split(r"[.!?;:\n]\s", self.text[max(0, self.start - 2 * NEAR) : self.start])[-1]
        return [word.lower() for word in re.findall(f"[{LETTERS}]+", clause)[-6:]]

    @property
    def is_apart(self) -> bool:
        """True if no letter or digit is directly before the match."""
        return not self.text[self.start - 1 : self.start].isalnum()


Rule = RuleOf[ItalianAround]
"""A pattern and the function that reads its match; it returns None where the rule does not apply."""


def is_feminine(noun: str) -> bool:
    """Return True if a noun is feminine, by a list or by its ending."""
    low = noun.lower()
    if low in FEMININE or low in MASCULINE:
        return low in FEMININE
    return low.endswith(("a", "zione", "sione", "gione", "tà", "tù", "trice", "udine", "aggine", "zioni", "sioni"))


def one_before(noun: str) -> str:
    """Return the form of ``1`` before a noun: ``un``, ``uno``, ``una``, or ``un'``, which is joined with it."""
    low = noun.lower()
    if is_feminine(low):
        return "un'" if low[:1] in "aeiouàèéìòù" else "una"
    return "uno" if re.match("s[^aeiouàèéìòù]|z|gn|ps|x|y|pn", low) else "un"
