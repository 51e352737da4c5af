"""Read what is spelled or read in groups: addresses, IBANs, long numbers, versions, letters with digits."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..numerals import NumberWords
from ..rules import AroundMatch, Reading, Rule, reads, reads_as


def spelled_rules(letters: Callable[[str], list[str]], *patterns: str) -> list[Rule]:
    """Return rules whose first group is spelled."""
    return reads(*patterns)(reads_as(letters))


def international_rules(digits: Callable[[str], list[str]], plus: str, groups: str) -> list[Rule]:
    """Return the rules of ``+49 89 1234-56``, of at least eight digits; ``groups`` is their pattern."""

    def read(match: re.Match[str], _around: AroundMatch) -> Reading:
        return [plus, *digits(match[0])] if sum(map(str.isdigit, match[0])) > 7 else None

    return reads(rf"\+{groups}(?!\d)")(read)


IBAN = r"([A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?)(?![A-Za-z0-9])"
ISBN = r"(97[89][- ]\d[\d -]{7,15}[\dX])(?!\d)"
VERSION = r"(\d{1,5})\.(\d{1,4})\.(\d{1,6})(?:\.(\d{1,6}))?(?!\d|\.\d)"


def version_rules(numbers: NumberWords, point: str, *others: str) -> list[Rule]:
    """Return the rules of ``2.0.1`` and of other patterns, whose groups are joined by ``point``."""

    def read(match: re.Match[str], _around: AroundMatch) -> Reading:
        parts = [part for part in match.groups() if part]
        if all(len(part) == 3 for part in parts[1:]):
            return None  # a number with dots
        return [word for part in parts for word in (point, *numbers.whole(part))][1:]

    return reads(VERSION, *others)(read)


def mixed_rules(
    numbers: NumberWords, is_word: Callable[[str, AroundMatch], bool], end: str, first: str = "A-Za-z", longest: int = 3
) -> list[Rule]:
    """Return the rules of ``B2B`` and ``7Zip``.

    - ``numbers``: words of numbers.
    - ``is_word``: returns True for letters, in lower case, that are read as a word.
    - ``end``: pattern of what follows.
    - ``first``: letters of which there is one.
    - ``longest``: digits of the longest number that is read as one.
    """

    def read(match: re.Match[str], around: AroundMatch) -> Reading:
        if not around.is_apart:
            return None
        words: list[str] = []
        for piece in re.findall(r"\d+|[A-Za-z]+", match[1]):
            if piece.isdigit():
                words += numbers.whole(piece) if len(piece) <= longest else numbers.digits(piece)
            else:
                words += [piece.lower()] if is_word(piece.lower(), around) else numbers.letters(piece)
        return words

    return reads(rf"(?=[A-Za-z0-9]*[{first}])(?=[A-Za-z0-9]*\d)([A-Za-z0-9]{{2,20}}){end}")(read)


_TAIL = r"[^\s<>\"(){}\[\]]{0,400}?"
_END = r"(?=[.,;:!?'*]*(?:[\s<>\"(){}\[\]]|$))"
_DOMAINS = "eu|com|org|net|info|edu|gov|io|uk|de|it|fr|tv|app|dev|html?|pdf|txt|docx?|jpe?g|png"
LONGEST_NUMBER = 4
"""Digits of the longest number that is read as one."""


@dataclass(frozen=True)
class Addresses:
    """Addresses of a language.

    - ``numbers``: words of numbers.
    - ``signs``: names of signs, and words for pieces such as ``www``.
    - ``letters``: all letters, capitals and small letters, each as in a class of characters.
    - ``domains``: ends of addresses without a scheme, beside the common ones, as alternatives.
    - ``is_word``: returns True for a piece in lower case that is read as a word.
    - ``tags``: words for ``#`` and ``@``.
    - ``start``: pattern of how an address without a scheme begins.
    """

    numbers: NumberWords
    signs: Mapping[str, str]
    letters: tuple[str, str, str]
    domains: str
    is_word: Callable[[str, AroundMatch], bool]
    tags: Mapping[str, str]
    start: str = ""

    def spelled(self, text: str, around: AroundMatch, is_tag: bool = False) -> list[str]:
        """Read words as words, the rest letter by letter, signs by their names.

        In a tag, such as ``#MeToo``, all pieces in mixed case are words.
        """
        words: list[str] = []
        every, capitals, small = self.letters
        for piece in re.findall(rf"[{capitals}]?[{small}]+|[{capitals}]+|\d+|[^\w\s]|_|[{every}]+", text):
            low = piece.lower()
            if piece.isdigit():
                words += self.numbers.whole(piece) if len(piece) <= LONGEST_NUMBER else self.numbers.digits(piece)
            elif low in self.signs or not piece[0].isalpha():
                words += self.signs.get(low, "").split()
            else:
                is_word = self.is_word(low, around) or (is_tag and not piece.isupper())
                words += [low] if is_word else self.numbers.letters(piece)
        return words

    @property
    def chunk_rules(self) -> list[Rule]:
        """Rules of ``https://wetter.com``, which is read without its scheme, ``max@example.de`` and ``wetter.de``."""

        def read(match: re.Match[str], around: AroundMatch) -> Reading:
            return self.spelled(match["rest"].rstrip("/"), around)

        return reads(
            rf"(?:https?|ftp)://(?P<rest>[^\s/]{_TAIL}){_END}",
            rf"(?P<rest>www\.\w{_TAIL}){_END}",
            r"(?P<rest>[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,6})",
            rf"{self.start}(?P<rest>(?:[A-Za-z0-9-]{{1,63}}\.){{1,6}}(?:{self.domains}|{_DOMAINS})(?![\w-])"
            rf"(?:[/?]{_TAIL})?){_END}",
        )(read)

    @property
    def tag_rules(self) -> list[Rule]:
        """Rules of ``#Energiewende`` and ``@tagesschau``."""

        def read(match: re.Match[str], around: AroundMatch) -> Reading:
            return [self.tags[match[1]], *self.spelled(match[2], around, is_tag=True)]

        return reads(rf"([#@])(?=\w*[{self.letters[0]}])(\w{{2,60}})")(read)
