"""Read text from standard input, up to a maximum length."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from ..base.errors import BadText, SkippedText

MAX_BYTES_PER_CHARACTER = 4  # in UTF-8
BYTE_ORDER_MARK_BYTES = 3

MAX_LINE_BYTES = 2**22
"""Longest line, and longest markup that is read as a whole."""


EPUB = "an EPUB"
_STARTS = (
    (b"%PDF", "a PDF"),
    (b"{\\rtf", "RTF"),
    (b"\x1f\x8b", "compressed by gzip"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
    (b"\xd0\xcf\x11\xe0", "a document of an older Word"),
    (b"\x7fELF", "a program"),
)
_IN_ZIP = (
    (b"application/epub+zip", EPUB),
    (b"word/", "a document of Word"),
    (b"application/vnd.oasis.opendocument", "an OpenDocument"),
)
START_BYTES = 2048


def document_format(start: bytes) -> str:
    """Return what a file is whose first bytes are no plain text, such as ``an EPUB``; empty for others."""
    if start.startswith(b"PK\x03\x04"):
        return next((name for mark, name in _IN_ZIP if mark in start), "a zip archive")
    if start[60:68] == b"BOOKMOBI":
        return "a Kindle book"
    if b"<FictionBook" in start:
        return "a FictionBook"
    return next((name for mark, name in _STARTS if start.startswith(mark)), "")


def read_text(source: BinaryIO, most_characters: int, advice: str) -> str:
    """Read a text to its end.

    - ``source``: Bytes in UTF-8.
    - ``most_characters``: maximum length of the text; not much more is read.
    - ``advice``: end of the message for a text that is too long.
    - returns: the text without its byte order mark.

    Raises BadText if the text is not UTF-8 or too long.
    """
    most_bytes = MAX_BYTES_PER_CHARACTER * most_characters + BYTE_ORDER_MARK_BYTES
    contents = source.read(most_bytes + 1)
    text = decode_utf8(contents) if len(contents) <= most_bytes else None
    if text is None or len(text) > most_characters:
        n_characters = f"more than {most_characters:,}" if text is None else f"{len(text):,}"
        raise BadText(f"The text has {n_characters} characters, and {most_characters:,} fit into one clip; {advice}.")
    return text


def read_lines(source: BinaryIO, strict: bool = False) -> Iterator[str]:
    """Read a text line by line.

    - ``source``: Bytes in UTF-8.
    - ``strict``: refuse bytes that are not UTF-8 in every line, not only in the first. Otherwise they are skipped with
      a `SkippedText` warning.
    - returns: each line as it arrives, with its line break.

    Raises BadText if a line is too long, or not UTF-8.
    """
    number = 0
    while line := source.readline(MAX_LINE_BYTES + 1):
        number += 1
        if len(line) > MAX_LINE_BYTES:
            raise BadText(
                f"Line {number} of standard input has more than {MAX_LINE_BYTES:,} bytes; break the text into lines."
            )
        yield decode_utf8(line, number, skip_errors=number > 1 and not strict)


def join_lines(lines: Iterable[str]) -> str:
    """Join the lines of a text that can only be read as a whole; raise BadText if it is too long."""
    pending: list[str] = []
    n_characters = 0
    for line in lines:
        pending.append(line)
        n_characters += len(line)
        if n_characters > MAX_LINE_BYTES:
            raise BadText(
                f"The markup on standard input has more than {MAX_LINE_BYTES:,} characters; split it into several."
            )
    return "".join(pending)


def decode_utf8(content: bytes, line: int | None = None, skip_errors: bool = False) -> str:
    """Decode a line of UTF-8, by its number from 1, or a whole text; leave the byte order mark out.

    Raises BadText for other bytes, or skips them with a `SkippedText` warning.
    """
    try:
        return content.decode("utf-8-sig" if line in (None, 1) else "utf-8")
    except UnicodeDecodeError as error:
        position = f"byte {error.start}" if line is None else f"line {line}, byte {error.start}"
        if skip_errors:
            warnings.warn(
                f"Skipped bytes that are not UTF-8 ({position}); convert the text to UTF-8.", SkippedText, stacklevel=2
            )
            return content.decode("utf-8", "ignore")
        kind = document_format(content[:START_BYTES]) if line in (None, 1) else ""
        if kind:
            advice = "narrate it from a file" if kind == EPUB else "convert it to plain text or HTML first"
            raise BadText(f"The text on standard input is {kind}; {advice}.") from error
        raise BadText(f"The text on standard input is not UTF-8 ({position}); convert it to UTF-8.") from error
