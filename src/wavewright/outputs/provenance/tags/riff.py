"""A chunk of its own in a WAV or RF64 file."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

from ....audio.wav_chunks import append_chunk, chunks

CHUNK = b"prov"
HEADER_BYTES = 8  # of a chunk
COPY_BYTES = 2**20  # at a time
MAX_CHUNK_BYTES = 2**20


def read(file: BinaryIO) -> list[bytes]:
    """Return the contents of the chunks; raise ValueError for a damaged file."""
    try:
        return [file.read(min(n_bytes, MAX_CHUNK_BYTES)) for name, n_bytes in chunks(file) if name == CHUNK]
    except struct.error as error:
        raise ValueError("it breaks off") from error


def write(source: BinaryIO, target: BinaryIO, value: bytes) -> None:
    """Copy a file with the chunk at its end instead of those that it has; raise ValueError for a damaged file."""
    try:
        old = list(_found(source))
    except struct.error as error:
        raise ValueError("it breaks off") from error
    position = 0
    for start, n_bytes in [*old, (source.seek(0, 2), 0)]:
        _copy(source, target, position, start)
        position = start + HEADER_BYTES + n_bytes + n_bytes % 2
    if not append_chunk(target, CHUNK + struct.pack("<I", len(value)) + value + bytes(len(value) % 2)):
        raise ValueError("it is no WAV file")


def _found(file: BinaryIO) -> Iterator[tuple[int, int]]:
    """Yield where each chunk of ours starts, and the length of its content."""
    for name, n_bytes in chunks(file):
        if name == CHUNK:
            yield file.tell() - HEADER_BYTES, n_bytes


def _copy(source: BinaryIO, target: BinaryIO, start: int, end: int) -> None:
    source.seek(start)
    while block := source.read(min(COPY_BYTES, end - source.tell())):
        target.write(block)
