"""Text that arrives in pieces, which may cut words, as segments of whole sentences or clauses."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Literal

from ...base.errors import BadText
from ...base.parameters import Markup
from ...text.markup import MarkupReader
from ...text.sentence import Sentence
from ...text.ssml import looks_like_ssml
from .speech_request import BadRequest

Split = Literal["sentence", "clause"]
SPLITS: tuple[Split, ...] = ("sentence", "clause")

_MAY_END = re.compile(r"[^\w\s][\"')\]\u201d\u2019]*\s+\S|\n\s*\S|>\s*[^\s<]")
"""A mark or a line break, and the start of what follows: only then is it known that a sentence does not go on."""

_LINE_MARKS = re.compile(r"(?:^|(?<=\n))(?:[^\w\n]|\d{1,3}[.)]|[A-Za-z]\)|\[[ xX]\])*$")
"""Characters that may precede the first word of a line: the marks of lists, headings and quotes."""

_PAIRED = re.compile(r"\*\*|\*|__|~~|`+|[\[\]()]")
"""Marks of Markdown that stand in pairs within a sentence."""

_CLAUSE = re.compile(r"[,;:.!?\u2026\u2014][\"')\]\u201d\u2019]*\s+(?=\S)")

Read = Callable[[str], Iterable[Sentence]]
"""Reads a text; what it cannot read is left out."""


class LiveText:
    """A text that a client sends piece by piece.

    - ``max_characters``: longest text.
    - ``split``: ends of segments. Sentences sound like the whole text; clauses come sooner, and each sounds like a
      sentence.
    - ``may_be_ssml``: whether a text that starts like SSML is SSML, which can only be read as a whole.
    """

    def __init__(self, max_characters: int, split: Split = "sentence", may_be_ssml: bool = False) -> None:
        self._max_characters = max_characters
        self._split = split
        self._may_be_ssml = may_be_ssml
        self._lock = threading.Lock()
        self._arrived: list[str] = []
        self._n_characters = 0
        self._is_flushed = False
        self._has_ended = False

    @property
    def n_characters(self) -> int:
        """Characters so far."""
        return self._n_characters

    def push(self, text: str) -> None:
        """Add a piece; raise BadRequest if the text becomes too long, or has ended."""
        with self._lock:
            if self._has_ended:
                raise BadRequest("The text has ended; open another connection for a further one.", "text")
            self._n_characters += len(text)
            if self._n_characters > self._max_characters:
                raise BadRequest(
                    f"The text has more than {self._max_characters} characters; this server speaks at most so many in "
                    "one connection.",
                    "text",
                    "string_above_max_length",
                )
            self._arrived.append(text)

    def flush(self) -> None:
        """Let what has come be spoken, although it may go on."""
        with self._lock:
            self._is_flushed = True

    def end(self) -> None:
        """Let the text end here."""
        with self._lock:
            self._has_ended = True

    def awaited_ssml(self, is_ssml: bool) -> str | None:
        """Return the text if it is SSML, empty if it is none, None until that is known and the SSML has ended."""
        with self._lock:
            text = "".join(self._arrived)
            may_be = is_ssml or (self._may_be_ssml and text.lstrip("\ufeff \t\r\n")[:1] in ("", "<"))
            if may_be and not self._has_ended:
                return None
        return text if may_be and (is_ssml or looks_like_ssml(text)) else ""

    def segments(self, read: Read, markup: Markup = "none") -> Iterator[str | None]:
        """Yield the segments as they come, None where there is none yet; called by one thread."""
        pending = ""
        reader = MarkupReader(markup)
        while True:
            with self._lock:
                arrived, self._arrived = "".join(self._arrived), []
                is_flushed, self._is_flushed = self._is_flushed, False
                has_ended = self._has_ended
            pending += arrived
            end = len(pending) if has_ended or is_flushed else 0
            if not end and arrived:
                end = self._end_of_whole(pending, reader, read)
            if end:
                reader.read(pending[:end])
                yield pending[:end]
                pending = pending[end:]
            if has_ended:
                return
            if not end:
                yield None

    def _end_of_whole(self, text: str, reader: MarkupReader, read: Read) -> int:
        """Return the position up to which a text has whole sentences or clauses, 0 if it has none."""
        if self._split == "clause":
            ends = [match.end() for match in _CLAUSE.finditer(text)]
        elif not _MAY_END.search(text):
            return 0
        else:
            plain = reader.peek(text)
            try:
                ends = [plain.position(sentence.start) for sentence in read(plain.text)]
            except BadText:
                return 0
        positions = (_before_marks(text, end) for end in reversed(ends))
        return next((end for end in positions if end and _is_closed(text[:end])), 0)


def _before_marks(text: str, position: int) -> int:
    """Return the start of the line if only marks are between it and a position, else the position."""
    start = text.rfind("\n", 0, position) + 1
    return start if _LINE_MARKS.search(text[start:position]) else position


def _is_closed(text: str) -> bool:
    """Return whether no bracket and no mark of emphasis is open at the end of the last line of a text."""
    marks = Counter(_PAIRED.findall(text[text.rfind("\n") + 1 :]))
    is_balanced = marks["["] == marks["]"] and marks["("] <= marks[")"]
    return is_balanced and not any(number % 2 for mark, number in marks.items() if mark not in "[]()*")
