"""Clicks, ticks and short tones of user interfaces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ...base.ranges import ranged
from ...base.units import semitones_to_ratio
from .partials import Partials, with_partials
from .procedure import HIGH_RATE, OneShot
from .timeline import random_numbers

SPREAD_SEMITONES = 0.8
"""Largest change of the pitch by the seed."""

TICK_SECONDS = 0.0012


@dataclass(frozen=True)
class Click(OneShot):
    """A sound of a button, a menu or a message: damped resonances, once or as a few notes.

    Attributes
    ----------
    pitch_hz
        Frequency of the lowest resonance.
    decay_ms
        Time constant of the decay in milliseconds: 5 is a tick, 100 a chime.
    brightness
        Level of the higher resonances and of the tick at the start.
    glide_semitones
        Change of the pitch within a time constant; positive rises.
    n_notes
        Number of notes.
    interval_semitones
        Step from note to note; positive for confirmation, negative for a refusal.
    spacing_ms
        Time between notes in milliseconds.

    References
    ----------
    A. Farnell, "Designing Sound", MIT Press, 2010, part on idiophonics.
    """

    max_channels: ClassVar[int] = 1

    pitch_hz: float = ranged(1_700.0, 100.0, 8_000.0)
    decay_ms: float = ranged(9.0, 0.5, 500.0)
    brightness: float = ranged(0.5, 0.0, 1.0)
    glide_semitones: float = ranged(0.0, -12.0, 12.0)
    n_notes: int = ranged(1, 1, 8)
    interval_semitones: float = ranged(7.0, -24.0, 24.0)
    spacing_ms: float = ranged(80.0, 5.0, 1_000.0)

    def _synthesise(self, seed: int, n_channels: int) -> np.ndarray:
        rng = random_numbers(seed, "click")
        pitch_hz = self.pitch_hz * float(semitones_to_ratio(SPREAD_SEMITONES * rng.uniform(-1, 1)))
        ratios = np.array([1.0, 2.0, 2.76, 4.1, 5.4]) * (1 + 0.02 * rng.uniform(-1, 1, 5))
        levels = self.brightness ** np.arange(5) * np.array([1.0, 0.6, 0.7, 0.5, 0.4]) * rng.uniform(0.6, 1.0, 5)
        levels[0] = 1.0
        notes = []
        for note in range(self.n_notes):
            seconds = note * self.spacing_ms / 1_000
            note_hz = pitch_hz * float(semitones_to_ratio(note * self.interval_semitones)) * ratios
            decay_hz = 1_000 / self.decay_ms * ratios**0.7
            slope_hz = note_hz * (float(semitones_to_ratio(self.glide_semitones)) - 1) * 1_000 / self.decay_ms
            notes.append(Partials.of(np.array(seconds), note_hz, decay_hz, levels, slope_hz=slope_hz / 3))
            tick_hz = rng.uniform(3_000, 9_000, 3)
            tick_level = 0.5 * self.brightness * rng.uniform(-1, 1, 3)
            notes.append(Partials.of(np.array(seconds), tick_hz, np.full(3, 1 / TICK_SECONDS), tick_level))
        return with_partials(np.zeros((1, 0), np.float32), Partials.joined(notes), HIGH_RATE)
