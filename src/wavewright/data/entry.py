"""What is known of a clip before it is decoded: its file, label, group, length and split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..errors import BadAudio, MissingExtra

Split = Literal["train", "valid", "test"]

SUFFIXES = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".aifc", ".au", ".snd", ".caf", ".w64", ".rf64")
"""File name endings of the formats that soundfile reads."""

MEDIA_SUFFIXES = (".m4a", ".aac", ".mp4", ".m4b", ".wma", ".webm", ".mka", ".wv", ".ac3", ".amr")
"""File name endings of the formats that need the extra ``media``."""

SILENT_PEAK = 1e-3
"""A clip that never exceeds this (-60 dBFS) counts as silent: raised to full scale it would be noise."""

_LONGEST_FRAMES = 2**50  # libsndfile reports 2**63 - 1 where a header does not say how long the sound is


@dataclass(frozen=True)
class Entry:
    """One clip: a file, or the part of it that starts at ``offset_seconds``.

    ``seconds`` and ``n_frames`` are the length of the clip itself. ``group`` is what a split must not tear apart: a speaker, a kit,
    a drum. ``label``, ``group``, ``split``, ``text`` and ``speaker`` are None where unknown.
    """

    path: Path
    label: str | None
    group: str | None
    seconds: float
    sample_rate: int
    channels: int
    n_frames: int
    split: Split | None = None
    offset_seconds: float = 0.0
    text: str | None = None
    speaker: str | None = None


@dataclass(frozen=True)
class Problem:
    """A file that cannot be used, and why."""

    path: Path
    reason: str


@dataclass(frozen=True)
class Scan:
    """The clips that were found, in a fixed order, and the files that cannot be used."""

    entries: tuple[Entry, ...]
    problems: tuple[Problem, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that occur, sorted."""
        return tuple(sorted({entry.label for entry in self.entries if entry.label is not None}))


@dataclass(frozen=True)
class Header:
    """What the header of a sound file says: its length in frames, its sample rate in hertz and its channels."""

    n_frames: int
    sample_rate: int
    channels: int


def read_header(path: Path) -> Header:
    """Read the header of a sound file without decoding it.

    Raises BadAudio where the file is empty, damaged or not sound, MissingExtra where its format needs the extra ``media``.
    """
    header = _media_header(path) if path.suffix.lower() in MEDIA_SUFFIXES else _soundfile_header(path)
    if header.n_frames <= 0:
        raise BadAudio("it holds no samples")
    if header.n_frames > _LONGEST_FRAMES:
        raise BadAudio("its header does not say how long it is")
    return header


def _soundfile_header(path: Path) -> Header:
    import soundfile

    if path.stat().st_size == 0:
        raise BadAudio("the file is empty")
    try:
        info = soundfile.info(str(path))
    except soundfile.LibsndfileError as error:
        raise BadAudio(f"it cannot be read as sound ({error.error_string.rstrip('.')})") from error
    return Header(info.frames, info.samplerate, info.channels)


def _media_header(path: Path) -> Header:
    try:
        import av
    except ImportError as error:
        raise MissingExtra(f"{path.suffix} files need the extra media: pip install 'wavewright[media]'") from error
    try:
        with av.open(str(path)) as container:
            stream = next(iter(container.streams.audio), None)
            if stream is None:
                raise BadAudio("it holds no sound")
            if stream.duration is not None and stream.time_base is not None:
                seconds = float(stream.duration * stream.time_base)
            else:
                seconds = (container.duration or 0) / av.time_base
            return Header(round(seconds * stream.rate), stream.rate, stream.channels)
    except av.error.FFmpegError as error:
        raise BadAudio(f"it cannot be read as sound ({error.strerror})") from error


def first_problem(problems: Sequence[Problem]) -> str:
    """How many files cannot be used, with the first of them as an example, for the end of an error's sentence."""
    first = problems[0]
    return f"{len(problems)} cannot be used, the first, {first.path.name}, because {first.reason}"
