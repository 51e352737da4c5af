"""Decodes sound files piece by piece, trusting nothing that their headers say."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from .errors import BadAudio, MissingExtra, how_to_install
from .units import samples_to_seconds, seconds_to_samples

CHUNK_SAMPLES = 65_536
"""Samples decoded or encoded at a time: libsndfile's Vorbis encoder keeps a whole call on the stack and overflows it at about a
minute of stereo, and a chunk bounds what a lying header can make us allocate."""

SAMPLE_RATES_HZ = (1_000, 768_000)
"""The lowest and the highest sample rate that is taken for sound."""

MAX_CHANNELS = 256

LOUDEST = 1e6
"""No sample of a sound is more times full scale than this; even 16-bit numbers that were taken for floats are not."""

TAGS = ("title", "artist", "album", "tracknumber", "genre", "date", "comment", "copyright", "license", "software")
"""The names of the metadata that sound files can carry."""

SOUND_MARKS = (b"RIFF", b"RIFX", b"RF64", b"riff", b"FORM", b".snd", b"dns.", b"caff", b"fLaC", b"OggS", b"ID3")
MEDIA_MARKS = (
    b"\x1aE\xdf\xa3",
    b"0&\xb2u",
    b"FLV",
    b"wvpk",
    b"MAC ",
    b"#!AMR",
    b"ADIF",
    b"TTA1",
    b"\x0bw",
    b"\xff\xf1",
    b"\xff\xf9",
)
MEDIA_SUFFIXES = (
    *(
        ".3gp",
        ".aac",
        ".ac3",
        ".amr",
        ".ape",
        ".asf",
        ".avi",
        ".dsf",
        ".flv",
        ".m4a",
        ".m4b",
        ".mka",
        ".mkv",
        ".mov",
        ".mp2",
    ),
    *(".mp4", ".mpc", ".mpg", ".spx", ".tta", ".webm", ".wma", ".wmv", ".wv"),
)
"""Kinds of file that libsndfile does not know and PyAV does."""

NO_NAME = re.compile("[\0\ud800-\udfff]")
"""What a file's name cannot hold: a null, and what stands for bytes that Python could not decode."""

UNKNOWN_LENGTH = 2**62
"""libsndfile's count for a FLAC file that was written to a pipe lies beyond this."""

WAV_SLACK_BYTES = 16
"""Some programs count the eight bytes of a chunk's own header in its size; nothing is missing from such a file."""

SEEKABLE_SUBTYPES = ("PCM_S8", "PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW")
"""Subtypes in which libsndfile seeks exactly to a sample."""

MP3_SLACK_SAMPLES = 4 * 1152
"""MP3 files without an exact length get an estimate, up to a few frames too long."""

MEDIA_SLACK_SECONDS = 0.25
"""Containers round the length of a track, and count the encoder's lead-in."""


@dataclass(frozen=True)
class Header:
    """What a sound file says of itself before anything is decoded; ``n_samples`` is ``None`` where it does not say."""

    sample_rate: int
    n_channels: int
    n_samples: int | None
    format: str
    subtype: str

    @property
    def seconds(self) -> float | None:
        """The claimed length in seconds."""
        return None if self.n_samples is None else samples_to_seconds(self.n_samples, self.sample_rate)


def read_header(path: str | Path) -> Header:
    """The header of a sound file, without decoding it; raises BadAudio or MissingExtra as :func:`decode`."""
    path = Path(path)
    if _needs_media(path):
        with _open_media(path) as container:
            return _media_header(path, container)
    with _open_sound(path) as file:
        return _sound_header(path, file)


def read_metadata(path: str | Path) -> dict[str, str]:
    """The tags of a sound file by name (see ``TAGS``), those that are not empty; raises BadAudio where it cannot be read."""
    path = Path(path)
    if _needs_media(path):
        with _open_media(path) as container:
            return {key.lower(): value for key, value in container.metadata.items() if key.lower() in TAGS and value}
    with _open_sound(path) as file:
        tags = {name: value for name, value in file.copy_metadata().items() if name in TAGS and value}
        if file.format == "MP3":
            tags = {name: _latin_1_to_utf_8(value) for name, value in tags.items()}
    if "software" in tags:  # libsndfile adds its own name and version
        tags["software"] = re.sub(r" \(libsndfile-[^)]*\)$", "", tags["software"])
    return tags


def decode(path: str | Path, start_seconds: float = 0.0) -> tuple[Header, Iterator[np.ndarray]]:
    """The header of a sound file, and an iterator over its chunks ``(channels, time)`` float32 from ``start_seconds`` on.

    Raises BadAudio for a file that is missing, a folder, empty, not sound, cut short, damaged, without samples, of an absurd
    sample rate, or with samples that are not finite numbers; what only decoding can show is raised while the chunks are drawn.
    Raises MissingExtra for a kind of file that needs the extra ``media``.
    """
    path = Path(path)
    header = read_header(path)
    start = seconds_to_samples(start_seconds, header.sample_rate)
    if header.seconds is not None and start >= (header.n_samples or 0):
        raise BadAudio(
            f"{path} is {header.seconds:.3f} s long and was asked for from {start_seconds} s on; start earlier."
        )
    chunks = _media_chunks(path, header, start) if _needs_media(path) else _sound_chunks(path, header, start)
    return header, _finite(path, header, start, chunks)


