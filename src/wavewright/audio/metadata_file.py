"""Metadata of sound files of every kind: tags, pictures, markers, loops, chunks; read and written, and what is lost."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

from ..base.channel_layouts import FFMPEG_NAMES, PLACES, PLACES_FIELD, mask_of
from ..base.errors import BadSetting
from ..base.whole_file import temporary_path
from . import file_formats as formats
from .file_formats.metadata import (
    AMBISONICS,
    TRACK,
    ForeignPart,
    Marker,
    Picture,
    SoundMetadata,
    normalised,
    plain,
    text_of,
    with_joined_totals,
)
from .file_kind import is_mpeg_frame
from .wav_chunks import WAV_MAGIC, LoopPoints

Container: TypeAlias = Any  # av.container.InputContainer: PyAV is an optional dependency

IMAGE_TYPES = {"mjpeg": "image/jpeg", "png": "image/png", "gif": "image/gif", "bmp": "image/bmp", "webp": "image/webp"}
UNKNOWN_LANGUAGE = ("language", "und")

IMAGES = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png"}
"""Types of covers that players show, by their first bytes."""

MAX_COVER_BYTES = 2**24
LOOPS = "its loop points"
SAME_SECONDS = 0.05  # between times that are one: some formats store milliseconds, AAC lasts some longer
SAME_NOTE = 1e-4
MIME_TYPES = {"image/jpg": "image/jpeg"}


def read(file: BinaryIO, suffix: str, head: bytes, sample_rate: int, seconds: float | None) -> SoundMetadata | None:
    """Return the metadata of a file that starts with ``head``; None for kinds that are not known here.

    What is damaged is left out.
    """
    file.seek(0)
    try:
        if head[:4] in WAV_MAGIC:
            return formats.wav_metadata.read(file, sample_rate)
        if head[:4] == b"FORM":
            return formats.aiff_metadata.read(file, sample_rate)
        if head[:4] == b"OggS":
            return formats.vorbis_metadata.read_ogg(file, seconds)
        if (found := formats.other_metadata.read(file, head, sample_rate)) is not None:
            return found
        file.seek(formats.id3.skip_tags(file))
        if file.read(4) == b"fLaC":
            return formats.vorbis_metadata.read_flac(file, seconds)
        if head[:3] == b"ID3" or suffix.lower() == ".mp3" or is_mpeg_frame(head):
            return formats.id3_metadata.read(file)
    except (ValueError, struct.error, IndexError, OverflowError):
        return SoundMetadata()
    return None


def read_container(path: Path, container: Container) -> SoundMetadata:
    """Return the metadata of a container that PyAV has opened."""
    fields = [*container.metadata.items(), *container.streams.audio[0].metadata.items()]
    fields = [(name, text_of_tag(value)) for name, value in fields if (name, value) != UNKNOWN_LANGUAGE]
    named = [
        ("lyrics" if name.lower().startswith("lyrics-") else name.removeprefix(formats.repeated_tags.ASF_PREFIX), text)
        for name, text in fields
    ]
    markers = [
        Marker(
            float(chapter["start"] * chapter["time_base"]),
            float(chapter["end"] * chapter["time_base"]),
            text_of_tag(chapter["metadata"].get("title", "")),
        )
        for chapter in container.chapters()
    ]
    if markers and markers[0].start == 0 and not markers[0].label:
        markers = markers[1:]  # what fills the gap before the first chapter
    own = read_own(path, container)
    is_mov, is_matroska, is_asf = (container.format.name.startswith(start) for start in ("mov", "matroska", "asf"))
    is_all = own.fields and not (is_mov or is_matroska or is_asf)  # PyAV reads one of several texts
    known = normalised((*(() if is_all else named), *_places(container)))
    pictures = own.pictures if is_mov and own else tuple(_covers(container))
    is_ambisonic = container.streams.audio[0].codec_context.layout.name.startswith("ambisonic")
    parts = (*_other_tracks(container), *([AMBISONICS] if is_ambisonic else []))
    found = SoundMetadata(known, pictures, tuple(markers), parts=parts)
    return own.completed(found)


def read_own(path: Path, container: Container) -> SoundMetadata:
    """Return what is read here of a container that PyAV has opened, of which it reads a part."""
    kind = container.format.name
    own: SoundMetadata | None = None
    with path.open("rb") as file:
        try:
            if kind.startswith("matroska"):
                own = formats.matroska_metadata.read(file)
            elif kind == "asf":
                own = formats.repeated_tags.read(file)
            elif kind == "voc":
                own = formats.other_metadata.read(file, formats.other_metadata.VOC_MAGIC, 0)
            elif kind == "iff":
                own = formats.aiff_metadata.read(file, container.streams.audio[0].rate)
            else:
                own = (formats.m4a_metadata if kind.startswith("mov") else formats.id3_metadata).read(file)
        except (ValueError, struct.error, IndexError):
            pass  # damaged
    return own or SoundMetadata()


def _places(container: Container) -> list[tuple[str, str]]:
    """Return the places of three and more channels as a tag."""
    names = [channel.name for channel in container.streams.audio[0].codec_context.layout.channels]
    mask = sum(1 << bit for bit, name in enumerate(FFMPEG_NAMES.values()) if name in names)
    is_known = len(names) > 2 and mask_of(f"{mask:#x}", len(names)) is not None
    return [(PLACES_FIELD.lower(), f"0x{mask:X}")] if is_known else []


def _other_tracks(container: Container) -> Iterator[ForeignPart]:
    """Yield what a file has beside its first track of sound and its images: subtitles, files, more sound, timecode."""
    for stream in container.streams:
        if stream.type == "data" and (timecode := stream.metadata.get("timecode")):
            yield ForeignPart(TRACK, f"timecode {timecode}", b"")
        if stream.type in ("audio", "subtitle", "attachment") and stream is not container.streams.audio[0]:
            name = stream.metadata.get("filename") or stream.metadata.get("title") or f"{stream.index} ({stream.type})"
            yield ForeignPart(TRACK, name, b"")


def text_of_tag(value: str) -> str:
    """Return a text of a container, in which bytes that are not UTF-8 are surrogates."""
    return text_of(value.encode("utf-8", "surrogateescape"))


def _covers(container: Container) -> Iterator[Picture]:
    """Yield the pictures of a container, which are streams of one frame."""
    streams = [stream for stream in container.streams.video if stream.disposition & stream.disposition.attached_pic]
    for stream in streams:
        mime = IMAGE_TYPES.get(stream.codec_context.name if stream.codec_context else "", "image/jpeg")
        content = next((bytes(packet) for packet in container.demux(stream) if packet.size), b"")
        container.seek(0)
        if content:
            yield Picture(formats.m4a_metadata.FRONT_COVER, mime, stream.metadata.get("title", ""), content)


def write(path: Path, metadata: SoundMetadata, sample_rate: int, n_samples: int) -> None:
    """Write metadata into a file that has none and that nobody reads yet, as far as it has a place for it.

    - ``path``: a WAV, RF64, AIFF, FLAC, Ogg Vorbis, Opus or MP3 file.
    - ``sample_rate``: in Hz.
    - ``n_samples``: samples of one channel.

    Raises ValueError if there is too much of it.
    """
    with path.open("r+b") as file:
        head = file.read(4)
        if head in WAV_MAGIC:
            formats.wav_metadata.write(file, metadata, sample_rate, n_samples)
        elif head == b"FORM":
            formats.aiff_metadata.write(file, metadata, sample_rate, n_samples)
        else:
            with temporary_path(path) as copy:
                with copy.open("wb") as target:
                    file.seek(0)
                    if head in (b"fLaC", b"OggS"):
                        write_copy = (
                            formats.vorbis_metadata.write_flac if head == b"fLaC" else formats.vorbis_metadata.write_ogg
                        )
                        write_copy(file, target, metadata)
                    else:
                        target.write(formats.id3_metadata.to_bytes(metadata, n_samples / sample_rate))
                        while block := file.read(2**20):
                            target.write(block)
                copy.replace(path)


def image_type(content: bytes) -> str:
    """Return the MIME type of a picture that players show, empty for anything else."""
    return next((mime for start, mime in IMAGES.items() if content.startswith(start)), "")


def cover_of(content: bytes) -> tuple[Picture, ...]:
    """Return a picture as a cover, nothing of one that players do not show."""
    kind = image_type(content)
    return (Picture(formats.m4a_metadata.FRONT_COVER, kind, "", content),) if kind else ()


def read_cover(path: Path) -> bytes:
    """Return the bytes of a cover; raise BadSetting if it cannot be read, is too large, or is no JPEG or PNG."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_COVER_BYTES + 1)
    except OSError as error:
        raise BadSetting(f"The cover {path} cannot be read ({error.strerror}); check the path.") from error
    if len(content) > MAX_COVER_BYTES:
        raise BadSetting(f"The cover {path} has more than {MAX_COVER_BYTES // 2**20} MiB; make it smaller.")
    if not image_type(content):
        raise BadSetting(f"The cover {path} is neither JPEG nor PNG; convert it.")
    return content


