"""The SHA-256 of a file."""

from __future__ import annotations

import hashlib
from pathlib import Path

SHORT_DIGITS = 12


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of the bytes of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def short_hash_of(path: Path) -> str:
    """Return the first digits of the SHA-256 of a file, which tell in a comment whether it is the same file."""
    return sha256_of(path)[:SHORT_DIGITS]
