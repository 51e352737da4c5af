"""Metadata in chunks of AIFF files and of 8SVX: texts, markers, the loops of an instrument, ID3."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import BinaryIO

from ...base.channel_layouts import PLACES_FIELD, core_audio_layout
from .. import file_formats as formats
from ..wav_chunks import FORWARD, MIDDLE_C, PING_PONG, LoopPoints, Sampler
from .metadata import (
    AIFF,
    ForeignPart,
    Marker,
    SoundMetadata,
    exact_rate,
    layout_of,
    named_if_long,
    normalised,
    plain,
    text_of,
)

TEXTS = {"NAME": "title", "AUTH": "artist", "(c) ": "copyright", "ANNO": "comment"}
STRUCTURE = ("COMM", "SSND", "FVER", "FLLR", "PEAK", "VHDR", "CHAN", "BODY")
REMARKS = "COMT"
NO_RANGES = (0, 127, 1, 127, 0)  # all keys and velocities, no gain
INSTRUMENT = struct.Struct(">6bh6h")  # notes, velocities, gain; sustain loop and release loop: mode, markers
LOOP_ENDS = (("beg loop", "end loop"), ("beg release loop", "end release loop"))
"""Labels of the markers at the ends of loops; others at these places are markers as well."""

NO_LOOP, FORWARD_LOOP, ALTERNATING_LOOP = 0, 1, 2
MAX_PART_BYTES = 2**26
MAX_MARKERS = 30_000


def read(file: BinaryIO, sample_rate: int) -> SoundMetadata:
    """Return the metadata of a file."""
    fields: list[tuple[str, str]] = []
    marks: dict[int, tuple[int, str]] = {}
    instrument: tuple[int, ...] = ()
    remarks: dict[int, str] = {}  # of markers by their numbers
    of_id3 = SoundMetadata()
    repeated: tuple[LoopPoints, ...] = ()  # of 8SVX
    parts: list[ForeignPart] = []
    for name, content in named_if_long(_chunks(file), AIFF, STRUCTURE, parts):
        if name in TEXTS:
            fields.append((TEXTS[name], text_of(content)))
        elif name == "MARK":
            marks = dict(_marks(content))
        elif name == REMARKS:
            for _, number, text in _remarks(content):
                if number:
                    remarks[number] = text
                else:
                    fields.append(("comment", text))
            parts += _dated(content)
        elif name == "INST" and len(content) >= INSTRUMENT.size:
            instrument = INSTRUMENT.unpack_from(content)
        elif name == "VHDR" and len(content) >= 8:
            start, length = struct.unpack_from(">II", content)
            repeated = (LoopPoints(start, start + length),) if length else ()
        elif name in ("ID3 ", "id3 ") and content[:3] == b"ID3":
            of_id3 = of_id3.completed(formats.id3_metadata.parse(content))
        else:
            of_layout, others = layout_of(AIFF, name, content) if name == "CHAN" else ([], _rest(name, content))
            fields, parts = [*fields, *of_layout], [*parts, *others]
    sampler, loops, ends = _played(instrument, marks) if instrument else (None, (), frozenset())
    markers = [
        Marker(position / sample_rate, None, label, remarks.get(number, ""))
        for number, (position, label) in marks.items()
        if number not in ends
    ]
    own = SoundMetadata(
        markers=tuple(sorted(markers, key=lambda marker: marker.start)),
        loops=(*loops, *repeated),
        sampler=sampler,
        parts=(*parts,),
    )
    return own.completed(of_id3).completed(SoundMetadata(normalised(fields)))


def _played(
    instrument: tuple[int, ...], marks: dict[int, tuple[int, str]]
) -> tuple[Sampler, tuple[LoopPoints, ...], frozenset[int]]:
    """Return how a sampler plays the sound, its loops, and the numbers of markers that are their ends alone."""
    note, cents, low_key, high_key, lowest, highest, gain = instrument[:7]
    sampler = Sampler(note - cents / 100 if 0 <= note < 128 else MIDDLE_C, (low_key, high_key, lowest, highest, gain))
    loops: list[LoopPoints] = []
    ends: list[int] = []
    for is_release, (mode, first, last) in enumerate((instrument[7:10], instrument[10:13])):
        if mode in (FORWARD_LOOP, ALTERNATING_LOOP) and marks.get(first, (0,))[0] < marks.get(last, (0,))[0]:
            kind = PING_PONG if mode == ALTERNATING_LOOP else FORWARD
            loops.append(LoopPoints(marks[first][0], marks[last][0], kind, is_release=bool(is_release)))
            ends += [number for number in (first, last) if marks[number][1] in ("", *sum(LOOP_ENDS, ()))]
    return sampler, (*loops,), frozenset(ends)


def write(file: BinaryIO, metadata: SoundMetadata, sample_rate: int, n_samples: int) -> None:
    """Append the metadata to a file that has none, and correct its size."""
    added = b""
    if places := metadata.tags.get(PLACES_FIELD.lower()):
        added += _chunk("CHAN", core_audio_layout(int(places, 16)))
        metadata = metadata.without(PLACES_FIELD)
    values = metadata.values
    texts = {code: values[name][0] for code, name in TEXTS.items() if len(values.get(name, ())) == 1}
    for code, text in texts.items():
        added += _chunk(code, text.encode())
    points = [(round(marker.start * sample_rate), marker.label) for marker in metadata.markers]
    remarks = [(number, marker.remark) for number, marker in enumerate(metadata.markers, 1) if marker.remark]
    remark_parts = (part for part in metadata.parts if part.name == REMARKS and part.content)
    times = {text: time for part in remark_parts for time, _, text in _remarks(part.content)}
    if metadata.loops or metadata.sampler:
        sampler = metadata.sampler or Sampler()
        note = min(round(sampler.note), 127)
        played: list[int] = []
        for is_release in (False, True):
            loop = next((each for each in metadata.loops if each.is_release == is_release), None)
            if loop is None:
                played += [NO_LOOP, 0, 0]
                continue
            played.append(ALTERNATING_LOOP if loop.kind == PING_PONG else FORWARD_LOOP)
            for position, label in zip((loop.start, loop.end), LOOP_ENDS[is_release], strict=True):
                number = next((number for number, (there, _) in enumerate(points, 1) if there == position), None)
                points += [(position, label)] if number is None else []
                played.append(number or len(points))
        values_of_it = (note, round(100 * (note - sampler.note)), *(sampler.ranges or NO_RANGES), *played)
        added += _chunk("INST", INSTRUMENT.pack(*values_of_it))
    if points:
        marks = b"".join(
            struct.pack(">HI", number, position) + _short_text(label)
            for number, (position, label) in enumerate(points, start=1)
        )
        added += _chunk("MARK", struct.pack(">H", len(points)) + marks)
    if remarks:
        added += _chunk(REMARKS, _remark_rows((times.get(text, 0), number, text) for number, text in remarks))
    own = (part for part in metadata.parts if part.kind == AIFF and part.name != REMARKS and part.content)
    added += b"".join(_chunk(part.name, part.content) for part in own)
    is_plain = {*values} == {TEXTS[code] for code in texts} and all(field == plain(*field) for field in metadata.fields)
    fields = () if is_plain else metadata.fields
    if tag := formats.id3_metadata.to_bytes(replace(metadata, fields=fields, markers=()), n_samples / sample_rate):
        added += _chunk("ID3 ", tag)
    n_bytes = file.seek(0, 2)
    file.write(bytes(n_bytes % 2) + added)
    n_bytes = file.tell()
    file.seek(4)
    file.write(struct.pack(">I", n_bytes - 8))


def _dated(content: bytes) -> list[ForeignPart]:
    """Return a part with the times of the comments in a ``COMT`` chunk, if they have some."""
    rows = sorted((time, 0, text) for time, _, text in _remarks(content) if time)
    return [ForeignPart(AIFF, REMARKS, _remark_rows(rows))] if rows else []


def _remark_rows(rows: Iterable[tuple[int, int, str]]) -> bytes:
    """Return the content of a ``COMT`` chunk of times, numbers of markers, and texts."""
    coded = [
        struct.pack(">IhH", time, number, len(text.encode())) + _even(text.encode()) for time, number, text in rows
    ]
    return struct.pack(">H", len(coded)) + b"".join(coded)


def _remarks(content: bytes) -> Iterator[tuple[int, int, str]]:
    """Yield the times of the comments in a ``COMT`` chunk, the numbers of their markers, and their texts."""
    (n_remarks,) = struct.unpack_from(">H", content)
    position = 2
    for _ in range(n_remarks):
        if position + 8 > len(content):
            return
        time, number, n_text = struct.unpack_from(">IhH", content, position)
        yield time, number, text_of(content[position + 8 : position + 8 + n_text])
        position += 8 + n_text + n_text % 2


def _even(content: bytes) -> bytes:
    return content + bytes(len(content) % 2)


def peak_time(file: BinaryIO) -> int:
    """Return the position of the time in the ``PEAK`` chunk of a file, 0 without one."""
    return next((file.tell() - len(content) + 4 for name, content in _chunks(file) if name == "PEAK" and content), 0)


def _chunks(file: BinaryIO) -> Iterator[tuple[str, bytes | None]]:
    """Yield the names and contents of chunks, the samples apart; None for one that is too long."""
    file.seek(0)
    magic, _, kind = struct.unpack(">4sI4s", file.read(12))
    if magic != b"FORM" or kind not in (b"AIFF", b"AIFC", b"8SVX", b"16SV"):
        return
    while len(header := file.read(8)) == 8:
        name, n_bytes = struct.unpack(">4sI", header)
        start = file.tell()
        if name not in (b"SSND", b"BODY"):
            yield name.decode("latin-1"), file.read(n_bytes) if n_bytes <= MAX_PART_BYTES else None
        elif n_bytes == 0:
            return  # written to a pipe: the samples follow
        file.seek(start + n_bytes + n_bytes % 2)


def _rest(name: str, content: bytes) -> tuple[ForeignPart, ...]:
    """Return a chunk that is not read here as a part; of the format, the sample rate, a number in 80 bits."""
    if name != "COMM":
        return () if name in STRUCTURE else (ForeignPart(AIFF, name, content),)
    exponent, mantissa = struct.unpack_from(">hQ", content, 8)
    return exact_rate(math.ldexp(mantissa, exponent - 16_383 - 63))


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
    return name.encode("latin-1") + struct.pack(">I", len(content)) + _even(content)
