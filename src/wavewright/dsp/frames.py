"""Overlapping frames of a wave that arrives in blocks."""

from __future__ import annotations

import numpy as np

from .spectrum import frame


class FrameBuffer:
    """Cut consecutive blocks of a wave into overlapping frames; blocks of any lengths give the same frames."""

    def __init__(self, n_channels: int, length: int, hop_length: int) -> None:
        self.length, self.hop_length = length, hop_length
        self._held = np.zeros((n_channels, 0), np.float32)

    def add(self, wave: np.ndarray) -> np.ndarray:
        """Add the next block ``(channels, time)``; return the frames it completes, ``(channels, frames, length)``."""
        wave = np.concatenate([self._held, wave], axis=1)
        if wave.shape[1] < self.length:
            self._held = wave
            return np.zeros((len(wave), 0, self.length), wave.dtype)
        frames = frame(wave, self.length, self.hop_length)
        self._held = wave[:, frames.shape[1] * self.hop_length :].copy()
        return frames

    def rest(self) -> np.ndarray:
        """Return the samples from the start of the frame that is not complete, ``(channels, time)``."""
        return self._held
