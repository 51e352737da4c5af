"""Metadata in chunks of WAV and RF64 files: INFO, cue points with labels, loops, ID3, and those of broadcasters."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

from ..wav_chunks import (
    LOOP_FORMAT,
    MIDDLE_C,
    SAMPLER_FORMAT,
    LoopPoints,
    append_chunk,
    chunks,
    loop_chunk,
)
from . import id3_metadata
from .metadata import ForeignPart, Marker, SoundMetadata, normalised, text_of

KIND = "WAV"
INFO = {
    **{"INAM": "title", "IART": "artist", "IPRD": "album", "ITRK": "tracknumber", "IPRT": "tracknumber"},
    **{"IGNR": "genre", "ICRD": "date", "ICMT": "comment", "ICOP": "copyright", "ISFT": "software"},
    **{"ILNG": "language", "ITCH": "encodedby"},
}
"""Our names of fields of the INFO list; the first of several is written."""

OTHER_INFO = {"IMUS": "composer", "IENG": "engineer", "ISBJ": "subject", "IKEY": "keywords", "IPUB": "organization"}
"""Fields that few programs read."""

ALL_INFO = {**INFO, **OTHER_INFO}
INFO_FIELDS = {name: code for code, name in reversed(INFO.items())}
STRUCTURE = (
    *("fmt ", "data", "fact", "PEAK", "ds64", "JUNK", "junk", "PAD ", "FLLR", "slnt", "LIST", "minf", "elm1", "regn"),
    "umid",
)
"""Chunks about the samples themselves, room for others, and what editors keep about their windows."""

OWN = ("prov", "C2PA")
"""Chunks that are true of the file alone in which they are."""

BROADCAST, IXML = "bext", "iXML"
TIME_REFERENCE = struct.Struct("<Q")  # samples since midnight
TIME_REFERENCE_OFFSET, LOUDNESS_SPAN = 338, slice(412, 422)
UNKNOWN_LOUDNESS = struct.pack("<5h", *[0x7FFF] * 5)
MAX_PART_BYTES = 2**26
MAX_POINTS = 100_000


def read(file: BinaryIO, sample_rate: int) -> SoundMetadata:
    """Return the metadata of a file."""
    fields: list[tuple[str, str]] = []
    positions: dict[int, int] = {}
    labels = _Labels()
    sampler = of_id3 = SoundMetadata()
    parts: list[ForeignPart] = []
    for name_bytes, n_bytes in chunks(file):
        name = name_bytes.decode("latin-1")
        if n_bytes > MAX_PART_BYTES or name in ("data", *OWN):
            continue
        content = file.read(n_bytes)
        if name == "LIST" and content[:4] == b"INFO":
            fields += [(ALL_INFO.get(key, key.lower()), text_of(value)) for key, value in _sub_chunks(content)]
        elif name == "LIST" and content[:4] == b"adtl":
            labels.add(content)
        elif name == "cue ":
            positions |= _cue_points(content)
        elif name == "smpl":
            sampler = _sampler(content)
        elif content[:3] == b"ID3":
            of_id3 = id3_metadata.parse(content)
        elif name not in STRUCTURE:
            parts.append(ForeignPart(KIND, name, content))
    own = normalised(fields)
    known = {name for name, _ in own}
    markers = sorted(labels.markers(positions, sample_rate), key=lambda marker: marker.start)
    return replace(
        sampler,
        fields=(*own, *((name, text) for name, text in of_id3.fields if name not in known)),
        pictures=of_id3.pictures,
        markers=tuple(markers) or of_id3.markers,
        parts=(*parts, *of_id3.parts),
    )


class _Labels:
    """Labels, notes and lengths of cue points by their numbers."""

    def __init__(self) -> None:
        self._texts: dict[str, dict[int, str]] = {"labl": {}, "note": {}}
        self._lengths: dict[int, int] = {}

    def add(self, content: bytes) -> None:
        """Add those of a list."""
        for key, value in _sub_chunks(content):
            if len(value) < 4:
                continue
            (number,) = struct.unpack_from("<I", value)
            if key in self._texts:
                self._texts[key][number] = text_of(value[4:])
            elif key == "ltxt" and len(value) >= 8:
                (self._lengths[number],) = struct.unpack_from("<I", value, 4)

    def markers(self, positions: dict[int, int], sample_rate: int) -> Iterator[Marker]:
        """Yield a marker for each cue point."""
        for number, position in positions.items():
            length = self._lengths.get(number, 0)
            label = self._texts["labl"].get(number) or self._texts["note"].get(number, "")
            yield Marker(position / sample_rate, (position + length) / sample_rate if length else None, label)


def write(file: BinaryIO, metadata: SoundMetadata, sample_rate: int, n_samples: int) -> None:
    """Append the metadata to a file that has none."""
    tags = metadata.tags
    codes = {name: INFO_FIELDS.get(name, name.upper()) for name in tags}
    # FFmpeg ignores ID3 tags beside an INFO list, so there is one place for all.
    fits_info = all(name in INFO_FIELDS or (len(code) == 4 and code[0] == "I") for name, code in codes.items())
    if tags and fits_info:
        listed = b"".join(_chunk(codes[name], text.encode() + b"\0") for name, text in tags.items())
        append_chunk(file, _chunk("LIST", b"INFO" + listed))
    if metadata.markers:
        cues, texts = _cue_chunks(metadata.markers, sample_rate)
        append_chunk(file, cues)
        append_chunk(file, texts)
    if metadata.loops:
        append_chunk(file, loop_chunk(metadata.loops, sample_rate, metadata.midi_note))
    for part in metadata.parts:
        if part.kind == KIND:
            append_chunk(file, _chunk(part.name, part.content))
    of_id3 = replace(metadata, markers=(), fields=() if fits_info else metadata.fields)
    if tag := id3_metadata.to_bytes(of_id3, n_samples / sample_rate):
        append_chunk(file, _chunk("id3 ", tag))


def moved_broadcast(content: bytes, offset_seconds: float, from_rate: int, to_rate: int) -> bytes:
    """Return a ``bext`` chunk of a sound that starts later, at another sample rate and another level."""
    if len(content) < TIME_REFERENCE_OFFSET + TIME_REFERENCE.size:
        return content
    changed = bytearray(content)
    (samples,) = TIME_REFERENCE.unpack_from(content, TIME_REFERENCE_OFFSET)
    if samples:  # 0: no time of the day
        moved = max(0, round((samples / from_rate + offset_seconds) * to_rate))
        if (offset_seconds, from_rate) == (0.0, to_rate):
            moved = samples
        TIME_REFERENCE.pack_into(changed, TIME_REFERENCE_OFFSET, min(moved, 2**64 - 1))
    if len(changed) >= LOUDNESS_SPAN.stop and int.from_bytes(changed[346:348], "little") >= 2:
        changed[LOUDNESS_SPAN] = UNKNOWN_LOUDNESS
    return bytes(changed)


def _cue_points(content: bytes) -> dict[int, int]:
    """Return the positions of cue points in samples, by their numbers."""
    if len(content) < 4:
        return {}
    (n_points,) = struct.unpack_from("<I", content)
    n_points = min(n_points, (len(content) - 4) // 24, MAX_POINTS)
    points = [struct.unpack_from("<II4sIII", content, 4 + 24 * index) for index in range(n_points)]
    return {number: offset for number, _, _, _, _, offset in points}


def _cue_chunks(markers: tuple[Marker, ...], sample_rate: int) -> tuple[bytes, bytes]:
    """Return the chunk of the cue points, and that of their labels and lengths."""
    points, labels, regions = struct.pack("<I", len(markers)), b"adtl", b""
    for number, marker in enumerate(markers, start=1):
        position = round(marker.start * sample_rate)
        points += struct.pack("<II4sIII", number, position, b"data", 0, 0, position)
        labels += _chunk("labl", struct.pack("<I", number) + marker.label.encode() + b"\0")
        if marker.end is not None:
            length = max(0, round(marker.end * sample_rate) - position)
            regions += _chunk("ltxt", struct.pack("<II4s4H", number, length, b"rgn ", 0, 0, 0, 0))
    return _chunk("cue ", points), _chunk("LIST", labels + regions)  # FFmpeg reads no label behind a region


def _sampler(content: bytes) -> SoundMetadata:
    """Return the loops and the note of a sampler's chunk."""
    header, size = struct.calcsize(SAMPLER_FORMAT), struct.calcsize(LOOP_FORMAT)
    if len(content) < header:
        return SoundMetadata()
    values = struct.unpack_from(SAMPLER_FORMAT, content)
    n_loops = min(values[7], (len(content) - header) // size)
    loops = [struct.unpack_from(LOOP_FORMAT, content, header + size * number) for number in range(n_loops)]
    return SoundMetadata(
        loops=tuple(LoopPoints(first, last + 1, kind) for _, kind, first, last, _, _ in loops if first <= last),
        midi_note=values[3] if values[3] < 128 else MIDDLE_C,
    )


def _sub_chunks(content: bytes) -> list[tuple[str, bytes]]:
    found = []
    position = 4
    while position + 8 <= len(content):
        name, n_bytes = struct.unpack_from("<4sI", content, position)
        found.append((name.decode("latin-1"), content[position + 8 : position + 8 + n_bytes]))
        position += 8 + n_bytes + n_bytes % 2
    return found


def _chunk(name: str, content: bytes) -> bytes:
    return name.encode("latin-1") + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)
