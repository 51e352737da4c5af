"""Sound encoded by PyAV, the extra ``media``, and M4A and M4B files of it, with tags, a cover and chapters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from ..base.errors import BadSetting, MissingExtra, WavewrightError, how_to_install
from ..base.units import seconds_to_samples
from ..base.whole_file import why_not_written
from . import file_formats as formats
from .file_formats.metadata import Marker, SoundMetadata
from .media_samples import AvObject

FORMAT = "M4A"
AAC = "AAC"
SUBTYPES = {AAC: ("aac", "fltp"), "ALAC_16": ("alac", "s16p"), "ALAC_24": ("alac", "s32p")}
"""Encoders and formats of samples, by the names of subtypes."""

AAC_RATES_HZ = (7_350, 8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 64_000, 88_200, 96_000)
MAX_ALAC_RATE_HZ = 384_000
M4A_LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "quad", 5: "5.0", 6: "5.1", 8: "7.1"}
WITHOUT_ALAC = (4, 8)
"""Numbers of channels whose usual places ALAC does not have."""

AUDIO_BOOK = ".m4b"
AUDIO_BOOK_MEDIA_TYPE = "2"  # by which players put a file among audio books

CREATED = "creation_time"  # a field of the container itself
MILLISECONDS = 1_000  # of a second
LAST_SECONDS = 1.0  # of a last chapter whose end is not known

LAYOUTS = {1: "mono", 2: "stereo", 3: "2.1", 4: "quad", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}
"""Channels in the order of the layouts of WAV files, by their number."""

BITS_PER_SECOND_AND_CHANNEL = 96_000


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
) -> None:
    """Write a file with chapters, and with tags and pictures where they have a place.

    - ``path``, ``target``: the name for messages, and the file to write.
    - ``waves``: the sound, ``(channels, time)``.
    - ``sample_rate``: in Hz.
    - ``seconds``: about how long the sound is, for the end of the last chapter.

    Raises BadSetting if there are too many channels, or WavewrightError if the file cannot be written.
    """
    import av

    allowed = [number for number in M4A_LAYOUTS if subtype == AAC or number not in WITHOUT_ALAC]
    if n_channels not in allowed:
        raise BadSetting(
            f"{path} cannot hold {n_channels} channels as {subtype}; it can hold one of {', '.join(map(str, allowed))}."
        )
    codec, sample_format = SUBTYPES[subtype]
    is_book = path.suffix.lower() == AUDIO_BOOK
    if is_book:
        metadata = metadata.with_tags({"media_type": AUDIO_BOOK_MEDIA_TYPE})
    try:
        with av.open(str(target), "w", format="mp4", options={"brand": "M4B " if is_book else "M4A "}) as container:
            if created := metadata.tags.get(CREATED):
                container.metadata[CREATED] = created
            container.set_chapters([*chapters(_from_the_start(metadata.markers), seconds, MILLISECONDS)])
            stream: AvObject = container.add_stream(
                codec, rate=sample_rate, layout=M4A_LAYOUTS[n_channels], format=sample_format
            )
            if subtype == AAC:
                stream.bit_rate = BITS_PER_SECOND_AND_CHANNEL * n_channels
            for packet in sound_packets(stream, waves, sample_rate):
                container.mux(packet)
    except av.FFmpegError as error:
        raise WavewrightError(why_not_written(path, error.strerror or str(error))) from error
    with target.open("r+b") as file:
        formats.m4a_metadata.write(
            file, replace(metadata, fields=tuple(each for each in metadata.fields if each[0] != CREATED))
        )


def _from_the_start(markers: tuple[Marker, ...]) -> list[Marker]:
    """Return markers in their order, with one that fills the gap before them; these files have no gap."""
    ordered = sorted(markers, key=lambda marker: marker.start)
    return [Marker(0.0, ordered[0].start), *ordered] if ordered and ordered[0].start > 0 else ordered


def chapters(ordered: Sequence[Marker], seconds: float | None, clock: int) -> Iterator[AvObject]:
    """Yield chapters as PyAV takes them, in parts of a second; one without an end lasts to the next."""
    from fractions import Fraction

    for number, marker in enumerate(ordered):
        following = ordered[number + 1].start if number + 1 < len(ordered) else seconds or marker.start + LAST_SECONDS
        end = following if marker.end is None else marker.end
        yield {
            "id": number,
            "start": round(marker.start * clock),
            "end": round(max(end, marker.start) * clock),
            "time_base": Fraction(1, clock),
            "metadata": {"title": marker.label},
        }


def sound_packets(
    stream: AvObject, waves: Iterable[np.ndarray], rate: int, start_seconds: float = 0.0
) -> Iterator[AvObject]:
    """Yield the packets of a sound ``(channels, time)``, encoded."""
    import av

    position = seconds_to_samples(start_seconds, rate)
    for wave in waves:
        if not wave.shape[1]:
            continue
        # Interleaved: PyAV writes beyond the planes of more than seven channels.
        interleaved = np.ascontiguousarray(wave.T.clip(-1, 1), np.float32).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(interleaved, format="flt", layout=stream.layout.name)
        frame.rate, frame.pts, frame.time_base = rate, position, Fraction(1, rate)
        position += wave.shape[1]
        yield from (packet for packet in stream.encode(frame) if packet.dts is not None)
    yield from (packet for packet in stream.encode(None) if packet.dts is not None)
