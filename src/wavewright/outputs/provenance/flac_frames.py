"""Frames of a FLAC file: they fill it to its last byte, and hold as many samples as it announces.

References
----------
RFC 9639, "Free Lossless Audio Codec (FLAC)".
"""

from __future__ import annotations

import mmap
import re
from dataclasses import dataclass
from functools import cache
from typing import BinaryIO

import numpy as np

from ...audio.file_formats.flac import StreamInformation, seek_points, stream_information

FIXED, VARIABLE = b"\xff\xf8", b"\xff\xf9"
SYNC = re.compile(rb"\xff[\xf8\xf9]")
"""First bytes of a frame, by whether all blocks have one size."""

CRC_16 = 0x18005  # x^16 + x^15 + x^2 + 1
CRC_16_PERIOD = 2**15 - 1  # of the powers of x modulo that
CRC_8 = 0x107  # x^8 + x^2 + x + 1
MAX_FRAME_BYTES = 2**23
MAX_FALSE_STARTS = 16
"""Bytes in a frame that look like the start of the next one; of a billion frames, none has so many by chance."""

BLOCK_SIZES = {1: 192, **{code: 576 << (code - 2) for code in range(2, 6)}}
BLOCK_SIZES |= {code: 256 << (code - 8) for code in range(8, 16)}
RATES_HZ = (0, 88_200, 176_400, 192_000, 8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000)
BITS = {0: 0, 1: 8, 2: 12, 4: 16, 5: 20, 6: 24, 7: 32}
MAX_STEREO_MODE = 10


@dataclass(frozen=True)
class _Header:
    """Header of a frame: its number or that of its first sample, its samples, and its format (0: as the stream)."""

    number: int
    n_samples: int
    rate: int
    n_channels: int
    bits: int


def n_samples(file: BinaryIO) -> int:
    """Return the samples of one channel of all frames.

    Raises ValueError with the end of a sentence, if anything lies between, behind or within the frames that is no
    frame, one is missing or of another format, or the file announces another number of samples.
    """
    points = seek_points(file)
    stream = stream_information(file)
    first = start = file.tell()
    total, n_points = 0, 0
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as contents:
        number, end = 0, len(contents)
        sync = contents[start : start + 2]
        if sync not in (FIXED, VARIABLE):
            raise ValueError("its sound does not start with a frame")
        while start < end:
            header = _header(contents[start : start + 16])
            if header is None or header.number != number or contents[start : start + 2] != sync:
                raise ValueError("something in it is no frame, or a frame is missing")
            if n_points < len(points) and points[n_points] == (total, start - first, header.n_samples):
                n_points += 1
            total += header.n_samples
            number = total if sync == VARIABLE else number + 1
            frame_start, start = start, _end_of_frame(contents, start)
            _check_frame(stream, header, start - frame_start, start == end)
    if sync == FIXED and len(set(stream.block_samples)) > 1:
        raise ValueError("it announces blocks of one size and of several")
    if n_points < len(points):
        raise ValueError("its table of places shows to no frame, or back")
    if stream.n_samples not in (0, total):
        raise ValueError(f"it announces {stream.n_samples} samples, and its frames hold {total}")
    return total


def _check_frame(stream: StreamInformation, header: _Header, n_bytes: int, is_last: bool) -> None:
    """Raise ValueError for a frame of another format or another length than the file announces."""
    frame_format = (header.rate or stream.sample_rate, header.n_channels, header.bits or stream.bits)
    if frame_format != (stream.sample_rate, stream.n_channels, stream.bits):
        raise ValueError("one of its frames is of another format than it announces")
    smallest, largest = stream.block_samples
    if header.n_samples > largest or (header.n_samples < smallest and not is_last):
        raise ValueError("one of its blocks is smaller or larger than it announces")
    shortest, longest = stream.frame_bytes
    if n_bytes < shortest or n_bytes > longest > 0:
        raise ValueError("one of its frames is shorter or longer than it announces")


def _end_of_frame(contents: mmap.mmap, start: int) -> int:
    """Return where the frame at a position ends: at the next frame or the end of the file, with its checksum right.

    Whatever a decoder could take for a frame counts as one: two frames together have a right checksum, too.
    """
    limit = min(len(contents), start + MAX_FRAME_BYTES)
    n_starts = 0
    for match in SYNC.finditer(contents, start + 2, limit):
        position = match.start()
        if _header(contents[position : position + 16]) is None:
            continue
        if _remainder(contents[start:position]) == 0:
            return position
        n_starts += 1
        if n_starts > MAX_FALSE_STARTS:
            raise ValueError("it has frames that look like many")
    if limit < len(contents) or _remainder(contents[start:limit]):
        raise ValueError("one of its frames is damaged, or something follows its last one")
    return limit


def _header(content: bytes) -> _Header | None:
    """Return the header at the start of some bytes, None if it is none."""
    if len(content) < 6:
        return None
    size_code, rate_code, channels, bits = content[2] >> 4, content[2] & 15, content[3] >> 4, content[3] >> 1 & 7
    if not size_code or rate_code == 15 or channels > MAX_STEREO_MODE or bits not in BITS or content[3] & 1:
        return None
    number, position = _coded_number(content)
    size_bytes = {6: 1, 7: 2}.get(size_code, 0)
    rate_bytes = {12: 1, 13: 2, 14: 2}.get(rate_code, 0)
    end = position + size_bytes + rate_bytes
    if number is None or len(content) <= end or _crc_8(content[:end]) != content[end]:
        return None
    size = BLOCK_SIZES.get(size_code) or 1 + int.from_bytes(content[position : position + size_bytes])
    rate = int.from_bytes(content[position + size_bytes : end]) * {12: 1_000, 14: 10}.get(rate_code, 1)
    rate = rate if rate_bytes else RATES_HZ[rate_code]
    return _Header(number, size, rate, channels + 1 if channels < 8 else 2, BITS[bits])


def _coded_number(content: bytes) -> tuple[int | None, int]:
    """Return the number that follows the first four bytes, in the way of UTF-8, and where it ends."""
    first = content[4]
    n_ones = 8 - (first ^ 0xFF).bit_length()
    if n_ones == 0:
        return first, 5
    tail = content[5 : 4 + n_ones]
    if n_ones in (1, 8) or len(tail) < n_ones - 1 or any(byte >> 6 != 2 for byte in tail):
        return None, 4
    number = first & ((1 << (7 - n_ones)) - 1) if n_ones < 7 else 0
    for byte in tail:
        number = number << 6 | byte & 0x3F
    return number, 4 + n_ones


def _crc_8(content: bytes) -> int:
    value = 0
    for byte in content:
        value ^= byte
        for _ in range(8):
            value = value << 1 ^ (CRC_8 if value & 0x80 else 0)
    return value


def _remainder(content: bytes) -> int:
    """Return the remainder of the polynomial of some bytes; 0 if the last two are the checksum of the others.

    Null bytes may follow, which no decoder takes for a frame.
    """
    bits = np.unpackbits(np.frombuffer(content, np.uint8)[::-1], bitorder="little")
    powers = np.resize(_powers(), bits.size)
    return int(np.bitwise_xor.reduce(powers[bits.view(bool)], initial=0))


@cache
def _powers() -> np.ndarray:
    """Return one period of the powers of x modulo the polynomial of the checksum, ``(2**15 - 1,)``."""
    powers = np.empty(CRC_16_PERIOD, np.uint16)
    value = 1
    for index in range(CRC_16_PERIOD):
        powers[index] = value
        value = value << 1 ^ (CRC_16 if value & 0x8000 else 0)
    return powers