def losses(wanted: SoundMetadata, written: SoundMetadata, seconds: float | None) -> list[str]:
    """Return the names of what differs or is missing in a file that lasts ``seconds``."""
    if wanted == written:
        return []
    return [
        *_of_fields(wanted, written),
        *_of_pictures(wanted, written),
        *_of_markers(wanted.markers, written.markers, seconds),
        *_of_loops(wanted.loops, written.loops),
        *_of_sampler(wanted, written),
        *(part.described for part in (Counter(wanted.parts) - Counter(written.parts))),
    ]


def _of_fields(wanted: SoundMetadata, written: SoundMetadata) -> Iterator[str]:
    exact, found = (Counter((name.lower(), text) for name, text in each.fields) for each in (wanted, written))
    as_text, found_as_text = (with_joined_totals(each.values) for each in (wanted, written))
    for name, texts in as_text.items():
        if Counter(texts) - Counter(found_as_text.get(name, ())):
            tag = PLACES if name == PLACES_FIELD.lower() else f"the tag {name!r}"
            yield tag if name not in found_as_text else f"a part of the tag {name!r}"
    for (name, text), _ in (exact - found).items():
        plain_name, plain_text = plain(name, text)
        if (plain_name, plain_text) != (name, text) and plain_text in found_as_text.get(plain_name.lower(), ()):
            yield (
                f"language and description of the tag {plain_name!r}"
                if name.count(":") > 1
                else f"the role in {plain_name!r}"
            )


