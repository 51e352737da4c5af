"""Clip, a wave and its sample rate: read from sound files, written to them, resampled."""

from __future__ import annotations

import tempfile
from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import soundfile
import soxr

from .errors import BadAudio, BadFolder, BadSetting, WavewrightError
from .sound_file import CHUNK_SAMPLES, MAX_CHANNELS, SAMPLE_RATES_HZ, TAGS, Header, decode, read_header, read_metadata
from .units import samples_to_seconds, seconds_to_samples
from .whole_file import check_name, part_of, why_not_written

__all__ = ["Clip", "Header", "read_blocks", "read_header", "read_metadata", "resampled", "write_blocks"]

FORMATS = {
    ".wav": ("WAV", "PCM_16"),
    ".flac": ("FLAC", "PCM_16"),
    ".aiff": ("AIFF", "PCM_16"),
    ".aif": ("AIFF", "PCM_16"),
    ".ogg": ("OGG", "VORBIS"),
    ".opus": ("OGG", "OPUS"),
    ".mp3": ("MP3", "MPEG_LAYER_III"),
}
"""The kinds of file that are written: libsndfile's format and the subtype if none is asked for."""

BITS = {"PCM_S8": 8, "PCM_U8": 8, "PCM_16": 16, "PCM_24": 24, "PCM_32": 32}
UNCLIPPED = ("FLOAT", "DOUBLE")

CODEC_RATES_HZ = {
    "OPUS": (8_000, 12_000, 16_000, 24_000, 48_000),
    "MPEG_LAYER_III": (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000),
}
"""Codecs that know only these sample rates."""

HIGHEST_CODEC_RATES_HZ = {"VORBIS": 192_000}
"""Largest sample rate of codecs that accept every rate up to it; beyond it libsndfile crashes."""

PLAYER_SECONDS = 60.0
"""Longest excerpt in a notebook's player."""

PLAYER_RATES_HZ = (8_000, 48_000)
"""Lowest and highest sample rate in a notebook's player."""

MOST_WAV_BYTES = 1_000_000
"""Size above which a notebook's player uses OGG instead of WAV."""

MAX_CHUNK_FILE_BYTES = 2**32 - 2**16
"""WAV and AIFF count their bytes in 32 bits."""


