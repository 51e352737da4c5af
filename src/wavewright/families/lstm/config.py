"""Configuration of the LSTM family's networks, and its sizes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from ...contracts.config import TEMPERATURE_RANGE, ModelConfig
from ...errors import BadSetting
from ...ranges import check_names, check_ranges

STEP_FILE = "step.onnx"
STATISTICS_FILE = "statistics.safetensors"
"""In a model folder: the whitening of frames and the durations of clips; see statistics.ClipStatistics."""

LOG_DEVIATIONS = (-5.0, 2.0)  # smallest and largest log deviation of a Gaussian of the mixture
LOWEST_PITCH_HZ, HIGHEST_PITCH_HZ = 60.0, 400.0  # of the source ``voice``
FIRST_VOICE_BAND_HZ = 500.0  # upper edge of the lowest band with a periodicity of its own; further bands are octaves


@dataclass(frozen=True)
class LstmConfig(ModelConfig):
    """The network, the frames and the synthesis of audio from frames.

    Raises
    ------
    BadSetting
        If a number is out of its range, or does not fit the others.
    """

    RANGES: ClassVar[Mapping[str, tuple[float, float]]] = {
        "sample_rate": (4_000, 192_000),
        "n_fft": (32, 16_384),
        "n_mels": (4, 512),
        "f_min_hz": (0.0, 20_000.0),
        "log_floor": (1e-12, 1.0),
        "n_iterations": (1, 1_000),
        "n_layers": (1, 16),
        "hidden_size": (4, 4_096),
        "prenet_size": (4, 4_096),
        "label_size": (1, 1_024),
        "n_mixtures": (1, 256),
        "dropout": (0.0, 0.9),
        "input_noise": (0.0, 10.0),
        "temperature": TEMPERATURE_RANGE,
    }

    sample_rate: int = 22_050
    labels: tuple[str, ...] = ()  # empty: unconditional
    speakers: tuple[str, ...] = ()  # empty: not conditioned on a speaker
    n_fft: int = 512  # samples
    hop_length: int = 256  # samples between frames
    n_mels: int = 64  # bands on Slaney's scale (dsp.mel, preset librosa)
    f_min_hz: float = 0.0
    f_max_hz: float | None = None  # None: half the sample rate
    log_floor: float = 1e-6  # added to the power in a band before its logarithm
    source: Literal["noise", "voice", "griffin-lim"] = "noise"  # excitation shaped to the bands: noise, pulses + noise
    n_iterations: int = 6  # of the shaping, or of Griffin-Lim
    cell: Literal["lstm", "gru"] = "lstm"
    n_layers: int = 2
    hidden_size: int = 320  # of each layer
    prenet_size: int = 160  # of both layers of the pre-net
    label_size: int = 32  # size of the embeddings of labels and speakers
    output: Literal["mixture", "mse"] = "mixture"  # of the next frame: a distribution, or its mean alone
    n_mixtures: int = 8
    duration: Literal["drawn", "learned", "endless"] = "endless"  # of a clip; ``endless`` for textures
    dropout: float = 0.2
    input_noise: float = 0.3  # standard deviation of noise on the input frames in training
    temperature: float = 0.8  # scale of the Gaussians' standard deviations at inference

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.n_fft % 2:  # a centred frame of an odd number of samples would be missing at the end
            raise BadSetting(f"n_fft is {self.n_fft}; it must be even, such as {self.n_fft + 1}.")
        check_ranges(self, {"hop_length": (-(-self.n_fft // 32), self.n_fft // 2)})
        if not self.f_min_hz < self.top_hz <= self.sample_rate / 2:
            raise BadSetting(
                f"f_min_hz is {self.f_min_hz} and f_max_hz {self.top_hz}; they must rise and end at half the sample "
                f"rate ({self.sample_rate / 2} Hz)."
            )
        check_names(speakers=self.speakers)

    @property
    def top_hz(self) -> float:
        """Upper edge of the highest mel band."""
        return self.sample_rate / 2 if self.f_max_hz is None else self.f_max_hz

    @property
    def frame_rate(self) -> float:
        """Frames per second."""
        return self.sample_rate / self.hop_length

    @property
    def voice_edges_hz(self) -> tuple[float, ...]:
        """Edges of the bands with a periodicity each, 0 to half the sample rate; empty without a voice."""
        if self.source != "voice":
            return ()
        edges = [0.0, FIRST_VOICE_BAND_HZ]
        while 2 * edges[-1] < self.sample_rate / 2:
            edges.append(2 * edges[-1])
        return (*edges, self.sample_rate / 2) if edges[-1] < self.sample_rate / 2 else tuple(edges)

    @property
    def n_features(self) -> int:
        """Features of a frame: the mel bands, then pitch and the periodicity of each voice band."""
        return self.n_mels + len(self.voice_edges_hz)

    @property
    def n_states(self) -> int:
        """Number of state vectors: the hidden vector of each layer, and for an LSTM its cell vector."""
        return self.n_layers * (2 if self.cell == "lstm" else 1)

    @property
    def has_position(self) -> bool:
        """True if the network is conditioned on the position in the clip."""
        return self.duration == "drawn"

    @property
    def n_outputs(self) -> int:
        """Size of the output: logits, means and log deviations of the mixture, or a mean; the logit of the end."""
        frame_size = self.n_mixtures * (1 + 2 * self.n_features) if self.output == "mixture" else self.n_features
        return frame_size + (self.duration == "learned")


METRICS = ("valid/nll", "valid/mse", "distance", "diversity", "level_db")
"""Validation metrics, any of which may choose the best checkpoint."""

SIZES: dict[str, LstmConfig] = {
    "tiny": LstmConfig(hidden_size=96, prenet_size=64, n_mixtures=4),
    "small": LstmConfig(hidden_size=256, prenet_size=128),
    "base": LstmConfig(hidden_size=384, prenet_size=192),
}
"""The configuration of each size."""
