"""A field in the Vorbis comment of a FLAC file, which may start with ID3 tags."""

from __future__ import annotations

import re
import shutil
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from ...base.channel_layouts import PLACES_FIELD, USUAL_PLACES
from .id3 import skip_tags
from .vorbis_comment import VorbisComment

MAGIC = b"fLaC"
STREAM_BLOCK, SEEK_BLOCK, COMMENT_BLOCK, PICTURE_BLOCK = 0, 3, 4, 6
SEEK_POINT = struct.Struct(">QQH")
"""First sample of a frame, its place behind the first frame, and its samples."""

NO_SEEK_POINT = 2**64 - 1
STREAM_BYTES = 34
LAST_BLOCK = 0x80
MAX_BLOCK_BYTES = 2**24 - 1
N_PLACES = 18
"""Places that a bit of a mask has."""

NO_COMMENT = VorbisComment(b"", (), b"")


@dataclass(frozen=True)
class _Block:
    """A metadata block: its kind and content."""

    kind: int
    content: bytes

    def to_bytes(self, is_last: bool) -> bytes:
        if len(self.content) > MAX_BLOCK_BYTES:
            raise ValueError("its comment is too long")
        return bytes([self.kind | (LAST_BLOCK if is_last else 0)]) + len(self.content).to_bytes(3) + self.content


@dataclass(frozen=True)
class StreamInformation:
    """Stream parameters of the first block; ``n_samples`` of one channel, ``frame_bytes`` and ``md5`` are 0 if unknown.

    ``block_samples`` and ``frame_bytes`` are the smallest and the largest; ``md5`` is that of the samples as integers.
    """

    sample_rate: int
    n_channels: int
    bits: int
    n_samples: int
    block_samples: tuple[int, int]
    frame_bytes: tuple[int, int]
    md5: bytes


def stream_information(file: BinaryIO) -> StreamInformation:
    """Read the first block, and leave the file at its first frame; raise ValueError unless there is just one."""
    first, *others = _blocks(file)
    if first.kind != STREAM_BLOCK or len(first.content) != STREAM_BYTES:
        raise ValueError("it does not start with a description of its stream")
    if any(block.kind == STREAM_BLOCK for block in others):
        raise ValueError("it describes its stream twice")
    content = first.content
    fields = int.from_bytes(content[10:18])
    return StreamInformation(
        fields >> 44,
        (fields >> 41 & 7) + 1,
        (fields >> 36 & 31) + 1,
        fields & (1 << 36) - 1,
        (int.from_bytes(content[:2]), int.from_bytes(content[2:4])),
        (int.from_bytes(content[4:7]), int.from_bytes(content[7:10])),
        content[18:],
    )


def seek_points(file: BinaryIO) -> list[tuple[int, int, int]]:
    """Return the points of a seek table: the sample of each, the place of its frame, and the frame's samples.

    Raises ValueError if there are several tables or points that are no points.
    """
    tables = [block.content for block in _blocks(file) if block.kind == SEEK_BLOCK]
    if len(tables) > 1 or any(len(table) % SEEK_POINT.size for table in tables):
        raise ValueError("it has several tables of places, or one that breaks off")
    return [point for point in SEEK_POINT.iter_unpack(b"".join(tables)) if point[0] != NO_SEEK_POINT]


def places(file: BinaryIO) -> int:
    """Return the mask of the places of the channels; raise ValueError if the comments say it in an unusual way."""
    n_channels = stream_information(file).n_channels
    comments = [VorbisComment.parse(block.content) for block in _blocks(file) if block.kind == COMMENT_BLOCK]
    if len(comments) > 1:
        raise ValueError("it has several comments")
    found = [value for comment in comments for value in comment.values(PLACES_FIELD)]
    if not found:
        return USUAL_PLACES[n_channels]
    if len(found) > 1 or not re.fullmatch(rb"0x[0-9A-Fa-f]{1,8}", found[0]):
        raise ValueError("it says the places of its channels twice or in an unusual way")
    mask = int(found[0], 16)
    check_places(mask, n_channels)
    return mask or USUAL_PLACES[n_channels]


def check_places(mask: int, n_channels: int) -> None:
    """Raise ValueError unless a mask has a place for each channel, or is 0."""
    if mask and (mask.bit_count() != n_channels or mask >> N_PLACES):
        raise ValueError("it says places of other channels than it has")


def read(file: BinaryIO, name: str) -> list[bytes]:
    """Return the values of a field of the comments; raise ValueError for a damaged file."""
    comments = [VorbisComment.parse(block.content) for block in _blocks(file) if block.kind == COMMENT_BLOCK]
    return [value for comment in comments for value in comment.values(name)]


def blocks(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Yield the kind and the content of each metadata block; raise ValueError for a damaged file."""
    for block in _blocks(file):
        yield block.kind, block.content


def write_blocks(source: BinaryIO, target: BinaryIO, fields: tuple[bytes, ...], pictures: list[bytes]) -> None:
    """Copy a file with other fields of the comment and other pictures; raise ValueError if there are too many."""
    retained = [block for block in _blocks(source) if block.kind not in (COMMENT_BLOCK, PICTURE_BLOCK)]
    start = source.tell()
    comments = [block for block in _blocks(source) if block.kind == COMMENT_BLOCK]
    vendor = VorbisComment.parse(comments[0].content).vendor if comments else b""
    added = [_Block(COMMENT_BLOCK, VorbisComment(vendor, fields, b"").to_bytes())]
    added += [_Block(PICTURE_BLOCK, picture) for picture in pictures]
    ordered = [retained[0], *added, *retained[1:]]
    target.write(MAGIC)
    for index, block in enumerate(ordered):
        target.write(block.to_bytes(index == len(ordered) - 1))
    source.seek(start)
    shutil.copyfileobj(source, target)


def write(source: BinaryIO, target: BinaryIO, name: str, value: bytes) -> None:
    """Copy a file with a field of the comment set; raise ValueError for a damaged file."""
    n_tags = skip_tags(source)
    source.seek(0)
    tags = source.read(n_tags)
    blocks = list(_blocks(source))
    position = next((index for index, block in enumerate(blocks) if block.kind == COMMENT_BLOCK), None)
    if position is None:
        position = 1  # behind the stream information
        blocks.insert(position, _Block(COMMENT_BLOCK, NO_COMMENT.to_bytes()))
    comment = VorbisComment.parse(blocks[position].content).with_value(name, value)
    blocks[position] = _Block(COMMENT_BLOCK, comment.to_bytes())
    target.write(tags + MAGIC)
    for index, block in enumerate(blocks):
        target.write(block.to_bytes(index == len(blocks) - 1))
    shutil.copyfileobj(source, target)


def _blocks(file: BinaryIO) -> Iterator[_Block]:
    """Yield the metadata blocks; at the end the file is at its first frame."""
    file.seek(skip_tags(file))
    if file.read(4) != MAGIC:
        raise ValueError("it does not start as a FLAC file does")
    is_last = False
    while not is_last:
        header = file.read(4)
        n_bytes = int.from_bytes(header[1:])
        content = file.read(n_bytes)
        if len(header) < 4 or len(content) < n_bytes:
            raise ValueError("its metadata breaks off")
        is_last = bool(header[0] & LAST_BLOCK)
        yield _Block(header[0] & ~LAST_BLOCK, content)
