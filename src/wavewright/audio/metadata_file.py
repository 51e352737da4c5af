"""Read and write the metadata of sound files of every kind: tags, pictures, markers, loop points, other chunks."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

from ..base.whole_file import temporary_path
from .file_formats import aiff_metadata, id3_metadata, vorbis_metadata, wav_metadata
from .file_formats.id3 import skip_tags
from .file_formats.metadata import ForeignPart, Marker, Picture, SoundMetadata, normalised, text_of
from .wav_chunks import FORWARD

Container: TypeAlias = Any  # av.container.InputContainer: PyAV is an optional dependency

IMAGE_TYPES = {"mjpeg": "image/jpeg", "png": "image/png", "gif": "image/gif", "bmp": "image/bmp", "webp": "image/webp"}
FRONT_COVER = 3
UNKNOWN_LANGUAGE = ("language", "und")
POINTS, LOOPS, ENDS = "its markers", "its loop points", "the ends of its regions"
SAME_SECONDS = 0.05  # between times that are one: some formats store milliseconds, AAC lasts some longer


def read(path: Path, head: bytes, sample_rate: int) -> SoundMetadata | None:
    """Return the metadata of a file that starts with ``head``; None for kinds that are not known here.

    What is damaged is left out.
    """
    with path.open("rb") as file:
        try:
            if head[:4] in (b"RIFF", b"RF64"):
                return wav_metadata.read(file, sample_rate)
            if head[:4] == b"FORM":
                return aiff_metadata.read(file, sample_rate)
            if head[:4] == b"OggS":
                return vorbis_metadata.read_ogg(file)
            file.seek(skip_tags(file))
            if file.read(4) == b"fLaC":
                return vorbis_metadata.read_flac(file)
            if head[:3] == b"ID3" or path.suffix.lower() == ".mp3" or (head[:1] == b"\xff" and head[1:2] >= b"\xe0"):
                return id3_metadata.read(file)
        except (ValueError, struct.error, IndexError):
            return SoundMetadata()
    return None


def read_container(container: Container) -> SoundMetadata:
    """Return the metadata of a container that PyAV has opened."""
    fields = [*container.metadata.items(), *container.streams.audio[0].metadata.items()]
    fields = [(name, text_of_tag(value)) for name, value in fields if (name, value) != UNKNOWN_LANGUAGE]
    named = [("lyrics" if name.lower().startswith("lyrics-") else name, text) for name, text in fields]
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
    return SoundMetadata(normalised(named), tuple(_covers(container)), tuple(markers))


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
            yield Picture(FRONT_COVER, mime, stream.metadata.get("title", ""), content)


def write(path: Path, metadata: SoundMetadata, sample_rate: int, n_samples: int) -> list[str]:
    """Write metadata into a file that has none and that nobody reads yet; return what it has no place for.

    - ``path``: a WAV, RF64, AIFF, FLAC, Ogg Vorbis, Opus or MP3 file.
    - ``sample_rate``: in Hz.
    - ``n_samples``: samples of one channel.

    Raises ValueError if there is too much of it.
    """
    with path.open("r+b") as file:
        head = file.read(4)
        if head in (b"RIFF", b"RF64"):
            wav_metadata.write(file, metadata, sample_rate, n_samples)
            return [*_parts(metadata, wav_metadata.KIND, id3_metadata.KIND)]
        if head == b"FORM":
            aiff_metadata.write(file, metadata, sample_rate, n_samples)
            left_out = [*_loops(metadata, 1), *_parts(metadata, aiff_metadata.KIND, id3_metadata.KIND)]
            return [*_ends(metadata, n_samples / sample_rate), *left_out]
        with temporary_path(path) as copy:
            with copy.open("wb") as target:
                file.seek(0)
                if head in (b"fLaC", b"OggS"):
                    left_out = [*_ends(metadata, n_samples / sample_rate), *_loops(metadata, 1), *_parts(metadata)]
                    plain = replace(metadata, loops=tuple(each for each in metadata.loops[:1] if each.kind == FORWARD))
                    write_copy = vorbis_metadata.write_flac if head == b"fLaC" else vorbis_metadata.write_ogg
                    write_copy(file, target, plain)
                else:
                    left_out = [*_loops(metadata, 0), *_parts(metadata, id3_metadata.KIND)]
                    target.write(id3_metadata.to_bytes(metadata, n_samples / sample_rate))
                    while block := file.read(2**20):
                        target.write(block)
            copy.replace(path)
        return left_out


def _ends(metadata: SoundMetadata, seconds: float) -> Iterator[str]:
    """Yield the ends of regions, for a file whose markers last to the next one, if some do not."""
    ordered = sorted(metadata.markers, key=lambda marker: marker.start)
    following = (*(marker.start for marker in ordered[1:]), seconds)
    if any(
        marker.end is not None and abs(marker.end - start) > SAME_SECONDS
        for marker, start in zip(ordered, following, strict=False)
    ):
        yield ENDS


def _loops(metadata: SoundMetadata, n_possible: int) -> Iterator[str]:
    """Yield loops that a file has no place for: more than one, or other kinds than forward in Vorbis comments."""
    if len(metadata.loops) > n_possible or any(loop.kind != FORWARD for loop in metadata.loops):
        yield LOOPS


def _parts(metadata: SoundMetadata, *kinds: str) -> Iterator[str]:
    """Yield the names of the parts of other kinds of files."""
    for part in metadata.parts:
        if part.kind not in kinds:
            yield name_of(part)


def name_of(part: ForeignPart) -> str:
    """Return the name of a part for a message."""
    return f"the {'frame' if part.kind == id3_metadata.KIND else 'chunk'} {part.name.strip()!r}"
