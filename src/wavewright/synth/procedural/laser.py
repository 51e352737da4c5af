"""Laser: a falling tone with frequency modulation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ...base.ranges import ranged
from .procedure import HIGH_RATE, OneShot
from .timeline import random_numbers

HIGHEST_HZ = 40_000.0
"""Sidebands above this are avoided by a smaller modulation index."""

SPREAD = 0.12
"""Largest relative change of frequencies and length by the seed."""

FALL = 4.0
"""Time constants of the frequency's fall within the length."""


@dataclass(frozen=True)
class Laser(OneShot):
    """A shot of a ray gun.

    Attributes
    ----------
    start_hz, end_hz
        Frequency of the carrier at the start and, approached exponentially, at the end.
    length_seconds
        Length.
    modulation_index
        Depth of the frequency modulation, 0 for a pure tone.
    modulation_ratio
        Frequency of the modulator over that of the carrier; whole numbers are harmonic.
    buzz
        Level of a second, detuned carrier.

    References
    ----------
    A. Farnell, "Designing Sound", MIT Press, 2010, chapter on science fiction. J. M. Chowning, "The
    synthesis of complex audio spectra by means of frequency modulation", Journal of the AES 21(7), 1973.
    """

    max_channels: ClassVar[int] = 1

    start_hz: float = ranged(3_200.0, 100.0, 15_000.0)
    end_hz: float = ranged(160.0, 20.0, 15_000.0)
    length_seconds: float = ranged(0.4, 0.05, 5.0)
    modulation_index: float = ranged(2.5, 0.0, 12.0)
    modulation_ratio: float = ranged(1.5, 0.1, 8.0)
    buzz: float = ranged(0.4, 0.0, 1.0)

    def _synthesise(self, seed: int, n_channels: int) -> np.ndarray:
        rng = random_numbers(seed, "laser")
        start_hz, end_hz, seconds, ratio = (
            value * (1 + SPREAD * rng.uniform(-1, 1))
            for value in (self.start_hz, self.end_hz, self.length_seconds, self.modulation_ratio)
        )
        time = np.arange(round(seconds * HIGH_RATE)) / HIGH_RATE
        fall = np.exp(-FALL * time / seconds)
        frequency_hz = end_hz + (start_hz - end_hz) * fall
        cycles = end_hz * time + (start_hz - end_hz) * (seconds / FALL) * (1 - fall)
        highest_index = np.maximum(0.0, (HIGHEST_HZ - frequency_hz) / (ratio * frequency_hz) - 1)
        index = np.minimum(self.modulation_index * (0.3 + 0.7 * fall), highest_index)
        wave = np.zeros_like(time)
        for detune, level in ((1.0, 1.0), (1.0 + 0.02 * rng.uniform(0.5, 1), self.buzz)):
            phase = 2 * np.pi * detune * cycles
            wave += level * np.sin(phase + index * np.sin(ratio * phase))
        decay = np.exp(-3.5 * time / seconds) * (1 - time / seconds)
        return (wave * decay)[None]
