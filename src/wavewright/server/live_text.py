"""Text that arrives in pieces, which may cut words, as segments of whole sentences or clauses."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Literal

from ..errors import BadText
from ..text.sentence import Sentence
from .speech_request import BadRequest

Split = Literal["sentence", "clause"]
SPLITS: tuple[Split, ...] = ("sentence", "clause")

_MAY_END = re.compile(r"[^\w\s][\"')\]\u201d\u2019]*\s+\S|\n\s*\n\s*\S")
"""A mark, and the start of what follows: only then is it known that a sentence does not go on."""

_CLAUSE = re.compile(r"[,;:.!?\u2026\u2014][\"')\]\u201d\u2019]*\s+(?=\S)")

Read = Callable[[str], Iterable[Sentence]]
"""Reads a text; what it cannot read is left out."""


class LiveText:
    """A text that a client sends piece by piece.

    Parameters
    ----------
    max_characters : int
        Longest text.
    split : {"sentence", "clause"}
        Ends of segments. Sentences sound like the whole text; clauses come sooner, and each sounds like a sentence.
    """

    def __init__(self, max_characters: int, split: Split = "sentence") -> None:
        self._max_characters = max_characters
        self._split = split
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

    def segments(self, read: Read) -> Iterator[str | None]:
        """Yield the segments as they come, None where there is none yet; called by one thread.

        Parameters
        ----------
        read : callable
            Finds sentences.
        """
        pending = ""
        while True:
            with self._lock:
                arrived, self._arrived = "".join(self._arrived), []
                is_flushed, self._is_flushed = self._is_flushed, False
                has_ended = self._has_ended
            pending += arrived
            end = len(pending) if has_ended or is_flushed else self._end_of_whole(pending, read) if arrived else 0
            if end:
                yield pending[:end]
                pending = pending[end:]
            if has_ended:
                return
            if not end:
                yield None

    def _end_of_whole(self, text: str, read: Read) -> int:
        """Return the position up to which a text has whole sentences or clauses, 0 if it has none."""
        if self._split == "clause":
            ends = [match.end() for match in _CLAUSE.finditer(text)]
            return ends[-1] if ends else 0
        if not _MAY_END.search(text):
            return 0
        try:
            starts = [sentence.start for sentence in read(text)]
        except BadText:
            return 0
        return starts[-1] if len(starts) > 1 else 0