class _Stream(soundfile.SoundFile):
    """A sound file read from front to back.

    soundfile seeks after every read of a file that can seek, and libsndfile's MP3 decoder starts anew there, with silence.
    """

    def seekable(self) -> bool:
        return False


def _sound_chunks(path: Path, header: Header, start: int) -> Iterator[np.ndarray]:
    """Chunks of a file that libsndfile reads; raises BadAudio at the end where there were fewer samples than promised."""
    with _open_sound(path) as file:
        # Other subtypes decode differently after a seek or cannot seek, as GSM 6.10: decode them from the beginning.
        position = file.seek(start) if start and header.subtype in SEEKABLE_SUBTYPES else 0
        while len(chunk := file.read(CHUNK_SAMPLES, dtype="float32", always_2d=True)):
            position += len(chunk)
            yield from _behind(start, position, chunk.T)
    _check_length(path, header, position, MP3_SLACK_SAMPLES if header.format == "MP3" else 0)


def _media_chunks(path: Path, header: Header, start: int) -> Iterator[np.ndarray]:
    """Chunks of a file that PyAV reads; raises BadAudio at the end where there were fewer samples than promised."""
    import av

    position = 0
    with _open_media(path) as container:
        resampler = av.AudioResampler(format="fltp", rate=header.sample_rate)
        for frame in chain(container.decode(audio=0), [None]):  # None draws what the resampler still holds
            for part in resampler.resample(frame):
                chunk = part.to_ndarray()  # (channels, time)
                position += chunk.shape[1]
                yield from _behind(start, position, chunk)
    _check_length(path, header, position, seconds_to_samples(MEDIA_SLACK_SECONDS, header.sample_rate))


def _behind(start: int, position: int, chunk: np.ndarray) -> Iterator[np.ndarray]:
    """The part of a chunk ``(channels, time)`` that lies at or after ``start``, if any; ``position`` is where the chunk ends."""
    n_kept = min(chunk.shape[1], position - start)
    if n_kept > 0:
        yield chunk[:, chunk.shape[1] - n_kept :]


def _check_length(path: Path, header: Header, n_found: int, slack: int) -> None:
    if header.n_samples is not None and n_found < header.n_samples - slack:
        raise BadAudio(
            f"{path} promises {header.n_samples} samples and holds {n_found}: it was cut short, or its header is wrong; copy or "
            "export it again."
        )


