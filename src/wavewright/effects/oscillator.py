"""Oscillators as rotating phasors, whose phase the lengths of blocks do not change."""

from __future__ import annotations

import math

import numpy as np

STEREO_PHASE = 0.25
"""Phase of an oscillator in each channel after that in the channel before, in cycles."""


STEPS = 64
"""Samples after which the phasor rotates; those between follow from a table, several at once."""


def phasor(cycles: float) -> np.ndarray:
    """Return an oscillator that starts at a phase in cycles, ``(3,)``: cosine, sine, and samples since it rotated."""
    angle = 2.0 * math.pi * cycles
    return np.array([math.cos(angle), math.sin(angle), 0.0])


def rotation_of(rate_hz: float, sample_rate: int) -> np.ndarray:
    """Return cosines and sines of the phases of 0 to 64 samples, ``(2, 65)``."""
    angles = 2.0 * math.pi * rate_hz / sample_rate * np.arange(STEPS + 1)
    return np.stack([np.cos(angles), np.sin(angles)])


def rotate(phasors: np.ndarray, rotation: np.ndarray) -> None:
    """Let oscillators ``(..., 3)`` begin anew where they are, so that they can go on at another frequency."""
    steps = phasors[..., 2].astype(int)
    turned = (phasors[..., 0] + 1j * phasors[..., 1]) * (rotation[0, steps] + 1j * rotation[1, steps])
    phasors[..., 0], phasors[..., 1], phasors[..., 2] = turned.real, turned.imag, 0.0


class Oscillator:
    """Sine and cosine of one frequency, block by block."""

    def __init__(self, rate_hz: float, sample_rate: int) -> None:
        self._rotation = rotation_of(rate_hz, sample_rate)
        self._phasor = phasor(0.0)

    def adopt(self, other: Oscillator) -> None:
        """Go on at the frequency of another one."""
        rotate(self._phasor, self._rotation)
        self._rotation = other._rotation

    def next(self, n_samples: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the next cosines and sines, each ``(n_samples,)`` float32."""
        from .modulation_kernels import oscillate  # numba is slow to import

        cosines, sines = np.empty((2, n_samples), np.float32)
        oscillate(self._rotation, self._phasor, cosines, sines)
        return cosines, sines
