"""Rules of reading German: patterns of numbers, and what is around a match."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from ..rules import NEAR, AroundMatch, Reading, RuleOf, reads, reads_as
from .numbers import UNITS

__all__ = ["NEAR", "GermanAround", "Reading", "Rule", "letters", "reads", "reads_as"]

GROUPED = (
    r"\d{1,3}(?:\.\d{3})+(?!\d|\.\d|,\d{3}[.,])|[1-9]\d{0,2}(?: \d{3})+(?!\d|[./-]\d)|[1-9]\d{0,2}(?:'\d{3})+(?!\d)"
)
"""Digits in groups of three with dots, spaces or apostrophes."""
NUMBER = rf"(?:(?:{GROUPED}|\d+)(?:,\d+)?)"
"""A number, which may have a decimal comma."""
LETTERS = "A-Za-zÄÖÜäöüßé"
NOT_IN_WORD = rf"(?![{LETTERS}0-9])"


@dataclass(frozen=True)
class GermanAround(AroundMatch):
    """The text around a match in German."""

    LETTERS: ClassVar[str] = LETTERS

    @property
    def far_before(self) -> list[str]:
        """Up to six words before the match in its clause, the nearest last."""
        clause = re.split(r"[.!?;:\n]\s", self.text[max(0, self.start - 2 * NEAR) : self.start])[-1]
        return re.findall(f"[{LETTERS}]+", clause)[-6:]

    @property
    def is_apart(self) -> bool:
        """True if no letter or digit is directly before the match."""
        return not self.text[self.start - 1 : self.start].isalnum()


Rule = RuleOf[GermanAround]
"""A pattern and the function that reads its match; it returns None where the rule does not apply."""


def letters(text: str) -> list[str]:
    """Spell a text: the names of its letters and digits."""
    return [
        UNITS[int(character)] if character in "0123456789" else character.upper().replace("SS", "ß")
        for character in text
        if character.isalnum()
    ]