def _finite(path: Path, header: Header, start: int, chunks: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    """The same chunks; raises BadAudio where a sample is not a finite number or absurdly large, or where there are no samples."""
    position = start
    for chunk in chunks:
        possible = (np.abs(chunk) <= LOUDEST).all(axis=0)  # false for what is not a number, too
        if not possible.all():
            place = int(np.argmin(possible))
            seconds = samples_to_seconds(position + place, header.sample_rate)
            loudest = np.abs(chunk[:, place]).max()
            what = f"{loudest:.0e} times full scale" if np.isfinite(loudest) else "that is not a finite number"
            raise BadAudio(f"{path} holds a sample {what}, at {seconds:.4f} s; export the sound again.")
        position += chunk.shape[1]
        yield chunk
    if position == start:
        raise _no_samples(path)


@contextmanager
def _open_sound(path: Path) -> Iterator[_Stream]:
    """The file opened by libsndfile, whose complaints become BadAudio."""
    try:
        with _Stream(path) as file:
            yield file
    except (soundfile.LibsndfileError, OSError) as error:
        reason = getattr(error, "error_string", str(error)).rstrip(".")
        if "does not exist" in reason:  # libsndfile's word for MP3 data in which no frame is found
            reason = "no sound is found in it"
        raise BadAudio(
            f"{path} cannot be decoded, it is damaged or cut short ({reason}); copy or export it again."
        ) from error


@contextmanager
def _open_media(path: Path) -> Iterator[Any]:
    """The container opened by PyAV, whose complaints become BadAudio; raises MissingExtra where PyAV is not installed."""
    try:
        import av
    except ImportError as error:
        raise MissingExtra(
            f"{path} is of a kind that needs PyAV: {how_to_install('media')}, or convert it to .wav or .flac."
        ) from error
    try:
        with av.open(str(path)) as container:
            yield container
    except av.FFmpegError as error:
        raise BadAudio(
            f"{path} cannot be decoded, it is damaged or cut short ({error.strerror}); copy or export it again."
        ) from error


def _sound_header(path: Path, file: _Stream) -> Header:
    """The header of an open file, checked against the size of the file."""
    n_samples = file.frames if file.frames < UNKNOWN_LENGTH else None
    header = _checked_header(path, Header(file.samplerate, file.channels, n_samples, file.format, file.subtype))
    # libsndfile notes in its log where a size in the header does not fit the file, and goes on with what is there.
    for claimed, actual in re.findall(
        r"^ *(?:data|SSND|Data Size|Riff size|riff) +: (\d+) \(should be (\d+)\)", file.extra_info, re.M
    ):
        if int(claimed) > int(actual) + WAV_SLACK_BYTES:
            raise BadAudio(
                f"{path} promises {claimed} bytes of sound and holds {actual}: it was cut short, or its header is wrong; copy or "
                "export it again."
            )
    if file.format == "OGG" and _last_page_is_cut(path):
        raise BadAudio(f"{path} breaks off in the middle of an Ogg page: it was cut short; copy or export it again.")
    if file.frames == 0:
        raise _no_samples(path)
    return header


def _media_header(path: Path, container: Any) -> Header:
    """The header of the first audio track of an open container."""
    if not container.streams.audio:
        raise BadAudio(f"{path} holds no audio track; give a file with sound.")
    stream = container.streams.audio[0]
    is_known = stream.codec_context is not None  # a stream of an unknown codec has no sample rate at all
    if not is_known or not stream.rate or not stream.channels:
        raise BadAudio(
            f"{path} holds an audio track that cannot be decoded, it is damaged or cut short; copy or export it again."
        )
    seconds = None
    if stream.duration is not None:
        seconds = float(stream.duration * stream.time_base)
    n_samples = None if seconds is None else round(seconds * stream.rate)
    return _checked_header(
        path, Header(stream.rate, stream.channels, n_samples, container.format.name, stream.codec_context.name)
    )


def _checked_header(path: Path, header: Header) -> Header:
    """The header itself; raises BadAudio where no sound has such a sample rate or so many channels."""
    lowest, highest = SAMPLE_RATES_HZ
    if not lowest <= header.sample_rate <= highest:
        raise BadAudio(f"{path} says its sample rate is {header.sample_rate} Hz; {lowest} to {highest} Hz can be read.")
    if not 1 <= header.n_channels <= MAX_CHANNELS:
        raise BadAudio(f"{path} says it has {header.n_channels} channels; 1 to {MAX_CHANNELS} can be read.")
    return header


def _needs_media(path: Path) -> bool:
    """Whether PyAV must read this file; raises BadAudio for what is not a sound file at all."""
    if NO_NAME.search(str(path)):
        raise BadAudio(f"The name {str(path)!r} is not valid text on this system; rename the file.")
    try:
        kind = path.stat().st_mode
        if stat.S_ISDIR(kind):
            raise BadAudio(f"{path} is a folder; give a sound file.")
        if not stat.S_ISREG(kind):  # opening it may block for ever
            raise BadAudio(f"{path} is a pipe, socket or device; save the sound to a file, and give that.")
        with path.open("rb") as file:
            head = file.read(64)
    except FileNotFoundError as error:
        raise BadAudio(f"{path} does not exist; check the path.") from error
    except OSError as error:
        raise BadAudio(f"{path} cannot be opened ({error.strerror}); check the path and its permissions.") from error
    if not head:
        raise BadAudio(f"{path} is an empty file; copy or export the sound again.")
    suffix = path.suffix.lower()
    if suffix in MEDIA_SUFFIXES or head[4:8] == b"ftyp" or head.startswith(MEDIA_MARKS):
        return True
    # libmpg123 takes any bytes for MP3 and searches them loudly, so what is not marked as sound does not get there.
    if not head.startswith(SOUND_MARKS) and not (suffix == ".mp3" or (head[0] == 0xFF and head[1:2] >= b"\xe0")):
        raise BadAudio(f"{path} is not a sound file; WAV, AIFF, FLAC, OGG, Opus and MP3 can be read, others with PyAV.")
    return False


def _last_page_is_cut(path: Path) -> bool:
    """Whether the last page of an Ogg file reaches beyond its end (RFC 3533, section 6: 27 bytes, segment sizes, segments)."""
    with path.open("rb") as file:
        n_bytes = file.seek(0, 2)
        file.seek(max(0, n_bytes - 27 - 255 - 255 * 255))
        tail = file.read()
    page = tail[tail.rfind(b"OggS") :]
    n_segments = page[26] if len(page) > 26 else 0
    sizes = page[27 : 27 + n_segments]
    return len(page) < 27 or len(sizes) < n_segments or len(page) < 27 + n_segments + sum(sizes)


def _no_samples(path: Path) -> BadAudio:
    return BadAudio(f"{path} holds no samples; record or export the sound again.")


def _latin_1_to_utf_8(text: str) -> str:
    """Text whose UTF-8 bytes were taken for Latin-1, as libsndfile does with the tags that its own MP3 encoder wrote."""
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text
