"""Clips at the input of a VAE: sound files of any sample rate and number of channels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ...base.errors import BadAudio
from ...base.files import short_hash_of
from ...contracts.runtime import Autoencoder
from ...data.entry import SILENT_PEAK, Entry, read_length
from ...data.preparation import decode_at

MAX_CLIP_SECONDS = 600.0  # of an input, which is held in memory
MAX_STEM_LENGTH = 32  # characters of an input's name in the names of outputs


@dataclass(frozen=True)
class SourceClip:
    """An input file.

    - ``file``: its path.
    - ``hash``: first 12 digits of its SHA-256.
    - ``seconds``, ``sample_rate``, ``n_channels``: of the file.
    - ``changes``: what was done to it before the model: mixed, resampled, cut.
    """

    file: Path
    hash: str
    seconds: float
    sample_rate: int
    n_channels: int
    changes: tuple[str, ...] = ()

    @property
    def stem(self) -> str:
        """Name of the file in the names of outputs."""
        return self.file.stem[:MAX_STEM_LENGTH]

    def __str__(self) -> str:
        return f"{self.file} was {', '.join(self.changes)}."


def read_clip(file: Path, runtime: Autoencoder, allow_silence: bool = False) -> tuple[SourceClip, np.ndarray]:
    """Read an input file of any sample rate and number of channels; return what it is, and its mono wave ``(time,)``.

    The wave is float32 at the model's sample rate.

    Raises BadAudio if the file cannot be read, is too long or silent.
    """
    source, wave = read_source(file, runtime.sample_rate, allow_silence)
    if runtime.clip_samples is not None and len(wave) > runtime.clip_samples:
        cut = f"cut to {runtime.clip_samples / runtime.sample_rate:.2f} s from its onset"
        source = replace(source, changes=(*source.changes, cut))
    return source, wave


def read_source(file: Path, to_sample_rate: int, allow_silence: bool = False) -> tuple[SourceClip, np.ndarray]:
    """Read an input file as mono ``(time,)`` float32 at a sample rate; see :func:`read_clip`."""
    n_frames, sample_rate, n_channels = read_length(file)
    entry = Entry(file, None, None, n_frames / sample_rate, sample_rate, n_channels, n_frames)
    wave = decode_entry(entry, to_sample_rate, allow_silence)
    changes = tuple(changes_of(n_channels, sample_rate, to_sample_rate))
    return SourceClip(file, short_hash_of(file), entry.seconds, sample_rate, n_channels, changes), wave


def changes_of(n_channels: int, sample_rate: int, to_sample_rate: int) -> list[str]:
    """Return what a mono model of a sample rate requires of a file, in words."""
    changes = [f"mixed from {n_channels} channels to one"] if n_channels > 1 else []
    return changes + ([f"resampled from {sample_rate} to {to_sample_rate} Hz"] if sample_rate != to_sample_rate else [])


def decode_entry(entry: Entry, sample_rate: int, allow_silence: bool = False) -> np.ndarray:
    """Return the wave ``(time,)`` of a clip, mono at a sample rate."""
    if entry.seconds > MAX_CLIP_SECONDS:
        raise BadAudio(
            f"{entry.path} lasts {entry.seconds:.0f} s; clips of up to {MAX_CLIP_SECONDS:.0f} s can be used here: cut "
            "it."
        )
    wave: np.ndarray = np.concatenate([*decode_at(entry, sample_rate, 1)], axis=1)[0]
    if not len(wave) or (not allow_silence and np.abs(wave).max() <= SILENT_PEAK):
        raise BadAudio(f"{entry.path} is silent: no sample exceeds -60 dB of full scale; give another file.")
    return wave
