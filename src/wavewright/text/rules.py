"""Rules of reading: a pattern, and the function that returns the words for what it matches."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeVar

from .pattern import Pattern, pattern

NEAR = 40
"""Characters before a match that rules look at: enough for the words before it."""


@dataclass(frozen=True)
class AroundMatch:
    """The text around a match from ``start`` to ``end``; ``knows`` looks a word in lower case up in the dictionary.

    ``LETTERS`` are those of words, ``CLAUSE_ENDS`` the signs that end a clause, both as in a class of characters.
    """

    LETTERS: ClassVar[str] = "A-Za-z'"
    CLAUSE_ENDS: ClassVar[str] = ".!?;:\n"

    text: str
    start: int
    end: int
    knows: Callable[[str], bool]

    @property
    def word_before(self) -> str:
        """The word before the match as it is written; empty if there is none within ``NEAR`` characters."""
        match = _word_before(self.LETTERS).search(self.text, max(0, self.start - NEAR), self.start)
        return match[1] if match else ""

    @property
    def words_before(self) -> list[str]:
        """Up to three words before the match, the nearest last."""
        return re.findall(f"[{self.LETTERS}]+", self.left(NEAR))[-3:]

    @property
    def far_words(self) -> list[str]:
        """Up to six words before the match in its clause, the nearest last."""
        text = self.left(2 * NEAR)
        clause = re.split(rf"[{self.CLAUSE_ENDS}]\s", text)[-1]
        return re.findall(f"[{self.LETTERS}]+", clause)[-6:]

    @property
    def far_before(self) -> list[str]:
        """The same words in lower case."""
        return [word.lower() for word in self.far_words]

    @property
    def is_apart(self) -> bool:
        """True if no letter or digit is directly before the match."""
        return not self.text[self.start - 1 : self.start].isalnum()

    def left(self, size: int) -> str:
        """Return up to ``size`` characters before the match."""
        return self.text[max(0, self.start - size) : self.start]

    def right(self, size: int) -> str:
        """Return up to ``size`` characters after the match."""
        return self.text[self.end : self.end + size]

    @property
    def before(self) -> tuple[int, int]:
        """Start and end of the ``NEAR`` characters before the match."""
        return max(0, self.start - NEAR), self.start

    @property
    def word_after(self) -> str:
        """The word after the match as it is written, or empty."""
        match = _word_after(self.LETTERS).match(self.text, self.end)
        return match[1] if match else ""


@functools.cache
def _word_before(letters: str) -> Pattern:
    return pattern(rf"([{letters}]+)[.,]?\s*$")


@functools.cache
def _word_after(letters: str) -> Pattern:
    return pattern(rf"[\s-]*([{letters}]+)")


Reading = list[str] | None
"""Words in lower case, and names of letters as single capitals."""

A = TypeVar("A", bound=AroundMatch)

RuleOf = tuple[Pattern, Callable[[re.Match[str], A], Reading]]
"""A pattern and the function that reads its match; it returns None where the rule does not apply."""


Rule = RuleOf[AroundMatch]
"""A rule of several languages, or of one that asks nothing of its own about the text around."""


def reads(*patterns: str, flags: int = 0) -> Callable[[Callable[[re.Match[str], A], Reading]], list[RuleOf[A]]]:
    """Turn a function that reads a match into its rules, one for each pattern in their order."""
    return lambda read: [(pattern(expression, flags), read) for expression in patterns]


Reader = Callable[[str], Sequence[str]]
"""Returns the words of a group of a match."""


def reads_as(*words: str | Reader, is_apart: bool = False) -> Callable[[re.Match[str], AroundMatch], Reading]:
    """Return the function of a rule that reads every match as words; each reader among them reads the next group.

    A group that is missing has no words. With ``is_apart`` no letter or digit is before a match.
    """

    def read(match: re.Match[str], around: AroundMatch) -> Reading:
        if is_apart and not around.is_apart:
            return None
        groups = iter(match.groups())
        spoken: list[str] = []
        for word in words:
            if isinstance(word, str):
                spoken.append(word)
            elif (group := next(groups, None)) is not None:
                spoken += word(group)
        return spoken

    return read


def rule(expression: str, *words: str | Reader, is_apart: bool = False) -> Rule:
    """Return the rule of a pattern, see :func:`reads_as`."""
    return pattern(expression), reads_as(*words, is_apart=is_apart)


def named_in(table: Mapping[str, str]) -> Reader:
    """Return the reader of what has its words in a table."""
    return lambda written: table[written].split()


def by_value(read: Callable[[int], list[str]]) -> Reader:
    """Return the reader of digits by the words of their value."""
    return lambda written: read(int(written))