def _of_pictures(wanted: SoundMetadata, written: SoundMetadata) -> Iterator[str]:
    missing = Counter(each.content for each in wanted.pictures) - Counter(each.content for each in written.pictures)
    if n_missing := missing.total():
        yield f"{n_missing} of its pictures"
    exact, found = (
        Counter(replace(each, mime=MIME_TYPES.get(each.mime.lower(), each.mime.lower())) for each in metadata.pictures)
        for metadata in (wanted, written)
    )
    if (exact - found).total() > n_missing:
        yield "kinds or descriptions of its pictures"


def _of_markers(wanted: tuple[Marker, ...], written: tuple[Marker, ...], seconds: float | None) -> Iterator[str]:
    ordered = sorted(wanted, key=lambda marker: marker.start)
    following = [*(marker.start for marker in ordered[1:]), seconds][: len(ordered)]
    left = sorted(written, key=lambda marker: marker.start)
    n_missing, lost = 0, dict.fromkeys(("labels", "remarks", "links, pictures or further texts"), False)
    is_end_lost = False
    for marker, following_start in zip(ordered, following, strict=True):
        near = [each for each in left if abs(each.start - marker.start) <= SAME_SECONDS]
        if not near:
            n_missing += 1
            continue
        there = min(near, key=lambda each: (each.label != marker.label, abs(each.start - marker.start)))
        left.remove(there)
        differ = (
            there.label != marker.label,
            there.remark != marker.remark,
            bool(Counter(marker.parts) - Counter(there.parts)),
        )
        lost = {name: was or now for (name, was), now in zip(lost.items(), differ, strict=True)}
        there_end = following_start if there.end is None else there.end
        if marker.end is not None and (there_end is None or abs(marker.end - there_end) > SAME_SECONDS):
            is_end_lost = True
    if n_missing:
        yield f"{n_missing} of its {len(wanted)} markers"
    if is_end_lost:
        yield "the ends of its regions"
    yield from (f"{name} of its markers" for name, is_lost in lost.items() if is_lost)


def _of_loops(wanted: tuple[LoopPoints, ...], written: tuple[LoopPoints, ...]) -> Iterator[str]:
    spans, found = (Counter((loop.start, loop.end, loop.kind) for loop in each) for each in (wanted, written))
    if spans - found:
        yield LOOPS
    elif Counter(wanted) - Counter(written):
        yield "counts or fractions of its loops"


def _of_sampler(wanted: SoundMetadata, written: SoundMetadata) -> Iterator[str]:
    if wanted.sampler is None:
        return
    if written.sampler is None:
        yield "the note of its sampler"
        return
    before, after = wanted.sampler, written.sampler
    if abs(before.note - after.note) > SAME_NOTE:
        yield (
            "a fraction of the note of its sampler" if abs(before.note - after.note) < 1 else "the note of its sampler"
        )
    if before.ranges not in (None, after.ranges):
        yield "the ranges of its sampler"
    if (before.fields, before.data) != (after.fields, after.data):
        yield "settings of its sampler"