@dataclass(frozen=True, eq=False)
class Clip:
    """A wave ``(channels, time)`` float32, nominally in [-1, 1], and its sample rate in hertz.

    Raises BadAudio where the wave has another shape or holds integers, BadSetting where the sample rate is none.
    """

    wave: np.ndarray
    sample_rate: int

    def __post_init__(self) -> None:
        wave = np.asarray(self.wave)
        if wave.ndim != 2 or not 1 <= wave.shape[0] <= MAX_CHANNELS:
            raise BadAudio(
                f"A clip's wave has shape {wave.shape}; it must be (channels, time), so one channel is wave[None, :]."
            )
        if not np.issubdtype(wave.dtype, np.floating):
            raise BadAudio(
                f"A clip's wave holds {wave.dtype} numbers; it must hold floats in [-1, 1]: divide by the full scale."
            )
        lowest, highest = SAMPLE_RATES_HZ
        if self.sample_rate != int(self.sample_rate) or not lowest <= self.sample_rate <= highest:
            raise BadSetting(
                f"The sample rate is {self.sample_rate} Hz; it must be a whole number from {lowest} to {highest}."
            )
        object.__setattr__(self, "wave", wave.astype(np.float32, copy=False))
        object.__setattr__(self, "sample_rate", int(self.sample_rate))

    def __repr__(self) -> str:
        return f"<Clip: {_size_of(self)}>"

    def _repr_html_(self) -> str:
        """Return an HTML player for notebooks."""
        return player_html(self)

    @property
    def n_channels(self) -> int:
        """The number of channels."""
        return self.wave.shape[0]

    @property
    def n_samples(self) -> int:
        """The number of samples of each channel."""
        return self.wave.shape[1]

    @property
    def seconds(self) -> float:
        """The length in seconds."""
        return samples_to_seconds(self.n_samples, self.sample_rate)

    def mono(self) -> Clip:
        """A clip of one channel, the mean of all."""
        return self if self.n_channels == 1 else Clip(self.wave.mean(axis=0, keepdims=True), self.sample_rate)

    def resample(self, sample_rate: int) -> Clip:
        """The clip at another sample rate, ``round(n_samples * sample_rate / self.sample_rate)`` samples, by soxr's HQ filter."""
        if sample_rate == self.sample_rate:
            return self
        silence = Clip(np.zeros((self.n_channels, 0), np.float32), sample_rate)  # checks the rate before soxr sees it
        if self.n_samples == 0:
            return silence
        return Clip(soxr.resample(self.wave.T, self.sample_rate, sample_rate).T, sample_rate)

    @classmethod
    def read(cls, path: str | Path, start_seconds: float = 0.0, seconds: float | None = None) -> Clip:
        """The clip in a sound file, or the part of it that starts at ``start_seconds`` and lasts at most ``seconds``.

        A file with a single sample is read as such. Raises BadAudio where the file cannot be read (see
        :func:`wavewright.sound_file.decode`), MissingExtra for a kind of file that needs the extra ``media``.
        """
        blocks = list(read_blocks(path, 60.0, start_seconds, seconds))
        return cls(np.concatenate([block.wave for block in blocks], axis=1), blocks[0].sample_rate)

    def write(self, path: str | Path, subtype: str | None = None, metadata: dict[str, str] | None = None) -> Path:
        """Write a sound file of the kind that the path's ending names, as :func:`write_blocks`; returns the path."""
        return write_blocks(path, [self], subtype, metadata)

    def to_bytes(
        self, format: str = "wav", subtype: str | None = None, metadata: dict[str, str] | None = None
    ) -> bytes:
        """Return the contents of a sound file.

        Parameters
        ----------
        format : str
            How the file's name would end: ``wav``, ``flac``, ``ogg``, ``opus``, ``mp3`` or ``aiff``.
        subtype, metadata
            As for :func:`write_blocks`.

        Raises
        ------
        BadSetting, BadAudio
            As :func:`write_blocks`.
        """
        if f".{format}" not in FORMATS:
            raise BadSetting(
                f"The format is {format!r}; it must be one of {', '.join(ending[1:] for ending in FORMATS)}."
            )
        with tempfile.TemporaryDirectory(prefix="wavewright-") as folder:
            return self.write(Path(folder) / f"clip.{format}", subtype, metadata).read_bytes()


def _size_of(clip: Clip) -> str:
    channels = "1 channel" if clip.n_channels == 1 else f"{clip.n_channels} channels"
    return f"{clip.seconds:.2f} s, {clip.sample_rate} Hz, {channels}"


def player_html(clip: Clip) -> str:
    """Return one line of HTML with a self-contained player, at most about 2 MB.

    A clip longer than PLAYER_SECONDS is cut, and the caption says so; more than two channels are mixed to mono.
    """
    size = _size_of(clip)
    if not clip.n_samples or not np.isfinite(clip.wave).all():
        return f"<div>{size}: nothing that can be played</div>"
    excerpt = Clip(clip.wave[:, : seconds_to_samples(PLAYER_SECONDS, clip.sample_rate)], clip.sample_rate)
    excerpt = excerpt if excerpt.n_channels <= 2 else excerpt.mono()
    lowest, highest = PLAYER_RATES_HZ
    excerpt = excerpt.resample(min(max(clip.sample_rate, lowest), highest))
    kind = "wav" if 2 * excerpt.wave.size <= MOST_WAV_BYTES else "ogg"  # every browser plays the first
    note = "" if clip.seconds <= PLAYER_SECONDS else f"; the first {PLAYER_SECONDS:g} s"
    source = f"data:audio/{kind};base64,{b64encode(excerpt.to_bytes(kind)).decode()}"
    return f'<div><audio controls src="{source}"></audio><br>{size}{note}</div>'


def read_blocks(
    path: str | Path, block_seconds: float = 10.0, start_seconds: float = 0.0, seconds: float | None = None
) -> Iterator[Clip]:
    """The clips of ``block_seconds`` that a sound file consists of, the last one shorter: any length in bounded memory.

    Raises as :func:`wavewright.sound_file.decode`; damage that only decoding can show is raised when its block is drawn.
    """
    if not block_seconds > 0 or not start_seconds >= 0 or not (seconds is None or seconds > 0):
        raise BadSetting(
            f"Blocks of {block_seconds} s from {start_seconds} s on for {seconds} s cannot be read; lengths must be above 0 and the "
            "start at least 0."
        )
    header, chunks = decode(path, start_seconds)
    n_block = max(1, seconds_to_samples(block_seconds, header.sample_rate))
    n_wanted = None if seconds is None else max(1, seconds_to_samples(seconds, header.sample_rate))
    return (Clip(wave, header.sample_rate) for wave in _regrouped(_first_samples(chunks, n_wanted), n_block))


