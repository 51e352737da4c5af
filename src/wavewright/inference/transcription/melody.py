"""The melody of a sound file or a wave, as notes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ...audio.clip import read_blocks, read_header, resampled
from ...base.units import samples_to_seconds
from .notes import MelodyNote, find_notes
from .salience import SAMPLE_RATE, MelodyFrameMeter, MelodyFrames
from .settings import TranscriptionSettings

BLOCK_VALUES = 2**19
"""Samples of all channels in a block."""


@dataclass(frozen=True)
class Transcription:
    """The melody of a recording.

    - ``notes``: in order; no two sound at once. Empty if nothing was recognised.
    - ``tuning_cents``: tuning above 440 Hz for A4, -50 to 50.
    - ``seconds``: length of the recording.
    - ``frames``: candidates of the pitch, levels and onsets.
    """

    notes: tuple[MelodyNote, ...]
    tuning_cents: float
    seconds: float
    frames: MelodyFrames = field(repr=False)


def transcribe_wave(wave: np.ndarray, sample_rate: int, settings: TranscriptionSettings | None = None) -> Transcription:
    """Transcribe a melody.

    - ``wave``: ``(channels, time)``; channels are mixed.
    - ``sample_rate``: in Hz.
    """
    blocks = (wave[:, start : start + BLOCK_VALUES] for start in range(0, wave.shape[1], BLOCK_VALUES))
    return _transcribe(blocks, sample_rate, settings or TranscriptionSettings(), lambda _: None)


def transcribe_file(
    path: Path, settings: TranscriptionSettings | None = None, progress: Callable[[float], None] = lambda _: None
) -> Transcription:
    """Transcribe the melody of a sound file of any length; the sound is read in blocks.

    - ``path``: sound file.
    - ``progress``: called with the seconds that are done.

    Raises BadAudio or MissingExtra if the file cannot be read.
    """
    header = read_header(path)
    blocks = read_blocks(path, BLOCK_VALUES / (header.sample_rate * header.n_channels))
    waves = (block.wave for block in blocks)
    return _transcribe(waves, header.sample_rate, settings or TranscriptionSettings(), progress)


def _transcribe(
    waves: Iterable[np.ndarray],
    sample_rate: int,
    settings: TranscriptionSettings,
    progress: Callable[[float], None],
) -> Transcription:
    meter = MelodyFrameMeter()
    n_samples = 0

    def mono() -> Iterable[np.ndarray]:
        nonlocal n_samples
        for wave in waves:
            n_samples += wave.shape[1]
            progress(samples_to_seconds(n_samples, sample_rate))
            yield wave.mean(axis=0, keepdims=True, dtype=np.float32)

    for block in resampled(mono(), sample_rate, SAMPLE_RATE, 1):
        meter.add(block)
    frames = meter.result()
    notes, tuning_cents = find_notes(frames, settings)
    return Transcription(notes, tuning_cents, samples_to_seconds(n_samples, sample_rate), frames)
