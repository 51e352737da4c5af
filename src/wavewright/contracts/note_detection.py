"""Base class of models that find the notes of a recording, several at a time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from itertools import chain

import numpy as np

from ..base.units import seconds_to_samples
from ..dsp.stream import ChunkStream
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


class NoteDetector(Model, ABC):
    """A model that finds notes of several voices."""

    def detect(self, wave: np.ndarray) -> list[DetectedNote]:
        """Return the notes of a wave ``(time,)`` at the sample rate of the model, sorted by start and pitch.

        Raises BadAudio for other shapes, integers, no samples, NaN or infinite values.
        """
        wave = checked_wave(wave)
        step = seconds_to_samples(PIECE_SECONDS, self.sample_rate)
        pieces = (wave[start : start + step] for start in range(0, len(wave), step))
        notes = chain.from_iterable(self.stream().outputs(pieces))
        return sorted(notes, key=lambda note: (note.start_s, note.pitch))

    @abstractmethod
    def stream(self) -> ChunkStream[list[DetectedNote]]:
        """Return a new stream of waves ``(time,)`` at the sample rate of the model; notes come when they have ended.

        It raises BadAudio for other shapes, integers, NaN or infinite values.
        """


PIECE_SECONDS = 20.0
