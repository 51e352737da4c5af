"""Recordings in memory, to train on as on files."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from ..audio.clip import Clip
from ..base.errors import BadFolder, BadSetting
from . import manifest
from .entry import Entry, Split

RECORDINGS = ".recordings"
"""Hidden subfolder of a run folder with the recordings that a call from Python gave as arrays."""

MANIFEST = "manifest.jsonl"


@dataclass(frozen=True, eq=False)
class Recording:
    """A recording in memory, and what is known of it.

    Raises BadSetting if the wave is no sound.

    Attributes
    ----------
    wave
        ``(time,)`` or ``(channels, time)``, floating point in [-1, 1], or integers, which are scaled by their type.
    sample_rate
        Hz.
    label, speaker, group
        Names, as in a manifest; recordings of a group stay on one side of the split.
    text
        Transcript.
    split
        ``"train"``, ``"valid"`` or ``"test"``; by default a hash decides.
    pitch
        MIDI number.
    language
        Code such as ``"en"``.
    """

    wave: np.ndarray
    sample_rate: int
    label: str | None = None
    speaker: str | None = None
    group: str | None = None
    text: str | None = None
    split: Split | None = None
    pitch: float | None = None
    language: str | None = None

    def __post_init__(self) -> None:
        shape = np.shape(self.wave)
        if len(shape) not in (1, 2) or (len(shape) == 2 and shape[0] > shape[1] > 0):
            raise BadSetting(f"A recording has the shape {shape}; it must be (time,) or (channels, time).")
        kind = np.asarray(self.wave).dtype
        if kind.kind not in "fi" and kind != np.uint8:
            raise BadSetting(f"A recording has samples of the type {kind}; give floating point in [-1, 1] or integers.")

    def clip(self) -> Clip:
        """Return the wave as a clip, in floating point."""
        wave = np.asarray(self.wave)
        if wave.dtype == np.uint8:
            wave = (wave.astype(np.float32) - 128) / 128
        elif wave.dtype.kind == "i":
            wave = wave.astype(np.float64) / -float(np.iinfo(wave.dtype).min)
        return Clip(np.atleast_2d(wave).astype(np.float32), self.sample_rate)


def write_recordings(recordings: Iterable[Recording], folder: Path) -> Path:
    """Write recordings as WAV files of 32-bit floating point with a manifest; return the manifest.

    They are read one by one, so that a dataset need not fit into memory. What is no sound, such as an empty wave, is
    written too, so that it is left out and named as such a file is.

    Raises BadFolder if there are none, or BadSetting if an item is no recording.
    """
    entries = []
    for index, recording in enumerate(_items(recordings)):
        if not isinstance(recording, Recording):
            raise BadSetting(
                f"Item {index} of the recordings is of the type {type(recording).__name__}; give "
                "wavewright.Recording(wave, sample_rate, label=...) for each."
            )
        clip = recording.clip()
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{index:06d}.wav"
        soundfile.write(
            path, clip.wave.T, clip.sample_rate, "FLOAT", format="RF64" if clip.wave.nbytes > 2**31 else "WAV"
        )
        entries.append(
            Entry(
                path,
                recording.label,
                recording.group,
                clip.seconds,
                clip.sample_rate,
                clip.n_channels,
                clip.n_samples,
                split=recording.split,
                text=recording.text,
                speaker=recording.speaker,
                pitch=recording.pitch,
                language=recording.language,
            )
        )
    if not entries:
        raise BadFolder("There are no recordings to train on; give at least one wavewright.Recording.")
    manifest.write(folder / MANIFEST, entries)
    return folder / MANIFEST


def _items(recordings: Iterable[Recording]) -> Iterable[Recording]:
    """Return what can be iterated: of a dataset with a length and no iterator, as PyTorch's, its items by number."""
    if hasattr(recordings, "__iter__"):
        return recordings
    dataset: Any = recordings
    if hasattr(dataset, "__getitem__") and hasattr(dataset, "__len__"):
        return (dataset[index] for index in range(len(dataset)))
    raise BadSetting(
        f"The recordings are of the type {type(recordings).__name__}, which has no end; give an iterable, or a dataset "
        "with __len__ and __getitem__."
    )


@contextmanager
def recordings_in(recordings: Iterable[Recording] | None, folder: Path, is_kept: Callable[[], bool]) -> Iterator[None]:
    """Write recordings, if there are any; remove them, and an empty folder around, if the block fails without need."""
    try:
        if recordings is not None:
            write_recordings(recordings, folder)
        yield
    except BaseException:
        if recordings is not None and not is_kept():
            shutil.rmtree(folder, ignore_errors=True)
            with suppress(OSError):
                folder.parent.rmdir()
        raise
