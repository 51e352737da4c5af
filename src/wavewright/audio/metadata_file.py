"""Read and write the metadata of sound files of every kind: tags, pictures, markers, loop points, other chunks."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

from ..base.whole_file import temporary_path
from .file_formats import aiff_metadata, id3_metadata, m4a_metadata, other_metadata, vorbis_metadata, wav_metadata
from .file_formats.id3 import skip_tags
from .file_formats.metadata import TRACK, ForeignPart, Marker, Picture, SoundMetadata, normalised, text_of
from .wav_chunks import WAV_MAGIC

Container: TypeAlias = Any  # av.container.InputContainer: PyAV is an optional dependency

IMAGE_TYPES = {"mjpeg": "image/jpeg", "png": "image/png", "gif": "image/gif", "bmp": "image/bmp", "webp": "image/webp"}
FRONT_COVER = 3
UNKNOWN_LANGUAGE = ("language", "und")


def read(path: Path, head: bytes, sample_rate: int, seconds: float | None) -> SoundMetadata | None:
    """Return the metadata of a file that starts with ``head``; None for kinds that are not known here.

    What is damaged is left out.
    """
    with path.open("rb") as file:
        try:
            if head[:4] in WAV_MAGIC:
                return wav_metadata.read(file, sample_rate)
            if head[:4] == b"FORM":
                return aiff_metadata.read(file, sample_rate)
            if head[:4] == b"OggS":
                return vorbis_metadata.read_ogg(file, seconds)
            if (found := other_metadata.read(file, head, sample_rate)) is not None:
                return found
            file.seek(skip_tags(file))
            if file.read(4) == b"fLaC":
                return vorbis_metadata.read_flac(file, seconds)
            if head[:3] == b"ID3" or path.suffix.lower() == ".mp3" or (head[:1] == b"\xff" and head[1:2] >= b"\xe0"):
                return id3_metadata.read(file)
        except (ValueError, struct.error, IndexError):
            return SoundMetadata()
    return None


def read_container(path: Path, container: Container) -> SoundMetadata:
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
    own = None
    if container.format.name.startswith("mov"):
        with path.open("rb") as file:
            own = m4a_metadata.read(file)
    pictures = tuple(_covers(container)) if own is None else own.pictures
    found = SoundMetadata(normalised(named), pictures, tuple(markers), parts=tuple(_other_tracks(container)))
    return found if own is None else own.completed(found)


def _other_tracks(container: Container) -> Iterator[ForeignPart]:
    """Yield what a file holds beside its first track of sound and its images: subtitles, attached files, more sound."""
    for stream in container.streams:
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
            yield Picture(FRONT_COVER, mime, stream.metadata.get("title", ""), content)


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
            wav_metadata.write(file, metadata, sample_rate, n_samples)
        elif head == b"FORM":
            aiff_metadata.write(file, metadata, sample_rate, n_samples)
        else:
            with temporary_path(path) as copy:
                with copy.open("wb") as target:
                    file.seek(0)
                    if head in (b"fLaC", b"OggS"):
                        write_copy = vorbis_metadata.write_flac if head == b"fLaC" else vorbis_metadata.write_ogg
                        write_copy(file, target, metadata)
                    else:
                        target.write(id3_metadata.to_bytes(metadata, n_samples / sample_rate))
                        while block := file.read(2**20):
                            target.write(block)
                copy.replace(path)
