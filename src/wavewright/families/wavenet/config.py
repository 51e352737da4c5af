"""Configuration of the wavenet family's networks, and its sizes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from ...contracts.config import TEMPERATURE_RANGE, ModelConfig
from ...errors import BadSetting
from ...ranges import check_names, check_ranges

MU_LAW_LEVELS = 256
LARGEST_STEP = 32_767  # of the 16-bit grid
SMALLEST_LOG_SCALE = -9.0  # of a logistic; where it is drawn and where it is learned, too
POSITION_FEATURES = 8  # see frames.position_features
CONTOUR_FEATURES = 3  # see contours.contour_of

CONDITION_FILE = "condition.onnx"
DURATIONS_FILE = "durations.safetensors"
"""In a model folder: ``durations`` (max(labels, 1) * quantiles,), how long the training clips of each label last, in seconds."""
CONTOURS_FILE = "contours.safetensors"
"""In a model folder, where sounds have contours: those of the training clips, see contours.Contours."""


@dataclass(frozen=True)
class WaveNetConfig(ModelConfig):
    """What the network is; everything that playing needs to know.

    Raises BadSetting for a number that is out of its range, or does not fit the others.
    """

    RANGES: ClassVar[Mapping[str, tuple[float, float]]] = {
        "sample_rate": (2_000, 192_000),
        "n_layers": (1, 100),
        "dilation_cycle": (1, 16),
        "channels": (4, 1_024),
        "skip_channels": (4, 2_048),
        "head_channels": (4, 2_048),
        "input_taps": (1, 1_024),
        "n_mixtures": (1, 64),
        "label_size": (1, 1_024),
        "condition_channels": (4, 2_048),
        "condition_layers": (0, 16),
        "hop_length": (4, 4_096),
        "condition_hop": (1, 4_096),
        "n_fft": (16, 16_384),
        "n_mels": (8, 512),
        "temperature": TEMPERATURE_RANGE,
    }

    sample_rate: int = 16_000
    labels: tuple[str, ...] = ()  # empty: unconditional
    speakers: tuple[str, ...] = ()
    condition: Literal["none", "position", "mel"] = "position"  # what the frames say, beside label and speaker
    contour: bool = False  # beside position: loudness, pitch and voicing, as some recording of the label has them
    head: Literal["mu-law", "logistics"] = "logistics"  # 256 classes, or a mixture of logistics on 16 bits
    n_layers: int = 20
    dilation_cycle: int = 10  # layers until the dilation begins at 1 again
    channels: int = 64  # of the residual stream
    skip_channels: int = 128
    head_channels: int = 256  # between the two layers after the skip sum
    input_taps: int = 32  # past samples that the first layer hears
    n_mixtures: int = 10  # of the head ``logistics``
    label_size: int = 32  # numbers that stand for a label, and for a speaker
    condition_channels: int = 128
    condition_layers: int = 2  # convolutions over frames
    hop_length: int = 256  # samples between frames
    condition_hop: int = 64  # samples for which the condition is held; a divisor of hop_length
    n_fft: int = 1024  # of the mel frames, samples
    n_mels: int = 80
    f_max_hz: float = 8_000.0  # of the mel frames
    pre_emphasis: float = 0.0  # first-order; the network draws the emphasised wave, playing undoes it
    prediction_order: int = 0  # of the filter read off mel frames, whose excitation is drawn; 0: none
    temperature: float = 1.0  # when playing: below 1 the likely samples are drawn more often than was learned

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.hop_length % self.condition_hop:
            raise BadSetting(
                f"condition_hop is {self.condition_hop}; it must be a divisor of hop_length ({self.hop_length})."
            )
        check_ranges(self, {"pre_emphasis": (0.0, 0.99), "prediction_order": (0, 64)})
        if self.prediction_order and (self.condition != "mel" or self.pre_emphasis):
            raise BadSetting(
                f"prediction_order is {self.prediction_order}; prediction needs condition mel and takes the place of pre_emphasis: set "
                "condition=mel and pre_emphasis=0, or prediction_order=0."
            )
        if self.contour and self.condition != "position":
            raise BadSetting(
                f"contour goes with condition position, not {self.condition}; set contour=false or condition=position."
            )
        if self.condition == "mel":
            check_ranges(self, {"f_max_hz": (100.0, self.sample_rate / 2)})
        if self.condition == "mel" and self.n_fft < self.hop_length:
            raise BadSetting(f"n_fft is {self.n_fft}; it must be at least hop_length ({self.hop_length}).")
        check_names(speakers=self.speakers)

    @property
    def dilations(self) -> tuple[int, ...]:
        """Of each layer, samples."""
        return tuple(1 << (layer % self.dilation_cycle) for layer in range(self.n_layers))

    @property
    def receptive_field(self) -> int:
        """Past samples that one drawn sample depends on."""
        return self.input_taps + sum(self.dilations)

    @property
    def context_frames(self) -> int:
        """Frames on each side of one that what the layers are told of it depends on."""
        return self.condition_layers + 1

    @property
    def outputs(self) -> int:
        """Numbers that describe the distribution of a sample: 256 logits, or logits, means and log scales of the logistics."""
        return MU_LAW_LEVELS if self.head == "mu-law" else 3 * self.n_mixtures

    @property
    def features(self) -> int:
        """Numbers in a frame."""
        of_position = POSITION_FEATURES + CONTOUR_FEATURES * self.contour
        return {"none": 0, "position": of_position, "mel": self.n_mels}[self.condition]


METRICS = ("valid/bits",)
"""Validation metrics, any of which may choose the best checkpoint."""

SIZES: dict[str, WaveNetConfig] = {
    "tiny": WaveNetConfig(n_layers=8, dilation_cycle=8, channels=32, skip_channels=64, head_channels=64),
    "small": WaveNetConfig(n_layers=20, channels=64, skip_channels=128, head_channels=256),
    "base": WaveNetConfig(n_layers=30, channels=64, skip_channels=128, head_channels=256),
    "full": WaveNetConfig(n_layers=30, channels=128, skip_channels=256, head_channels=256),
}
"""The configuration of each size."""
