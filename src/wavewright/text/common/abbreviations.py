"""Tables of abbreviations, and words that languages spell or read in the same way."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Set

from ..rules import AroundMatch, Reading, Rule, reads, reads_as
from ..tables import alternatives


def form_of(written: str) -> str:
    """Return an abbreviation without spaces."""
    return re.sub(r"\s", "", written)


class Abbreviations:
    """Abbreviations of a language, from rows of a written form, a kind and words.

    - ``words``, ``kinds``: by their forms without spaces.
    - ``any``: pattern of all forms, in which spaces may be missing.
    """

    def __init__(self, rows: Iterable[Iterable[str]]) -> None:
        table = [(*row,) for row in rows]
        self.words = {form_of(written): words.split() for written, _, words in table}
        self.kinds = {form_of(written): kind for written, kind, _ in table}
        self.any = alternatives({written for written, *_ in table}).replace(r"\ ", r"\s?")


def hyphenated_rules(words: Iterable[str], end: str) -> list[Rule]:
    """Return the rules of ``week-end``, one word of those with a hyphen; ``end`` is a pattern of what follows."""
    expression = rf"({alternatives(word for word in words if '-' in word)}){end}"
    return reads(expression, flags=re.IGNORECASE)(reads_as(lambda word: [word.lower()], is_apart=True))


def dotted_rules(acronyms: Set[str], letters: Callable[[str], list[str]], end: str) -> list[Rule]:
    """Return the rules of ``O.N.U.``, which is a word if it is known; initials of a name are letters."""

    def read(match: re.Match[str], around: AroundMatch) -> Reading:
        if not around.is_apart:
            return None
        low = re.sub(r"[.\s]", "", match[1]).lower()
        return [low] if low in acronyms else letters(low)

    return reads(rf"((?:[A-Z]\.\s?){{2,6}}){end}")(read)


def section_rules(one: str, several: str, until: str, whole: Callable[[str], list[str]]) -> list[Rule]:
    """Return the rules of ``§ 5`` and ``§§ 3-5``, by the names of sections and the word between numbers."""

    def read(match: re.Match[str], _around: AroundMatch) -> Reading:
        numbers = [*(whole(match[2]) if match[2] else []), *([until, *whole(match[3])] if match[3] else [])]
        return [several if match[1] == "§§" else one, *numbers]

    return reads(r"(§§?)\s?(\d+)(?:\s?[-–]\s?(\d+))?", r"(§§?)()()")(read)
