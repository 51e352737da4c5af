"""Melodies of recordings as notes and scores."""

from .beats import Beats, track_beats
from .melody import Transcription, transcribe_file, transcribe_wave
from .notes import MelodyNote
from .score import score_of
from .settings import TranscriptionSettings

__all__ = [
    "Beats",
    "MelodyNote",
    "Transcription",
    "TranscriptionSettings",
    "score_of",
    "track_beats",
    "transcribe_file",
    "transcribe_wave",
]
