"""The tables of facts of German in ``data/``, and what its rules of reading share."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from ..common.calendar import CalendarNames
from ..common.signs import Signs
from ..rules import AroundMatch
from ..tables import Tables

DATA = Path(__file__).with_name("data")
_TABLES = Tables(DATA)
data_bytes, data_text, entries, spoken = _TABLES.data_bytes, _TABLES.data_text, _TABLES.entries, _TABLES.spoken
rows, mapping, word_list = _TABLES.rows, _TABLES.mapping, _TABLES.word_list

GROUPED = (
    r"\d{1,3}(?:\.\d{3})+(?!\d|\.\d|,\d{3}[.,])|[1-9]\d{0,2}(?: \d{3})+(?!\d|[./-]\d)|[1-9]\d{0,2}(?:'\d{3})+(?!\d)"
)
"""Digits in groups of three with dots, spaces or apostrophes."""
NUMBER = rf"(?:(?:{GROUPED}|\d+)(?:,\d+)?)"
"""A number, which may have a decimal comma."""
LETTERS = "A-Za-zÄÖÜäöüßé"
NOT_IN_WORD = rf"(?![{LETTERS}0-9])"
NAMES, SIGNS = CalendarNames(rows("calendar", 3)), Signs(rows("signs", 3))


class GermanAround(AroundMatch):
    """The text around a match in German."""

    LETTERS: ClassVar[str] = LETTERS
