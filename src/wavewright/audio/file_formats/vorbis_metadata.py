"""Vorbis comments and the metadata blocks of FLAC: tags, pictures, chapters, loop points."""

from __future__ import annotations

import base64
import binascii
import re
import struct
from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

from ...base.channel_layouts import PLACES_FIELD, USUAL_PLACES, is_usual, mask_of
from ..wav_chunks import FORWARD, LoopPoints
from . import flac, id3_metadata, ogg
from .metadata import (
    AMBISONICS,
    FLAC,
    ForeignPart,
    Marker,
    Picture,
    SoundMetadata,
    normalised,
    plain,
    text_of,
    with_qualifiers,
)
from .vorbis_comment import VorbisComment

PICTURE_FIELD = "metadata_block_picture"
CHAPTER = re.compile(r"chapter(\d+)(name|url)?")
TIME = re.compile(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)")
WRITTEN_NAMES = {"software": "ENCODER", "encodedby": "ENCODED-BY"}
READ_NAMES = {"encoded-by": "encodedby"}
INFORMATION_BLOCK, PICTURE_BLOCK, COMMENT_BLOCK = 0, 6, 4
CHANNELS_BYTE = 12  # of the information, whose bits 1 to 3 are their number less one
OPUS_FAMILY, VORBIS_FAMILY, AMBISONIC_FAMILIES = 18, 1, (2, 3)  # byte of the first header of Opus (RFC 8486)
OPUS_CHANNELS, VORBIS_CHANNELS = 9, 11  # bytes of the first headers, whose channels have the usual places
OTHER_BLOCKS = {2: "APPLICATION", 5: "CUESHEET"}


def read_flac(file: BinaryIO, seconds: float | None) -> SoundMetadata:
    """Return the metadata of a FLAC file of some length; raise ValueError if it is damaged."""
    found = SoundMetadata()
    pictures, parts = [], []
    n_channels = 0
    for kind, content in flac.blocks(file):
        if kind == INFORMATION_BLOCK:
            n_channels = (content[CHANNELS_BYTE] >> 1 & 7) + 1
        elif kind == COMMENT_BLOCK:
            found = found.completed(_parsed(VorbisComment.parse(content), seconds))
        elif kind == PICTURE_BLOCK:
            pictures.append(_picture(content))
        elif kind in OTHER_BLOCKS:
            parts.append(ForeignPart(FLAC, OTHER_BLOCKS[kind], content))
    found = replace(found, pictures=(*pictures, *found.pictures), parts=tuple(parts))
    for tag in id3_metadata.read_first(file):
        found = found.completed(tag)
    places = found.tags.get(PLACES_FIELD.lower(), "")
    if n_channels < 3:
        return found.without(PLACES_FIELD) if is_usual(places) else found
    mask = mask_of(places, n_channels) if places else USUAL_PLACES[n_channels]
    return found if mask is None else found.with_tags({PLACES_FIELD.lower(): f"0x{mask:X}"})


def read_ogg(file: BinaryIO, seconds: float | None) -> SoundMetadata:
    """Return the metadata of the first stream of an Ogg file; raise ValueError if it is damaged."""
    first, comment = ogg.read_headers(file)
    found = _parsed(comment, seconds)
    is_opus = first.startswith(ogg.OPUS_HEADER)
    is_ambisonic = is_opus and first[OPUS_FAMILY] in AMBISONIC_FAMILIES
    n_channels = first[OPUS_CHANNELS if is_opus else VORBIS_CHANNELS]
    if 2 < n_channels < len(USUAL_PLACES) and not (is_opus and first[OPUS_FAMILY] != VORBIS_FAMILY):
        found = found.with_tags({PLACES_FIELD.lower(): f"0x{USUAL_PLACES[n_channels]:X}"})
    return replace(found, parts=(*found.parts, AMBISONICS)) if is_ambisonic else found


def write_flac(source: BinaryIO, target: BinaryIO, metadata: SoundMetadata) -> None:
    """Copy a FLAC file with other metadata."""
    pictures = [_picture_block(picture) for picture in metadata.pictures]
    flac.write_blocks(source, target, tuple(_fields(metadata, with_pictures=False)), pictures)


def write_ogg(source: BinaryIO, target: BinaryIO, metadata: SoundMetadata) -> None:
    """Copy an Ogg file with other metadata."""
    ogg.write_fields(source, target, tuple(_fields(metadata, with_pictures=True)))


