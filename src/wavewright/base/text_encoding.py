"""The encodings of texts of other programs."""

from __future__ import annotations

import warnings
from pathlib import Path

from .errors import SkippedText

MIN_ZEROS = 0.05
"""Fraction of the bytes that are zeros from which on a text may be UTF-16."""


def decoded(contents: bytes) -> tuple[str, str]:
    """Return a text, and the name of its encoding if that was guessed, else an empty text.

    UTF-16 without its mark is known by its zeros. What is neither is taken for Windows-1252, of which Latin-1 is a
    part. Raises UnicodeDecodeError if it is no text.
    """
    n_zeros = [contents[start::2].count(0) for start in (0, 1)]
    if contents.startswith((b"\xff\xfe", b"\xfe\xff")):
        return contents.decode("utf-16"), ""
    if not all(n_zeros) and sum(n_zeros) > MIN_ZEROS * len(contents):
        return contents.decode("utf-16-le" if n_zeros[1] else "utf-16-be"), "UTF-16"
    try:
        return contents.decode("utf-8-sig"), ""
    except UnicodeDecodeError:
        if any(n_zeros):
            raise
        return contents.decode("cp1252", "replace"), "Windows-1252"


def decoded_text(name: str, contents: bytes) -> str:
    """Return a text as `decoded`, with a warning where its encoding was guessed."""
    text, encoding = decoded(contents)
    for note in note_on(name, encoding):
        warnings.warn(note, SkippedText, stacklevel=3)
    return text


def read_decoded(path: Path, name: str = "") -> str:
    """Return a text file as `decoded_text`, with the line breaks of all systems as one; ``name`` is for messages."""
    return decoded_text(name or str(path), path.read_bytes()).replace("\r\n", "\n").replace("\r", "\n")


def note_on(name: str, encoding: str) -> tuple[str, ...]:
    """Return a line on a file that `decoded` has found not to be UTF-8, no line for UTF-8."""
    return (f"{name} is not UTF-8 and is read as {encoding}; save it as UTF-8 if letters are wrong.",) * bool(encoding)
