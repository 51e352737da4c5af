"""Sound files, opened once: what their headers claim, checked, their metadata, and their samples chunk by chunk."""

from __future__ import annotations

import hashlib
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, Literal, TypeAlias

import numpy as np
import soundfile

from ..base.channel_layouts import PLACES_FIELD, Positions, positions_of
from ..base.errors import BadAudio, BadSetting, MissingExtra, SoundWarning, how_to_install
from ..base.files import SHORT_DIGITS
from ..base.json_text import parse
from ..base.units import samples_to_seconds, seconds_to_samples
from .file_formats.metadata import TAGS, SoundMetadata, normalised
from .file_formats.segments import SegmentedFile
from .file_kind import CONTAINER_OPTIONS, SoundParts, is_of_other_codec, kind_of, quiet_library
from .media_samples import (
    SLACK_SAMPLES,
    SLACK_SECONDS,
    AvObject,
    MediaSamples,
    claimed_samples,
    native_order,
    subtype_of,
)
from .wav_chunks import frames_of_fact
from .wave_blocks import MONO_BLOCK_VALUES, BlockReader, MonoSound, first_samples

CHUNK_SAMPLES = 65_536
"""Samples decoded or encoded at a time.

libsndfile's Vorbis encoder keeps a whole call on the stack and overflows it at about a minute of stereo, and a chunk
bounds the memory that a wrong header can make us allocate.
"""

SAMPLE_RATES_HZ = (1_000, 768_000)
"""Lowest and highest accepted sample rate."""

MAX_CHANNELS = 256

MAX_SAMPLE = 1e6
"""Largest accepted sample; full scale is 1. Even 16-bit integers that were stored as floats do not exceed it."""

OGG_CHANNELS = {
    3: [0, 2, 1],
    5: [0, 2, 1, 3, 4],
    6: [0, 2, 1, 5, 3, 4],
    7: [0, 2, 1, 6, 5, 3, 4],
    8: [0, 2, 1, 7, 5, 6, 3, 4],
}
"""Channels of Ogg Vorbis and Opus in the order of WAV files, by their number; libsndfile leaves them as they are."""

UNKNOWN_LENGTH = 2**62
"""libsndfile reports more samples than this for a FLAC file that was written to a pipe."""

WAV_SLACK_BYTES = 16
"""Tolerance of chunk sizes: some programs include the eight bytes of the chunk's header."""

SEEKABLE_SUBTYPES = ("PCM_S8", "PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW")
"""Subtypes in which libsndfile seeks exactly to a sample."""

FLAC_FRAME = 4_096
TRIES_OF_A_STEP = 64
"""Samples between the places after damage at which a FLAC file is tried, and tries before they are doubled."""

MP3_SLACK_SAMPLES = 4 * 1152
"""Tolerance of the length of MP3 files, which libsndfile overestimates by up to a few frames."""
OPUS_SLACK_SAMPLES = 120
"""That of Opus files, the shortest frame at 48 kHz: libsndfile may leave out the last samples of a long one."""

SampleType: TypeAlias = Literal["float32", "float64"]


@dataclass(frozen=True)
class AudioHeader:
    """Header of a sound file.

    - ``sample_rate``: in Hz.
    - ``n_samples``: samples of one channel as claimed, None if unknown.
    - ``format``, ``subtype``: container and codec, as libsndfile or PyAV name them.
    - ``faults``: sentences about what is missing or damaged, as far as it can be seen without decoding.
    - ``is_damaged``: sound is missing or damaged.
    - ``is_padded``: decoders add samples behind those that are claimed.
    """

    sample_rate: int
    n_channels: int
    n_samples: int | None
    format: str
    subtype: str
    faults: tuple[str, ...] = ()
    is_damaged: bool = False
    is_padded: bool = False

    @property
    def seconds(self) -> float | None:
        """The claimed length in seconds, None if unknown."""
        return None if self.n_samples is None else samples_to_seconds(self.n_samples, self.sample_rate)


@dataclass(frozen=True)
class SoundFormat:
    """Sample rate in Hz, number of channels, length in seconds, and positions of a sound; None if unknown."""

    sample_rate: int
    n_channels: int
    seconds: float | None = None
    positions: Positions | None = None


