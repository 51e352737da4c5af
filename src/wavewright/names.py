"""Validate the names of models, labels, speakers and files, and build file names from them."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from .errors import BadFolder

LONGEST_NAME_BYTES = 255  # in UTF-8; the limit of most file systems
LONGEST_STEM_BYTES = 180  # of file names that are written: leaves room for an ending and a hidden prefix
LONGEST_SHOWN = 60  # characters of a name in a message
LONGEST_QUOTE = 200  # characters of a library's message
RESERVED = {"CON", "PRN", "AUX", "NUL", *(f"{port}{number}" for port in ("COM", "LPT") for number in "123456789¹²³")}
"""Names that Windows reserves for devices, whatever their ending."""


def name_problem(name: str, is_file: bool = False) -> str | None:
    """Return why ``name`` is invalid, as the end of a sentence; None where it is valid.

    A name is one line of printable text of at most LONGEST_NAME_BYTES. It may contain ``/``, as ``Hip-Hop/Rap`` does,
    unless it names a file or model (``is_file``), but it never leads to another folder.
    """
    if not name.strip():
        return "is empty"
    try:
        n_bytes = len(name.encode())
    except UnicodeEncodeError:
        return "is no valid Unicode text"
    if n_bytes > LONGEST_NAME_BYTES:
        return f"has {n_bytes} bytes; a name has at most {LONGEST_NAME_BYTES}"
    control = next((character for character in name if unicodedata.category(character) in ("Cc", "Zl", "Zp")), None)
    if control is not None:
        return f"contains the control character U+{ord(control):04X}; a name is one line of text"
    parts = re.split(r"[/\\]", name)
    if is_file and len(parts) > 1:
        return "contains a path separator; it must be a plain name"
    if not {"", ".", ".."}.isdisjoint(parts):
        return "is a path; it must be a plain name"
    return None


def quoted(name: str) -> str:
    """Return a name for a message: in quotes, control characters escaped, a long one shortened."""
    return repr(name) if len(name) <= LONGEST_SHOWN else f"{name[:LONGEST_SHOWN]!r}..."


def printable(text: str) -> str:
    """Return text from a file or library for a message: on one line and shortened."""
    shown = text if len(text) <= LONGEST_QUOTE else f"{text[:LONGEST_QUOTE]}..."
    return "".join(character if character.isprintable() else "?" for character in shown)


def control_character_in(value: object) -> str | None:
    """Return the first control character in the strings of a JSON value, as ``U+001B``; ignore line breaks and tabs."""
    if isinstance(value, str):
        found = next(
            (character for character in value if unicodedata.category(character) == "Cc" and character not in "\n\t"),
            None,
        )
        return None if found is None else f"U+{ord(found):04X}"
    parts: Iterable[object] = ()
    if isinstance(value, dict):
        parts = (*value.keys(), *value.values())
    elif isinstance(value, list):
        parts = value
    return next((found for part in parts if (found := control_character_in(part)) is not None), None)


def file_stem(*parts: str) -> str:
    """Join ``parts`` to a file name without ending, of characters that every file system allows.

    Letters and digits of all scripts are kept, other characters become ``_``. The result is never hidden, reserved, a
    path or longer than LONGEST_STEM_BYTES; a hash replaces the middle of a longer one.
    """
    stem = "-".join(re.sub(" +", "_", "".join(map(_allowed, part))) for part in parts).rstrip(".")
    if not stem or stem[0] in ".-" or stem.partition(".")[0].upper() in RESERVED:
        stem = f"_{stem}"
    encoded = stem.encode()
    if len(encoded) <= LONGEST_STEM_BYTES:
        return stem
    head, tail = (piece.decode(errors="ignore") for piece in (encoded[:120], encoded[-50:]))
    return f"{head}-{hashlib.sha256(encoded).hexdigest()[:8]}-{tail}"


def _allowed(character: str) -> str:
    """Return the character if every file system allows it, else a space."""
    is_allowed = character.isalnum() or character in "_.+-" or unicodedata.category(character) in ("Mn", "Mc")
    return character if is_allowed else " "


def inside(folder: Path, name: Path | str) -> Path:
    """Return the path ``name`` below ``folder``; raise BadFolder where it lies outside, links resolved."""
    place = folder / name
    leads_out = Path(name).is_absolute() or ".." in Path(name).parts or not Path(name).parts
    if leads_out or not place.parent.resolve().is_relative_to(folder.resolve()):
        raise BadFolder(
            f"{place} would lie outside {folder}; nothing was written: remove the link, or choose another folder."
        )
    return place
