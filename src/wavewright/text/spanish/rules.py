"""The tables of facts of Spanish in ``data/``, and what its rules of reading share: patterns, the gender of nouns."""

from __future__ import annotations

import re
from pathlib import Path
from typing import ClassVar

from ..common.calendar import CalendarNames
from ..common.signs import Signs
from ..rules import AroundMatch, RuleOf
from ..tables import Tables

_TABLES = Tables(Path(__file__).with_name("data"))
data_text, rows, mapping, word_list = _TABLES.data_text, _TABLES.rows, _TABLES.mapping, _TABLES.word_list

ALONE, MASCULINE, FEMININE = "", "m", "f"
"""Where a number stands: alone, before a masculine noun, before a feminine noun."""

NAMES, SIGNS = CalendarNames(rows("calendar", 3)), Signs(rows("signs", 3))
GROUPED = (
    r"\d{1,3}(?:\.\d{3})+(?!\d|\.\d|,\d{3}[.,])|[1-9]\d{0,2}(?:,\d{3})(?:(?:,\d{3})+(?![\d,])|(?=\.\d\d?(?![\d.])))"
    r"|[1-9]\d{0,2}(?: \d{3})+(?!\d|[./-]\d)|[1-9]\d{0,2}(?:'\d{3})+(?!\d)"
)
"""Digits in groups of three with dots, commas, spaces or apostrophes."""
NUMBER = rf"(?:(?:{GROUPED}|\d+)(?:,\d+|\.\d{{1,2}}(?![\d.])|\.\d{{4,}}(?![\d.]))?)"
"""A number, which may have decimals after a comma or a point."""
LETTERS = "A-Za-zÁÉÍÓÚÜÑáéíóúüñ"
NOT_IN_WORD = rf"(?![{LETTERS}0-9])"

NUMBERED, NO_NOUNS = word_list("numbered"), word_list("no-nouns")
_FEMININE, _MASCULINE = word_list("feminine"), word_list("masculine")
_FEMININE_ENDINGS = re.compile("(?:[cstxg]i[oó]n(?:es)?|[dt]ad(?:es)?|tud(?:es)?|triz|trices|umbres?|as?|sis)$")


class SpanishAround(AroundMatch):
    """The text around a match in Spanish."""

    LETTERS: ClassVar[str] = LETTERS

    def gender(self, is_one: bool = False) -> str:
        """Return the gender of the noun that a number before it counts; ALONE if there is none.

        - ``is_one``: True for the number one, whose noun is no plural.
        """
        if self.word_before.lower() in NUMBERED:
            return ALONE
        nouns = re.match(rf"\s([{LETTERS}]{{2,30}})(?:\s([{LETTERS}]{{3,30}}))?", self.right(62))
        noun = nouns[1].lower() if nouns else ""
        if not noun or noun in NO_NOUNS or not (is_one or noun.endswith("s")):
            return FEMININE if self.word_before.lower() in ("las", "unas", "otras") and not is_one else ALONE
        second = (nouns[2] or "").lower() if nouns else ""
        if not _is_clear(noun) and second not in NO_NOUNS and second and (is_one or second.endswith("s")):
            return gender_of(second)
        return gender_of(noun)


Rule = RuleOf[SpanishAround]
"""A pattern and the function that reads its match; it returns None where the rule does not apply."""


def _is_clear(word: str) -> bool:
    """Return True for a noun or adjective that shows its gender."""
    return word in _FEMININE or word in _MASCULINE or bool(re.search("os?$", word) or _FEMININE_ENDINGS.search(word))


def gender_of(noun: str) -> str:
    """Guess the gender of a noun."""
    word = noun.lower()
    singular = re.sub("(?<=[aeiouáéíóú])s$", "", word)
    singulars = (word, singular, re.sub("es$", "", word), re.sub("ces$", "z", word))
    if any(each in _MASCULINE for each in singulars) or re.search("(?:ist|[cp]at)as?$", word):
        return MASCULINE
    is_feminine = any(each in _FEMININE for each in singulars) or _FEMININE_ENDINGS.search(word)
    return FEMININE if is_feminine else MASCULINE