def open_sound(path: SoundSource) -> OpenSound:
    """Find the kind of a sound file and read its header.

    No handle is left open, so the file may be replaced meanwhile.

    Raises BadAudio if the file is missing, a folder, empty, no sound file, without samples that can be decoded, or of
    an unusual sample rate; MissingExtra if the format needs the extra ``media``.

    Parameters
    ----------
    path : str, Path or OpenSound
        Sound file; one that has been opened is returned as it is.
    """
    if isinstance(path, OpenSound):
        return path
    path = Path(path)
    head, parts = kind_of(path)
    if parts is not None:
        try:
            return OpenSound(path, _sound_header(path, parts), head, parts)
        except BadAudio as error:
            if not is_of_other_codec(path, head, error.__cause__):
                raise
    with _open_media(path) as (container, _):
        return OpenSound(path, _media_header(path, container), head, None)


class OpenSound:
    """A sound file whose kind and header are known; metadata, hash and samples are read when they are asked for.

    - ``path``, ``header``: the file, and its header.
    - ``head``: its first bytes.
    - ``parts``: what libsndfile decodes of it; None for a file that PyAV decodes.
    """

    def __init__(self, path: Path, header: AudioHeader, head: bytes, parts: SoundParts | None) -> None:
        self.path = path
        self.header = header
        self._head = head
        self._parts = parts

    @cached_property
    def metadata(self) -> SoundMetadata:
        """All that the file holds beside its sound; raises BadAudio if it cannot be read."""
        if self._parts is not None:
            with self.path.open("rb") as file:
                return self._metadata_of(file, self._parts)
        from . import metadata_file

        with _open_media(self.path) as (container, _):
            return metadata_file.read_container(self.path, container)

    @cached_property
    def positions(self) -> Positions | None:
        """The positions of three and more channels, if the file says them."""
        with suppress(BadAudio):  # of metadata: the sound can be read
            if self.header.n_channels > 2:
                return positions_of(self.metadata.tags.get(PLACES_FIELD.lower(), ""), self.header.n_channels)
        return None

    @property
    def format(self) -> SoundFormat:
        """The format of the sound."""
        return SoundFormat(self.header.sample_rate, self.header.n_channels, self.header.seconds, self.positions)

    @property
    def tags(self) -> dict[str, str]:
        """The non-empty tags by name, see ``TAGS``."""
        return {name: text for name, text in self.metadata.tags.items() if name in TAGS}

    @property
    def origin(self) -> dict[str, object]:
        """The provenance in the comment: source, settings and version; empty without one."""
        try:
            origin = parse(self.tags["comment"])
        except (ValueError, KeyError):
            return {}
        return origin if isinstance(origin, dict) else {}

    @cached_property
    def hash(self) -> str:
        """The first digits of the file's SHA-256; who asks for it needs the metadata too, which is read on the way."""
        with self.path.open("rb") as file:
            if self._parts is not None and "metadata" not in vars(self):
                self.metadata = self._metadata_of(file, self._parts)
                file.seek(0)
            return hashlib.file_digest(file, "sha256").hexdigest()[:SHORT_DIGITS]

    def _metadata_of(self, file: BinaryIO, parts: SoundParts) -> SoundMetadata:
        from . import metadata_file

        found = metadata_file.read(file, self.path.suffix, self._head, self.header.sample_rate, self.header.seconds)
        if found is None:
            with _open_sound(self.path, next(parts.sources(self.path))) as sound:
                found = SoundMetadata(normalised((name, text) for name, text in sound.copy_metadata().items()))
        # libsndfile adds its own name and version
        fields = ((name, re.sub(r" \(libsndfile-[^)]*\)$", "", text)) for name, text in found.fields)
        return replace(found, fields=tuple(fields))

    def chunks(
        self, start_seconds: float = 0.0, dtype: SampleType = "float32", *, strict: bool = False
    ) -> Iterator[np.ndarray]:
        """Return the samples in chunks, as they are decoded.

        - ``start_seconds``: start of the first chunk.
        - ``dtype``: type of the samples; only ``float64`` holds all bits of 32-bit integers and of doubles. Formats of
          the extra ``media`` are decoded to ``float32``.
        - ``strict``: raise BadAudio where sound is missing or damaged; by default what can be decoded is, and a
          :class:`.errors.SoundWarning` says what is missing.
        - returns: consecutive chunks ``(channels, time)``, at least one sample in all.

        Raises BadAudio if the sound ends before the start, has no samples, or samples that are not finite. What only
        decoding can detect is raised by the iterator.
        """
        path, header = self.path, self.header
        start = seconds_to_samples(start_seconds, header.sample_rate)
        if header.n_samples == 0:
            raise _no_samples(path)
        if header.seconds is not None and start >= (header.n_samples or 0):
            raise BadAudio(
                f"{path} is {header.seconds:.3f} s long and was asked for from {start_seconds} s on; start earlier."
            )
        if strict and header.is_damaged:
            raise BadAudio(f"{header.faults[0]}; copy or export it again.")
        for fault in header.faults:
            warnings.warn(f"{fault}.", SoundWarning, stacklevel=2)
        if self._parts is None:
            chunks = _media_chunks(path, header, start, strict)
        else:
            chunks = _sound_chunks(path, self._parts, header, start, dtype, strict)
        if header.is_padded and header.n_samples is not None:
            chunks = first_samples(chunks, header.n_samples - start)
        return _finite(path, header, start, chunks)

    def blocks(
        self,
        block_seconds: float = 10.0,
        start_seconds: float = 0.0,
        seconds: float | None = None,
        *,
        strict: bool = False,
    ) -> Iterator[np.ndarray]:
        """Return the samples in blocks ``(channels, time)`` of one length, in bounded memory, however long the file is.

        - ``block_seconds``: length of a block; the last one may be shorter.
        - ``start_seconds``: start of the first block.
        - ``seconds``: longest total duration; by default up to the end of the file.
        - ``strict``: raise BadAudio where sound is missing or damaged; by default, a warning says so.

        Raises BadSetting if a length is not above 0, or the start negative, or BadAudio as :meth:`chunks`.
        """
        if not block_seconds > 0 or not start_seconds >= 0 or not (seconds is None or seconds > 0):
            raise BadSetting(
                f"Blocks of {block_seconds} s from {start_seconds} s on for {seconds} s cannot be read; lengths must "
                "be above 0 and the start at least 0."
            )
        rate = self.header.sample_rate
        n_samples = None if seconds is None else max(1, seconds_to_samples(seconds, rate))
        chunks = first_samples(self.chunks(start_seconds, strict=strict), n_samples)
        return BlockReader(chunks, self.header.n_channels).blocks(max(1, seconds_to_samples(block_seconds, rate)))

    def mono(self, show: Callable[[float], object] = lambda _: None) -> MonoSound:
        """Return the sound as one channel; ``show`` is called with the seconds that are read."""
        header = self.header
        blocks = self.blocks(MONO_BLOCK_VALUES / (header.sample_rate * header.n_channels))
        return MonoSound(blocks, header.sample_rate, show, self.positions)


