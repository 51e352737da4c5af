"""Configuration of the prior family's networks, and its sizes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from ...contracts.config import TEMPERATURE_RANGE, ModelConfig
from ...dsp.position import POSITION_FEATURES
from ...ranges import check_names

TIME_FILE, DEPTH_FILE = "time.onnx", "depth.onnx"
STATISTICS_FILE = "statistics.safetensors"
"""In a model folder: ``durations (labels, speakers, quantiles)`` float32, frames, where durations are drawn."""


@dataclass(frozen=True)
class PriorConfig(ModelConfig):
    """The networks and the codec whose codes they draw.

    Training fills in the hash, sample rate, hop length and codebook size of the codec.

    Raises
    ------
    BadSetting
        If a number is out of its range.
    """

    RANGES: ClassVar[Mapping[str, tuple[float, float]]] = {
        "sample_rate": (4_000, 192_000),
        "hop_length": (2, 100_000),
        "codebook_size": (2, 4_096),
        "n_codebooks": (1, 32),
        "n_layers": (1, 64),
        "hidden_size": (4, 4_096),
        "kernel_size": (2, 31),
        "embedding_size": (4, 4_096),
        "depth_layers": (1, 16),
        "label_size": (1, 1_024),
        "dropout": (0.0, 0.9),
        "temperature": TEMPERATURE_RANGE,
        "top_p": (0.01, 1.0),
    }

    codec: str = "speech-codec"  # name or folder of a model
    codec_hash: str = ""  # of its networks
    sample_rate: int = 16_000
    hop_length: int = 320  # samples between frames of codes
    codebook_size: int = 1_024
    n_codebooks: int = 4  # of the codec's, the coarse ones
    labels: tuple[str, ...] = ()  # empty: unconditional
    speakers: tuple[str, ...] = ()  # empty: not conditioned on a speaker
    duration: Literal["drawn", "endless"] = "endless"  # of a clip; ``drawn`` for clips with a beginning and an end
    cell: Literal["lstm", "gru", "convnext"] = "lstm"  # of the network over time
    n_layers: int = 2
    hidden_size: int = 320  # of each layer
    kernel_size: int = 11  # frames, of a layer of ``convnext``
    embedding_size: int = 192  # of codes, and of the layers over depth
    depth_layers: int = 2
    label_size: int = 32  # size of the embeddings of labels and speakers
    dropout: float = 0.2
    temperature: float = 1.0  # below 1 probable codes are drawn more often than learned, 0: always the most probable
    top_p: float = 0.95  # codes are drawn from the most probable ones that have this probability together

    def __post_init__(self) -> None:
        super().__post_init__()
        check_names(speakers=self.speakers)

    @property
    def frame_rate(self) -> float:
        """Frames per second."""
        return self.sample_rate / self.hop_length

    @property
    def silence_symbol(self) -> int:
        """The symbol of a frame of digital silence, whose codes are -1."""
        return self.codebook_size

    @property
    def start_symbol(self) -> int:
        """The symbol of the frame before a clip."""
        return self.codebook_size + 1

    @property
    def has_position(self) -> bool:
        """True if the network is conditioned on the position in the clip."""
        return self.duration == "drawn"

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


METRICS = ("valid/bits",)
"""Validation metrics, any of which may choose the best checkpoint."""

SIZES: dict[str, PriorConfig] = {
    "tiny": PriorConfig(hidden_size=128, embedding_size=64),
    "small": PriorConfig(),
    "base": PriorConfig(hidden_size=512, embedding_size=320, label_size=64),
}
"""The configuration of each size."""