def _fields(metadata: SoundMetadata, *, with_pictures: bool) -> Iterator[bytes]:
    for name, text in (plain(*field) for field in metadata.fields):
        key = WRITTEN_NAMES.get(name.lower(), name.upper())
        if re.fullmatch(r"[ -<>-}]+", key):  # what the names of fields may hold
            yield f"{key}={text}".encode()
    for number, marker in enumerate(sorted(metadata.markers, key=lambda marker: marker.start)):
        minutes, seconds = divmod(marker.start, 60)
        hours, minutes = divmod(int(minutes), 60)
        yield f"CHAPTER{number:03d}={hours:02d}:{minutes:02d}:{seconds:06.3f}".encode()
        yield f"CHAPTER{number:03d}NAME={marker.label}".encode()
        if url := id3_metadata.link_of(marker):
            yield f"CHAPTER{number:03d}URL={url}".encode()
    if metadata.loops and metadata.loops[0].kind == FORWARD:
        loop = metadata.loops[0]
        yield f"LOOPSTART={loop.start}".encode()
        yield f"LOOPLENGTH={loop.end - loop.start}".encode()
    if with_pictures:
        for picture in metadata.pictures:
            yield PICTURE_FIELD.upper().encode() + b"=" + base64.b64encode(_picture_block(picture))


def _parsed(comment: VorbisComment, seconds: float | None) -> SoundMetadata:
    fields: list[tuple[str, str]] = []
    pictures: list[Picture] = []
    starts: dict[str, float] = {}
    names: dict[tuple[str, str], str] = {}
    loops: dict[str, int] = {}
    for field in comment.fields:
        key, _, value = field.partition(b"=")
        name, text = key.decode("ascii", "replace").lower(), text_of(value)
        chapter = CHAPTER.fullmatch(name)
        if chapter and chapter[2] is None and (time := TIME.fullmatch(text)):
            starts[chapter[1]] = 3_600 * int(time[1]) + 60 * int(time[2]) + float(time[3])
        elif chapter:
            names[chapter[1], chapter[2] or ""] = text
        elif name in ("loopstart", "looplength", "loopend") and text.isdecimal() and len(text) < 16:
            loops[name] = int(text)
        elif name == PICTURE_FIELD:
            try:
                pictures.append(_picture(base64.b64decode(value, validate=True)))
            except (ValueError, struct.error, binascii.Error):
                continue
        else:
            fields.append(with_qualifiers(READ_NAMES.get(name, name), text))
    if not any(name == "comment" for name, _ in fields):
        fields = [("comment" if name == "description" else name, text) for name, text in fields]
    ordered = sorted(starts.items(), key=lambda each: each[1])
    ends = [*(start for _, start in ordered[1:]), seconds]
    markers = [
        Marker(
            start,
            end if end is not None and end > start else None,
            names.get((number, "name"), ""),
            parts=(id3_metadata.link_frame(names[number, "url"]),) if names.get((number, "url")) else (),
        )
        for (number, start), end in zip(ordered, ends, strict=False)
    ]
    return SoundMetadata(normalised(fields), tuple(pictures), tuple(markers), _loops(loops))


def _loops(values: dict[str, int]) -> tuple[LoopPoints, ...]:
    start = values.get("loopstart")
    if start is None:
        return ()
    end = start + values["looplength"] if "looplength" in values else values.get("loopend", start)
    return (LoopPoints(start, end),) if end > start else ()


def _picture(block: bytes) -> Picture:
    kind, n_mime = struct.unpack_from(">2I", block)
    position = 8 + n_mime
    mime = block[8:position].decode("latin-1")
    (n_described,) = struct.unpack_from(">I", block, position)
    described = block[position + 4 : position + 4 + n_described].decode("utf-8", "replace")
    position += 4 + n_described + 16
    (n_bytes,) = struct.unpack_from(">I", block, position)
    return Picture(min(kind, 255), mime, described, block[position + 4 : position + 4 + n_bytes])


def _picture_block(picture: Picture) -> bytes:
    mime, described = picture.mime.encode("latin-1", "replace"), picture.description.encode()
    width, height, depth = _size(picture.content)
    return b"".join(
        (
            struct.pack(">2I", picture.kind, len(mime)) + mime,
            struct.pack(">I", len(described)) + described,
            struct.pack(">5I", width, height, depth, 0, len(picture.content)) + picture.content,
        )
    )


def _size(image: bytes) -> tuple[int, int, int]:
    """Return width, height and bits of a PNG; zeros where they are not known."""
    if image.startswith(b"\x89PNG") and len(image) > 25:
        width, height = struct.unpack_from(">2I", image, 16)
        return width, height, image[24] * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}.get(image[25], 0)
    return 0, 0, 0
