"""Lyrics3 tags (version 2), which some programs write at the end of MP3 files, before a tag of ID3v1."""

from __future__ import annotations

from typing import BinaryIO

from .id3 import ID3V1_BYTES, ID3V1_MAGIC
from .metadata import LYRICS3, ForeignPart, SoundMetadata, normalised

BEGIN, END = b"LYRICSBEGIN", b"LYRICS200"
N_DIGITS = 6  # of the length in front of the end
NAMES = {"LYR": "lyrics", "INF": "comment", "AUT": "lyricist", "EAL": "album", "EAR": "artist", "ETT": "title"}
IGNORED = ("IND", "CRC")


def read(file: BinaryIO) -> SoundMetadata:
    """Return what the tag at the end of a file holds, nothing without one."""
    end = file.seek(0, 2)
    file.seek(max(0, end - ID3V1_BYTES))
    end -= ID3V1_BYTES if file.read(3) == ID3V1_MAGIC else 0
    n_foot = N_DIGITS + len(END)
    file.seek(max(0, end - n_foot))
    foot = file.read(n_foot)
    if foot[N_DIGITS:] != END or not foot[:N_DIGITS].isdigit() or int(foot[:N_DIGITS]) > end - n_foot:
        return SoundMetadata()
    file.seek(end - n_foot - int(foot[:N_DIGITS]))
    content = file.read(int(foot[:N_DIGITS]))
    position = len(BEGIN)
    fields, parts = [], []
    while content.startswith(BEGIN) and content[position + 3 : position + 8].isdigit():
        name, n_bytes = content[position : position + 3].decode("latin-1"), int(content[position + 3 : position + 8])
        value = content[position + 8 : position + 8 + n_bytes]
        position += 8 + n_bytes
        if name in NAMES:
            fields.append((NAMES[name], value.decode("latin-1").replace("\r\n", "\n")))
        elif name not in IGNORED:
            parts.append(ForeignPart(LYRICS3, name, value))
    return SoundMetadata(normalised(fields), parts=tuple(parts))
