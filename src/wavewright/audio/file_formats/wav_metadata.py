"""Metadata in chunks of WAV and RF64 files: INFO, cue points with labels, loops, ID3, and those of broadcasters."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import BinaryIO

from ...base.channel_layouts import PLACES_FIELD, USUAL_PLACES, mask_of
from .. import file_formats as formats
from ..wav_chunks import MIDDLE_C, SAMPLER_FORMAT, LoopPoints, Sampler, append_chunk, chunks, has_pad_byte, loop_chunk
from .metadata import (
    AMBISONICS,
    WAV,
    ForeignPart,
    Marker,
    SoundMetadata,
    named_if_long,
    normalised,
    plain,
    text_of,
    with_joined_totals,
)

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
STRUCTURE = ("fmt ", "data", "fact", "PEAK", "ds64", "JUNK", "junk", "PAD ", "FLLR", "slnt")
"""Chunks about the samples themselves, and room for others."""

OWN = ("prov", "C2PA")
"""Chunks that are true of the file alone in which they are."""

INSTRUMENT = struct.Struct("<b6b")  # note, cents, gain in dB, keys, velocities
EXTENSIBLE = 0xFFFE  # the format of files that say the places of their channels
PLACES_OFFSET = 20  # of the mask in the chunk of the format
AMBISONIC_GUID = bytes.fromhex("2107d3118644c8c1ca000000")  # the end of the format's, after a number
REGION = b"rgn " + bytes(8)
"""Purpose, country, language, dialect and code page of a region, as they are written where nothing else is known."""

BROADCAST, IXML = "bext", "iXML"
TIME_REFERENCE = struct.Struct("<Q")  # samples since midnight
TIME_REFERENCE_OFFSET, LOUDNESS_SPAN = 338, slice(412, 422)
UNKNOWN_LOUDNESS = struct.pack("<5h", *[0x7FFF] * 5)
MAX_PART_BYTES = 2**26
MAX_POINTS = 100_000


def read(file: BinaryIO, sample_rate: int) -> SoundMetadata:
    """Return the metadata of a file."""
    named = ((name.decode("latin-1"), n_bytes) for name, n_bytes in chunks(file))
    return parse(
        ((name, None if name == "data" or n > MAX_PART_BYTES else file.read(n)) for name, n in named), sample_rate
    )


def parse(named: Iterable[tuple[str, bytes | None]], sample_rate: int) -> SoundMetadata:
    """Return the metadata in chunks by their names; the contents of too long ones and of the sound are None."""
    fields: list[tuple[str, str]] = []
    positions: dict[int, int] = {}
    labels = _Labels()
    own = of_id3 = SoundMetadata()
    parts: list[ForeignPart] = []
    ranges = b""
    for name, content in named_if_long(named, WAV, STRUCTURE, parts):
        if name == "LIST" and content[:4] == b"INFO":
            fields += [(ALL_INFO.get(key, key.lower()), text_of(value).strip()) for key, value in _sub_chunks(content)]
        elif name == "LIST" and content[:4] == b"adtl":
            labels.add(content)
        elif name == "fmt ":
            fields += _places(content)
            parts += [AMBISONICS] if content.endswith(AMBISONIC_GUID) else []
        elif name == "cue ":
            positions |= _cue_points(content)
        elif name == "smpl" and len(content) >= struct.calcsize(SAMPLER_FORMAT):
            own = SoundMetadata(loops=LoopPoints.parse(content), sampler=_sampler(content))
        elif name == "inst" and len(content) >= INSTRUMENT.size:
            ranges = content
        elif content[:3] == b"ID3":
            of_id3 = of_id3.completed(formats.id3_metadata.parse(content))
        elif name not in STRUCTURE:
            parts.append(ForeignPart(WAV, name, content))
    own = replace(
        own,
        sampler=_with_ranges(own.sampler, ranges) if ranges else own.sampler,
        fields=normalised(fields),
        markers=tuple(sorted(labels.markers(positions, sample_rate), key=lambda marker: marker.start)),
        parts=(*parts, *labels.without_place(positions)),
    )
    return _with_id3(own, of_id3)


def _with_id3(own: SoundMetadata, of_id3: SoundMetadata) -> SoundMetadata:
    if not of_id3:
        return own
    longer = of_id3.values  # than INFO, which may say one text of several
    fields = [
        (name, text)
        for name, text in own.fields
        if not any(other.startswith(text) for other in (*longer.get(name, ()), "; ".join(longer.get(name, ()))))
    ]
    return replace(own, fields=tuple(fields)).completed(of_id3)


def _places(form: bytes) -> list[tuple[str, str]]:
    """Return the places of three and more channels as a tag: without a mask, other programs take them for others."""
    if len(form) < PLACES_OFFSET + 4 or form[:2] != EXTENSIBLE.to_bytes(2, "little"):
        return []
    n_channels, mask = form[2], int.from_bytes(form[PLACES_OFFSET : PLACES_OFFSET + 4], "little")
    is_usual = not mask or (n_channels < 3 and mask == USUAL_PLACES[n_channels])
    return [] if is_usual else [(PLACES_FIELD.lower(), f"0x{mask:X}")]


def _set_places(file: BinaryIO, text: str) -> None:
    """Set the places of the channels of a file whose format has room for them."""
    for name, _ in chunks(file):
        if name == b"fmt ":
            start = file.tell()
            kind, n_channels = struct.unpack("<HH", file.read(4))
            mask = mask_of(text, n_channels)
            if kind == EXTENSIBLE and mask is not None:
                file.seek(start + PLACES_OFFSET)
                file.write(struct.pack("<I", mask))
            return


def peak_time(file: BinaryIO) -> int:
    """Return the position of the time in the ``PEAK`` chunk of a file, 0 without one."""
    return next((file.tell() + 4 for name, _ in chunks(file) if name == b"PEAK"), 0)


class _Labels:
    """Labels, remarks and lengths of cue points by their numbers."""

    def __init__(self) -> None:
        self._texts: dict[str, dict[int, str]] = {"labl": {}, "note": {}}
        self._lengths: dict[int, int] = {}
        self._regions: dict[int, bytes] = {}
        self._all: list[tuple[str, int]] = []

    def add(self, content: bytes) -> None:
        """Add those of a list."""
        for key, value in _sub_chunks(content):
            if len(value) < 4:
                continue
            (number,) = struct.unpack_from("<I", value)
            self._all.append((key, number))
            if key in self._texts:
                self._texts[key][number] = text_of(value[4:])
            elif key == "ltxt" and len(value) >= 8:
                (self._lengths[number],) = struct.unpack_from("<I", value, 4)
                self._regions[number] = value[8:]

    def without_place(self, positions: dict[int, int]) -> tuple[ForeignPart, ...]:
        """Return, by their names, what is of no cue point or of another kind."""
        known = (*self._texts, "ltxt")
        rest = (key for key, number in self._all if key not in known or number not in positions)
        return tuple(ForeignPart(WAV, key, b"") for key in rest)

    def markers(self, positions: dict[int, int], sample_rate: int) -> Iterator[Marker]:
        """Yield a marker for each cue point."""
        for number, position in positions.items():
            length = self._lengths.get(number, 0)
            region = self._regions.get(number, REGION)
            yield Marker(
                position / sample_rate,
                (position + length) / sample_rate if length else None,
                self._texts["labl"].get(number, ""),
                self._texts["note"].get(number, ""),
                (ForeignPart(WAV, "ltxt", region),) if region.rstrip(b"\0") != REGION.rstrip(b"\0") else (),
            )


def write(file: BinaryIO, metadata: SoundMetadata, sample_rate: int, n_samples: int) -> None:
    """Append the metadata to a file that has none."""
    if places := metadata.tags.get(PLACES_FIELD.lower()):
        _set_places(file, places)
        metadata = metadata.without(PLACES_FIELD)
    tags = with_joined_totals(metadata.values)
    codes = {name: INFO_FIELDS.get(name, name.upper()) for name in tags}
    # FFmpeg ignores ID3 tags beside an INFO list, so there is one place for all.
    fits_info = all(field == plain(*field) for field in metadata.fields) and all(
        len(tags[name]) == 1 and len(code) == 4 and code[0] == "I" and code.isascii() for name, code in codes.items()
    )
    if tags and fits_info:
        listed = b"".join(_chunk(codes[name], texts[0].encode() + b"\0") for name, texts in tags.items())
        append_chunk(file, _chunk("LIST", b"INFO" + listed))
    if metadata.markers:
        cues, texts = _cue_chunks(metadata.markers, sample_rate)
        append_chunk(file, cues)
        append_chunk(file, texts)
    if metadata.loops or metadata.sampler:
        sampler = metadata.sampler or Sampler()
        append_chunk(file, loop_chunk(metadata.loops, sample_rate, sampler))
        if sampler.ranges is not None:
            *limits, gain = sampler.ranges
            note = min(round(sampler.note), 127)
            cents = round(100 * (note - sampler.note))
            decibels = min(max(gain, -128), 127)
            append_chunk(file, _chunk("inst", INSTRUMENT.pack(note, cents, decibels, *limits)))
    for part in metadata.parts:
        if part.kind == WAV and part.content:
            append_chunk(file, _chunk(part.name, part.content))
    of_id3 = replace(metadata, markers=(), fields=() if fits_info else metadata.fields)
    if of_id3 and (tag := formats.id3_metadata.to_bytes(of_id3, n_samples / sample_rate)):
        append_chunk(file, _chunk("id3 ", tag))


def moved_broadcast(content: bytes, offset_seconds: float | None, from_rate: int, to_rate: int) -> bytes:
    """Return a ``bext`` chunk of a sound that starts later, at another sample rate and another level.

    - ``offset_seconds``: by how much later; None if it is not known, which leaves no time.
    """
    if len(content) < TIME_REFERENCE_OFFSET + TIME_REFERENCE.size:
        return content
    changed = bytearray(content)
    (samples,) = TIME_REFERENCE.unpack_from(content, TIME_REFERENCE_OFFSET)
    if samples:  # 0: no time of the day
        moved = 0 if offset_seconds is None else max(0, round((samples / from_rate + offset_seconds) * to_rate))
        if (offset_seconds, from_rate) == (0.0, to_rate):
            moved = samples
        TIME_REFERENCE.pack_into(changed, TIME_REFERENCE_OFFSET, min(moved, 2**64 - 1))
    if has_loudness(content):
        changed[LOUDNESS_SPAN] = UNKNOWN_LOUDNESS
    return bytes(changed)


def has_time(content: bytes) -> bool:
    """Return True for a ``bext`` chunk that states a time of the day."""
    return any(content[TIME_REFERENCE_OFFSET : TIME_REFERENCE_OFFSET + TIME_REFERENCE.size])


def has_loudness(content: bytes) -> bool:
    """Return True for a ``bext`` chunk that states a loudness."""
    is_stated = content[LOUDNESS_SPAN] not in (UNKNOWN_LOUDNESS, bytes(10))
    return len(content) >= LOUDNESS_SPAN.stop and int.from_bytes(content[346:348], "little") >= 2 and is_stated


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
        if marker.label or not marker.remark:
            labels += _chunk("labl", struct.pack("<I", number) + marker.label.encode() + b"\0")
        if marker.remark:
            labels += _chunk("note", struct.pack("<I", number) + marker.remark.encode() + b"\0")
        region = next((part.content for part in marker.parts if part.kind == WAV), None)
        if marker.end is not None or region is not None:
            length = 0 if marker.end is None else max(0, round(marker.end * sample_rate) - position)
            regions += _chunk("ltxt", struct.pack("<II", number, length) + (region or REGION))
    return _chunk("cue ", points), _chunk("LIST", labels + regions)  # FFmpeg reads no label behind a region


def _sampler(content: bytes) -> Sampler:
    """Return what a ``smpl`` chunk says beside its loops; a note that there is not is a middle C."""
    manufacturer, product, _, note, fraction, form, offset, _, n_data = struct.unpack_from(SAMPLER_FORMAT, content)
    return Sampler(
        note + fraction / 2**32 if note < 128 else MIDDLE_C,
        fields=(manufacturer, product, form, offset),
        data=content[len(content) - n_data :]
        if n_data <= len(content) - struct.calcsize(SAMPLER_FORMAT) and n_data
        else b"",
    )


def _with_ranges(sampler: Sampler | None, content: bytes) -> Sampler:
    """Return a sampler with the ranges of an ``inst`` chunk, whose note is that of a ``smpl`` chunk in other words."""
    note, cents, gain, lowest_key, highest_key, lowest, highest = INSTRUMENT.unpack_from(content)
    return replace(
        sampler or Sampler(note - cents / 100 if note >= 0 else MIDDLE_C),
        ranges=(lowest_key, highest_key, lowest, highest, gain),
    )


def _sub_chunks(content: bytes) -> list[tuple[str, bytes]]:
    found = []
    position = 4
    while position + 8 <= len(content):
        name, n_bytes = struct.unpack_from("<4sI", content, position)
        found.append((name.decode("latin-1"), content[position + 8 : position + 8 + n_bytes]))
        position += 8 + n_bytes
        if n_bytes % 2:
            position += has_pad_byte(content[position : position + 4])
    return found


def _chunk(name: str, content: bytes) -> bytes:
    return name.encode("latin-1") + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)
