"""The melody of a sound file or a wave, as notes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ...audio.sound_file import SoundSource, open_sound
from ...audio.wave_blocks import MonoSound
from .notes import MelodyNote, find_notes
from .salience import SAMPLE_RATE, MelodyFrameMeter, MelodyFrames
from .settings import TranscriptionSettings


@dataclass(frozen=True)
class Transcription:
    """The notes of a recording.

    - ``notes``: in order; of a melody, no two sound at once. Empty if nothing was recognised.
    - ``tuning_cents``: tuning above 440 Hz for A4, -50 to 50; None where it was not estimated.
    - ``seconds``: length of the recording.
    - ``frames``: of a melody, candidates of the pitch, levels and onsets.
    """

    notes: tuple[MelodyNote, ...]
    tuning_cents: float | None
    seconds: float
    frames: MelodyFrames | None = field(default=None, repr=False)


def transcribe_wave(wave: np.ndarray, sample_rate: int, settings: TranscriptionSettings | None = None) -> Transcription:
    """Transcribe a melody.

    - ``wave``: ``(channels, time)``; channels are mixed.
    - ``sample_rate``: in Hz.
    """
    return _transcribe(MonoSound.of_wave(wave, sample_rate), settings)


def transcribe_file(
    path: SoundSource, settings: TranscriptionSettings | None = None, progress: Callable[[float], None] = lambda _: None
) -> Transcription:
    """Transcribe the melody of a sound file of any length; the sound is read in blocks.

    - ``path``: sound file.
    - ``progress``: called with the seconds that are done.

    Raises BadAudio or MissingExtra if the file cannot be read.
    """
    return _transcribe(open_sound(path).mono(progress), settings)


def _transcribe(sound: MonoSound, settings: TranscriptionSettings | None) -> Transcription:
    meter = MelodyFrameMeter()
    for block in sound.blocks(SAMPLE_RATE):
        meter.add(block[None])
    frames = meter.result()
    notes, tuning_cents = find_notes(frames, settings or TranscriptionSettings())
    return Transcription(notes, tuning_cents, sound.seconds, frames)
