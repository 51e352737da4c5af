"""Sizes in headers of WAV, RF64 and CAF files that were written without knowing them: to a pipe, or until a crash."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from .segments import Segment

PLACEHOLDER_BYTES = 0x7FFF0000
"""Programs that write to a pipe declare about this size, a larger one or 0."""

MAX_BYTES = 2**32 - 1
CAF_HEADER = struct.Struct(">4sq")
CAF_UNKNOWN = -1
DS64_BYTES = 28
MAX_CHUNKS = 1_000


@dataclass(frozen=True)
class OpenEnded:
    """A file whose header does not say how much sound follows.

    - ``segments``: the file with the right sizes, if a decoder needs them.
    """

    segments: Sequence[Segment] | None = None


def scan(path: Path) -> OpenEnded | None:
    """Return what a decoder has to read of a file without sizes; None if its header states them."""
    with path.open("rb") as file:
        magic = file.read(4)
        n_bytes = file.seek(0, 2)
        try:
            if magic in (b"RIFF", b"RF64"):
                return _scan_riff(file, magic, n_bytes)
            return _scan_caf(file, n_bytes) if magic == b"caff" else None
        except struct.error:
            return None


def is_placeholder(declared: int, actual: int) -> bool:
    """Return True if a size that was declared for so many bytes is one that says nothing."""
    return declared >= PLACEHOLDER_BYTES > actual or declared == MAX_BYTES


def _scan_riff(file: BinaryIO, magic: bytes, n_bytes: int) -> OpenEnded | None:
    position = 12
    ds64 = None
    for _ in range(MAX_CHUNKS):
        file.seek(position)
        name, size = struct.unpack("<4sI", file.read(8))
        if name == b"ds64":
            ds64 = position + 8
        if name == b"data":
            break
        position += 8 + size + size % 2
    else:
        return None
    start = position + 8
    n_data = n_bytes - start
    if magic == b"RF64" and ds64 is not None:
        file.seek(ds64 + 8)
        (declared,) = struct.unpack("<Q", file.read(8))
        if declared or not n_data:
            return None
        ds64_sizes = struct.pack("<QQQ", n_bytes - 8, n_data, 0)
        return OpenEnded(((0, ds64), ds64_sizes, (ds64 + 24, n_bytes)))
    if is_placeholder(size, n_data):
        return OpenEnded()
    if size or not n_data or _are_chunks(file, start, n_bytes):
        return None
    sizes = [struct.pack("<I", min(n, MAX_BYTES)) for n in (n_bytes - 8, n_data)]
    return OpenEnded(((0, 4), sizes[0], (8, position + 4), sizes[1], (start, n_bytes)))


def _are_chunks(file: BinaryIO, position: int, end: int) -> bool:
    """Return True if chunks fill a file from a position on: then there is no sound in it."""
    while position < end:
        file.seek(position)
        header = file.read(8)
        if len(header) < 8:
            return False
        name, size = struct.unpack("<4sI", header)
        if not all(0x20 <= byte < 0x7F for byte in name):
            return False
        position += 8 + size + size % 2
    return position in (end, end + 1)


def _scan_caf(file: BinaryIO, n_bytes: int) -> OpenEnded | None:
    position = 8
    for _ in range(MAX_CHUNKS):
        file.seek(position)
        name, size = CAF_HEADER.unpack(file.read(CAF_HEADER.size))
        if name == b"data":
            break
        if size < 0:
            return None
        position += CAF_HEADER.size + size
    else:
        return None
    if size != CAF_UNKNOWN:
        return None
    start = position + CAF_HEADER.size
    return OpenEnded(((0, position), CAF_HEADER.pack(b"data", n_bytes - start), (start, n_bytes)))
