"""A field in the Vorbis comment of a FLAC file, which may start with ID3 tags."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from .id3 import skip_tags
from .vorbis_comment import VorbisComment

MAGIC = b"fLaC"
STREAM_BLOCK, COMMENT_BLOCK, PICTURE_BLOCK = 0, 4, 6
STREAM_BYTES = 34
LAST_BLOCK = 0x80
MAX_BLOCK_BYTES = 2**24 - 1
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
    """Stream parameters of the first block; ``n_samples`` of one channel is 0 if unknown."""

    sample_rate: int
    n_channels: int
    bits: int
    n_samples: int


def stream_information(file: BinaryIO) -> StreamInformation:
    """Read the first block, and leave the file at its first frame; raise ValueError unless there is just one."""
    first, *others = _blocks(file)
    if first.kind != STREAM_BLOCK or len(first.content) != STREAM_BYTES:
        raise ValueError("it does not start with a description of its stream")
    if any(block.kind == STREAM_BLOCK for block in others):
        raise ValueError("it describes its stream twice")
    fields = int.from_bytes(first.content[10:18])
    return StreamInformation(fields >> 44, (fields >> 41 & 7) + 1, (fields >> 36 & 31) + 1, fields & (1 << 36) - 1)


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
