"""APE tags (version 2), which some programs write at the end of MP3 files."""

from __future__ import annotations

import struct
from typing import BinaryIO

from .id3 import ID3V1_BYTES, ID3V1_MAGIC
from .metadata import APE, ForeignPart, Picture, SoundMetadata, normalised, text_of

MAGIC = b"APETAGEX"
FOOTER = struct.Struct("<8sIIII8x")  # magic, version, bytes without the header, items, flags
ITEM = struct.Struct("<II")
MAX_BYTES = 2**24
TEXT = 0
COVERS = {"cover art (front)": 3, "cover art (back)": 4}
"""Names of pictures, and their kinds in ID3."""

NAMES = {"track": "tracknumber", "disc": "discnumber", "year": "date", "album artist": "albumartist"}


def read(file: BinaryIO) -> SoundMetadata:
    """Return what the tag at the end of a file holds, nothing without one."""
    end = file.seek(0, 2)
    file.seek(max(0, end - ID3V1_BYTES))
    end -= ID3V1_BYTES if file.read(3) == ID3V1_MAGIC else 0
    if end < FOOTER.size:
        return SoundMetadata()
    file.seek(end - FOOTER.size)
    magic, _, n_bytes, n_items, _ = FOOTER.unpack(file.read(FOOTER.size))
    if magic != MAGIC or not FOOTER.size <= n_bytes <= min(MAX_BYTES, end):
        return SoundMetadata()
    file.seek(end - n_bytes)
    content = file.read(n_bytes - FOOTER.size)
    fields, pictures, parts, position = [], [], [], 0
    for _ in range(n_items):
        separator = content.find(b"\0", position + ITEM.size)
        if separator < 0:
            break
        n_value, flags = ITEM.unpack_from(content, position)
        name = content[position + ITEM.size : separator].decode("ascii", "replace")
        value = content[separator + 1 : separator + 1 + n_value]
        position = separator + 1 + n_value
        if flags >> 1 & 3 == TEXT:
            fields += [(NAMES.get(name.lower(), name), text_of(text)) for text in value.split(b"\0")]
        elif name.lower() in COVERS:
            description, _, image = value.partition(b"\0")
            mime = "image/png" if image.startswith(b"\x89PNG") else "image/jpeg"
            pictures.append(Picture(COVERS[name.lower()], mime, text_of(description), image))
        else:
            parts.append(ForeignPart(APE, name, value))
    return SoundMetadata(normalised(fields), tuple(pictures), parts=tuple(parts))
