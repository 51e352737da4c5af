"""Configuration of the prior family's networks, and its sizes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ...base.ranges import ranged
from ...contracts.config import TEMPERATURE_RANGE, SequenceConfig
from ...dsp.position import POSITION_FEATURES

TIME_FILE, DEPTH_FILE = "time.onnx", "depth.onnx"
STATISTICS_FILE = "statistics.safetensors"
"""In a model folder: ``durations (labels, speakers, quantiles)`` float32, frames, where durations are drawn."""

METRICS = ("valid/bits",)
"""Validation metrics, any of which may choose the best checkpoint."""


@dataclass(frozen=True)
class PriorConfig(SequenceConfig):
    """The networks and the codec whose codes they draw.

    Training fills in the hash, sample rate, hop length and codebook size of the codec.
    """

    TITLE = "a prior"
    VALIDATION_METRICS = METRICS

    codec: str = "speech-codec"  # name or folder of a model
    codec_hash: str = ""  # of its networks
    sample_rate: int = ranged(16_000, 4_000, 192_000)
    hop_length: int = ranged(320, 2, 100_000)  # samples between frames of codes
    codebook_size: int = ranged(1_024, 2, 4_096)
    n_codebooks: int = ranged(4, 1, 32)  # of the codec's, the coarse ones
    duration: Literal["drawn", "endless"] = "endless"  # of a clip; ``drawn`` for clips with a beginning and an end
    cell: Literal["lstm", "gru", "convnext"] = "lstm"  # of the network over time
    kernel_size: int = ranged(11, 2, 31)  # frames, of a layer of ``convnext``
    embedding_size: int = ranged(192, 4, 4_096)  # of codes, and of the layers over depth
    depth_layers: int = ranged(2, 1, 16)
    temperature: float = ranged(1.0, *TEMPERATURE_RANGE)  # below 1 probable codes are drawn more often
    top_p: float = ranged(0.95, 0.01, 1.0)  # total probability of the codes that are drawn from

    @property
    def silence_symbol(self) -> int:
        """The symbol of a frame of digital silence, whose codes are -1."""
        return self.codebook_size

    @property
    def start_symbol(self) -> int:
        """The symbol of the frame before a clip."""
        return self.codebook_size + 1

    @property
    def input_size(self) -> int:
        """Size of the input of the network over time: sum of the codes' embeddings, position, label and speaker."""
        n_embeddings = bool(self.labels) + bool(self.speakers)
        return self.embedding_size + POSITION_FEATURES * self.has_position + self.label_size * n_embeddings

    @property
    def state_shape(self) -> tuple[int, ...]:
        """Shape of the state of the network over time: vectors of the cells, or the past inputs of the convolutions."""
        if self.cell == "convnext":
            return (self.n_layers * (self.kernel_size - 1) * self.hidden_size,)
        return (self.n_layers * (2 if self.cell == "lstm" else 1), self.hidden_size)


SIZES: dict[str, PriorConfig] = {
    "tiny": PriorConfig(hidden_size=128, embedding_size=64),
    "small": PriorConfig(),
    "base": PriorConfig(hidden_size=512, embedding_size=320, label_size=64),
}
"""The configuration of each size."""
