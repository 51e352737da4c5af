"""Configuration of the wavenet family's networks, and its sizes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ...base.errors import BadSetting
from ...base.ranges import check_ranges, ranged, ruled
from ...base.rules import Needs, Without
from ...contracts.config import TEMPERATURE_RANGE, ConditionedConfig

Mode = Literal["int16", "float32", "int8"]
"""Arithmetic of the engine; the integers are the bits of a weight."""

MU_LAW_LEVELS = 256
MAX_STEP = 32_767  # of the 16-bit grid
MIN_LOG_SCALE = -9.0  # of a logistic, in training and inference
POSITION_FEATURES = 8  # see frames.position_features
CONTOUR_FEATURES = 3  # see contours.measure_contour

CONDITION_FILE = "condition.onnx"
DURATIONS_FILE = "durations.safetensors"
"""In a model folder: ``durations`` (max(labels, 1) * quantiles,), of the training clips of each label, in seconds."""
CONTOURS_FILE = "contours.safetensors"
"""In a model folder, for a model with contours: those of the training clips, see contours.ContourSet."""

METRICS = ("valid/bits",)
"""Validation metrics, any of which may choose the best checkpoint."""


@dataclass(frozen=True)
class WaveNetConfig(ConditionedConfig):
    """The network, its conditioning and the signal that it models."""

    TITLE = "a WaveNet"
    VALIDATION_METRICS = METRICS

    sample_rate: int = ranged(16_000, 2_000, 192_000)
    condition: Literal["none", "position", "mel"] = "position"  # features of the frames, beside label and speaker
    contour: bool = ruled(
        False, Needs("condition", "position")
    )  # beside position: loudness, pitch and voicing of a recording of the label
    head: Literal["mu-law", "logistics"] = "logistics"  # 256 classes, or a mixture of logistics on 16 bits
    n_layers: int = ranged(20, 1, 100)
    dilation_cycle: int = ranged(10, 1, 16)  # layers after which the dilation starts at 1 again
    channels: int = ranged(64, 4, 1_024)  # of the residual stream
    skip_channels: int = ranged(128, 4, 2_048)
    head_channels: int = ranged(256, 4, 2_048)  # between the two layers after the skip sum
    input_taps: int = ranged(32, 1, 1_024)  # past samples in the input of the first layer
    n_mixtures: int = ranged(10, 1, 64)  # of the head ``logistics``
    condition_channels: int = ranged(128, 4, 2_048)
    condition_layers: int = ranged(2, 0, 16)  # convolutions over frames
    hop_length: int = ranged(256, 4, 4_096)  # samples between frames
    condition_hop: int = ranged(64, 1, 4_096)  # samples for which a condition is held; a divisor of hop_length
    n_fft: int = ranged(1024, 16, 16_384)  # of the mel frames, samples
    n_mels: int = ranged(80, 8, 512)
    f_max_hz: float = ranged(8_000.0, 100.0, 96_000.0)  # of the mel frames
    pre_emphasis: float = ranged(0.0, 0.0, 0.99)  # first-order, of the signal; inference inverts it
    prediction_order: int = ranged(  # of linear prediction, whose residual is the signal; 0: none
        0, 0, 64, Needs("condition", "mel"), Without("pre_emphasis")
    )
    temperature: float = ranged(1.0, *TEMPERATURE_RANGE)  # below 1 probable samples are drawn more often

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.hop_length % self.condition_hop:
            raise BadSetting(
                f"condition_hop is {self.condition_hop}; it must be a divisor of hop_length ({self.hop_length})."
            )
        if self.condition == "mel":
            check_ranges(self, {"f_max_hz": (100.0, self.sample_rate / 2)})
        if self.condition == "mel" and self.n_fft < self.hop_length:
            raise BadSetting(f"n_fft is {self.n_fft}; it must be at least hop_length ({self.hop_length}).")

    @property
    def dilations(self) -> tuple[int, ...]:
        """Dilation of each layer in samples."""
        return tuple(1 << (layer % self.dilation_cycle) for layer in range(self.n_layers))

    @property
    def receptive_field(self) -> int:
        """Past samples that one drawn sample depends on."""
        return self.input_taps + sum(self.dilations)

    @property
    def context_frames(self) -> int:
        """Frames on each side of a frame on which its condition depends."""
        return self.condition_layers + 1

    @property
    def outputs(self) -> int:
        """Size of the output for a sample: 256 logits, or logits, means and log scales of the logistics."""
        return MU_LAW_LEVELS if self.head == "mu-law" else 3 * self.n_mixtures

    @property
    def features(self) -> int:
        """Features of a frame."""
        n_position = POSITION_FEATURES + CONTOUR_FEATURES * self.contour
        return {"none": 0, "position": n_position, "mel": self.n_mels}[self.condition]


SIZES: dict[str, WaveNetConfig] = {
    "tiny": WaveNetConfig(n_layers=8, dilation_cycle=8, channels=32, skip_channels=64, head_channels=64),
    "small": WaveNetConfig(n_layers=20, channels=64, skip_channels=128, head_channels=256),
    "base": WaveNetConfig(n_layers=30, channels=64, skip_channels=128, head_channels=256),
    "full": WaveNetConfig(n_layers=30, channels=128, skip_channels=256, head_channels=256),
}
"""The configuration of each size."""
