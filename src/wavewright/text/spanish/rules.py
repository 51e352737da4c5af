"""Rules of reading Spanish: patterns of numbers, what is around a match, and the gender of nouns."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from ..rules import NEAR, AroundMatch, Reading, RuleOf, reads, reads_as
from .numbers import ALONE, FEMININE, MASCULINE, digits
from .tables import word_list

__all__ = ["Reading", "Rule", "SpanishAround", "gender_of", "letters", "reads", "reads_as"]

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


@dataclass(frozen=True)
class SpanishAround(AroundMatch):
    """The text around a match in Spanish; ``is_american`` is True for the Spanish of America."""

    LETTERS: ClassVar[str] = LETTERS

    is_american: bool = False

    @property
    def far_before(self) -> list[str]:
        """Up to six words before the match in its clause, in lower case, the nearest last."""
        clause = re.split(r"[.!?;:\n]\s", self.text[max(0, self.start - 2 * NEAR) : self.start])[-1]
        return re.findall(f"[{LETTERS}]+", clause.lower())[-6:]

    @property
    def is_apart(self) -> bool:
        """True if no letter or digit is directly before the match."""
        return not self.text[self.start - 1 : self.start].isalnum()

    def gender(self, is_one: bool = False) -> str:
        """Return the gender of the noun that a number before it counts; ALONE if there is none.

        - ``is_one``: True for the number one, whose noun is no plural.
        """
        if self.word_before.lower() in NUMBERED:
            return ALONE
        nouns = re.match(rf"\s([{LETTERS}]{{2,30}})(?:\s([{LETTERS}]{{3,30}}))?", self.text[self.end : self.end + 62])
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


def letters(text: str) -> list[str]:
    """Spell a text: the names of its letters and digits."""
    return [
        digits(character)[0] if character in "0123456789" else character.upper()
        for character in text
        if character.isalnum()
    ]
