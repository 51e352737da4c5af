"""The tables of facts of Italian in ``data/``, and what its rules of reading share."""

from __future__ import annotations

import re
from pathlib import Path
from typing import ClassVar

from ..common.calendar import CalendarNames
from ..common.signs import Signs
from ..rules import AroundMatch
from ..tables import Tables

_TABLES = Tables(Path(__file__).with_name("data"))
data_text, rows, spoken, word_list = _TABLES.data_text, _TABLES.rows, _TABLES.spoken, _TABLES.word_list

GROUPED = (
    r"\d{1,3}(?:\.\d{3})+(?!\d|\.\d|,\d{3}[.,])|[1-9]\d{0,2}(?: \d{3})+(?!\d|[./-]\d)|[1-9]\d{0,2}(?:'\d{3})+(?!\d)"
)
"""Digits in groups of three with dots, spaces or apostrophes."""
NUMBER = rf"(?:(?:{GROUPED}|\d+)(?:,\d+)?)"
"""A number, which may have a decimal comma."""
LETTERS = "A-Za-zÀ-ÖØ-öø-ÿ"
NOT_IN_WORD = rf"(?![{LETTERS}0-9])"
NAMES, SIGNS = CalendarNames(rows("calendar", 3)), Signs(rows("signs", 3))
FEMININE, MASCULINE = word_list("feminine"), word_list("masculine")


class ItalianAround(AroundMatch):
    """The text around a match in Italian."""

    LETTERS: ClassVar[str] = LETTERS


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
