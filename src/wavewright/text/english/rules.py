"""Rules of reading: a pattern, and the function that returns the words for what it matches."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from ..pattern import Pattern, pattern
from .numbers import UNITS
from .tables import word_list

SPACED = r"[1-9]\d{0,2}(?:(?: \d{3}){2,6}| 000)(?![\d:/]|[ ,]\d)(?:\.\d+)?"
"""Digits in groups of three, as in ``1 250 000``; a single gap only before three zeros."""
INDIAN = r"\d{1,2}(?:,\d{2}){1,6},\d{3}(?![\d,]\d)(?!\d)(?:\.\d+)?"
"""Digits in the groups of India, as in ``1,00,000``."""
SWISS = r"\d{1,3}(?:'\d{3})+(?![\d\"])(?:\.\d+)?"
"""Digits in groups of three with apostrophes, as in ``1'000'000``."""
NUMBER = rf"(?:{SPACED}|{SWISS}|\d{{1,3}}(?:,\d{{3}})+(?!\d)(?:\.\d+)?|{INDIAN}|\d+(?:\.\d+)?|\.\d+)"
LATER_LETTERS = "\u00c0-\u024f"  # with accents
NOT_IN_WORD = rf"(?![A-Za-z0-9{LATER_LETTERS}])"
NEAR = 40
"""Characters before a match that rules look at: enough for the words before it."""

WORD_BEFORE = pattern(r"([A-Za-z']+)[.,]?\s*$")
WORD_AFTER = pattern(r"[\s-]*([A-Za-z']+)")


@dataclass(frozen=True)
class Around:
    """The text around a match from ``start`` to ``end``; ``knows`` looks a word in lower case up in the dictionary."""

    text: str
    start: int
    end: int
    knows: Callable[[str], bool]

    @property
    def word_before(self) -> str:
        """The word before the match as it is written; empty if there is none within ``NEAR`` characters."""
        match = WORD_BEFORE.search(self.text, max(0, self.start - NEAR), self.start)
        return match[1] if match else ""

    @property
    def words_before(self) -> list[str]:
        """Up to three words before the match, the nearest last."""
        return re.findall(r"[A-Za-z']+", self.text[max(0, self.start - NEAR) : self.start])[-3:]

    @property
    def before(self) -> tuple[int, int]:
        """Start and end of the ``NEAR`` characters before the match."""
        return max(0, self.start - NEAR), self.start

    @property
    def word_after(self) -> str:
        """The word after the match as it is written, or empty."""
        match = WORD_AFTER.match(self.text, self.end)
        return match[1] if match else ""

    @property
    def is_adjective(self) -> bool:
        """True if a quantity modifies a noun, as in ``a 16 GB card``; then its unit is in the singular."""
        after = self.word_after
        gap = self.text[self.end : self.end + 1]
        if gap == "-" and after in ("a", "an", "per"):
            return self.word_before.lower() in ARTICLES  # ``a $50-a-day plan``
        is_noun = (after.islower() and after not in NOT_NOUNS) or (after.isupper() and len(after) > 1)
        before = self.word_before.lower()
        is_after_article = before in ARTICLES or (before.endswith("'s") and before not in CONTRACTIONS)
        return is_after_article and gap in (" ", "-") and is_noun


ARTICLES = word_list("quantity-articles")
NOT_NOUNS = word_list("not-nouns")
CONTRACTIONS = word_list("contractions-of-is")

Reading = list[str] | None
"""Words in lower case, and names of letters as single capitals."""

Rule = tuple[Pattern, Callable[[re.Match[str], Around], Reading]]
"""A pattern and the function that reads its match; it returns None where the rule does not apply."""


def reads(*patterns: str, flags: int = 0) -> Callable[[Callable[[re.Match[str], Around], Reading]], list[Rule]]:
    """Turn a function that reads a match into its rules, one for each pattern in their order."""
    return lambda read: [(pattern(expression, flags), read) for expression in patterns]


def reads_as(*words: str) -> Callable[[re.Match[str], Around], Reading]:
    """Return the function of a rule that reads every match as the same words."""

    def read(_match: re.Match[str], _around: Around) -> Reading:
        return [*words]

    return read


def letters(text: str) -> list[str]:
    """Spell a text: the names of its letters and digits."""
    return [
        UNITS[int(character)] if character.isdigit() else character.upper() for character in text if character.isalnum()
    ]
