"""Clip, a wave and its sample rate: read from and written to sound files, and resampled."""

from __future__ import annotations

import json
import warnings
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np
import soundfile

from ..base.channel_layouts import PLACES, PLACES_FIELD, Positions, is_usual, mask_of, places_of
from ..base.errors import BadAudio, BadFolder, BadSetting, SoundWarning, WavewrightError
from ..base.units import samples_to_seconds, seconds_to_samples
from ..base.version import __version__
from ..base.whole_file import check_name, is_one_of, scratch_folder, temporary_path, why_not_written
from . import file_formats as formats, m4a_file
from .file_formats.metadata import TAGS, SoundMetadata, fields_of
from .file_kind import HEAD_BYTES
from .sound_file import (
    CHUNK_SAMPLES,
    MAX_CHANNELS,
    OGG_CHANNELS,
    SAMPLE_RATES_HZ,
    AudioHeader,
    SoundSource,
    open_sound,
    read_origin,
)
from .wav_chunks import LoopPoints
from .wave_blocks import ClippingMeter, mixed_to_mono, resampled

FORMATS = {
    ".wav": ("WAV", "PCM_16"),
    ".flac": ("FLAC", "PCM_16"),
    ".aiff": ("AIFF", "PCM_16"),
    ".aif": ("AIFF", "PCM_16"),
    ".ogg": ("OGG", "VORBIS"),
    ".opus": ("OGG", "OPUS"),
    ".mp3": ("MP3", "MPEG_LAYER_III"),
    ".m4a": (m4a_file.FORMAT, m4a_file.AAC),
    ".m4b": (m4a_file.FORMAT, m4a_file.AAC),
}
"""File name endings: libsndfile's format and default subtype of each, or those of PyAV for M4A."""

BITS = {"PCM_S8": 8, "PCM_U8": 8, "PCM_16": 16, "PCM_24": 24, "PCM_32": 32}
UNCLIPPED = ("FLOAT", "DOUBLE")
FINEST = "PCM_24"
FORMAT_CHANNELS = {"MP3": 2, "FLAC": 8}
WAV_FORMATS = ("WAV", "WAVEX", "RF64")

CODEC_RATES_HZ = {
    "OPUS": (8_000, 12_000, 16_000, 24_000, 48_000),
    m4a_file.AAC: m4a_file.AAC_RATES_HZ,
    "MPEG_LAYER_III": (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000),
}
"""Sample rates of codecs that support only some."""

MAX_CODEC_RATES_HZ = {
    "VORBIS": 192_000,
    **dict.fromkeys(("ALAC_16", "ALAC_24"), m4a_file.MAX_ALAC_RATE_HZ),
}
"""Highest sample rate of codecs that support all lower ones; above it libsndfile crashes."""

PLAYER_SECONDS = 60.0
"""Longest excerpt in the HTML player."""

PLAYER_RATES_HZ = (8_000, 48_000)
"""Lowest and highest sample rate in the HTML player."""

MAX_PLAYER_WAV_BYTES = 1_000_000
"""Size above which the HTML player uses OGG instead of WAV."""

MAX_CHUNK_FILE_BYTES = 2**32 - 2**16
"""Largest WAV or AIFF file, whose sizes have 32 bits."""

RF64_FRACTION = 0.9  # of it, from which on a WAV file is written as RF64, since its length is not known exactly


