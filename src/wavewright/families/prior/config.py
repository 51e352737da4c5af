"""Configuration of the prior family's networks, and its sizes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from ...contracts.config import TEMPERATURE_RANGE, ModelConfig
from ...dsp.position import POSITION_FEATURES
from ...ranges import check_names

TIME_FILE, LEVEL_FILE = "time.onnx", "level.onnx"
STATISTICS_FILE = "statistics.safetensors"
"""In a model folder: ``durations (labels, speakers, quantiles)`` float32, frames, where durations are drawn."""


@dataclass(frozen=True)
class PriorConfig(ModelConfig):
    """What the network is and whose codes it draws; raises BadSetting for a number out of its range.

    Hash, rate, hop and codebook size are the codec's own: training fills them in.
    """

    RANGES: ClassVar[Mapping[str, tuple[float, float]]] = {
        "sample_rate": (4_000, 192_000),
        "hop_length": (2, 100_000),
        "codebook_size": (2, 4_096),
        "n_levels": (1, 32),
        "n_layers": (1, 64),
        "hidden_size": (4, 4_096),
        "kernel": (2, 31),
        "width": (4, 4_096),
        "level_layers": (1, 16),
        "label_size": (1, 1_024),
        "dropout": (0.0, 0.9),
        "temperature": TEMPERATURE_RANGE,
        "top_p": (0.01, 1.0),
    }

    codec: str = "speech-codec"  # a model's name or folder
    codec_hash: str = ""  # of its networks
    sample_rate: int = 16_000
    hop_length: int = 320  # samples to a frame of codes
    codebook_size: int = 1_024
    n_levels: int = 4  # of the codec's, the coarse ones
    labels: tuple[str, ...] = ()  # empty: unconditional
    speakers: tuple[str, ...] = ()  # empty: not asked
    duration: Literal["drawn", "endless"] = "endless"  # of a sound; ``drawn`` for sounds with a beginning and an end
    cell: Literal["lstm", "gru", "convnext"] = "lstm"  # what the network over time is made of
    n_layers: int = 2
    hidden_size: int = 320  # of each layer
    kernel: int = 11  # frames that a layer of ``convnext`` hears
    width: int = 192  # numbers that stand for codes, and of the layers within a frame
    level_layers: int = 2  # within a frame
    label_size: int = 32  # numbers that stand for a label, and for a speaker
    dropout: float = 0.2
    temperature: float = 1.0  # below 1 what is likely is drawn more often than learned, 0 always the likeliest
    top_p: float = 0.95  # codes are drawn from the likeliest ones that have this share together

    def __post_init__(self) -> None:
        super().__post_init__()
        check_names(speakers=self.speakers)

    @property
    def frame_rate(self) -> float:
        """Frames a second."""
        return self.sample_rate / self.hop_length

    @property
    def silent(self) -> int:
        """The symbol of a frame of digital silence, whose codes are -1."""
        return self.codebook_size

    @property
    def begin(self) -> int:
        """The symbol of what was before a sound."""
        return self.codebook_size + 1

    @property
    def has_position(self) -> bool:
        """Whether the network is told where in the sound it is."""
        return self.duration == "drawn"

    @property
    def n_inputs(self) -> int:
        """Numbers that the network over time gets in a frame: its codes' sum, position, label and speaker."""
        names = bool(self.labels) + bool(self.speakers)
        return self.width + POSITION_FEATURES * self.has_position + self.label_size * names

    @property
    def state_shape(self) -> tuple[int, ...]:
        """What the network over time remembers: vectors of the cells, or all that the convolutions look back to."""
        if self.cell == "convnext":
            return (self.n_layers * (self.kernel - 1) * self.hidden_size,)
        return (self.n_layers * (2 if self.cell == "lstm" else 1), self.hidden_size)


METRICS = ("valid/bits",)
"""Validation metrics, any of which may choose the best checkpoint."""

SIZES: dict[str, PriorConfig] = {
    "tiny": PriorConfig(hidden_size=128, width=64),
    "small": PriorConfig(),
    "base": PriorConfig(hidden_size=512, width=320, label_size=64),
}
"""The configuration of each size."""
