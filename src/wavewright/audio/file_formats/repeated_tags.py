"""Tags of WMA and Matroska files that have several texts, of which PyAV reads one."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from .metadata import SoundMetadata, normalised

ASF_PREFIX = "WM/"
ASF_OBJECT = struct.Struct("<16sQ")  # kind, bytes with this header
ASF_CONTENT, ASF_CONTENT_NAMES = "3326b2758e66cf11a6d900aa0062ce6c", ("title", "author", "copyright", "comment")
ASF_EXTENDED = "40a4d0d207e3d21197f000a0c95ea850"
ASF_EXTENSION, ASF_EXTENSION_BYTES = "b503bf5f2ea9cf118ee300c00c205365", 22
ASF_RECORDS = ("eacbf8c5af5b77488467aa8c44fa4cca", "941c23449894d149a1411d134e457054")
ASF_RECORD = struct.Struct("<4xHHI")  # bytes of the name, type, bytes of the value
ASF_TEXT = 0
MAX_BYTES = 2**24

SEGMENT, TAGS, TAG, SIMPLE_TAG, TAG_NAME, TAG_STRING = 0x18538067, 0x1254C367, 0x7373, 0x67C8, 0x45A3, 0x4487
TARGETS, TARGET_UIDS = 0x63C0, (0x63C4, 0x63C5, 0x63C6, 0x63C9)
"""Elements of Matroska; tags whose targets have numbers are those of tracks, chapters and attached files."""

Element = tuple[int, int, int]
"""Identifier of an element, the position of its content, and the position after it."""


def read(file: BinaryIO, kind: str) -> SoundMetadata:
    """Return the tags with several texts of a file of a kind, as FFmpeg names it."""
    n_bytes = file.seek(0, 2)
    if kind == "asf":
        file.seek(16)
        header = file.read(min(int.from_bytes(file.read(8), "little"), MAX_BYTES))
        fields = normalised(_asf(header[6:]))
    else:
        segments = _inside(file, [(0, 0, n_bytes)], SEGMENT)
        tags = _inside(file, _inside(file, segments, TAGS), TAG)
        fields = normalised(each for tag in tags for each in _of_tag(file, tag))
    values = SoundMetadata(fields).values
    return SoundMetadata(tuple(each for each in fields if len(values[each[0].lower()]) > 1))


def _asf(objects: bytes) -> Iterator[tuple[str, str]]:
    """Yield names and texts of the objects in a header of ASF; those of its extension are further ones."""
    while objects:
        position, extension = 0, b""
        while position + ASF_OBJECT.size <= len(objects):
            kind, n_bytes = ASF_OBJECT.unpack_from(objects, position)
            content = objects[position + ASF_OBJECT.size : position + n_bytes]
            position += max(n_bytes, ASF_OBJECT.size)
            if kind.hex() == ASF_CONTENT:
                texts = struct.unpack_from("<5H", content), content[10:]
                yield from zip(ASF_CONTENT_NAMES, _texts(*texts), strict=False)
            elif kind.hex() == ASF_EXTENDED:
                yield from _descriptors(content)
            elif kind.hex() == ASF_EXTENSION:
                extension = content[ASF_EXTENSION_BYTES:]
            elif kind.hex() in ASF_RECORDS:
                start = 2
                while start + ASF_RECORD.size <= len(content):
                    n_name, kind_of_value, n_value = ASF_RECORD.unpack_from(content, start)
                    name, value = _texts((n_name, n_value), content[start + ASF_RECORD.size :])
                    start += ASF_RECORD.size + n_name + n_value
                    if kind_of_value == ASF_TEXT:
                        yield name.removeprefix(ASF_PREFIX), value
        objects = extension


def _descriptors(content: bytes) -> Iterator[tuple[str, str]]:
    start = 2
    while start + 6 <= len(content):
        n_name = int.from_bytes(content[start : start + 2], "little")
        kind, n_value = struct.unpack_from("<HH", content, start + 2 + n_name)
        name, _, value = _texts((n_name, 4, n_value), content[start + 2 :])
        start += 6 + n_name + n_value
        if kind == ASF_TEXT:
            yield name.removeprefix(ASF_PREFIX), value


def _texts(lengths: Iterable[int], content: bytes) -> Iterator[str]:
    """Yield texts of UTF-16 that follow each other, of some numbers of bytes."""
    start = 0
    for n_bytes in lengths:
        yield content[start : start + n_bytes].decode("utf-16-le", "replace").rstrip("\0")
        start += n_bytes


def _inside(file: BinaryIO, elements: Iterable[Element], kind: int) -> Iterator[Element]:
    """Yield the elements of a kind inside others."""
    for _, start, end in elements:
        yield from (each for each in _elements(file, start, end) if each[0] == kind)


def _elements(file: BinaryIO, start: int, end: int) -> Iterator[Element]:
    while start < end:
        file.seek(start)
        head = file.read(12)
        n_kind, n_size = (9 - each.bit_length() for each in (head[0], (head[9 - head[0].bit_length() :] or b"\0")[0]))
        size = int.from_bytes(head[n_kind : n_kind + n_size]) & (1 << 7 * n_size) - 1
        if n_kind > 4 or n_size > 8:
            return
        content = start + n_kind + n_size
        is_endless = size == (1 << 7 * n_size) - 1
        start = end if is_endless else min(end, content + size)
        yield int.from_bytes(head[:n_kind]), content, start


def _of_tag(file: BinaryIO, tag: Element) -> Iterator[tuple[str, str]]:
    """Yield the name and text of the tags of a file, not of its parts."""
    targets = _inside(file, [tag], TARGETS)
    if any(each in TARGET_UIDS for target in targets for each, *_ in _elements(file, *target[1:])):
        return
    for simple in _inside(file, [tag], SIMPLE_TAG):
        texts = {}
        for kind, start, end in _elements(file, *simple[1:]):
            file.seek(start)
            texts[kind] = file.read(min(end - start, MAX_BYTES)).decode("utf-8", "replace")
        yield texts.get(TAG_NAME, ""), texts.get(TAG_STRING, "")