@dataclass(frozen=True, eq=False)
class Clip:
    """A wave and its sample rate.

    Raises BadAudio if the wave has another shape or holds integers; BadSetting if the sample rate is invalid.

    Parameters
    ----------
    wave : np.ndarray
        ``(channels, time)``, floats nominally in [-1, 1]; converted to float32.
    sample_rate : int, in Hz
    positions : tuple of str, optional
        Of three and more channels, if a file says them; dropped where there are others than channels. WAV and FLAC
        files that are written say them, too.
    """

    wave: np.ndarray
    sample_rate: int
    positions: Positions | None = None

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
        if self.positions is not None and len(self.positions) != len(wave):
            object.__setattr__(self, "positions", None)

    def __repr__(self) -> str:
        return f"<Clip: {_size_of(self)}>"

    def _repr_html_(self) -> str:
        """Return an HTML player for notebooks."""
        return player_html(self)

    @property
    def n_channels(self) -> int:
        """The number of channels."""
        return int(self.wave.shape[0])

    @property
    def n_samples(self) -> int:
        """The number of samples of each channel."""
        return int(self.wave.shape[1])

    @property
    def seconds(self) -> float:
        """The length in seconds."""
        return samples_to_seconds(self.n_samples, self.sample_rate)

    def mono(self) -> Clip:
        """Return a clip of one channel: the mean of two, or of the stereo downmix of 3 to 8 (ITU-R BS.775)."""
        return self if self.n_channels == 1 else Clip(mixed_to_mono(self.wave, self.positions), self.sample_rate)

    def resample(self, sample_rate: int) -> Clip:
        """Resample the clip with soxr's HQ filter.

        Raises BadSetting if the sample rate is invalid.

        Parameters
        ----------
        sample_rate : int, in Hz

        Returns
        -------
        Clip
            ``round(n_samples * sample_rate / self.sample_rate)`` samples.
        """
        if sample_rate == self.sample_rate:
            return self
        silence = Clip(np.zeros((self.n_channels, 0), np.float32), sample_rate)  # checks the rate before soxr sees it
        if self.n_samples == 0:
            return silence
        import soxr

        return Clip(soxr.resample(self.wave.T, self.sample_rate, sample_rate).T, sample_rate, self.positions)

    @classmethod
    def read(cls, path: SoundSource, start_seconds: float = 0.0, seconds: float | None = None) -> Clip:
        """Read a sound file or a segment of it.

        Raises BadAudio if the file cannot be read, see :func:`wavewright.audio.sound_file.open_sound`; MissingExtra if
        the format needs the extra ``media``.

        Parameters
        ----------
        path : str, Path or OpenSound
            Sound file.
        start_seconds : float
            Start of the segment.
        seconds : float, optional
            Longest duration; by default up to the end of the file.

        Returns
        -------
        Clip
            At least one sample.
        """
        sound = open_sound(path)
        waves = [*sound.blocks(60.0, start_seconds, seconds)]
        return cls(np.concatenate(waves, axis=1), sound.header.sample_rate, sound.positions)

    def write(
        self,
        path: str | Path,
        subtype: str | None = None,
        metadata: dict[str, str] | None = None,
        *,
        is_loop: bool = False,
    ) -> Path:
        """Write a sound file in the format of the path's ending and return the path, see :func:`write_blocks`."""
        write_blocks(path, [self], subtype, metadata, is_loop=is_loop)
        return Path(path)

    def to_bytes(
        self, format: str = "wav", subtype: str | None = None, metadata: dict[str, str] | None = None
    ) -> bytes:
        """Return the contents of a sound file.

        Raises BadSetting or BadAudio as :func:`write_blocks`.

        Parameters
        ----------
        format : str
            File name ending: ``wav``, ``flac``, ``ogg``, ``opus``, ``mp3`` or ``aiff``.
        subtype, metadata
            As for :func:`write_blocks`.

        Returns
        -------
        bytes
            The file.
        """
        if f".{format}" not in FORMATS:
            raise BadSetting(
                f"The format is {format!r}; it must be one of {', '.join(ending[1:] for ending in FORMATS)}."
            )
        with scratch_folder() as folder:
            return self.write(folder / f"clip.{format}", subtype, metadata).read_bytes()


def suffix_like(source: Path) -> str:
    """Return the ending of a file that is made of another: the same, or .wav where such files cannot be written."""
    return source.suffix if source.suffix.lower() in FORMATS else ".wav"


def describe_audio(seconds: float, sample_rate: int, n_channels: int) -> str:
    """Return duration, sample rate and channels as text, such as ``0.50 s, 16000 Hz, mono``."""
    channels = {1: "mono", 2: "stereo"}.get(n_channels, f"{n_channels} channels")
    return f"{seconds:.2f} s, {sample_rate} Hz, {channels}"


def _size_of(clip: Clip) -> str:
    channels = "1 channel" if clip.n_channels == 1 else f"{clip.n_channels} channels"
    return f"{clip.seconds:.2f} s, {clip.sample_rate} Hz, {channels}"


def player_html(clip: Clip) -> str:
    """Return a self-contained HTML player on one line, at most about 2 MB.

    - ``clip``: more than two channels are mixed to mono; after PLAYER_SECONDS it is cut, which the caption mentions.
    """
    size = _size_of(clip)
    if not clip.n_samples or not np.isfinite(clip.wave).all():
        return f"<div>{size}: nothing that can be played</div>"
    excerpt = replace(clip, wave=clip.wave[:, : seconds_to_samples(PLAYER_SECONDS, clip.sample_rate)])
    excerpt = excerpt if excerpt.n_channels <= 2 else excerpt.mono()
    lowest, highest = PLAYER_RATES_HZ
    excerpt = excerpt.resample(min(max(clip.sample_rate, lowest), highest))
    kind = "wav" if 2 * excerpt.wave.size <= MAX_PLAYER_WAV_BYTES else "ogg"  # every browser plays the first
    note = "" if clip.seconds <= PLAYER_SECONDS else f"; the first {PLAYER_SECONDS:g} s"
    source = f"data:audio/{kind};base64,{b64encode(excerpt.to_bytes(kind)).decode()}"
    return f'<div><audio controls src="{source}"></audio><br>{size}{note}</div>'


