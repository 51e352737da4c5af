"""Configuration of the LSTM family's networks, and its sizes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ...base.errors import BadSetting
from ...base.ranges import check_ranges, ranged
from ...contracts.config import TEMPERATURE_RANGE, SequenceConfig

STEP_FILE = "step.onnx"
STATISTICS_FILE = "statistics.safetensors"
"""In a model folder: the whitening of frames, durations and first frames of clips; see statistics.ClipStatistics."""

LOG_DEVIATIONS = (-5.0, 2.0)  # smallest and largest log deviation of a Gaussian of the mixture
MIN_PITCH_HZ, MAX_PITCH_HZ = 60.0, 400.0  # of the source ``voice``
FIRST_VOICE_BAND_HZ = 500.0  # upper edge of the lowest band with a periodicity of its own; further bands are octaves

METRICS = ("valid/nll", "valid/mse", "distance", "diversity", "level_db")
"""Validation metrics, any of which may choose the best checkpoint."""


@dataclass(frozen=True)
class LstmConfig(SequenceConfig):
    """The network, the frames and the synthesis of audio from frames."""

    TITLE = "a recurrent model"
    VALIDATION_METRICS = METRICS

    sample_rate: int = ranged(22_050, 4_000, 192_000)
    n_fft: int = ranged(512, 32, 16_384)  # samples
    n_mels: int = ranged(64, 4, 512)  # bands on Slaney's scale (dsp.mel, preset librosa)
    f_min_hz: float = ranged(0.0, 0.0, 20_000.0)
    f_max_hz: float | None = None  # None: half the sample rate
    log_floor: float = ranged(1e-6, 1e-12, 1.0)  # added to the power in a band before its logarithm
    source: Literal["noise", "voice", "griffin-lim"] = "noise"  # excitation shaped to the bands: noise, pulses + noise
    n_iterations: int = ranged(6, 1, 1_000)  # of the shaping, or of Griffin-Lim
    n_layers: int = ranged(2, 1, 16)
    cell: Literal["lstm", "gru"] = "lstm"
    prenet_size: int = ranged(160, 4, 4_096)  # of both layers of the pre-net
    output: Literal["mixture", "mse"] = "mixture"  # of the next frame: a distribution, or its mean alone
    n_mixtures: int = ranged(8, 1, 256)
    input_noise: float = ranged(0.3, 0.0, 10.0)  # standard deviation of noise on the input frames in training
    temperature: float = ranged(0.8, *TEMPERATURE_RANGE)  # scale of the Gaussians' standard deviations at inference

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

    @property
    def metrics(self) -> tuple[str, ...]:
        """Metrics of the output: a mixture has a likelihood, a mean an error."""
        unmeasured = "valid/mse" if self.output == "mixture" else "valid/nll"
        return tuple(name for name in METRICS if name != unmeasured)

    @property
    def top_hz(self) -> float:
        """Upper edge of the highest mel band."""
        return self.sample_rate / 2 if self.f_max_hz is None else self.f_max_hz

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
    def n_outputs(self) -> int:
        """Size of the output: logits, means and log deviations of the mixture, or a mean; the logit of the end."""
        frame_size = self.n_mixtures * (1 + 2 * self.n_features) if self.output == "mixture" else self.n_features
        return frame_size + (self.duration == "learned")


SIZES: dict[str, LstmConfig] = {
    "tiny": LstmConfig(hidden_size=96, prenet_size=64, n_mixtures=4),
    "small": LstmConfig(hidden_size=256, prenet_size=128),
    "base": LstmConfig(hidden_size=384, prenet_size=192),
}
"""The configuration of each size."""