def write_blocks(
    path: str | Path, blocks: Iterable[Clip], subtype: str | None = None, metadata: dict[str, str] | None = None
) -> Path:
    """Write clips of one sample rate, end to end, to one sound file; returns its path.

    The path's ending names the kind of file (see ``FORMATS``); ``subtype`` is one of libsndfile's, such as ``PCM_24`` or ``FLOAT``.
    Samples beyond [-1, 1] are clipped, except in ``FLOAT`` and ``DOUBLE``. Opus and MP3 know only some sample rates; other waves
    are resampled to the next higher one. ``metadata`` holds tags (see ``wavewright.sound_file.TAGS``).

    The file appears whole or not at all. Raises BadSetting for an unknown ending, subtype or tag, BadAudio where the clips do not
    fit together, are empty or hold numbers that are not finite, WavewrightError where the disk refuses.
    """
    path, metadata = Path(path), metadata or {}
    file_format, subtype = _checked_format(path, subtype)
    _check_tag_names(metadata)
    iterator = iter(blocks)
    first = next(iterator, None)
    if first is None:
        raise BadAudio(f"There is no sound to write to {path}; give at least one clip.")
    sample_rate = _codec_rate(subtype, first.sample_rate)
    alike = _waves_alike(path, chain([first], iterator), first)
    waves = resampled(alike, first.sample_rate, sample_rate, first.n_channels)
    try:
        with part_of(path) as temporary:
            with soundfile.SoundFile(
                temporary, "w", sample_rate, first.n_channels, subtype, format=file_format
            ) as file:
                for name, text in metadata.items():
                    setattr(file, name, text)
                _write_waves(path, file, waves)
            _check_tags_were_kept(temporary, path, metadata)
            temporary.replace(path)
    except (OSError, soundfile.LibsndfileError) as error:
        reason = getattr(error, "error_string", None) or getattr(error, "strerror", None) or str(error)
        raise WavewrightError(why_not_written(path, reason)) from error
    return path


def _waves_alike(path: Path, clips: Iterable[Clip], first: Clip) -> Iterator[np.ndarray]:
    """The waves of the clips in pieces ``(channels, time)``; raises BadAudio where a clip does not fit the first one."""
    n_samples = 0
    for clip in clips:
        if (clip.sample_rate, clip.n_channels) != (first.sample_rate, first.n_channels):
            raise BadAudio(
                f"{path} cannot hold clips of {first.sample_rate} Hz with {first.n_channels} channels and of {clip.sample_rate} Hz "
                f"with {clip.n_channels}; resample and mix them alike."
            )
        n_samples += clip.n_samples
        for start in range(0, clip.n_samples, CHUNK_SAMPLES):
            wave = clip.wave[:, start : start + CHUNK_SAMPLES]
            if not np.isfinite(wave).all():
                raise BadAudio(f"The sound for {path} holds samples that are not finite numbers; nothing was written.")
            yield wave
    if n_samples == 0:
        raise BadAudio(f"The sound for {path} has no samples; nothing was written.")


def resampled(waves: Iterable[np.ndarray], from_rate: int, to_rate: int, n_channels: int) -> Iterator[np.ndarray]:
    """The same waves ``(channels, time)`` at another sample rate, piece by piece in bounded memory, by soxr's HQ filter."""
    if from_rate == to_rate:
        yield from waves
        return
    stream = soxr.ResampleStream(from_rate, to_rate, n_channels, dtype="float32")
    for wave in waves:
        yield stream.resample_chunk(np.ascontiguousarray(wave.T)).T
    yield stream.resample_chunk(np.zeros((0, n_channels), np.float32), last=True).T