def write_blocks(
    path: str | Path,
    blocks: Iterable[Clip],
    subtype: str | None = None,
    metadata: dict[str, str] | SoundMetadata | None = None,
    expected_seconds: float | None = None,
    *,
    is_loop: bool = False,
    clipping: ClippingMeter | None = None,
    left_out: list[str] | None = None,
) -> AudioHeader:
    """Write consecutive clips to one sound file, whole or not at all.

    Samples beyond [-1, 1] are clipped, except in ``FLOAT`` and ``DOUBLE``. Opus and MP3 support only some sample rates;
    other clips are resampled to the next higher one.

    - ``path``: its ending is the format, see ``FORMATS``.
    - ``blocks``: clips of one sample rate and number of channels; the positions are those of the first.
    - ``subtype``: one of libsndfile's, such as ``PCM_24`` or ``FLOAT``.
    - ``metadata``: tags by name, see ``TAGS`` of :mod:`.file_formats.metadata`; or those of another file with its
      pictures, markers and loop points. A :class:`.errors.SoundWarning` says what of them a file has no place for.
    - ``expected_seconds``: about how long the sound is. WAV files that would exceed 4 GB are written as RF64, which
      most programs read.
    - ``is_loop``: the sound is a seamless loop: a WAV file gets loop points from its first to its last sample, other
      kinds of files have none.
    - ``clipping``: gets the samples that are stored as integers or by a codec, and counts those that are clipped.
    - ``left_out``: gets what of the metadata the file has no place for, instead of the warning.
    - returns: the header of the file.

    Raises BadSetting if the ending, subtype or a tag is unknown, or BadAudio if the clips differ in sample rate or
    channels, are empty or hold samples that are not finite, or WavewrightError if the file cannot be written.
    """
    path = Path(path)
    file_format, subtype = _checked_format(path, subtype)
    if isinstance(metadata, SoundMetadata):
        known = metadata
    else:
        _check_tag_names(metadata or {})
        known = SoundMetadata(fields_of(metadata or {}))
    iterator = iter(blocks)
    first = next(iterator, None)
    if first is None:
        raise BadAudio(f"There is no sound to write to {path}; give at least one clip.")
    if first.n_channels > (most := FORMAT_CHANNELS.get(file_format, first.n_channels)):
        raise BadAudio(
            f"{path} has place for {most} channels, and the sound has {first.n_channels}; write a .wav file, or fewer."
        )
    sample_rate = _codec_rate(subtype, first.sample_rate)
    n_bytes = int((expected_seconds or 0.0) * sample_rate) * first.n_channels * _sample_bytes(subtype)
    if file_format == "WAV" and n_bytes > RF64_FRACTION * MAX_CHUNK_FILE_BYTES:
        file_format = "RF64"
    known, file_format, without_places = _placed(known, file_format, first)
    checked = _checked_waves(path, chain([first], iterator), first)
    waves = resampled(checked, first.sample_rate, sample_rate, first.n_channels)
    try:
        with temporary_path(path) as temporary:
            if file_format == m4a_file.FORMAT:
                measured = waves if clipping is None else clipping.measured(waves)
                m4a_file.write(
                    path, temporary, measured, sample_rate, first.n_channels, subtype, known, expected_seconds
                )
                from .metadata_file import losses

                written = open_sound(temporary)
                header = written.header
                lost = losses(known, written.metadata, header.seconds) if known else []
            else:
                with soundfile.SoundFile(
                    temporary, "w", sample_rate, first.n_channels, subtype, format=file_format
                ) as file:
                    _write_waves(path, file, waves, clipping)
                    header = AudioHeader(sample_rate, first.n_channels, file.frames, file.format, file.subtype)
                if is_loop and file_format in WAV_FORMATS:
                    known = replace(known, loops=(LoopPoints(0, file.frames),))
                lost = _write_metadata(path, temporary, known, first.sample_rate, header)
                _without_chance(temporary, header)
            temporary.replace(path)
    except (OSError, soundfile.LibsndfileError) as error:
        reason = getattr(error, "error_string", None) or getattr(error, "strerror", None) or str(error)
        raise WavewrightError(why_not_written(path, reason)) from error
    lost += without_places
    lost += [f"its sample rate of {first.sample_rate} Hz"] if sample_rate < first.sample_rate else []
    if left_out is None:
        warn_of_left_out(path, lost)
    else:
        left_out += lost
    return header


