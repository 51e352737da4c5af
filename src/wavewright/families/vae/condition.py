"""What the decoder is told beside the latents: labels, which can be mixed, and pitch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from . import Config

MIDDLE_PITCH, PITCH_RANGE = 60.0, 24.0  # MIDI numbers


def condition_of(label_weights: np.ndarray, pitch: float | None, config: Config) -> np.ndarray:
    """What the decoder is told, float32 ``(n_condition,)``: a weight for each label, all zero where it is withheld, then the pitch.

    A pitch (MIDI number) is said by its height and by its place in the octave, as a point on a circle.
    """
    parts = [np.asarray(label_weights, np.float32)]
    if config.pitched:
        parts.append(pitch_features(np.array(MIDDLE_PITCH if pitch is None else pitch)))
    return np.concatenate(parts).astype(np.float32)


def conditions_of(n: int, label: int | None, pitches: Sequence[float] | None, config: Config) -> np.ndarray:
    """What the decoder is told of ``n`` sounds of one label or none, with ``pitches`` in turn: float32 ``(n, n_condition)``."""
    weights = np.zeros(len(config.labels), np.float32)
    if label is not None and config.labels:
        weights[label] = 1.0
    rows = [condition_of(weights, pitches[index % len(pitches)] if pitches else None, config) for index in range(n)]
    return np.stack(rows) if rows else np.zeros((0, config.n_condition), np.float32)


def pitch_features(pitch: np.ndarray) -> np.ndarray:
    """Pitches ``(...)`` as the decoder is told them, float32 ``(..., PITCH_FEATURES)``."""
    angle = 2 * np.pi * pitch / 12
    return np.stack([(pitch - MIDDLE_PITCH) / PITCH_RANGE, np.sin(angle), np.cos(angle)], axis=-1).astype(np.float32)
