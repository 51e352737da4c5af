"""Tags of WMA files that have several texts, of which PyAV reads one."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import accumulate, pairwise
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


def read(file: BinaryIO) -> SoundMetadata:
    """Return the tags with several texts of a file."""
    file.seek(16)
    header = file.read(min(int.from_bytes(file.read(8), "little"), MAX_BYTES))
    fields = normalised(_asf(header[6:]))
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
                ends = accumulate(struct.unpack_from("<4H", content), initial=10)
                texts = (_text(content[start:end]) for start, end in pairwise(ends))
                yield from zip(ASF_CONTENT_NAMES, texts, strict=False)
            elif kind.hex() == ASF_EXTENSION:
                extension = content[ASF_EXTENSION_BYTES:]
            elif kind.hex() in (ASF_EXTENDED, *ASF_RECORDS):
                yield from _records(content, kind.hex() == ASF_EXTENDED)
        objects = extension


def _records(content: bytes, is_extended: bool) -> Iterator[tuple[str, str]]:
    """Yield names and values of the texts among records, with lengths in front or (extended) each before its part."""
    name_start = 4 if is_extended else 2 + ASF_RECORD.size
    while name_start < len(content):
        if is_extended:
            value_start = name_start + int.from_bytes(content[name_start - 2 : name_start], "little") + 4
            kind, n_bytes = struct.unpack_from("<HH", content, value_start - 4)
        else:
            n_name, kind, n_bytes = ASF_RECORD.unpack_from(content, name_start - ASF_RECORD.size)
            value_start = name_start + n_name
        if kind == ASF_TEXT:
            name = _text(content[name_start : value_start - 4 * is_extended])
            yield name.removeprefix(ASF_PREFIX), _text(content[value_start : value_start + n_bytes])
        name_start = value_start + n_bytes + (2 if is_extended else ASF_RECORD.size)


def _text(content: bytes) -> str:
    return content.decode("utf-16-le", "replace").rstrip("\0")
