"""The samples of a container, each at its time: silence stands where nothing is stored or can be decoded."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from ..base.channel_layouts import FFMPEG_NAMES
from ..base.units import samples_to_seconds, seconds_to_samples
from . import file_formats as formats
from .file_kind import CONTAINER_OPTIONS

if TYPE_CHECKING:
    import av

AvObject: TypeAlias = Any  # of PyAV, which is an optional dependency

MATROSKA_DURATION = re.compile(r"(\d+):(\d\d):(\d\d\.\d+)")
"""Tag of a track of Matroska and WebM files, which have no field for its length: when it ends."""

ESTIMATED = re.compile(r"(aac|ac3|amr|amrnb|amrwb|dts|eac3|avi adpcm_\w+)( |$)")
"""Containers, and codecs in them, whose lengths FFmpeg derives from a bitrate."""
LOSSLESS_CODECS = ("ape", "flac", "tta", "wavpack")
SUBTYPES_OF_SAMPLES = {"u8": "PCM_16", "s16": "PCM_16", "s32": "PCM_24", "flt": "FLOAT", "dbl": "FLOAT"}
"""FFmpeg's formats of samples, and the subtypes that hold what is decoded of them, in ``float32``."""

MICROSECONDS = 1_000_000  # units of the times of a container
SILENT_SAMPLES = 65_536  # at a time
SLACK_SECONDS = 0.25
"""Tolerance of the length in containers, which is rounded and includes the encoder delay."""
SLACK_SAMPLES = 4_096
"""The same at low sample rates: some count the whole of the last frame."""

PAUSE_SECONDS, PAUSE_SECONDS_OF = 0.012, {"mpeg": 0.1}
"""Shortest time between two frames that counts: containers round times, and program streams (VOB) miss by a frame."""

TIMED = ("flv", "matroska", "mov", "mpeg", "mpegts", "ogg", "webm")
"""Containers that store when a packet sounds, beside ASF. FFmpeg derives the times of others, some of them wrong."""

ROUNDING_SECONDS = 0.0015  # of times in milliseconds

LONGEST_PAUSE_SECONDS = 3_600.0
"""Longest one where a container does not say how long it is; a longer one is a fault of its times."""

PAD_BYTES = 7
"""Most zeros that fill up the sound of a chunk, as FFmpeg writes W64 and RF64 files: they are no part of it."""

OWN_ORDER = re.compile(r"\d+ channels? \(")  # FFmpeg's names of layouts that are no usual ones

FIRST_SILENT_AMR = 8  # of the types of its frames: from here on they describe the noise of a pause, or are empty


def start_seconds(container: AvObject) -> float:
    """Return when the first track of a container starts; a negative time is that of samples that decoders drop."""
    return max(0.0, (container.start_time or 0) / MICROSECONDS)


def native_order(container: AvObject) -> list[int] | None:
    """Return the channels of the first track of sound in the order of WAV files, if they have an order of their own.

    They are decoded as if they had not. The object that has their order is never freed, which PyAV 17.1 to 18.1 needs.
    """
    context = container.streams.audio[0].codec_context if container.streams.audio else None
    layout = getattr(context, "layout", None)
    if context is None or layout is None or not OWN_ORDER.match(layout.name):
        return None
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(layout))
    names, known = [channel.name for channel in layout.channels], list(FFMPEG_NAMES.values())
    is_known = len(set(names) & set(known)) == len(names)
    ordered = sorted(names, key=known.index) if is_known else names
    context.options = {"ch_layout": "+".join(ordered) if is_known else f"{len(names)}C"}
    context.open()
    return [names.index(name) for name in ordered] if is_known else None


def lead_samples(container: AvObject) -> int:
    """Return the samples between the start of a container, such as that of a picture, and that of its sound."""
    stream = container.streams.audio[0]
    lead_seconds = float((stream.start_time or 0) * stream.time_base) - start_seconds(container)
    return seconds_to_samples(lead_seconds, stream.rate) if lead_seconds > PAUSE_SECONDS else 0


