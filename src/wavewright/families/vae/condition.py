"""What the decoder is told beside the latents: labels, which can be mixed, and pitch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .config import VaeConfig

MIDDLE_PITCH, PITCH_RANGE = 60.0, 24.0  # MIDI numbers


@dataclass(frozen=True)
class Told:
    """What the decoder is told of a sound: ``weights (labels,)``, all zero where the label is withheld, and a pitch, a MIDI number."""

    weights: np.ndarray
    pitch: float | None = None

    def towards(self, other: Told, part: float) -> Told:
        """What is told at ``part`` (0 to 1) of the way to another sound; a pitch goes evenly in semitones."""
        weights = ((1 - part) * self.weights + part * other.weights).astype(np.float32)
        if self.pitch is None or other.pitch is None:
            return Told(weights, other.pitch if self.pitch is None else self.pitch)
        return Told(weights, (1 - part) * self.pitch + part * other.pitch)

    def numbers(self, config: VaeConfig) -> np.ndarray:
        """As the decoder hears it, float32 ``(n_condition,)``: the weights, then the pitch of a model that asks for it."""
        parts = [self.weights]
        if config.pitched:
            parts.append(pitch_features(np.array(MIDDLE_PITCH if self.pitch is None else self.pitch)))
        return np.concatenate(parts).astype(np.float32)


def rows_of(told: Told | Sequence[Told], n_latents: int, config: VaeConfig) -> np.ndarray:
    """What the decoder is told of a sound's latents, float32 ``(n_latents, n_condition)``: of all the same, or of each in turn."""
    each = [told] * n_latents if isinstance(told, Told) else told
    return np.stack([one.numbers(config) for one in each])


def conditions_of(n: int, label: int | None, pitches: Sequence[float] | None, config: VaeConfig) -> np.ndarray:
    """What the decoder is told of ``n`` sounds of one label or none, with ``pitches`` in turn: float32 ``(n, n_condition)``."""
    weights = np.zeros(len(config.labels), np.float32)
    if label is not None and config.labels:
        weights[label] = 1.0
    rows = [Told(weights, pitches[index % len(pitches)] if pitches else None).numbers(config) for index in range(n)]
    return np.stack(rows) if rows else np.zeros((0, config.n_condition), np.float32)


def pitch_features(pitch: np.ndarray) -> np.ndarray:
    """Pitches ``(...)`` as the decoder is told them, float32 ``(..., PITCH_FEATURES)``: how high, and the place in the octave on a circle."""
    angle = 2 * np.pi * pitch / 12
    return np.stack([(pitch - MIDDLE_PITCH) / PITCH_RANGE, np.sin(angle), np.cos(angle)], axis=-1).astype(np.float32)
