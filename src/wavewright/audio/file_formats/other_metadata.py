"""Metadata of CAF, Wave64, AU, VOC, NIST, IRCAM, AVR and big-endian WAV files, which are read and not written."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from typing import BinaryIO

from .. import file_formats as formats
from ..wav_chunks import W64_FIRST, W64_HEADER, LoopPoints, Sampler
from .metadata import (
    OTHER,
    ForeignPart,
    Marker,
    SoundMetadata,
    exact_rate,
    layout_of,
    named_if_long,
    normalised,
    text_of,
)

MAX_PART_BYTES = 2**26
CAF_STRUCTURE = ("desc", "data", "free", "pakt", "kuki", "fact", "peak", "ovvw", "strg")
CAF_NAMES = {"comments": "comment", "track number": "tracknumber", "encoding application": "software", "tempo": "bpm"}
CAF_MARKER = struct.Struct(">IdI8xI")  # kind, frame, number of its label, channel
VOC_MAGIC, VOC_TEXT = b"Creative Voice File", 5
VOC_NAMES = {4: "marker", 6: "repeat"}
NIST_MAGIC, NIST_LINE = b"NIST_1A", re.compile(r"(\w+) -(?:i|r|s\d+) (.+)")
NIST_STRUCTURE = ("channel_count", "end_head")
IRCAM_MAGIC, IRCAM_CODES, IRCAM_END, IRCAM_COMMENT = (b"\x64\xa3", b"\0\0\xa3\x64"), 16, 1_024, 2
AVR_HEADER = struct.Struct(">4x8s6xhh8x2I26x64s")  # name; loop, MIDI note, first and last sample of the loop; text


def read(file: BinaryIO, head: bytes, sample_rate: int) -> SoundMetadata | None:
    """Return the metadata of a file that starts with ``head``, None for other kinds of files."""
    if head[:4] == b"caff":
        return _caf(file, sample_rate)
    if head[:4] == b"riff":
        return formats.wav_metadata.parse(_w64_chunks(file), sample_rate)
    if head[:4] in (b".snd", b"dns."):
        (start,) = struct.unpack(">I" if head[:1] == b"." else "<I", head[4:8])
        file.seek(24)
        return SoundMetadata(normalised([("comment", text_of(file.read(max(0, min(start - 24, MAX_PART_BYTES)))))]))
    if head.startswith(VOC_MAGIC):
        return _voc(file)
    if head.startswith(NIST_MAGIC):
        file.seek(0)
        _, size, *lines = text_of(file.read(2**20)).split("\n")
        lines = "\n".join(lines)[: int(size)].split("\nend_head")[0].split("\n")
        found = [each for line in lines if (each := NIST_LINE.fullmatch(line.strip()))]
        fields = [(each[1], each[2]) for each in found if not each[1].startswith(("sample_", *NIST_STRUCTURE))]
        return SoundMetadata(normalised(fields))
    if head.startswith(IRCAM_MAGIC):
        file.seek(0)
        return SoundMetadata(normalised([("comment", text) for text in _ircam_comments(file.read(IRCAM_END))]))
    if head[:4] == b"2BIT":
        file.seek(0)
        return _avr(*AVR_HEADER.unpack(file.read(AVR_HEADER.size)))
    if head[:4] == b"RIFX":
        file.seek(12)
        names = [
            name for name, _ in _chunks(file, struct.Struct(">4sI"), 2) if name not in formats.wav_metadata.STRUCTURE
        ]
        return SoundMetadata(parts=tuple(ForeignPart(OTHER, name, b"") for name in names if name != "data"))
    return None


def _chunks(file: BinaryIO, header: struct.Struct, alignment: int = 1, n_counted: int = 0) -> Iterator[tuple[str, int]]:
    """Yield names and sizes of chunks, with the file at the content; sizes count ``n_counted`` bytes of the header."""
    start = file.tell()
    end = file.seek(0, 2)
    while start + header.size <= end:
        file.seek(start)
        name, n_bytes = header.unpack(file.read(header.size))
        n_bytes -= n_counted
        if n_bytes < 0:
            return
        yield name.decode("latin-1"), n_bytes
        start += header.size + n_bytes
        start += -start % alignment


def _w64_chunks(file: BinaryIO) -> Iterator[tuple[str, bytes | None]]:
    file.seek(W64_FIRST)
    for name, n_bytes in _chunks(file, W64_HEADER, 8, W64_HEADER.size):
        own = "LIST" if name == "list" else name
        yield own, file.read(n_bytes) if n_bytes <= MAX_PART_BYTES and name != "data" else None


def _caf(file: BinaryIO, sample_rate: int) -> SoundMetadata:
    parts: list[ForeignPart] = []
    file.seek(8)
    chunks = (
        (name, None if name == "data" or n_bytes > MAX_PART_BYTES else file.read(n_bytes))
        for name, n_bytes in _chunks(file, struct.Struct(">4sq"))
    )
    found = dict(named_if_long(chunks, OTHER, CAF_STRUCTURE, parts))
    if len(found.get("desc", b"")) >= 8:
        parts += exact_rate(*struct.unpack_from(">d", found["desc"]))
    texts = _texts(found.pop("info", b"")[4:])
    fields = [(CAF_NAMES.get(name, name), text) for name, text in zip(texts[::2], texts[1::2], strict=False)]
    labels = dict(_labels(found.get("strg", b"")))
    marks = found.pop("mark", b"")[8:]
    rows = CAF_MARKER.iter_unpack(marks[: len(marks) // CAF_MARKER.size * CAF_MARKER.size])
    markers = tuple(Marker(frame / sample_rate, None, labels.get(number, "")) for _, frame, number, _ in rows)
    if layout := found.pop("chan", b""):
        places, unknown = layout_of(OTHER, "chan", layout)
        fields, parts = [*fields, *places], [*parts, *unknown]
    parts += [ForeignPart(OTHER, name, content) for name, content in found.items() if name not in CAF_STRUCTURE]
    return SoundMetadata(normalised(fields), markers=markers, parts=(*parts,))


def _texts(content: bytes) -> list[str]:
    """Return the texts that nulls end."""
    return [text_of(each) for each in content.split(b"\0")[:-1]]


def _labels(strings: bytes) -> Iterator[tuple[int, str]]:
    """Yield the labels in a chunk of strings by their numbers."""
    n_labels = int.from_bytes(strings[:4])
    texts = strings[4 + 12 * n_labels :]
    for position in range(4, min(4 + 12 * n_labels, len(strings) - 11), 12):
        number, offset = struct.unpack_from(">Iq", strings, position)
        yield number, text_of(texts[max(0, offset) :])


def _voc(file: BinaryIO) -> SoundMetadata:
    file.seek(20)
    (position,) = struct.unpack("<H", file.read(2))
    end = file.seek(0, 2)
    fields, parts = [], []
    while position + 4 <= end:
        file.seek(position)
        block = file.read(4)
        n_bytes = int.from_bytes(block[1:], "little")
        if block[0] == VOC_TEXT:
            fields.append(("comment", text_of(file.read(n_bytes))))
        elif block[0] in VOC_NAMES:
            parts.append(ForeignPart(OTHER, VOC_NAMES[block[0]], b""))
        elif not block[0]:
            break
        position += 4 + n_bytes
    return SoundMetadata(normalised(fields), parts=tuple(parts))


def _ircam_comments(header: bytes) -> Iterator[str]:
    """Yield the comments of a header; some programs do not count the four bytes of a code and its size."""
    order = "<" if struct.unpack_from("<I", header, 8)[0] < 2**16 else ">"  # of the number of channels
    position = IRCAM_CODES
    while position + 4 <= len(header):
        code, n_bytes = struct.unpack_from(f"{order}hH", header, position)
        if code == IRCAM_COMMENT:
            yield text_of(header[position + 4 : position + 4 + n_bytes])
        if code <= 0 or n_bytes < 4:
            return
        position += n_bytes


def _avr(name: bytes, loop: int, key: int, start: int, end: int, text: bytes) -> SoundMetadata:
    """Return the metadata of a header, whose note has ones in its upper byte, and none where all bits are ones."""
    fields = [("title", text_of(name)), ("comment", text_of(text))]
    sampler = Sampler(key & 0x7F) if key != -1 else None
    loops = (LoopPoints(start, end),) if loop and start < end else ()
    return SoundMetadata(normalised(fields), loops=loops, sampler=sampler)
