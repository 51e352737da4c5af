"""Configuration of the encoder family's networks, and its sizes."""

from __future__ import annotations

from dataclasses import dataclass

from ...base.ranges import ranged
from ..classifier.config import BCResNetConfig

GRAPH_FILE = "encoder.onnx"

METRICS = ("valid/loss", "valid/agreement")
"""Validation metrics, any of which may choose the best checkpoint."""


@dataclass(frozen=True)
class EncoderConfig(BCResNetConfig):
    """Configuration of an encoder: the network of a classifier without its last layer, and its training."""

    TITLE = "an encoder"
    VALIDATION_METRICS = METRICS

    sample_rate: int = ranged(16_000, 4_000, 768_000)
    n_samples: int = 16_000  # length of a view, and of the windows that are embedded
    n_fft: int = ranged(512, 16, 65_536)  # samples
    hop_length: int = 256  # samples
    n_mels: int = 40  # on HTK's scale
    f_min_hz: float = 60.0
    width: int = ranged(2, 1, 1_024)
    dropout: float = ranged(0.0, 0.0, 0.9)
    projection_size: int = ranged(128, 2, 4_096)  # of the projected embeddings that the loss compares; not exported
    temperature: float = ranged(0.15, 0.01, 10.0)  # of their similarities in the loss
    statistics_weight: float = ranged(1.0, 0.0, 100.0)
    """Of the squared error of the predicted statistics of the clean clip."""


SIZES: dict[str, EncoderConfig] = {
    "tiny": EncoderConfig(width=1),
    "small": EncoderConfig(width=2),
    "base": EncoderConfig(width=4),
}
"""The configuration of each size."""