SoundSource: TypeAlias = str | Path | OpenSound
"""A sound file, which may have been opened."""


def read_origin(path: Path) -> dict[str, object]:
    """Return what a sound file was made from, as its comment says; empty if it says nothing or cannot be read."""
    try:
        return open_sound(path).origin
    except BadAudio:
        return {}


class _SequentialFile(soundfile.SoundFile):  # type: ignore[misc]  # soundfile has no annotations
    """A sound file that is read sequentially.

    soundfile seeks after every read of a seekable file, at which libsndfile's MP3 decoder restarts with silence.
    """

    fault: str | None = None
    """Message of libsndfile about damaged sound; the samples before the damage were returned."""

    _keeps_going = False

    def seekable(self) -> bool:
        """Return False, so that soundfile does not seek."""
        return False

    def read_chunk(self, dtype: SampleType) -> np.ndarray:
        """Return the next samples ``(time, channels)``, fewer at the end and before damaged sound."""
        self._keeps_going = True
        try:
            chunk: np.ndarray = self.read(CHUNK_SAMPLES, dtype=dtype, always_2d=True)
        finally:
            self._keeps_going = False
        return chunk

    @property
    def _errorcode(self) -> int:
        """Return libsndfile's last error, for which soundfile raises and drops what was decoded before it."""
        code = int(super()._errorcode)
        if code and self._keeps_going:
            self.fault = str(soundfile.LibsndfileError(code).error_string).rstrip(".")
            return 0
        return code


