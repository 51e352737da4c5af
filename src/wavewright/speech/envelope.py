"""Gain envelope of a piece: its level over time, and short fades at both ends."""

from __future__ import annotations

import numpy as np

from ..base.units import seconds_to_samples

FADE_SECONDS = 0.008  # at both ends of a piece


class GainEnvelope:
    """Applies level and fades to the wave of a piece as it comes.

    Parameters
    ----------
    gains : ndarray
        Gain of each frame, ``(frames,)``, interpolated linearly between the centres of frames.
    hop_length : int
        Samples in a frame.
    sample_rate : int
        Samples in a second.
    """

    def __init__(self, gains: np.ndarray, hop_length: int, sample_rate: int) -> None:
        self._gains = gains
        self._hop_length = hop_length
        self._is_constant = bool(gains.min() == gains.max())
        self._n_samples = len(gains) * hop_length
        self._n_done = 0
        self._n_fade = seconds_to_samples(FADE_SECONDS, sample_rate)

    def push(self, wave: np.ndarray) -> np.ndarray:
        """Return the next samples ``(1, time)`` with gain and fades, float32; the first and the last of all are 0."""
        samples = np.arange(self._n_done, self._n_done + wave.shape[1])
        self._n_done += wave.shape[1]
        gain = (
            self._gains[0]
            if self._is_constant
            else np.interp(samples / self._hop_length - 0.5, np.arange(len(self._gains)), self._gains)
        )
        shaped = np.array(wave * gain, np.float32)
        from_end = np.minimum(samples, self._n_samples - 1 - samples)
        is_fade = from_end < self._n_fade
        shaped[:, is_fade] *= (0.5 - 0.5 * np.cos(np.pi * from_end[is_fade] / self._n_fade)).astype(np.float32)
        return shaped
