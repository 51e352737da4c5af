"""Write a file whole or not at all: beside its place first, then into it in one step."""

from __future__ import annotations

import os
from pathlib import Path


def write_whole(path: Path, contents: bytes) -> None:
    """Write ``contents`` to ``path``; where that fails (a full disk, an interruption), what was there stays as it was."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with temporary.open("wb") as file:
            file.write(contents)
            file.flush()
            os.fsync(file.fileno())  # or a power cut could leave the new name with the old disk's content
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
