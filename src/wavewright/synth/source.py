"""The contract of sources of sound: what a patch's voices begin with, before filter and level."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from .controls import Segments, VoiceState


class VoiceSource(ABC):
    """Sound of the voices of a patch.

    - ``n_channels``: 1, or 2 where a voice is stereo.
    """

    n_channels: int = 1
    _rows: tuple[np.ndarray, ...]  # arrays with a row for each voice

    @abstractmethod
    def start(self, voice: int, key: float, velocity: float, seed: int) -> float:
        """Begin a note in a voice and return its longest duration in samples, infinite while it is held.

        - ``voice``: row of the arrays.
        - ``key``: pitch in semitones, 69 is A4.
        - ``velocity``: 0 to 1.
        - ``seed``: of all that is random in the note.
        """

    def move(self, voice: int, target: int) -> None:
        """Move the state of a voice to another row."""
        for array in self._rows:
            array[target] = array[voice]

    @abstractmethod
    def render(self, state: VoiceState, segments: Segments, n_segments: int, output: np.ndarray) -> None:
        """Fill the outputs ``(channels, voices, time)`` float32 of the first voices."""
