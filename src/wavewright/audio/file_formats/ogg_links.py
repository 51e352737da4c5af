"""The links of a chained Ogg file, streams that follow each other (RFC 3533, section 4), and whether it was cut."""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from pathlib import Path

from .ogg import FIRST, HEADER

MAGIC = b"OggS"


@dataclass(frozen=True)
class OggLinks:
    """The links of a file.

    - ``spans``: first byte of each link, and the byte after its last whole page.
    - ``is_cut``: the file ends in the middle of a page.
    - ``n_skipped``: Bytes between pages.
    """

    spans: tuple[tuple[int, int], ...]
    is_cut: bool
    n_skipped: int

    def is_whole(self, n_bytes: int) -> bool:
        """Return True if a file of so many bytes is one link and nothing else."""
        return self.spans == ((0, n_bytes),)


def scan(path: Path) -> OggLinks:
    """Return the links of a file that starts as an Ogg file does."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        spans: list[tuple[int, int]] = []
        start, position, n_skipped = 0, 0, 0
        in_headers = True  # the first pages of the streams of a link precede all others
        is_cut = False
        while position < len(data):
            n_bytes = _page_bytes(data, position)
            if not n_bytes:
                following = data.find(MAGIC, position + 1)
                is_cut = following < 0 and data[position : position + 4] == MAGIC
                if following < 0:
                    n_skipped += 0 if is_cut else len(data) - position
                    break
                n_skipped += following - position
                position = following
                continue
            is_first = bool(data[position + 5] & FIRST)
            if is_first and not in_headers:
                spans.append((start, position))
                start = position
            in_headers = is_first
            position += n_bytes
        spans.append((start, position))
    return OggLinks(tuple(spans), is_cut, n_skipped)


def _page_bytes(data: mmap.mmap, position: int) -> int:
    """Return the length of the whole page at a position, 0 if there is none."""
    header = data[position : position + HEADER.size]
    if len(header) < HEADER.size or header[:4] != MAGIC:
        return 0
    lacing = data[position + HEADER.size : position + HEADER.size + header[26]]
    n_bytes = HEADER.size + len(lacing) + sum(lacing)
    return n_bytes if len(lacing) == header[26] and position + n_bytes <= len(data) else 0