def _write_waves(path: Path, file: soundfile.SoundFile, waves: Iterator[np.ndarray]) -> None:
    """Hand the waves to libsndfile as the numbers that its subtype stores."""
    n_bytes = 0
    for wave in waves:
        n_bytes += wave.size * BITS.get(file.subtype, 64) // 8
        if file.format in ("WAV", "AIFF") and n_bytes > MAX_CHUNK_FILE_BYTES:
            raise BadSetting(
                f"{path} would grow beyond the 4 GB that {file.format} can count; write a .flac file instead."
            )
        if file.subtype in BITS:
            file.write(_to_integers(wave, BITS[file.subtype]).T.copy())
        else:
            file.write((wave if file.subtype in UNCLIPPED else np.clip(wave, -1.0, 1.0)).T.copy())


def _to_integers(wave: np.ndarray, bits: int) -> np.ndarray:
    """Samples rounded to ``bits`` bits and clipped, in the upper bits of int32; the exact inverse of how libsndfile reads them."""
    full_scale = 2.0 ** (bits - 1)
    rounded = np.clip(np.rint(wave.astype(np.float64) * full_scale), -full_scale, full_scale - 1)
    return rounded.astype(np.int32) << (32 - bits)


def _checked_format(path: Path, subtype: str | None) -> tuple[str, str]:
    """libsndfile's format and subtype for a path; raises where the path or the subtype cannot be."""
    if path.suffix.lower() not in FORMATS:
        raise BadSetting(f"{path} ends with {path.suffix!r}; sound is written to {', '.join(FORMATS)}.")
    if not path.parent.is_dir():
        raise BadFolder(f"{path} cannot be written, because the folder {path.parent} does not exist; create it first.")
    check_name(path)
    if path.is_dir():
        raise BadFolder(f"{path} is a folder; give the name of a file to write.")
    file_format, default = FORMATS[path.suffix.lower()]
    subtype = default if subtype is None else subtype.upper()
    if not soundfile.check_format(file_format, subtype):
        allowed = ", ".join(soundfile.available_subtypes(file_format))
        raise BadSetting(f"{subtype!r} is no subtype of {file_format} files; choose one of {allowed}.")
    return file_format, subtype


def _codec_rate(subtype: str, sample_rate: int) -> int:
    """The sample rate a codec stores a wave with: the lowest it knows that loses nothing, else its highest."""
    known = CODEC_RATES_HZ.get(subtype, (min(sample_rate, HIGHEST_CODEC_RATES_HZ.get(subtype, sample_rate)),))
    return min((rate for rate in known if rate >= sample_rate), default=max(known))


def _check_tag_names(metadata: dict[str, str]) -> None:
    for name in metadata:
        if name not in TAGS:
            raise BadSetting(f"{name!r} is no tag of sound files; choose from {', '.join(TAGS)}.")


def _check_tags_were_kept(temporary: Path, path: Path, metadata: dict[str, str]) -> None:
    """Raise BadSetting where the kind of file has dropped a tag in silence, as WAV does with texts over 2 kB."""
    kept = read_metadata(temporary) if metadata else {}
    for name, text in metadata.items():
        if kept.get(name, "") != text:
            raise BadSetting(
                f"{path} cannot hold the tag {name!r} with {len(text)} characters; shorten it, use another tag or another kind of file."
            )


def _first_samples(chunks: Iterator[np.ndarray], n_samples: int | None) -> Iterator[np.ndarray]:
    """The chunks ``(channels, time)`` up to ``n_samples`` in all."""
    left = n_samples
    for chunk in chunks:
        yield chunk if left is None else chunk[:, :left]
        if left is not None:
            left -= chunk.shape[1]
            if left <= 0:
                return


def _regrouped(chunks: Iterator[np.ndarray], n_block: int) -> Iterator[np.ndarray]:
    """The same samples ``(channels, time)`` in blocks of ``n_block``, the last one shorter."""
    held: list[np.ndarray] = []
    n_held = 0
    for chunk in chunks:
        held.append(chunk)
        n_held += chunk.shape[1]
        if n_held < n_block:
            continue
        joined = np.concatenate(held, axis=1)
        n_whole = n_held - n_held % n_block
        for start in range(0, n_whole, n_block):
            yield joined[:, start : start + n_block]
        held, n_held = [joined[:, n_whole:]], n_held - n_whole
    if n_held:
        yield np.concatenate(held, axis=1)
