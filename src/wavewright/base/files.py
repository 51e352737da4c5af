"""The files below a folder, as every command that takes a folder finds them, and the hash of a file."""

from __future__ import annotations

import hashlib
import os
from collections import deque
from collections.abc import Collection
from pathlib import Path

from .result import Failed

SHORT_DIGITS = 12


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of the bytes of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def short_hash_of(path: Path) -> str:
    """Return the first digits of the SHA-256 of a file, which tell in a comment whether it is the same file."""
    return sha256_of(path)[:SHORT_DIGITS]


def files_below(root: Path, suffixes: Collection[str] | None = None) -> list[Path | Failed]:
    """Return the files below a folder, sorted, and a problem for every folder that cannot be opened.

    Hidden files and folders are left out, and linked folders are followed once. A link whose file is missing counts as
    a file.

    - ``suffixes``: endings in lower case; default: files of any.
    """
    failed: list[Failed] = []
    paths: list[Path] = []
    real_root = Path(os.path.realpath(root))
    visited: set[str] = set()
    waiting = deque([root])
    while waiting:
        folder = waiting.popleft()
        real = os.path.realpath(folder)
        # A link to a folder above the root would lead through the whole disk; any other is followed once.
        if real in visited or (folder != root and real_root.is_relative_to(real)):
            continue
        visited.add(real)
        try:
            children = [child for child in os.scandir(folder) if not child.name.startswith(".")]
        except OSError as error:
            failed.append(Failed(folder, f"The folder {folder} cannot be opened ({error.strerror or error})."))
            continue
        for child in children:
            path = folder / child.name
            if child.is_dir(follow_symlinks=False):
                waiting.appendleft(path)
            elif child.is_dir():
                waiting.append(path)  # linked folders last, so that a file is listed under its real path
            elif suffixes is None or path.suffix.lower() in suffixes:
                paths.append(path)
    return [*failed, *sorted(paths, key=lambda path: path.relative_to(root).as_posix())]
