"""Rules of reading English: tables of facts in ``data/``, patterns of numbers, and what is around a match."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..rules import NEAR, AroundMatch, Reading, RuleOf, by_value, named_in, reads, reads_as, rule
from ..tables import Tables, alternatives, of_kind

__all__ = [
    "DATA",
    "NEAR",
    "Around",
    "Reading",
    "Rule",
    "alternatives",
    "by_value",
    "data_bytes",
    "data_text",
    "entries",
    "mapping",
    "named_in",
    "of_kind",
    "reads",
    "reads_as",
    "rows",
    "rule",
    "word_list",
]

DATA = Path(__file__).with_name("data")

_TABLES = Tables(DATA)
data_bytes, data_text, entries = _TABLES.data_bytes, _TABLES.data_text, _TABLES.entries
rows, mapping, word_list = _TABLES.rows, _TABLES.mapping, _TABLES.word_list

SPACED = r"[1-9]\d{0,2}(?:(?: \d{3}){2,6}| 000)(?![\d:/]|[ ,]\d)(?:\.\d+)?"
"""Digits in groups of three, as in ``1 250 000``; a single gap only before three zeros."""
INDIAN = r"\d{1,2}(?:,\d{2}){1,6},\d{3}(?![\d,]\d)(?!\d)(?:\.\d+)?"
"""Digits in the groups of India, as in ``1,00,000``."""
SWISS = r"\d{1,3}(?:'\d{3})+(?![\d\"])(?:\.\d+)?"
"""Digits in groups of three with apostrophes, as in ``1'000'000``."""
NUMBER = rf"(?:{SPACED}|{SWISS}|\d{{1,3}}(?:,\d{{3}})+(?!\d)(?:\.\d+)?|{INDIAN}|\d+(?:\.\d+)?|\.\d+)"
LATER_LETTERS = "\u00c0-\u024f"  # with accents
NOT_IN_WORD = rf"(?![A-Za-z0-9{LATER_LETTERS}])"


@dataclass(frozen=True)
class Around(AroundMatch):
    """The text around a match in English."""

    @property
    def is_adjective(self) -> bool:
        """True if a quantity modifies a noun, as in ``a 16 GB card``; then its unit is in the singular."""
        after = self.word_after
        gap = self.right(1)
        if gap == "-" and after in ("a", "an", "per"):
            return self.word_before.lower() in ARTICLES  # ``a $50-a-day plan``
        is_noun = (after.islower() and after not in NOT_NOUNS) or (after.isupper() and len(after) > 1)
        before = self.word_before.lower()
        is_after_article = before in ARTICLES or (before.endswith("'s") and before not in CONTRACTIONS)
        return is_after_article and gap in (" ", "-") and is_noun


ARTICLES = word_list("quantity-articles")
NOT_NOUNS = word_list("not-nouns")
CONTRACTIONS = word_list("contractions-of-is")

Rule = RuleOf[Around]
"""A pattern and the function that reads its match; it returns None where the rule does not apply."""
