"""Sizes in headers of WAV, RF64 and CAF files that were written without knowing them: to a pipe, or until a crash."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ..wav_chunks import WAV_MAGIC, chunks
from .segments import Segment

PLACEHOLDER_BYTES = 0x7FFF0000
"""Programs that write to a pipe declare about this size, a larger one or 0."""

MAX_BYTES = 2**32 - 1
CAF_HEADER = struct.Struct(">4sq")
CAF_UNKNOWN = -1
DS64_BYTES = 28
MAX_CHUNKS = 1_000


@dataclass(frozen=True)
class OtherHeader:
    """A file whose header libsndfile would not read rightly.

    - ``segments``: the file with the right header, if a decoder needs one.
    - ``is_open_ended``: the header does not say how much sound follows.
    """

    segments: Sequence[Segment] | None = None
    is_open_ended: bool = True


def scan(path: Path) -> OtherHeader | None:
    """Return what a decoder has to read of a file without sizes, or in 64 bits; None if it reads it as it is."""
    with path.open("rb") as file:
        magic = file.read(4)
        n_bytes = file.seek(0, 2)
        try:
            if magic in WAV_MAGIC:
                return _scan_riff(file, magic, n_bytes)
            return _scan_caf(file, n_bytes) if magic == b"caff" else None
        except struct.error:
            return None


def frames_of_fact(path: Path) -> int | None:
    """Return the samples of one channel that the chunk ``fact`` of a WAV file states, None without one."""
    with path.open("rb") as file:
        try:
            for name, n_bytes in chunks(file):
                if name == b"fact" and n_bytes >= 4:
                    return int.from_bytes(file.read(4), "little") or None
        except struct.error:
            pass
    return None


def is_placeholder(declared: int, actual: int) -> bool:
    """Return True if a size that was declared for so many bytes is one that says nothing."""
    return declared >= PLACEHOLDER_BYTES > actual or declared == MAX_BYTES


def _scan_riff(file: BinaryIO, magic: bytes, n_bytes: int) -> OtherHeader | None:
    position, size, n_chunks = 12, 0, 0
    starts: dict[bytes, tuple[int, int]] = {}
    has_odd_chunk = False
    while b"data" not in starts:
        if position > n_bytes or n_chunks > MAX_CHUNKS:
            return None
        file.seek(position)
        name, size = struct.unpack("<4sI", file.read(8))
        end = position + 8 + size + size % 2
        starts.setdefault(name, (position, end))
        n_chunks += 1
        has_odd_chunk |= bool(size % 2) and name != b"data"
        position = end
    position = starts[b"data"][0]
    form, ds64 = starts.get(b"fmt "), starts[b"ds64"][0] + 8 if b"ds64" in starts else None
    start = position + 8
    n_data = n_bytes - start
    if magic != b"RIFF" and ds64 is not None:
        file.seek(ds64 + 8)
        (declared,) = struct.unpack("<Q", file.read(8))
        if declared and form and (magic == b"BW64" or has_odd_chunk):
            return _in_64_bits(form, declared, (start, min(n_bytes, start + declared)))
        if declared or not n_data:
            return None
        ds64_sizes = struct.pack("<QQQ", n_bytes - 8, n_data, 0)
        return OtherHeader(((0, ds64), ds64_sizes, (ds64 + 24, n_bytes)))
    if is_placeholder(size, n_data):
        return OtherHeader()
    if form and size and has_odd_chunk:  # as samplers write before the sound, at which libsndfile loses its place
        head = struct.pack("<4sI4s", b"RIFF", min(4 + form[1] - form[0] + 8 + size, MAX_BYTES), b"WAVE")
        sound = (position, min(n_bytes, start + size))
        return OtherHeader((head, form, sound), is_open_ended=False)
    if size or not n_data or _are_chunks(file, start, n_bytes):
        return None
    sizes = [struct.pack("<I", min(n, MAX_BYTES)) for n in (n_bytes - 8, n_data)]
    return OtherHeader(((0, 4), sizes[0], (8, position + 4), sizes[1], (start, n_bytes)))


def _in_64_bits(form: tuple[int, int], n_declared: int, sound: tuple[int, int]) -> OtherHeader:
    """Return an RF64 file of a format and the sound: libsndfile does not know BW64, and in RF64 skips no pad bytes."""
    n_riff = 4 + 36 + form[1] - form[0] + 8 + n_declared
    sizes = struct.pack("<4sIQQQI", b"ds64", 28, n_riff, n_declared, 0, 0)
    head = b"RF64\xff\xff\xff\xffWAVE" + sizes
    return OtherHeader((head, form, b"data\xff\xff\xff\xff", sound), is_open_ended=False)


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


def _scan_caf(file: BinaryIO, n_bytes: int) -> OtherHeader | None:
    position = 8
    for _ in range(MAX_CHUNKS):
        file.seek(position)
        name, size = CAF_HEADER.unpack(file.read(CAF_HEADER.size))
        if name == b"data":
            break
        if not 0 <= size <= n_bytes - position:
            return None
        position += CAF_HEADER.size + size
    else:
        return None
    if size != CAF_UNKNOWN:
        return None
    start = position + CAF_HEADER.size
    return OtherHeader(((0, position), CAF_HEADER.pack(b"data", n_bytes - start), (start, n_bytes)))
