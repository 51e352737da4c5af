"""ID3 tags around the sound of MP3 files, and a text field in the tag at the start."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

MAGIC = b"ID3"
HEADER_BYTES = 10  # of a tag and of a frame
ID3V1_MAGIC, ID3V1_BYTES = b"TAG", 128
HAS_FOOTER, COMPLICATED = 0x10, 0xE0  # flags: unsynchronisation, extended header, experimental
SYNC = re.compile(rb"\xff[\xe0-\xff]")  # starts a frame of sound
TEXT_FRAME = b"TXXX"
LATIN_1, UTF_8 = 0, 3  # text encodings
NEW_VERSION = 4
MAX_TAG_BYTES = 2**28 - 1


@dataclass(frozen=True)
class Frame:
    """A frame: its name, its flags and its content."""

    name: bytes
    flags: bytes
    content: bytes

    def to_bytes(self, version: int) -> bytes:
        """Return the frame as a tag of a version stores it."""
        size = to_synchsafe(len(self.content)) if version == NEW_VERSION else len(self.content).to_bytes(4)
        return self.name + size + self.flags + self.content


def skip_tags(file: BinaryIO, start: int = 0) -> int:
    """Return the position after the tags that follow each other from a position on."""
    while n_bytes := _tag_bytes(file, start):
        start += n_bytes
    return start


def sound_span(file: BinaryIO) -> tuple[int, int]:
    """Return the first byte of the sound of an MP3 file, and the byte after it; tags lie around it.

    Raise ValueError if the tag at the end could be played.
    """
    end = file.seek(0, 2)
    start = skip_tags(file)
    if end - start >= ID3V1_BYTES:
        file.seek(end - ID3V1_BYTES)
        if file.read(3) == ID3V1_MAGIC:
            end -= ID3V1_BYTES
            if SYNC.search(file.read(ID3V1_BYTES)):
                raise ValueError("the tag at its end looks like sound")
    return min(start, end), end


def read(file: BinaryIO, name: str) -> list[bytes]:
    """Return the values of a text field of the first tag; raise ValueError for a damaged file."""
    _, frames = _frames(file)
    return [value for frame in frames if (value := _value(frame, name)) is not None]


def write(source: BinaryIO, target: BinaryIO, name: str, value: bytes) -> None:
    """Copy a file with a text field of the first tag set.

    Raises ValueError if the tag is damaged or of a kind that is not written, such as ID3v2.2.
    """
    version, frames = _frames(source)
    retained = [frame for frame in frames if _value(frame, name) is None]
    added = Frame(TEXT_FRAME, b"\0\0", bytes([LATIN_1]) + name.encode() + b"\0" + value)
    body = b"".join(frame.to_bytes(version) for frame in (*retained, added))
    if len(body) > MAX_TAG_BYTES:
        raise ValueError("its tag is too long")
    target.write(MAGIC + bytes([version, 0, 0]) + to_synchsafe(len(body)) + body)
    shutil.copyfileobj(source, target)


def _frames(file: BinaryIO) -> tuple[int, list[Frame]]:
    """Return the version and the frames of the first tag, and leave the file behind it; a file may have none."""
    n_bytes = _tag_bytes(file, 0)
    file.seek(0)
    if not n_bytes:
        return NEW_VERSION, []
    tag = file.read(n_bytes)
    version, flags = tag[3], tag[5]
    if len(tag) < n_bytes or version not in (3, NEW_VERSION) or flags & COMPLICATED:
        raise ValueError("its ID3 tag is of a kind that is not written")
    end = len(tag) - (HEADER_BYTES if flags & HAS_FOOTER else 0)
    return version, list(_frames_of(tag[HEADER_BYTES:end], version))


def _frames_of(body: bytes, version: int) -> Iterator[Frame]:
    """Yield frames up to the padding."""
    position = 0
    while position + HEADER_BYTES <= len(body) and body[position] != 0:
        header = body[position : position + HEADER_BYTES]
        n_bytes = synchsafe_of(header[4:8]) if version == NEW_VERSION else int.from_bytes(header[4:8])
        content = body[position + HEADER_BYTES : position + HEADER_BYTES + n_bytes]
        if len(content) < n_bytes:
            raise ValueError("a frame of its ID3 tag breaks off")
        yield Frame(header[:4], header[8:], content)
        position += HEADER_BYTES + n_bytes


def _value(frame: Frame, name: str) -> bytes | None:
    """Return the value of a text frame if it has a name."""
    if frame.name != TEXT_FRAME or frame.content[:1] not in (bytes([LATIN_1]), bytes([UTF_8])):
        return None
    described, separator, value = frame.content[1:].partition(b"\0")
    return value.rstrip(b"\0") if separator and described == name.encode() else None


def _tag_bytes(file: BinaryIO, start: int) -> int:
    """Return the length of the ID3v2 tag at a position, 0 if there is none."""
    file.seek(start)
    header = file.read(HEADER_BYTES)
    is_tag = len(header) == HEADER_BYTES and header[:3] == MAGIC and 0xFF not in header[3:5]
    if not is_tag or any(byte & 0x80 for byte in header[6:]):
        return 0
    return HEADER_BYTES + synchsafe_of(header[6:]) + (HEADER_BYTES if header[5] & HAS_FOOTER else 0)


def synchsafe_of(digits: bytes) -> int:
    """Return the number whose digits of 7 bits are given."""
    if any(byte & 0x80 for byte in digits):
        raise ValueError("a size in its ID3 tag is damaged")
    return sum(byte << (7 * index) for index, byte in enumerate(reversed(digits)))


def to_synchsafe(number: int) -> bytes:
    """Return a size as four bytes of seven bits each."""
    return bytes((number >> shift) & 0x7F for shift in (21, 14, 7, 0))
