"""Texts read before they are spoken: lines become parts that can be spoken, and the line that cannot be read is named."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from ..errors import BadText, NothingToSpeak
from ..text.markup import Markup, MarkupReader
from ..text.sentence import Sentence

Read = Callable[[str], Iterable[Sentence]]
"""A text to its sentences; raises BadText for what cannot be read."""

MOST_HELD = 10_000
"""Characters of lines that wait for the end of their sentence, at most."""

ENDS = (".", "!", "?")
_MAY_END = re.compile(r"[.!?\u2026\u203d][^\w\s]*\s*$")
_NEXT = ("x", "Anna")  # a word and a name: where a sentence can go on, one of them continues it


@dataclass(frozen=True)
class SourceLines:
    """Where lines stand: the name of what they are part of, the number of the first one, and what they lie in, where it has a name."""

    source: str
    first: int
    inside: str = ""

    def line(self, number: int) -> str:
        """What the line is called that comes ``number`` lines behind the first."""
        return f"{self.source}, line {self.first + number}{f' ({self.inside})' if self.inside else ''}"


def check_lines(text: str, lines: Sequence[str], place: SourceLines, read: Read) -> bool:
    """Check that a ``text`` can be read; return whether anything in it is spoken.

    Raises BadText with the first of its ``lines`` that cannot be read. Text without letters and digits is not read.
    """
    try:
        return _check(text, read)
    except BadText as error:
        for number, line in enumerate(lines):
            try:
                _check(line, read)
            except BadText as found:
                raise BadText(f"{place.line(number)}: {found}") from error
        raise BadText(f"{place.line(0)}: {error}") from error


def segment_lines(lines: Iterable[str], source: str, read: Read, markup: Markup = "none") -> Iterator[str]:
    """Parts of a text that comes line by line; joined they are the text, and each is read alone as it is in the whole.

    ``read`` is called with text whose ``markup`` is removed.

    A line is given as soon as its sentence is surely over, whatever the next one holds; an empty line and the end of the text give what is
    held. Raises BadText with the first line that cannot be read, when it comes.
    """
    plain = MarkupReader(markup)

    def read_ahead(text: str) -> Iterable[Sentence]:
        return read(plain.peek(text))

    held: list[str] = []
    n_characters = 0
    for number, line in enumerate(lines, 1):
        held.append(line)
        n_characters += len(line)
        if (
            not line.strip()
            or n_characters > MOST_HELD
            or (_MAY_END.search(line) and _is_over("".join(held), read_ahead))
        ):
            part = _checked(held, number, source, read_ahead)
            plain.read(part)
            yield part
            held, n_characters = [], 0
    if held:
        yield _checked(held, number, source, read_ahead)


def _is_over(text: str, read: Read) -> bool:
    """Return whether the last sentence of a text ends, even if a word in lower case or a name follows.

    A text that cannot be read counts as ended.
    """
    return all(_is_over_before(following, text, read) for following in _NEXT)


def _is_over_before(following: str, text: str, read: Read) -> bool:
    try:
        *before, last = read(f"{text.rstrip()}\n{following}")
    except BadText:
        return True
    return bool(before) and before[-1].words[-1].mark_after in ENDS and len(last.words) == 1


def _checked(held: list[str], last: int, source: str, read: Read) -> str:
    text = "".join(held)
    check_lines(text, held, SourceLines(source, last + 1 - len(held)), read)
    return text


def has_alphanumeric(text: str) -> bool:
    """Whether there is a letter or digit in a text."""
    return any(character.isalnum() for character in text)


def _check(text: str, read: Read) -> bool:
    if not has_alphanumeric(text):
        return False
    try:
        return sum(1 for _ in read(text)) > 0
    except NothingToSpeak:
        return False
