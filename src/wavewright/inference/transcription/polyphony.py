"""The notes of several voices of a sound file or a wave, by a model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain

import numpy as np

from ...audio.sound_file import SoundSource, open_sound
from ...audio.wave_blocks import MonoSound
from ...contracts.note_detection import DetectedNote, NoteDetector
from .melody import Transcription
from .notes import MelodyNote
from .settings import PolyphonicSettings

TOGETHER_S = 0.035  # between onsets that are one for the beats


def detect_wave(
    wave: np.ndarray, sample_rate: int, detector: NoteDetector, settings: PolyphonicSettings | None = None
) -> Transcription:
    """Find the notes of several voices.

    - ``wave``: ``(channels, time)``; channels are mixed.
    - ``sample_rate``: in Hz.
    """
    return _detect(MonoSound.of_wave(wave, sample_rate), detector, settings)


def detect_file(
    path: SoundSource,
    detector: NoteDetector,
    settings: PolyphonicSettings | None = None,
    progress: Callable[[float], None] = lambda _: None,
) -> Transcription:
    """Find the notes of several voices of a sound file of any length; the sound is read in blocks.

    - ``path``: sound file.
    - ``progress``: called with the seconds that are done.

    Raises BadAudio or MissingExtra if the file cannot be read.
    """
    return _detect(open_sound(path).mono(progress), detector, settings)


def _detect(sound: MonoSound, detector: NoteDetector, settings: PolyphonicSettings | None) -> Transcription:
    found = [*chain.from_iterable(detector.stream().outputs(sound.blocks(detector.sample_rate)))]
    notes = _chosen(found, settings or PolyphonicSettings(), sound.seconds)
    return Transcription(notes, None, sound.seconds)


def _chosen(found: Sequence[DetectedNote], settings: PolyphonicSettings, seconds: float) -> tuple[MelodyNote, ...]:
    """Return the notes that the settings allow, sorted; none ends after the recording."""
    notes = [
        MelodyNote(note.start_s, min(note.end_s, seconds), note.pitch, 0.0, note.velocity)
        for note in found
        if settings.lowest_pitch <= note.pitch <= settings.highest_pitch
    ]
    long = [note for note in notes if note.end_s - note.start_s >= settings.min_note_seconds]
    return tuple(sorted(long, key=lambda note: (note.start_s, note.pitch)))


def onsets_of(notes: Sequence[MelodyNote]) -> list[MelodyNote]:
    """Return one note for each set of notes that begin together, the louder the more there are, for the beats."""
    groups: list[list[MelodyNote]] = []
    for note in sorted(notes, key=lambda note: note.start_s):
        if groups and note.start_s - groups[-1][0].start_s < TOGETHER_S:
            groups[-1].append(note)
        else:
            groups.append([note])
    return [
        MelodyNote(
            float(np.mean([note.start_s for note in group])),
            max(note.end_s for note in group),
            min(note.pitch for note in group),
            0.0,
            round(float(np.sqrt(sum(note.velocity**2 for note in group)))),
        )
        for group in groups
    ]