def _placed(known: SoundMetadata, file_format: str, first: Clip) -> tuple[SoundMetadata, str, list[str]]:
    """Return the metadata that a file has place for with the places of its channels, its format, and what is lost."""
    name = PLACES_FIELD.lower()
    if name not in known.tags and first.positions and (text := places_of(first.positions)):
        known = known.with_tags({name: text})
    places = known.tags.get(name)
    if places is None:
        return known, file_format, []
    has_mask = mask_of(places, first.n_channels) is not None
    if file_format in WAV_FORMATS:
        return known, "WAVEX" if has_mask and file_format == "WAV" else file_format, []
    if (file_format == "FLAC" and not is_usual(places)) or (file_format == "AIFF" and has_mask):
        return known, file_format, []
    return known.without(PLACES_FIELD), file_format, [] if is_usual(places) else [PLACES]


def _write_metadata(
    path: Path, temporary: Path, metadata: SoundMetadata, from_rate: int, header: AudioHeader
) -> list[str]:
    """Write metadata with loops at one sample rate into a file of another; return what it has no place for."""
    if not metadata:
        return []
    if from_rate != header.sample_rate:
        ratio = header.sample_rate / from_rate
        loops = tuple(
            replace(loop, start=round(loop.start * ratio), end=round(loop.end * ratio)) for loop in metadata.loops
        )
        metadata = replace(metadata, loops=loops)
    from . import metadata_file

    try:
        metadata_file.write(temporary, metadata, header.sample_rate, header.n_samples or 0)
    except ValueError as error:
        raise BadSetting(f"{path} cannot hold its tags, because {error}; shorten them, or leave some out.") from error
    if metadata.is_of_every_format:
        return []
    with temporary.open("rb") as file:
        head = file.read(HEAD_BYTES)
        written = metadata_file.read(file, path.suffix, head, header.sample_rate, header.seconds)
    return metadata_file.losses(metadata, written or SoundMetadata(), header.seconds)


def _without_chance(path: Path, header: AudioHeader) -> None:
    """Take out of a file what its encoder wrote by the clock or by chance, so that the same sound is the same file."""
    if header.format == "OGG":
        with path.open("r+b") as file:
            formats.ogg.set_stream(file)
    elif header.subtype in UNCLIPPED:  # of which libsndfile states the peak and the time
        chunks = formats.aiff_metadata if header.format == "AIFF" else formats.wav_metadata
        with path.open("r+b") as file:
            if position := chunks.peak_time(file):
                file.seek(position)
                file.write(bytes(4))


def warn_of_left_out(path: Path, left_out: Sequence[str]) -> None:
    """Warn of metadata of a source that a file does not have; nothing if all of it is there."""
    if left_out:
        listed = ", ".join(dict.fromkeys(left_out))
        warnings.warn(f"{path} does not have all that its source has. Left out: {listed}.", SoundWarning, stacklevel=2)


def warn_of_clipping(path: Path, clipping: ClippingMeter, advice: str) -> None:
    """Warn of the samples of a file that were clipped, with advice; nothing if there are none."""
    if clipped := clipping.result():
        warnings.warn(f"{path}: {clipped.warning(advice)}", SoundWarning, stacklevel=2)


def _checked_waves(path: Path, clips: Iterable[Clip], first: Clip) -> Iterator[np.ndarray]:
    """Yield the clips in chunks ``(channels, time)``; raise BadAudio if a clip differs from the first in format."""
    n_samples = 0
    for clip in clips:
        if (clip.sample_rate, clip.n_channels) != (first.sample_rate, first.n_channels):
            raise BadAudio(
                f"{path} cannot hold clips of {first.sample_rate} Hz with {first.n_channels} channels and of "
                f"{clip.sample_rate} Hz with {clip.n_channels}; resample and mix them alike."
            )
        n_samples += clip.n_samples
        for start in range(0, clip.n_samples, CHUNK_SAMPLES):
            wave = clip.wave[:, start : start + CHUNK_SAMPLES]
            if not np.isfinite(wave).all():
                raise BadAudio(f"The sound for {path} holds samples that are not finite numbers; nothing was written.")
            yield wave
    if n_samples == 0:
        raise BadAudio(f"The sound for {path} has no samples; nothing was written.")


