"""Entries: path, length, label, group and split of a clip before it is decoded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..audio.sound_file import open_sound
from ..base.errors import BadAudio
from ..base.result import Failed

Split = Literal["train", "valid", "test"]

SPLITS: dict[str, Split] = {
    "train": "train",
    "training": "train",
    "valid": "valid",
    "validation": "valid",
    "val": "valid",
    "dev": "valid",
    "test": "test",
    "testing": "test",
    "eval": "test",
}
"""Words for splits in tables, and names of sub-folders that divide a collection where it has no others."""

SILENT_PEAK = 1e-3
"""Largest sample of a silent clip (-60 dBFS): raised to full scale it would be noise."""

MIN_SECONDS = 0.005
"""Shortest usable clip; a shorter one is a click."""


@dataclass(frozen=True)
class Entry:
    """One clip: a file, or the segment of it that starts at ``offset_seconds``."""

    path: Path
    label: str | None
    group: str | None  # clips of one group stay in one split: a speaker, a kit, a drum
    seconds: float  # of the clip itself
    sample_rate: int  # of the file, Hz
    channels: int  # of the file
    n_frames: int  # length of the clip in samples of one channel
    split: Split | None = None
    offset_seconds: float = 0.0  # start of the clip in its file
    text: str | None = None  # transcript
    speaker: str | None = None
    pitch: float | None = None  # MIDI number, 60 is middle C
    language: str | None = None  # code such as "en"
    more_labels: tuple[str, ...] = ()  # beside ``label``, of a clip with several
    generated_by: str | None = None  # name of the model that generated the clip; None for a recording

    @property
    def all_labels(self) -> tuple[str, ...]:
        """All labels of the clip; empty without any."""
        return () if self.label is None else (self.label, *self.more_labels)


@dataclass(frozen=True)
class Scan:
    """The clips of a folder in a fixed order, the files that cannot be used, and what was read as what."""

    entries: tuple[Entry, ...]
    failed: tuple[Failed, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that occur, sorted."""
        return tuple(sorted({entry.label for entry in self.entries if entry.label is not None}))


def read_length(path: Path) -> tuple[int, int, int]:
    """Return the samples of one channel, the sample rate in Hz and the number of channels of a sound file.

    They are read from its header where that has the length.

    Raises BadAudio if the file is empty, damaged or no sound file, or MissingExtra if its format needs the extra
    ``media``.
    """
    sound = open_sound(path)
    header = sound.header
    if header.is_damaged:
        fault = header.faults[0].rpartition(". ")[0]  # without what was read nevertheless
        raise BadAudio(f"{fault}; copy or export it again, or remove it.")
    n_frames = header.n_samples
    if n_frames is None:
        n_frames = sum(block.shape[1] for block in sound.blocks(strict=True))
    if n_frames == 0:
        raise BadAudio(f"{path} holds no samples; record it again or remove it.")
    return n_frames, header.sample_rate, header.n_channels
