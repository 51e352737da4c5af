"""Metadata in chunks of AIFF files: texts, markers, the loops of an instrument, ID3."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

from ..wav_chunks import MIDDLE_C, PING_PONG, LoopPoints
from . import id3_metadata
from .metadata import ForeignPart, Marker, SoundMetadata, normalised, text_of

KIND = "AIFF"
TEXTS = {"NAME": "title", "AUTH": "artist", "(c) ": "copyright", "ANNO": "comment"}
STRUCTURE = ("COMM", "SSND", "FVER", "COMT", "FLLR", "PEAK")
INSTRUMENT = struct.Struct(">6bh6h")  # notes, velocities, gain; sustain loop and release loop: mode, markers
NO_LOOP, FORWARD_LOOP, ALTERNATING_LOOP = 0, 1, 2
MAX_PART_BYTES = 2**26
MAX_MARKERS = 30_000


def read(file: BinaryIO, sample_rate: int) -> SoundMetadata:
    """Return the metadata of a file."""
    fields: list[tuple[str, str]] = []
    marks: dict[int, tuple[int, str]] = {}
    instrument: tuple[int, ...] = ()
    of_id3 = SoundMetadata()
    parts = []
    for name, content in _chunks(file):
        if name in TEXTS:
            fields.append((TEXTS[name], text_of(content)))
        elif name == "MARK":
            marks = dict(_marks(content))
        elif name == "INST" and len(content) >= INSTRUMENT.size:
            instrument = INSTRUMENT.unpack_from(content)
        elif name in ("ID3 ", "id3 ") and content[:3] == b"ID3":
            of_id3 = id3_metadata.parse(content)
        elif name not in STRUCTURE:
            parts.append(ForeignPart(KIND, name, content))
    loops: tuple[LoopPoints, ...] = ()
    note = MIDDLE_C
    if instrument:
        note = instrument[0] if 0 <= instrument[0] < 128 else MIDDLE_C
        mode, first, last = instrument[7:10]
        if mode in (FORWARD_LOOP, ALTERNATING_LOOP) and first in marks and last in marks:
            start, end = marks[first][0], marks[last][0]
            loops = (LoopPoints(start, end, PING_PONG if mode == ALTERNATING_LOOP else 0),) if start < end else ()
        marks = {number: mark for number, mark in marks.items() if not loops or number not in (first, last)}
    markers = [Marker(position / sample_rate, None, label) for position, label in marks.values()]
    own = normalised(fields)
    known = {name for name, _ in of_id3.fields}
    return SoundMetadata(
        (*of_id3.fields, *((name, text) for name, text in own if name not in known)),
        of_id3.pictures,
        tuple(sorted(markers, key=lambda marker: marker.start)) or of_id3.markers,
        loops,
        note,
        (*parts, *of_id3.parts),
    )


def write(file: BinaryIO, metadata: SoundMetadata, sample_rate: int, n_samples: int) -> None:
    """Append the metadata to a file that has none, and correct its size."""
    tags = metadata.tags
    added = b""
    for code, name in TEXTS.items():
        if name in tags:
            added += _chunk(code, tags[name].encode())
    points = [(round(marker.start * sample_rate), marker.label) for marker in metadata.markers]
    if metadata.loops:
        loop = metadata.loops[0]
        points += [(loop.start, "beg loop"), (loop.end, "end loop")]
        mode = ALTERNATING_LOOP if loop.kind == PING_PONG else FORWARD_LOOP
        values = (metadata.midi_note, 0, 0, 127, 1, 127, 0, mode, len(points) - 1, len(points), NO_LOOP, 0, 0)
        added += _chunk("INST", INSTRUMENT.pack(*values))
    if points:
        marks = b"".join(
            struct.pack(">HI", number, position) + _short_text(label)
            for number, (position, label) in enumerate(points, start=1)
        )
        added += _chunk("MARK", struct.pack(">H", len(points)) + marks)
    added += b"".join(_chunk(part.name, part.content) for part in metadata.parts if part.kind == KIND)
    if tags.keys() - {*TEXTS.values()} or metadata.pictures or any(p.kind == id3_metadata.KIND for p in metadata.parts):
        added += _chunk("ID3 ", id3_metadata.to_bytes(replace(metadata, markers=()), n_samples / sample_rate))
    n_bytes = file.seek(0, 2)
    file.write(bytes(n_bytes % 2) + added)
    n_bytes = file.tell()
    file.seek(4)
    file.write(struct.pack(">I", n_bytes - 8))


def _chunks(file: BinaryIO) -> Iterator[tuple[str, bytes]]:
    """Yield the names and contents of chunks, the samples apart."""
    file.seek(0)
    magic, _, kind = struct.unpack(">4sI4s", file.read(12))
    if magic != b"FORM" or kind not in (b"AIFF", b"AIFC"):
        return
    while len(header := file.read(8)) == 8:
        name, n_bytes = struct.unpack(">4sI", header)
        start = file.tell()
        if name != b"SSND" and n_bytes <= MAX_PART_BYTES:
            yield name.decode("latin-1"), file.read(n_bytes)
        elif n_bytes == 0:
            return  # written to a pipe: the samples follow
        file.seek(start + n_bytes + n_bytes % 2)


def _marks(content: bytes) -> Iterator[tuple[int, tuple[int, str]]]:
    (n_marks,) = struct.unpack_from(">H", content)
    position = 2
    for _ in range(min(n_marks, MAX_MARKERS)):
        if position + 7 > len(content):
            return
        number, sample, n_text = struct.unpack_from(">HIB", content, position)
        yield number, (sample, text_of(content[position + 7 : position + 7 + n_text]))
        position += 7 + n_text + (n_text + 1) % 2


def _short_text(text: str) -> bytes:
    """Return a text with its length in front, padded to an even number of bytes."""
    content = text.encode()[:255]
    return bytes([len(content)]) + content + bytes((len(content) + 1) % 2)


def _chunk(name: str, content: bytes) -> bytes:
    return name.encode("latin-1") + struct.pack(">I", len(content)) + content + bytes(len(content) % 2)
