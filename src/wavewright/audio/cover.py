"""Covers: pictures of sound files that players show."""

from __future__ import annotations

from pathlib import Path

from ..base.errors import BadSetting
from .file_formats.metadata import Picture

FRONT_COVER = 3
IMAGES = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png"}
"""Types of covers that players show, by their first bytes."""

MAX_COVER_BYTES = 2**24


def image_type(content: bytes) -> str:
    """Return the MIME type of a picture that players show, empty for anything else."""
    return next((mime for start, mime in IMAGES.items() if content.startswith(start)), "")


def cover_of(content: bytes) -> tuple[Picture, ...]:
    """Return a picture as a cover, nothing of one that players do not show."""
    kind = image_type(content)
    return (Picture(FRONT_COVER, kind, "", content),) if kind else ()


def read_cover(path: Path) -> bytes:
    """Return the bytes of a cover; raise BadSetting if it cannot be read, is too large, or is no JPEG or PNG."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_COVER_BYTES + 1)
    except OSError as error:
        raise BadSetting(f"The cover {path} cannot be read ({error.strerror}); check the path.") from error
    if len(content) > MAX_COVER_BYTES:
        raise BadSetting(f"The cover {path} has more than {MAX_COVER_BYTES // 2**20} MiB; make it smaller.")
    if not image_type(content):
        raise BadSetting(f"The cover {path} is neither JPEG nor PNG; convert it.")
    return content
