"""What a rule of reading is: a pattern at a place of the text, and the words that it is spoken as there."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from ..pattern import Pattern, pattern
from .numbers import UNITS, word_set

SPACED = r"[1-9]\d{0,2}(?:(?: \d{3}){2,6}| 000)(?![\d:/]|[ ,]\d)(?:\.\d+)?"
"""Three digits apart, as in ``1 250 000``; a single gap only before three zeros."""
NUMBER = rf"(?:{SPACED}|\d{{1,3}}(?:,\d{{3}})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
LATER_LETTERS = "\u00c0-\u024f"  # with accents
NOT_IN_WORD = rf"(?![A-Za-z0-9{LATER_LETTERS}])"
NEAR = 40
"""Characters that are looked at before a place; enough for a word and what stands between."""

WORD_BEFORE = pattern(r"([A-Za-z']+)[.,]?\s*$")
WORD_AFTER = pattern(r"[\s-]*([A-Za-z']+)")


@dataclass(frozen=True)
class Around:
    """The text around a match, and its dictionary: whether a word in lower case is known."""

    text: str
    start: int
    end: int
    knows: Callable[[str], bool]

    @property
    def word_before(self) -> str:
        """The word before, as it is written; empty where there is none, or it is too far away."""
        found = WORD_BEFORE.search(self.text, max(0, self.start - NEAR), self.start)
        return found[1] if found else ""

    @property
    def words_before(self) -> list[str]:
        """Up to three words before, the nearest last."""
        return re.findall(r"[A-Za-z']+", self.text[max(0, self.start - NEAR) : self.start])[-3:]

    @property
    def word_after(self) -> str:
        """The word behind, as it is written."""
        found = WORD_AFTER.match(self.text, self.end)
        return found[1] if found else ""

    @property
    def is_adjective(self) -> bool:
        """Whether a quantity stands before a noun, as in ``a 16 GB card``: then its unit is said as for one."""
        after = self.word_after
        gap = self.text[self.end : self.end + 1]
        if gap == "-" and after in ("a", "an", "per"):
            return self.word_before.lower() in ARTICLES  # ``a $50-a-day plan``
        is_noun = (after.islower() and after not in NO_NOUNS) or (after.isupper() and len(after) > 1)
        is_behind_article = self.word_before.lower() in ARTICLES or self.word_before.endswith("'s")
        return is_behind_article and gap in (" ", "-") and is_noun


ARTICLES = word_set("a an the this that my your his her its our their every each")
NO_NOUNS = word_set(
    "a an the and or but nor of off on in at to for from by with per as than is was are were be will would can could may might must "
    "has have had do does did not if when while until since because so that this it he she we they you i each every more less "
    "ago away long tall high wide deep old later earlier before after over under above below"
)

Reading = list[str] | None
Rule = tuple[Pattern, Callable[[re.Match[str], Around], Reading]]
"""A pattern and what makes words of its match: words in lower case, the names of letters as single capitals; None where the rule does
not apply there."""


def letters(text: str) -> list[str]:
    """The names of the letters of a text, and its digits one by one."""
    return [
        UNITS[int(character)] if character.isdigit() else character.upper() for character in text if character.isalnum()
    ]
