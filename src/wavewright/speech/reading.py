"""Texts read before they are spoken: the line that cannot be read is named."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ..errors import BadText
from ..text.sentence import Sentence

Read = Callable[[str], Iterable[Sentence]]
"""A text to its sentences; raises BadText for what cannot be read."""


@dataclass(frozen=True)
class Place:
    """Where lines stand: the name of what they are part of, the number of the first one, and what they lie in, where it has a name."""

    source: str
    first: int
    inside: str = ""

    def line(self, number: int) -> str:
        """What the line is called that comes ``number`` lines behind the first."""
        return f"{self.source}, line {self.first + number}{f' ({self.inside})' if self.inside else ''}"


def check_lines(text: str, lines: Sequence[str], place: Place, read: Read) -> None:
    """Read a ``text`` and forget it; raises BadText with the first of its ``lines`` that cannot be read.

    What has no letter or digit is not read.
    """
    try:
        _check(text, read)
    except BadText as error:
        for number, line in enumerate(lines):
            try:
                _check(line, read)
            except BadText as found:
                raise BadText(f"{place.line(number)}: {found}") from error
        raise BadText(f"{place.line(0)}: {error}") from error


def has_something(text: str) -> bool:
    """Whether there is a letter or digit in a text."""
    return any(character.isalnum() for character in text)


def _check(text: str, read: Read) -> None:
    if has_something(text):
        for _ in read(text):
            pass