def _sound_chunks(
    path: Path, parts: SoundParts, header: AudioHeader, start: int, dtype: SampleType, strict: bool
) -> Iterator[np.ndarray]:
    """Yield chunks decoded by libsndfile; say at the end if there were fewer samples than claimed."""
    # libmpg123 prints what it does not understand; the header has it as a sentence.
    silence = quiet_library if header.subtype == "MPEG_LAYER_III" and header.is_damaged else nullcontext
    position = 0
    for source in parts.sources(path):
        with _open_sound(path, source) as file:
            if (file.samplerate, file.channels) != (header.sample_rate, header.n_channels):
                break
            # Other subtypes decode differently after a seek or cannot seek, such as GSM 6.10: decode from the start.
            if start and header.subtype in SEEKABLE_SUBTYPES:
                position = file.seek(start)
            while True:
                with silence():
                    chunk = file.read_chunk(dtype)
                position += len(chunk)
                if header.format == "OGG" and header.n_channels in OGG_CHANNELS:
                    chunk = chunk[:, OGG_CHANNELS[header.n_channels]]
                yield from _from_start(start, position, chunk.T)
                if file.fault:
                    _report_damage(path, header, position, file.fault, strict)
                    if header.format == "FLAC" and isinstance(source, str):
                        yield from _after_damage(path, source, header, start, position, dtype)
                    return
                if not len(chunk):
                    break
    slack = {"MPEG_LAYER_III": MP3_SLACK_SAMPLES, "OPUS": OPUS_SLACK_SAMPLES}.get(header.subtype, 0)
    if parts.has_end:
        _check_length(path, header, position, slack, strict)


def _after_damage(
    path: Path, source: str, header: AudioHeader, start: int, position: int, dtype: SampleType
) -> Iterator[np.ndarray]:
    """Yield silence for damaged frames of a FLAC file, and what follows; nothing if nothing can be decoded."""
    end = header.n_samples or 0
    if not _decodes_at(path, source, end - FLAC_FRAME, end):
        return  # the file was cut short
    step = FLAC_FRAME
    while position < end:
        resumed, n_tries = position, 0
        while not _decodes_at(path, source, resumed, end):
            n_tries += 1
            resumed += step << n_tries // TRIES_OF_A_STEP
        yield from _from_start(start, resumed, np.zeros((header.n_channels, resumed - position), dtype))
        with _open_sound(path, source) as file:
            position = file.seek(resumed)
            while len(chunk := file.read_chunk(dtype)):
                position += len(chunk)
                yield from _from_start(start, position, chunk.T)
            if not file.fault:
                return


def _decodes_at(path: Path, source: str, position: int, end: int) -> bool:
    """Return True if the frame at a sample can be decoded, and for the end of a file."""
    if position >= end:
        return True
    try:
        with _open_sound(path, source) as file:
            file.seek(max(position, 0))
            return bool(len(file.read_chunk("float32")) > 0)
    except BadAudio:
        return False


def _media_chunks(path: Path, header: AudioHeader, start: int, strict: bool) -> Iterator[np.ndarray]:
    """Yield chunks decoded by PyAV; say at the end if there were fewer samples than claimed."""
    position = 0
    with _open_media(path) as (container, order):
        samples = MediaSamples(container, header.sample_rate, header.n_channels, header.n_samples, order)
        for chunk in samples:
            position += chunk.shape[1]
            yield from _from_start(start, position, chunk)
            if samples.fault and strict:
                break
    if fault := samples.fault:
        if strict or not position:
            raise BadAudio(f"{path} {fault}; copy or export it again.")
        warnings.warn(f"{path} {fault}. Silence stands there, and the rest was read.", SoundWarning, stacklevel=2)
    if samples.left_out:
        pauses = f"pauses of more than an hour ({', '.join(samples.left_out[:3])})"
        warnings.warn(
            f"{path} has {pauses}. They are left out: what follows comes earlier.", SoundWarning, stacklevel=2
        )
    slack = max(seconds_to_samples(SLACK_SECONDS, header.sample_rate), SLACK_SAMPLES)
    _check_length(path, header, position, slack, strict)


