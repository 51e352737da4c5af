"""Read text from standard input, up to a maximum length."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from ..errors import BadText, SkippedText

MOST_BYTES_A_CHARACTER = 4  # in UTF-8
MARK_BYTES = 3  # of a byte order mark

MOST_LINE_BYTES = 2**22
"""Longest line, and longest markup that is read as a whole."""


def read_text(source: BinaryIO, most_characters: int, advice: str) -> str:
    """Read a text to its end; raise BadText where it is not UTF-8 and, with ``advice``, where it is too long."""
    most_bytes = MOST_BYTES_A_CHARACTER * most_characters + MARK_BYTES
    contents = source.read(most_bytes + 1)
    text = decoded(contents) if len(contents) <= most_bytes else None
    if text is None or len(text) > most_characters:
        n_characters = f"more than {most_characters:,}" if text is None else f"{len(text):,}"
        raise BadText(f"The text has {n_characters} characters, and {most_characters:,} fit into one clip; {advice}.")
    return text


def read_lines(source: BinaryIO, strict: bool = False) -> Iterator[str]:
    """Yield lines as they arrive.

    Bytes that are no UTF-8 are left out of all lines but the first, with a SkippedText warning, unless ``strict``.

    Raises
    ------
    BadText
        For a line that is too long, and for the first line, or with ``strict`` any line, that is no UTF-8.
    """
    number = 0
    while line := source.readline(MOST_LINE_BYTES + 1):
        number += 1
        if len(line) > MOST_LINE_BYTES:
            raise BadText(
                f"Line {number} of standard input has more than {MOST_LINE_BYTES:,} bytes; break the text into lines."
            )
        yield decoded(line, number, keeps_going=number > 1 and not strict)


def joined(parts: Iterable[str]) -> str:
    """Join the lines of a text that can only be read as a whole; raise BadText where it is too long."""
    held: list[str] = []
    n_characters = 0
    for part in parts:
        held.append(part)
        n_characters += len(part)
        if n_characters > MOST_LINE_BYTES:
            raise BadText(
                f"The markup on standard input has more than {MOST_LINE_BYTES:,} characters; give it in several parts."
            )
    return "".join(held)


def decoded(given: bytes, line: int | None = None, keeps_going: bool = False) -> str:
    """Decode UTF-8; raise BadText for other bytes or, with ``keeps_going``, warn and skip them."""
    try:
        return given.decode("utf-8-sig" if line in (None, 1) else "utf-8")
    except UnicodeDecodeError as error:
        where = f"byte {error.start}" if line is None else f"line {line}, byte {error.start}"
        if keeps_going:
            warnings.warn(
                f"Skipped bytes that are no UTF-8 ({where}); convert the text to UTF-8.", SkippedText, stacklevel=2
            )
            return given.decode("utf-8", "ignore")
        raise BadText(f"What came on standard input is no text in UTF-8 ({where}); convert it to UTF-8.") from error