def claimed_samples(path: Path, container: AvObject) -> tuple[int | None, bool]:
    """Return how long the first track of sound of a file is said to be, and whether that is exact; None if unknown.

    Silence before it counts; what an encoder added behind it does not, where the length is exact.
    """
    stream, kind = container.streams.audio[0], container.format.name
    exact = formats.m4a_metadata.length(path, stream.index) if kind.startswith("mov") else None
    seconds = None if exact is None else float(exact)
    is_stated = ESTIMATED.match(f"{kind} {stream.codec_context.name}") is None
    if seconds is None and stream.duration is not None and is_stated:
        seconds = float(stream.duration * stream.time_base)
    elif seconds is None and (stated := MATROSKA_DURATION.fullmatch(stream.metadata.get("DURATION", ""))):
        hours, minutes, of_minute = map(float, stated.groups())
        seconds = 3600 * hours + 60 * minutes + of_minute - float((stream.start_time or 0) * stream.time_base)
    return None if seconds is None else round(seconds * stream.rate) + lead_samples(container), exact is not None


def subtype_of(stream: AvObject) -> str:
    """Return the codec of a track of sound; of lossless ones the kind of their samples, as libsndfile names it."""
    context = stream.codec_context
    name, samples = str(context.name), context.format.name.removesuffix("p")
    if name == "alac":
        return f"ALAC_{16 if samples == 's16' else 24}"
    is_lossless = name in LOSSLESS_CODECS or name.startswith("pcm_")
    return SUBTYPES_OF_SAMPLES.get(samples, name) if is_lossless else name


