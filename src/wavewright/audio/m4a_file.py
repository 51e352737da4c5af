"""Write M4A and M4B files by PyAV, the extra ``media``: AAC, or lossless ALAC, with tags, a cover and chapters."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from ..base.errors import BadSetting, MissingExtra, WavewrightError, how_to_install
from ..base.whole_file import why_not_written
from .file_formats.metadata import Marker, Picture, SoundMetadata

AvObject: TypeAlias = Any  # of PyAV, which is an optional dependency

FORMAT = "M4A"
AAC = "AAC"
SUBTYPES = {AAC: ("aac", "fltp"), "ALAC_16": ("alac", "s16p"), "ALAC_24": ("alac", "s32p")}
"""Encoders and formats of samples, by the names of subtypes."""

AAC_RATES_HZ = (7_350, 8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 64_000, 88_200, 96_000)
MAX_ALAC_RATE_HZ = 384_000
LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "4.0", 5: "5.0", 6: "5.1", 8: "7.1"}
NAMES = {
    **{name: name for name in ("title", "artist", "album", "composer", "genre", "date", "comment", "copyright")},
    **{"albumartist": "album_artist", "tracknumber": "track", "discnumber": "disc", "grouping": "grouping"},
    **{"lyrics": "lyrics", "software": "encoder"},
}
"""Tags that these files have, and FFmpeg's names for them."""

AUDIO_BOOK = ".m4b"
AUDIO_BOOK_MEDIA_TYPE = "2"  # by which players put a file among audio books

IMAGE_FORMATS = {"image/jpeg": "jpeg_pipe", "image/jpg": "jpeg_pipe", "image/png": "png_pipe"}
MILLISECONDS = 1_000  # of a second
LAST_SECONDS = 1.0  # of a last chapter whose end is not known


def check_extra(path: Path) -> None:
    """Raise MissingExtra if PyAV is not installed."""
    try:
        import av  # noqa: F401
    except ImportError as error:
        raise MissingExtra(
            f"{path} is written by PyAV: {how_to_install('media')}, or write .wav, .flac or .mp3."
        ) from error


def write(
    path: Path,
    target: Path,
    waves: Iterable[np.ndarray],
    sample_rate: int,
    n_channels: int,
    subtype: str,
    metadata: SoundMetadata,
    seconds: float | None,
) -> list[str]:
    """Write a file; return what of the metadata it has no place for.

    - ``path``, ``target``: the name for messages, and the file to write.
    - ``waves``: the sound, ``(channels, time)``.
    - ``sample_rate``: in Hz.
    - ``seconds``: about how long the sound is, for the end of the last chapter.

    Raises BadSetting if there are too many channels, or WavewrightError if the file cannot be written.
    """
    import av

    from .media_encoding import BITS_PER_SECOND_AND_CHANNEL, sound_packets
    from .metadata_file import LOOPS, name_of

    if n_channels not in LAYOUTS:
        raise BadSetting(
            f"{path} cannot hold {n_channels} channels; an M4A file has one of {', '.join(map(str, LAYOUTS))}."
        )
    codec, sample_format = SUBTYPES[subtype]
    known = {NAMES[name]: text for name, text in metadata.tags.items() if name in NAMES}
    is_book = path.suffix.lower() == AUDIO_BOOK
    if is_book:
        known["media_type"] = AUDIO_BOOK_MEDIA_TYPE
    try:
        with av.open(str(target), "w", format="mp4", options={"brand": "M4B " if is_book else "M4A "}) as container:
            container.metadata.update(known)
            container.set_chapters([*_chapters(metadata.markers, seconds)])
            stream: AvObject = container.add_stream(
                codec, rate=sample_rate, layout=LAYOUTS[n_channels], format=sample_format
            )
            if subtype == AAC:
                stream.bit_rate = BITS_PER_SECOND_AND_CHANNEL * n_channels
            covers = [*_covers(container, metadata.pictures)]
            for packet in chain(covers, sound_packets(stream, waves, sample_rate)):
                container.mux(packet)
    except av.FFmpegError as error:
        raise WavewrightError(why_not_written(path, error.strerror or str(error))) from error
    return [
        *(f"the tag {name!r}" for name in metadata.tags if name not in NAMES),
        *([f"{len(metadata.pictures) - len(covers)} of its pictures"] if len(covers) < len(metadata.pictures) else []),
        *([LOOPS] if metadata.loops else []),
        *(name_of(part) for part in metadata.parts),
    ]


def _chapters(markers: tuple[Marker, ...], seconds: float | None) -> Iterator[AvObject]:
    """Yield chapters as PyAV takes them; one without an end lasts to the next."""
    from fractions import Fraction

    ordered = sorted(markers, key=lambda marker: marker.start)
    if ordered and ordered[0].start > 0:  # chapters of these files leave no gap
        ordered.insert(0, Marker(0.0, ordered[0].start))
    for number, marker in enumerate(ordered):
        following = ordered[number + 1].start if number + 1 < len(ordered) else seconds or marker.start + LAST_SECONDS
        end = following if marker.end is None else marker.end
        yield {
            "id": number,
            "start": round(marker.start * MILLISECONDS),
            "end": round(max(end, marker.start) * MILLISECONDS),
            "time_base": Fraction(1, MILLISECONDS),
            "metadata": {"title": marker.label},
        }


def _covers(container: AvObject, pictures: tuple[Picture, ...]) -> Iterator[AvObject]:
    """Yield a packet for each picture of a kind that these files have, each of a stream of its own."""
    import av
    from av.stream import Disposition

    for picture in pictures:
        if picture.mime.lower() not in IMAGE_FORMATS:
            continue
        try:
            with av.open(io.BytesIO(picture.content), format=IMAGE_FORMATS[picture.mime.lower()]) as image:
                stream = container.add_stream_from_template(image.streams.video[0])
        except (av.FFmpegError, IndexError, ValueError):
            continue
        stream.disposition = Disposition.attached_pic
        packet = av.Packet(picture.content)
        packet.stream, packet.pts, packet.dts = stream, 0, 0
        yield packet
