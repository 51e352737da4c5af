"""A text of our own in the metadata of WAV, FLAC, Ogg Vorbis, Opus and MP3 files, and what of a file is its sound."""

from __future__ import annotations

import struct
from pathlib import Path

from ....audio import file_formats as formats
from ....audio.wav_chunks import chunks
from . import riff

FIELD = "WAVEWRIGHT_PROVENANCE"
"""Name of the field in Vorbis comments and ID3 tags; WAV files have a chunk ``prov``."""

SUFFIXES = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3")
MAX_TEXT_BYTES = 2**20
MANIFEST_CHUNK = b"C2PA"
MANIFEST_MAGIC = b"jumdc2pa"
MAX_TAG_BYTES = 2**24  # that are searched for a manifest


def kind_of(path: Path) -> str | None:
    """Return how the metadata of a file is stored, by its first bytes: riff, flac, ogg, id3, or None if unknown."""
    with path.open("rb") as file:
        file.seek(formats.id3.skip_tags(file) if path.suffix.lower() == ".flac" else 0)
        head = file.read(4)
    if head in (b"RIFF", b"RF64"):
        return "riff"
    if head == formats.flac.MAGIC:
        return "flac"
    if head == b"OggS":
        return "ogg"
    is_mpeg = head[:3] == formats.id3.MAGIC or (head[:1] == b"\xff" and head[1:2] >= b"\xe0")
    return "id3" if is_mpeg and path.suffix.lower() == ".mp3" else None


def read(path: Path) -> list[bytes]:
    """Return the texts in a file; none where there is no place for them, and for damaged metadata."""
    kind = kind_of(path)
    try:
        with path.open("rb") as file:
            if kind == "riff":
                return riff.read(file)
            if kind == "flac":
                return formats.flac.read(file, FIELD)
            if kind == "ogg":
                return formats.ogg.read(file, FIELD)
            return formats.id3.read(file, FIELD) if kind == "id3" else []
    except ValueError:
        return []


def has_manifest(path: Path) -> bool:
    """Return True if a file holds a C2PA manifest, which every change of its metadata makes invalid."""
    with path.open("rb") as file:
        if kind_of(path) == "riff":
            try:
                return any(name == MANIFEST_CHUNK for name, _ in chunks(file))
            except struct.error:
                return False
        n_bytes = formats.id3.skip_tags(file)
        file.seek(0)
        return MANIFEST_MAGIC in file.read(min(n_bytes, MAX_TAG_BYTES))


def write(path: Path, target: Path, text: bytes) -> bool:
    """Copy a file with ASCII text without a null in its metadata; if it has no place, return false, write nothing."""
    kind = kind_of(path)
    if kind is None or len(text) > MAX_TEXT_BYTES:
        return False
    with path.open("rb") as source, target.open("w+b") as copy:
        try:
            if kind == "riff":
                riff.write(source, copy, text)
            elif kind == "flac":
                formats.flac.write(source, copy, FIELD, text)
            elif kind == "ogg":
                formats.ogg.write(source, copy, FIELD, text)
            else:
                formats.id3.write(source, copy, FIELD, text)
        except ValueError:
            return False
    return True
