"""Read what is spelled or read in groups: IBANs, long numbers, versions, mixtures of letters and digits."""

from __future__ import annotations

import re
from collections.abc import Callable

from ..numerals import NumberWords
from ..rules import AroundMatch, Reading, Rule, reads


def spelled_rules(letters: Callable[[str], list[str]], *patterns: str) -> list[Rule]:
    """Return rules whose first group is spelled."""

    def read(match: re.Match[str], _around: AroundMatch) -> Reading:
        return letters(match[1])

    return reads(*patterns)(read)


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
