"""Configuration of the classifier family's networks, and its sizes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ...base.errors import BadSetting
from ...base.ranges import check_ranges, ranged
from ...contracts.config import ModelConfig
from ...contracts.recognition import OutputKind
from ...dsp.mel import MelPreset

GRAPH_FILE = "classifier.onnx"
CALIBRATION_FILE = "calibration.safetensors"
WEIGHT_PREFIX = "classifier."  # of the network's weights in a model folder
ENCODER_FAMILY = "encoder"  # whose models have the same network without the last layer
ENCODER_PREFIX = "encoder."  # of the weights of such a model
LAST_LAYER = ("fc.weight", "fc.bias")  # among these; one row for each label
SCALE = "scale."  # of the inputs of that layer, with pooling by statistics
ENCODER_LAYERS = ("cnn_head.", "blocks.", "cnn_tail.")

MEL_PRESET: MelPreset = "htk"
POWER_FLOOR = 1e-8  # added to the power in every mel band before the logarithm
FREQUENCY_STRIDE = 8  # mel bands for each row of the network's last feature map
N_BAND_STATISTICS = 3  # of each mel band: mean, deviation and mean change over time
TAIL_BANDS = 5  # rows of that map that its last convolution spans

MIN_SECONDS, MAX_SECONDS = 0.02, 60.0

METRICS = ("valid/loss", "valid/accuracy", "valid/balanced_accuracy")
"""Validation metrics, any of which may choose the best checkpoint."""


@dataclass(frozen=True)
class BCResNetConfig(ModelConfig):
    """Configuration of the network from waves to embeddings."""

    sample_rate: int = ranged(44_100, 4_000, 768_000)
    n_samples: int = 31_232  # length of a clip: 0.71 s at 44.1 kHz; longer ones are cut, shorter ones padded
    labels: tuple[str, ...] = ()
    n_fft: int = ranged(2048, 16, 65_536)  # samples
    hop_length: int = 512  # samples
    n_mels: int = 80  # on HTK's scale; divisible by 8 times the number of sub-bands
    f_min_hz: float = 20.0
    range_db: float = ranged(70.0, 1.0, 200.0)  # below the peak of a spectrogram; lower values count as silence
    width: int = ranged(2, 1, 1_024)  # channels, in multiples of those of BC-ResNet-1
    sub_bands: int = ranged(5, 1, 64)  # of the sub-spectral normalisation
    dropout: float = ranged(0.1, 0.0, 0.9)

    def __post_init__(self) -> None:
        super().__post_init__()
        shortest, longest = (round(seconds * self.sample_rate) for seconds in (MIN_SECONDS, MAX_SECONDS))
        check_ranges(self, {"n_samples": (shortest, longest), "hop_length": (-(-self.n_fft // 32), self.n_fft)})
        check_ranges(self, {"f_min_hz": (0.0, self.sample_rate / 4), "n_mels": (FREQUENCY_STRIDE * TAIL_BANDS, 1_024)})
        if self.n_mels % (FREQUENCY_STRIDE * self.sub_bands):
            step = FREQUENCY_STRIDE * self.sub_bands
            raise BadSetting(
                f"n_mels is {self.n_mels}; with {self.sub_bands} sub-bands it must be a multiple of {step}."
            )

    @property
    def n_frames(self) -> int:
        """Frames of the centred STFT."""
        return self.n_samples // self.hop_length + 1

    @property
    def embedding_size(self) -> int:
        """Size of the embedding of a clip."""
        return 32 * self.width

    @property
    def statistics_size(self) -> int:
        """Means and standard deviations of the activations over time."""
        return 2 * self.embedding_size

    @property
    def vector_size(self) -> int:
        """Size of those and of three statistics of each mel band: what an encoder returns."""
        return self.statistics_size + N_BAND_STATISTICS * self.n_mels


@dataclass(frozen=True)
class ClassifierConfig(BCResNetConfig):
    """Configuration of a classifier; everything that inference needs to know."""

    TITLE = "a classifier"
    VALIDATION_METRICS = METRICS

    output: OutputKind = "softmax"  # one label a clip, any number a clip, or any number a frame (events)
    # Before the last layer; statistics: the vector of an encoder. Labels of frames need neither.
    pooling: Literal["mean", "statistics"] = "mean"

    @property
    def has_statistics(self) -> bool:
        """Whether the last layer has the vector of an encoder as its input."""
        return self.pooling == "statistics" and self.output != "frames"

    @property
    def pooled_size(self) -> int:
        """Inputs of the last layer."""
        return self.vector_size if self.has_statistics else self.embedding_size


SIZES: dict[str, ClassifierConfig] = {
    "tiny": ClassifierConfig(width=1),
    "small": ClassifierConfig(width=2),
    "base": ClassifierConfig(width=4),
}
"""The configuration of each size."""


def output_names(config: ClassifierConfig) -> tuple[str, ...]:
    """Return the names of the outputs of the graph."""
    return ("logits", "embedding", *(("frame_logits",) if config.output == "frames" else ()))