def _from_start(start: int, end: int, chunk: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the samples of a chunk ``(channels, time)`` that ends at ``end``, from ``start`` on, if any."""
    n_after = min(chunk.shape[1], end - start)
    if n_after > 0:
        yield chunk[:, chunk.shape[1] - n_after :]


def _report_damage(path: Path, header: AudioHeader, n_decoded: int, reason: str, strict: bool) -> None:
    """Warn that decoding failed after so many samples; raise BadAudio if strict or none were decoded."""
    if strict or not n_decoded:
        raise BadAudio(f"{path} cannot be decoded, it is damaged or cut short ({reason}); copy or export it again.")
    seconds = samples_to_seconds(n_decoded, header.sample_rate)
    warnings.warn(
        f"{path} is damaged or cut short after {seconds:.2f} s ({reason}). What can be decoded was read.",
        SoundWarning,
        stacklevel=2,
    )


def _check_length(path: Path, header: AudioHeader, n_decoded: int, slack: int, strict: bool) -> None:
    """Warn if fewer samples were decoded than the header claims; raise BadAudio if strict or none were."""
    if header.n_samples is None or n_decoded >= header.n_samples - slack:
        return
    fault = (
        f"{path} promises {header.n_samples} samples and holds {n_decoded}: it was cut short, or its header is wrong"
    )
    if strict or not n_decoded:
        raise BadAudio(f"{fault}; copy or export it again.")
    warnings.warn(f"{fault}. What there is was read.", SoundWarning, stacklevel=2)


def _finite(path: Path, header: AudioHeader, start: int, chunks: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    """Yield the same chunks; raise BadAudio for samples that are not finite or too large, or if there are none."""
    position = start
    for chunk in chunks:
        is_valid = (np.abs(chunk) <= MAX_SAMPLE).all(axis=0)  # false for NaN, too
        if not is_valid.all():
            index = int(np.argmin(is_valid))
            seconds = samples_to_seconds(position + index, header.sample_rate)
            magnitude = np.abs(chunk[:, index]).max()
            fault = f"{magnitude:.0e} times full scale" if np.isfinite(magnitude) else "that is not a finite number"
            raise BadAudio(f"{path} holds a sample {fault}, at {seconds:.4f} s; export the sound again.")
        position += chunk.shape[1]
        yield chunk
    if position == start:
        raise _no_samples(path)


@contextmanager
def _open_sound(path: Path, source: str | SegmentedFile) -> Iterator[_SequentialFile]:
    """Open a file, or a part of it, with libsndfile; raise its errors as BadAudio."""
    try:
        with _SequentialFile(source) as file:
            yield file
    except (soundfile.LibsndfileError, OSError) as error:
        reason = getattr(error, "error_string", str(error)).rstrip(".")
        if "does not exist" in reason:  # libsndfile's message for MP3 data without a frame
            reason = "no sound is found in it"
        raise BadAudio(
            f"{path} cannot be decoded, it is damaged or cut short ({reason}); copy or export it again."
        ) from error


@contextmanager
def _open_media(path: Path) -> Iterator[tuple[AvObject, list[int] | None]]:
    """Open a container with PyAV, and find the order of its channels.

    Raises its errors as BadAudio, and MissingExtra if PyAV is not installed.
    """
    try:
        import av
    except ImportError as error:
        raise MissingExtra(
            f"{path} is of a kind that needs PyAV: {how_to_install('media')}, or convert it to .wav or .flac."
        ) from error
    try:
        with av.open(str(path), options=CONTAINER_OPTIONS, metadata_errors="surrogateescape") as container:
            yield container, native_order(container)
    except (av.FFmpegError, UnicodeError, OverflowError, ZeroDivisionError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BadAudio(
            f"{path} cannot be decoded, it is damaged or cut short ({reason}); copy or export it again."
        ) from error


def _sound_header(path: Path, parts: SoundParts) -> AudioHeader:
    """Return the header of a file, checked against its size."""
    header: AudioHeader | None = None
    faults = [f"{path} {fault}" for fault in parts.faults]
    is_damaged = parts.is_damaged
    n_samples: int | None = 0
    for number, source in enumerate(parts.sources(path)):
        with _open_sound(path, source) as file:
            if header is None:
                known = None if file.frames >= UNKNOWN_LENGTH else file.frames
                kind = (parts.container or file.format, file.subtype)
                claimed = AudioHeader(file.samplerate, file.channels, known, *kind)
                header = _checked_header(path, claimed)
            elif (file.samplerate, file.channels) != (header.sample_rate, header.n_channels):
                seconds = samples_to_seconds(n_samples or 0, header.sample_rate)
                faults.append(
                    f"{path} has {len(parts.segments)} parts one after the other, and part {number + 1}, at "
                    f"{seconds:.2f} s, has another sample rate or number of channels ({file.samplerate} Hz, "
                    f"{file.channels}). What precedes it was read"
                )
                is_damaged = True
                break
            n_samples = None if n_samples is None or file.frames >= UNKNOWN_LENGTH else n_samples + file.frames
            if header.subtype == "GSM610" and (stated := frames_of_fact(path)) is not None and n_samples:
                n_samples = min(n_samples, stated)  # libsndfile adds a block to an odd number of them
                header = replace(header, is_padded=True)
            if parts.has_end and (fault := _wrong_size(path, file)):
                faults.append(fault)
                is_damaged = True
    assert header is not None
    if n_samples == 0:
        raise BadAudio(f"{faults[0]}; copy or export it again.") if is_damaged else _no_samples(path)
    return replace(header, n_samples=n_samples, faults=tuple(faults), is_damaged=is_damaged)


def _wrong_size(path: Path, file: _SequentialFile) -> str | None:
    """Return what is wrong about the size in a header, which libsndfile logs; it decodes what there is."""
    for claimed, actual in re.findall(
        r"^ *(?:data|SSND|Data Size|Riff size|riff) +: (\d+) \(should be (\d+)\)", file.extra_info, re.M
    ):
        if int(claimed) > int(actual) + WAV_SLACK_BYTES:
            return (
                f"{path} promises {claimed} bytes of sound and holds {actual}: it was cut short, or its header is "
                "wrong. What there is was read"
            )
    return None


def _media_header(path: Path, container: AvObject) -> AudioHeader:
    """Return the header of the first audio track of an open container."""
    if not container.streams.audio:
        raise BadAudio(f"{path} holds no audio track; give a file with sound.")
    stream = container.streams.audio[0]
    context = stream.codec_context  # a stream of an unknown codec has none, and no sample rate; a damaged one no format
    if context is None or context.format is None or not stream.rate or not stream.channels:
        raise BadAudio(
            f"{path} holds an audio track that cannot be decoded, it is damaged or cut short; copy or export it again."
        )
    n_tracks = len(container.streams.audio)
    faults = (f"{path} holds {n_tracks} tracks of sound; the first was read",) if n_tracks > 1 else ()
    n_samples, is_exact = claimed_samples(path, container)
    kind = (container.format.name, subtype_of(stream))
    header = AudioHeader(stream.rate, stream.channels, n_samples, *kind, faults, is_padded=is_exact)
    return _checked_header(path, header)


def _checked_header(path: Path, header: AudioHeader) -> AudioHeader:
    """Return the header itself; raise BadAudio for an unusual sample rate or number of channels."""
    lowest, highest = SAMPLE_RATES_HZ
    if not lowest <= header.sample_rate <= highest:
        raise BadAudio(f"{path} says its sample rate is {header.sample_rate} Hz; {lowest} to {highest} Hz can be read.")
    if not 1 <= header.n_channels <= MAX_CHANNELS:
        raise BadAudio(f"{path} says it has {header.n_channels} channels; 1 to {MAX_CHANNELS} can be read.")
    return header


def _no_samples(path: Path) -> BadAudio:
    return BadAudio(f"{path} holds no samples; record or export the sound again.")