class MediaSamples:
    """The samples ``(channels, time)`` of the first track of sound of an open container, in ``float32``.

    Recorders and calls store no packets of a pause, an editor may leave a gap, and the sound of a video may begin after
    the picture: silence keeps what follows in time.

    - ``n_samples``: the claimed length, None if unknown.
    - ``order``: the channels in their order, see :func:`native_order`; None for all as they are.
    - ``n_read``: samples so far.
    - ``n_damaged``: packets so far that cannot be decoded; ``first_damaged`` says at which sample, and ``reason`` why.
    - ``left_out``: pauses that are too long to be filled, where the length is unknown.
    """

    def __init__(
        self,
        container: AvObject,
        sample_rate: int,
        n_channels: int,
        n_samples: int | None,
        order: list[int] | None = None,
    ) -> None:
        self.container, self.order = container, order
        self.sample_rate, self.n_channels = sample_rate, n_channels
        self.n_samples = n_samples
        self.n_read = self.n_damaged = self.first_damaged = 0
        self.reason = ""
        self.left_out: list[str] = []
        self._end: float | None = None  # of what was read, in seconds of the container
        self._frame_samples = 1  # of the last frame
        self._lost_end: float | None = None  # of what cannot be decoded

    def __iter__(self) -> Iterator[np.ndarray]:
        is_decoded = False
        for frame in self._frames():
            if not is_decoded:
                yield from self._silence(lead_samples(self.container))
            if frame.pts is not None:
                start = float(frame.pts * frame.time_base)
                yield from self._silence_until(start)
                self._lost_end = None
                self._end, self._frame_samples = start + frame.samples / frame.sample_rate, frame.samples
            # Interleaved: PyAV reads beyond the planes of more than seven channels.
            chunk = frame.to_ndarray().reshape(frame.samples, -1).T
            self.n_read += chunk.shape[1]
            is_decoded = True
            yield chunk if self.order is None else chunk[self.order]
        if is_decoded and self._lost_end is not None:
            yield from self._silence_until(self._lost_end)

    def _frames(self) -> Iterator[AvObject]:
        """Yield the decoded frames, all with the rate and the channels of the first."""
        import av

        stream = self.container.streams.audio[0]
        resampler = layout = form = None
        try:
            for packet in self.container.demux(stream):
                for frame in self._decoded(packet, stream.codec_context.name):
                    changed = (frame.format.name, frame.layout.name, frame.sample_rate)
                    if resampler is None or changed != form:
                        yield from () if resampler is None else resampler.resample(None)
                        form, layout = changed, layout or frame.layout
                        resampler = av.AudioResampler(format="flt", layout=layout, rate=self.sample_rate)
                    yield from resampler.resample(frame)
        except av.FFmpegError as error:
            self._note_damage(error)
        yield from () if resampler is None else resampler.resample(None)

    def _decoded(self, packet: AvObject, codec: str) -> list[AvObject]:
        """Return the frames of a packet, none where it cannot be decoded."""
        import av

        try:
            frames: list[AvObject] = packet.decode()
        except av.FFmpegError as error:
            if packet.size <= PAD_BYTES and not any(bytes(packet)):
                return []
            if packet.pts is not None:
                start = float(packet.pts * packet.time_base)
                self._end = start if self._end is None else self._end
                self._lost_end = start + float((packet.duration or 0) * packet.time_base)
            if not (codec.startswith("amr") and packet.size and bytes(packet)[0] >> 3 & 15 >= FIRST_SILENT_AMR):
                self._note_damage(error)
            return []
        return frames

    def _note_damage(self, error: av.FFmpegError) -> None:
        self.n_damaged += 1
        if self.n_damaged == 1:
            self.first_damaged, self.reason = self.n_read, str(error.strerror)

    def _silence_until(self, start: float) -> Iterator[np.ndarray]:
        """Yield silence between the end of what was read and a later start, in seconds of the container."""
        if self._end is None or start - self._end < PAUSE_SECONDS_OF.get(self.container.format.name, PAUSE_SECONDS):
            return
        if self._lost_end is None and not self._has_times:
            return
        n_silent = seconds_to_samples(start - self._end, self.sample_rate)
        n_whole = round(n_silent / self._frame_samples) * self._frame_samples  # exact, where times are rounded
        n_silent = n_whole if abs(n_whole - n_silent) < ROUNDING_SECONDS * self.sample_rate else n_silent
        remaining = LONGEST_PAUSE_SECONDS
        if self.n_samples is not None:
            remaining = samples_to_seconds(self.n_samples - self.n_read, self.sample_rate)
        if start - self._end > remaining + SLACK_SECONDS:
            if self.n_samples is None:  # what lasts as long as it says has faulty times
                position = samples_to_seconds(self.n_read, self.sample_rate)
                self.left_out.append(f"{start - self._end:.2f} s at {position:.2f} s")
            return
        yield from self._silence(n_silent)

    @cached_property
    def _has_times(self) -> bool:
        """Whether the container stores times; those of ASF that go back are FFmpeg's mistakes of divided packets."""
        import av

        if self.container.format.name != "asf":
            return self.container.format.name.split(",")[0] in TIMED
        with av.open(self.container.name, options=CONTAINER_OPTIONS, metadata_errors="surrogateescape") as again:
            times = [packet.pts for packet in again.demux(audio=0) if packet.pts is not None]
        return times == sorted(times)

    def _silence(self, n_samples: int) -> Iterator[np.ndarray]:
        for position in range(0, n_samples, SILENT_SAMPLES):
            yield np.zeros((self.n_channels, min(SILENT_SAMPLES, n_samples - position)), np.float32)
        self.n_read += n_samples

    @property
    def fault(self) -> str | None:
        """Sentence, without the name of the file, on packets that cannot be decoded; None if there are none."""
        if not self.n_damaged:
            return None
        start = samples_to_seconds(self.first_damaged, self.sample_rate)
        return f"is damaged: {self.n_damaged} of its packets, from {start:.2f} s on, cannot be decoded ({self.reason})"
