"""Base class of models that find the notes of a recording, several at a time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ..base.units import seconds_to_samples
from .runtime import Model, checked_wave


@dataclass(frozen=True)
class DetectedNote:
    """A note of a recording.

    Attributes
    ----------
    start_s, end_s
        In seconds.
    pitch
        MIDI pitch; 69 is A4.
    velocity
        1 to 127.
    """

    start_s: float
    end_s: float
    pitch: int
    velocity: int


class NoteStream(Protocol):
    """A recording whose notes are found as it arrives; the sizes of its pieces change no note."""

    def push(self, wave: np.ndarray) -> list[DetectedNote]:
        """Return the notes that end with the next samples ``(time,)``, float32 at the sample rate of the model.

        Raises BadAudio for other shapes, integers, NaN or infinite values.
        """

    def finish(self) -> list[DetectedNote]:
        """Return the last notes."""


class NoteDetector(Model, ABC):
    """A model that finds notes of several voices."""

    def detect(self, wave: np.ndarray) -> list[DetectedNote]:
        """Return the notes of a wave ``(time,)`` at the sample rate of the model, sorted by start and pitch.

        Raises BadAudio for other shapes, integers, no samples, NaN or infinite values.
        """
        wave, stream = checked_wave(wave), self.stream()
        step = seconds_to_samples(PIECE_SECONDS, self.sample_rate)
        pieces = (wave[start : start + step] for start in range(0, len(wave), step))
        notes = [note for piece in pieces for note in stream.push(piece)] + stream.finish()
        return sorted(notes, key=lambda note: (note.start_s, note.pitch))

    @abstractmethod
    def stream(self) -> NoteStream:
        """Return a new stream."""


PIECE_SECONDS = 20.0
