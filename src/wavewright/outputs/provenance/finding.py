"""Find the records of a sound file: in its metadata and beside it."""

from __future__ import annotations

import os
from pathlib import Path

from ...base.names import MAX_NAME_BYTES
from . import tags
from .envelope import MAX_BYTES, Envelope

SIDE_SUFFIX = ".provenance.json"
SEVERAL = b"several"  # instead of the texts
IN_FILE, BESIDE, IN_MANIFEST = "in the file", "beside it", "in the C2PA manifest"


def side_file_of(path: Path) -> Path:
    """Return the file beside a sound file for its record."""
    return path.with_name(path.name + SIDE_SUFFIX)


def envelopes(path: Path) -> dict[str, bytes]:
    """Return the unchecked texts of the records of a sound file, by where they are."""
    found = {}
    inside = tags.read(path)
    if inside:  # programs differ in which of several they read, so that none of them counts
        found[IN_FILE] = inside[0] if len(inside) == 1 else SEVERAL
    side_file = side_file_of(path)
    if len(os.fsencode(side_file.name)) <= MAX_NAME_BYTES and side_file.is_file():  # which raises if it is longer
        with side_file.open("rb") as file:
            found[BESIDE] = file.read(MAX_BYTES + 1)
    return found


def authentic(text: bytes | None) -> Envelope | None:
    """Return an envelope if its signature is that of its record, else None."""
    try:
        envelope = Envelope.parse(text or b"")
    except ValueError:
        return None
    return envelope if envelope.is_authentic() else None
