"""Check that text can be read before it is spoken, and group streamed lines into segments of whole sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from ..base.errors import BadText, NothingToSpeak
from ..base.parameters import Markup
from ..text.layout import is_marked
from ..text.markup import MarkupReader
from ..text.pattern import pattern
from ..text.sentence import Sentence
from ..text.skipped import OBJECT
from .subtitles import SENTENCE_ENDS

Read = Callable[[str], Iterable[Sentence]]
"""Returns the sentences of a text; raises BadText for one that cannot be read."""

MAX_PENDING = 10_000
"""Most characters of lines that wait for the end of their sentence."""

_MAY_END = pattern(r"[.!?\u2026\u203d][^\w\s]*\s*$")
_CONTINUATIONS = ("x", "Anna")  # a sentence that has not ended continues with a word or with a name


@dataclass(frozen=True)
class SourceLines:
    """The origin of lines, for messages.

    - ``source``: name of the file or stream.
    - ``first_line``: number of the first line, from 1.
    - ``section``: title of the section that they belong to, or empty.
    - ``unit``: what the numbers count.
    """

    source: str
    first_line: int
    section: str = ""
    unit: str = "line"

    def line_name(self, index: int) -> str:
        """Return the name of the line at an index, such as ``book.txt, line 3 (Chapter 1)``."""
        section = f" ({self.section})" if self.section else ""
        return f"{self.source}, {self.unit} {self.first_line + index}{section}"


def check_lines(text: str, lines: Sequence[str], origin: SourceLines, read: Read) -> bool:
    """Check that a text can be read.

    - ``text``: the text; it is not read if it has no letters and digits.
    - ``read``: reads a text.
    - returns: whether anything in the text is spoken.

    Raises BadText if the text cannot be read; the message has the first line that cannot.
    """
    try:
        return _is_spoken(text, read)
    except BadText as error:
        for index, line in enumerate(lines):
            try:
                _is_spoken(line, read)
            except BadText as line_error:
                raise BadText(f"{origin.line_name(index)}: {line_error}") from error
        raise BadText(f"{origin.line_name(0)}: {error}") from error


def segment_lines(lines: Iterable[str], source: str, read: Read, markup: Markup = "none") -> Iterator[str]:
    """Group the lines of a text, as they come, into segments that each end with a sentence.

    Each segment is read alone as it is in the whole text. It ends with a line whose sentence
    cannot continue in the next line, with an empty line, before an item of a list or after a heading, or with the end
    of the text.

    - ``lines``: lines with their line breaks.
    - ``source``: name of the text in messages.
    - ``read``: reads text without markup.
    - ``markup``: markup of the text.
    - returns: a segment; all segments joined are the text.

    Raises BadText if a line cannot be read.
    """
    reader = MarkupReader(markup)

    def read_ahead(text: str) -> Iterable[Sentence]:
        return read(reader.peek(text).text)

    def checked(segment: list[str], last_line: int) -> str:
        text = "".join(segment)
        check_lines(text, segment, SourceLines(source, last_line + 1 - len(segment)), read_ahead)
        return text

    pending: list[str] = []
    n_characters = 0
    number = 0
    for number, line in enumerate(lines, 1):
        if pending and markup == "none" and _begins_block(line, pending, read):
            yield checked(pending, number - 1)
            pending = []
            n_characters = 0
        pending.append(line)
        n_characters += len(line)
        is_full = not line.strip() or n_characters > MAX_PENDING
        if is_full or (_MAY_END.search(line) and _has_ended("".join(pending), read_ahead)):
            segment = checked(pending, number)
            reader.read(segment)
            yield segment
            pending = []
            n_characters = 0
    if pending:
        yield checked(pending, number)


def _begins_block(line: str, pending: Sequence[str], read: Read) -> bool:
    """Return whether a line of plain text begins an item, a quote or the text after a heading."""
    if not (is_marked(line) or is_marked(pending[-1])):
        return False
    before = "".join(pending)
    try:
        starts = [sentence.start for sentence in read(before + line)]
    except BadText:
        return False
    return any(start >= len(before) and not before[start:].strip() for start in starts)


def has_alphanumeric(text: str) -> bool:
    """Return whether a text has a letter, a digit, or an object that is reported."""
    return any(character.isalnum() or character == OBJECT for character in text)


def _has_ended(text: str, read: Read) -> bool:
    """Return whether the last sentence of a text ends, even if a word in lower case or a name follows.

    A text that cannot be read counts as ended.
    """
    return all(_has_ended_before(continuation, text, read) for continuation in _CONTINUATIONS)


def _has_ended_before(continuation: str, text: str, read: Read) -> bool:
    try:
        *before, last = read(f"{text.rstrip()}\n{continuation}")
    except BadText:
        return True
    return bool(before) and before[-1].words[-1].mark_after in SENTENCE_ENDS and len(last.words) == 1


def _is_spoken(text: str, read: Read) -> bool:
    if not has_alphanumeric(text):
        return False
    try:
        return sum(1 for _ in read(text)) > 0  # reads all sentences, so that each is checked
    except NothingToSpeak:
        return False
