"""Settings of the transcription of melodies."""

from __future__ import annotations

from dataclasses import dataclass

from ...base.errors import BadSetting
from ...base.ranges import RangedSettings, ranged

POLYPHONIC = "polyphonic"
"""The bundled model of several voices."""

LOWEST_PITCH, HIGHEST_PITCH = 24, 108
"""Widest limits of the pitches of notes: C1 and C8."""


class PitchSettings(RangedSettings):
    """Settings with a range of pitches; raises BadSetting where it is empty."""

    lowest_pitch: int
    highest_pitch: int

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.lowest_pitch >= self.highest_pitch:
            raise BadSetting(
                f"The pitches of notes are {self.lowest_pitch} to {self.highest_pitch}; the second must be the higher."
            )


@dataclass(frozen=True)
class TranscriptionSettings(PitchSettings):
    """Settings of the transcription.

    - ``lowest_pitch``, ``highest_pitch``: lowest and highest MIDI pitch (28 is E1, 69 is A4); other notes are left out.
    - ``min_note_seconds``: shortest note.
    - ``onset_db``: mean rise of the spectrum at which a note of the same pitch begins again, where nothing else rises
      or falls around it. Less finds more repeated notes.
    - ``silence_db``: level below that of the loudest notes at which a recording is silent.
    - ``min_clarity``: similarity of the spectrum to that of a harmonic tone below which there is no note, 0 to 1.
    """

    lowest_pitch: int = ranged(28, LOWEST_PITCH, HIGHEST_PITCH)
    highest_pitch: int = ranged(108, LOWEST_PITCH, HIGHEST_PITCH)
    min_note_seconds: float = ranged(0.06, 0.03, 1.0)
    onset_db: float = ranged(3.0, 0.5, 40.0)
    silence_db: float = ranged(-45.0, -90.0, -10.0)
    min_clarity: float = ranged(0.25, 0.05, 0.9)


@dataclass(frozen=True)
class PolyphonicSettings(PitchSettings):
    """Settings of the transcription of several voices.

    - ``model``: name of a transcriber, or the path of its folder.
    - ``lowest_pitch``, ``highest_pitch``: lowest and highest MIDI pitch (21 is A0); other notes are left out.
    - ``min_note_seconds``: shortest note.
    """

    model: str = POLYPHONIC
    lowest_pitch: int = ranged(21, 21, 108)
    highest_pitch: int = ranged(108, 21, 108)
    min_note_seconds: float = ranged(0.03, 0.03, 1.0)
