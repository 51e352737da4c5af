"""The tables of facts of French in ``data/``, and what its rules of reading share."""

from __future__ import annotations

import re
from pathlib import Path
from typing import ClassVar

from ..common.calendar import CalendarNames
from ..common.signs import Signs
from ..rules import AroundMatch, RuleOf
from ..tables import Tables

_TABLES = Tables(Path(__file__).with_name("data"))
rows, spoken, word_list = _TABLES.rows, _TABLES.spoken, _TABLES.word_list

GROUPED = (
    r"[1-9]\d{0,2}(?: \d{3})+(?!\d|[./-]\d| \d\d?(?!\d))|\d{1,3}(?:\.\d{3})+(?!\d|\.\d|,\d{3}[.,])"
    r"|[1-9]\d{0,2}(?:'\d{3})+(?!\d)"
)
"""Digits in groups of three with spaces, dots or apostrophes."""
NUMBER = rf"(?:(?:{GROUPED}|\d+)(?:,\d+)?)"
"""A number, which may have a decimal comma."""
LETTERS = "A-Za-zÀ-ÖØ-öø-ÿŒœ"
NOT_IN_WORD = rf"(?![{LETTERS}0-9])"
NAMES, SIGNS = CalendarNames(rows("calendar", 3)), Signs(rows("signs", 3))
_FEMININE, _MASCULINE = word_list("feminine"), word_list("masculine")
_FEMININE_ENDINGS = re.compile(
    "(?:[st]ion|[^aeiou]té|tude|ance|ence|euse|trice|tte|lle|nne|sse|ie|ée|ure|ade|aine|oire|ise|age?rie|ole|ule|ine"
    "|che|ande|ique|ère|euvre|ille|ouche|aison)s?$"
)


class FrenchAround(AroundMatch):
    """The text around a match in French."""

    LETTERS: ClassVar[str] = LETTERS
    CLAUSE_ENDS: ClassVar[str] = ".!?;\n"

    def counts_feminine(self) -> bool:
        """Return True if a feminine noun follows the match."""
        noun = re.match(r"\s([a-zà-ÿœ]{2,30})(?:\s([a-zà-ÿœ]{3,30}))?", self.right(62))
        if not noun:
            return False
        if noun[1] in _ADJECTIVES and noun[2]:
            return noun[1].rstrip("s").endswith("e") and is_feminine(noun[2])
        return is_feminine(noun[1])


_ADJECTIVES = word_list("adjectives-before-nouns")

Rule = RuleOf[FrenchAround]
"""A pattern and the function that reads its match; it returns None where the rule does not apply."""


def is_feminine(noun: str) -> bool:
    """Return True if a noun is feminine, by a list or by its ending."""
    low = noun.lower()
    singular = low[:-1] if low[-1:] in ("s", "x") else low
    if low in _FEMININE or singular in _FEMININE:
        return True
    return low not in _MASCULINE and singular not in _MASCULINE and _FEMININE_ENDINGS.search(low) is not None
