"""Melodies and notes of recordings, as notes and scores."""

from .beats import Beats, track_beats
from .melody import Transcription, transcribe_file, transcribe_wave
from .notes import MelodyNote
from .polyphony import detect_file, detect_wave, onsets_of
from .score import score_of
from .settings import PolyphonicSettings, TranscriptionSettings

__all__ = [
    "Beats",
    "MelodyNote",
    "PolyphonicSettings",
    "Transcription",
    "TranscriptionSettings",
    "detect_file",
    "detect_wave",
    "onsets_of",
    "score_of",
    "track_beats",
    "transcribe_file",
    "transcribe_wave",
]