def _write_waves(
    path: Path, file: soundfile.SoundFile, waves: Iterator[np.ndarray], clipping: ClippingMeter | None
) -> None:
    """Write the waves as the numbers that the file's subtype stores."""
    n_bytes = 0
    for wave in waves:
        n_bytes += wave.size * _sample_bytes(file.subtype)
        if file.format == "OGG" and len(wave) in OGG_CHANNELS:
            wave = wave[np.argsort(OGG_CHANNELS[len(wave)])]  # noqa: PLW2901
        if file.format in ("WAV", "WAVEX", "AIFF") and n_bytes > MAX_CHUNK_FILE_BYTES:
            raise BadSetting(
                f"{path} would grow beyond the 4 GB that {file.format} can count; write a .flac file instead."
            )
        if clipping is not None and file.subtype not in UNCLIPPED:
            clipping.add(wave)
        if file.subtype in BITS:
            file.write(_to_integers(wave, BITS[file.subtype]).T.copy())
        else:
            frames = (wave if file.subtype in UNCLIPPED else np.clip(wave, -1.0, 1.0)).T
            n_frames = max(1, 2 * CHUNK_SAMPLES // frames.shape[1])  # its encoders keep all of a call on the stack
            for start in range(0, len(frames), n_frames):
                file.write(frames[start : start + n_frames].copy())


def _sample_bytes(subtype: str) -> int:
    """Return the largest number of bytes of a sample."""
    return BITS.get(subtype, 64) // 8


def _to_integers(wave: np.ndarray, bits: int) -> np.ndarray:
    """Round samples to ``bits`` bits in the upper bits of int32, clipped: the exact inverse of libsndfile's reading."""
    full_scale = 2.0 ** (bits - 1)
    rounded = np.clip(np.rint(wave.astype(np.float64) * full_scale), -full_scale, full_scale - 1)
    return rounded.astype(np.int32) << (32 - bits)


def check_writable(path: Path) -> None:
    """Raise BadSetting or BadFolder if no sound can be written to a path, before any work."""
    _checked_format(path, None)


def _checked_format(path: Path, subtype: str | None) -> tuple[str, str]:
    """Return libsndfile's format and subtype for a path; raise BadSetting or BadFolder if one is invalid."""
    if path.suffix.lower() not in FORMATS:
        raise BadSetting(f"{path} ends with {path.suffix!r}; sound is written to {', '.join(FORMATS)}.")
    if not path.parent.is_dir():
        raise BadFolder(f"{path} cannot be written, because the folder {path.parent} does not exist; create it first.")
    check_name(path)
    if path.is_dir():
        raise BadFolder(f"{path} is a folder; give the name of a file to write.")
    file_format, default = FORMATS[path.suffix.lower()]
    subtype = default if subtype is None else subtype.upper()
    if file_format == m4a_file.FORMAT:
        m4a_file.check_extra(path)
        subtypes = [*m4a_file.SUBTYPES]
    else:
        subtypes = [*soundfile.available_subtypes(file_format)]
    if subtype not in subtypes:
        allowed = ", ".join(subtypes)
        raise BadSetting(f"{subtype!r} is no subtype of {file_format} files; choose one of {allowed}.")
    return file_format, subtype


def finest_subtype(out: Path) -> str | None:
    """Return 24 bits where the format of a file has them, None for the default of the format."""
    known = FORMATS.get(out.suffix.lower())
    return FINEST if known is not None and soundfile.check_format(known[0], FINEST) else None


def check_stem_files(stems: Sequence[Path], mix: Path, *read: Path) -> None:
    """Raise BadSetting if a stem to write is the mix, one of the files that are read, or there and no stem."""
    for stem in stems:
        if is_one_of(stem, read):
            replaced = "a file that is read"
        elif stem.resolve() == mix.resolve():
            replaced = "the mix"
        elif stem.exists() and "stem" not in read_origin(stem):
            replaced = "a file of that name, which is no stem"
        else:
            continue
        raise BadSetting(f"The stem {stem} would replace {replaced}; give another folder.")


def stem_comment(task: str, name: str) -> dict[str, str]:
    """Return the tag of a stem, by which the next one may replace it."""
    return {"comment": json.dumps({"task": task, "stem": name, "wavewright": __version__})}


def _codec_rate(subtype: str, sample_rate: int) -> int:
    """Return the sample rate at which a codec stores a wave: the lowest that loses nothing, else its highest."""
    known = CODEC_RATES_HZ.get(subtype, (min(sample_rate, MAX_CODEC_RATES_HZ.get(subtype, sample_rate)),))
    return min((rate for rate in known if rate >= sample_rate), default=max(known))


def _check_tag_names(metadata: dict[str, str]) -> None:
    for name in metadata:
        if name not in TAGS:
            raise BadSetting(f"{name!r} is no tag of sound files; choose from {', '.join(TAGS)}.")
