"""Conditioning of the decoder besides the latents: label weights, which can be mixed, and pitch.

The vector of a clip is ``(n_condition_inputs,)``: a weight for each label, then PITCH_FEATURES for a model with pitch.
Weights of 0 mean an unknown label. `network.draw_conditioning` makes the vectors of a training batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...base.errors import BadSetting, unsupported
from ...base.names import index_of
from ...contracts.morphing import LabelWeights
from .config import VaeConfig

CENTRE_PITCH, PITCH_RANGE = 60.0, 24.0  # MIDI numbers


@dataclass(frozen=True)
class ClipConditioning:
    """Conditioning of a clip."""

    label_weights: np.ndarray  # weight of each label, ``(labels,)``; all 0 where the label is unknown
    pitch: float | None = None  # MIDI number; None for CENTRE_PITCH

    @classmethod
    def of(cls, label: LabelWeights, pitch: float | None, config: VaeConfig, model: str) -> ClipConditioning:
        """Check a label (or weights of labels, 0 to 1) and a MIDI pitch, and look up the label.

        Raises BadSetting for a label, a weight or a pitch that the model does not have.
        """
        if pitch is not None and not config.pitched:
            raise unsupported(model, "has no pitch to choose", "pitch")
        if pitch is not None and not 0 <= pitch <= 127:
            raise BadSetting(f"The pitch is {pitch}; it must be a MIDI number from 0 to 127.")
        label_weights = np.zeros(len(config.labels), np.float32)
        weights = {label: 1.0} if isinstance(label, str) else dict(label or {})
        for name, weight in weights.items():
            if not 0 <= weight <= 1:
                raise BadSetting(f"The weight of the label {name} is {weight}; it must lie between 0 and 1.")
            label_weights[index_of(name, config.labels, "label", model)] = weight
        return cls(label_weights, pitch)

    def interpolate(self, other: ClipConditioning, t: float) -> ClipConditioning:
        """Interpolate linearly towards another clip's conditioning at ``t`` = 1, the pitch in semitones.

        If only one of the two has a pitch, it applies throughout.
        """
        weights = ((1 - t) * self.label_weights + t * other.label_weights).astype(np.float32)
        if self.pitch is None or other.pitch is None:
            return ClipConditioning(weights, other.pitch if self.pitch is None else self.pitch)
        return ClipConditioning(weights, (1 - t) * self.pitch + t * other.pitch)

    def vector(self, config: VaeConfig) -> np.ndarray:
        """Return the decoder's input ``(n_condition_inputs,)``: label weights, then pitch features if it has any."""
        if not config.pitched:
            return self.label_weights.astype(np.float32)
        features = pitch_features(np.array(CENTRE_PITCH if self.pitch is None else self.pitch))
        return np.concatenate([self.label_weights, features]).astype(np.float32)


def conditioning_sequence(
    conditioning: ClipConditioning | Sequence[ClipConditioning], n_latents: int, config: VaeConfig
) -> np.ndarray:
    """Return the conditioning ``(n_latents, n_condition_inputs)`` of a clip: one for all latents, or one for each."""
    per_latent = [conditioning] * n_latents if isinstance(conditioning, ClipConditioning) else conditioning
    return np.stack([each.vector(config) for each in per_latent])


def conditioning_batch(n: int, label: int | None, pitches: Sequence[float] | None, config: VaeConfig) -> np.ndarray:
    """Return the conditioning ``(n, n_condition_inputs)`` of clips of one label, which have ``pitches`` in turn."""
    weights = np.zeros(len(config.labels), np.float32)
    if label is not None and config.labels:
        weights[label] = 1.0
    batch = np.zeros((n, config.n_condition_inputs), np.float32)
    for index in range(n):
        pitch = pitches[index % len(pitches)] if pitches else None
        batch[index] = ClipConditioning(weights, pitch).vector(config)
    return batch


def pitch_features(pitch: np.ndarray) -> np.ndarray:
    """Return features ``(..., PITCH_FEATURES)`` of MIDI pitches: scaled height, sine and cosine within the octave."""
    angle = 2 * np.pi * pitch / 12
    features = np.stack([(pitch - CENTRE_PITCH) / PITCH_RANGE, np.sin(angle), np.cos(angle)], axis=-1)
    return features.astype(np.float32)
