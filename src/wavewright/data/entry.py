"""What is known of a clip before it is decoded: its file, label, group, length and split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..clip import read_blocks, read_header
from ..errors import BadAudio, shortened

Split = Literal["train", "valid", "test"]

SUFFIXES = (
    ".wav",
    ".flac",
    ".ogg",
    ".oga",
    ".opus",
    ".mp3",
    ".aif",
    ".aiff",
    ".aifc",
    ".au",
    ".snd",
    ".caf",
    ".w64",
    ".rf64",
)
"""File name endings of the formats that need no extra."""

SILENT_PEAK = 1e-3
"""A clip that never exceeds this (-60 dBFS) counts as silent: raised to full scale it would be noise."""

SHORTEST_SECONDS = 0.005
"""A clip that lasts less is no sound but a click."""


@dataclass(frozen=True)
class Entry:
    """One clip: a file, or the part of it that starts at ``offset_seconds``.

    ``seconds`` and ``n_frames`` are the length of the clip itself. ``group`` is what a split must not tear apart: a speaker,
    a kit, a drum. ``pitch`` is a MIDI number, ``language`` a code such as ``en``. ``label``, ``group``, ``split``, ``text``, ``speaker``,
    ``pitch`` and ``language`` are None where unknown.
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
    pitch: float | None = None
    language: str | None = None


@dataclass(frozen=True)
class Problem:
    """A file or folder that cannot be used, and why; its text names the file where the reason does not."""

    path: Path
    reason: str

    def __str__(self) -> str:
        return shortened(self.reason if str(self.path) in self.reason else f"{self.path}: {self.reason}")


@dataclass(frozen=True)
class Scan:
    """The clips that were found, in a fixed order, and the files that cannot be used."""

    entries: tuple[Entry, ...]
    problems: tuple[Problem, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that occur, sorted."""
        return tuple(sorted({entry.label for entry in self.entries if entry.label is not None}))


def find_length(path: Path) -> tuple[int, int, int]:
    """The frames, sample rate in hertz and channels of a sound file, from its header alone where that says how long it is.

    Raises BadAudio where the file is empty, damaged or not sound, MissingExtra where its format needs the extra ``media``.
    """
    header = read_header(path)
    n_frames = header.n_samples
    if n_frames is None:
        n_frames = sum(block.n_samples for block in read_blocks(path))
    if n_frames == 0:
        raise BadAudio(f"{path} holds no samples; record it again or remove it.")
    return n_frames, header.sample_rate, header.n_channels


def first_problem(problems: Sequence[Problem]) -> str:
    """The first of the files that cannot be used, as an example for the end of an error's sentence."""
    first = str(problems[0]).rstrip(".")
    return first if len(problems) == 1 else f"{first}; and {len(problems) - 1} more"
