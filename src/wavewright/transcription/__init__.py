"""Melodies of recordings as notes and scores."""

from .melody import Transcription, transcribe_file, transcribe_wave
from .notes import MelodyNote
from .settings import TranscriptionSettings

__all__ = ["MelodyNote", "Transcription", "TranscriptionSettings", "transcribe_file", "transcribe_wave"]
