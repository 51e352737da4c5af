"""Configuration of the VAE: sizes of its networks, meaning of a latent vector, and weights of its losses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ...base.errors import BadSetting, unsupported
from ...base.ranges import ranged, ruled
from ...base.rules import Needs
from ...contracts.config import MAX_STEPS, ModelConfig
from ...dsp.spectral_frames import FrameSettings

ENCODER_FILE = "encoder.onnx"
DECODER_FILE = "decoder.onnx"
LATENTS_FILE = "latents.safetensors"
"""In a model folder: the tensors of latent_distribution.LatentDistribution and attributes.AttributeDirections."""

MIN_SECONDS, MAX_SECONDS = 0.05, 60.0  # of n_samples
DEFAULT_SECONDS, MAX_GENERATED_SECONDS = 3.0, 3_600.0  # of a generated clip of any length
PITCH_FEATURES = 3  # see conditioning.pitch_features

METRICS = (
    "valid/mel",
    "valid/stft",
    "valid/si_sdr",
    "valid/active",
    "valid/nats",
    "distance",
    "diversity",
    "copying",
    "level_db",
)
"""Validation metrics, any of which may choose the best checkpoint."""


@dataclass(frozen=True)
class VaeConfig(ModelConfig):
    """Configuration of the networks and of what a latent vector stands for."""

    TITLE = "a VAE"
    VALIDATION_METRICS = METRICS

    sample_rate: int = ranged(44_100, 4_000, 48_000)
    labels: tuple[str, ...] = ()  # without, the decoder is not conditioned on any
    pitched: bool = False  # condition the decoder on the pitch, a MIDI number
    # ``clip``: one vector for all frames of a one-shot of fixed length.
    # ``frames``: a sequence for a clip of any length, with a vector for every ``frames_per_latent`` frames.
    latent: Literal["clip", "frames"] = "clip"
    n_samples: int = 31_232  # of a one-shot (0.71 s at 44.1 kHz), or of the crops to learn ``frames`` from
    latent_size: int = ranged(64, 1, 1_024)  # dimensions of a vector
    frames_per_latent: int = ranged(4, 1, 64)  # for ``frames``; see `latent_frames` for both kinds
    causal: bool = ruled(
        False, Needs("latent", "frames")
    )  # for ``frames``: no layer looks ahead, so that the model can stream
    n_fft: int = ranged(1024, 32, 8_192)  # of the STFT, samples
    hop_length: int = ranged(256, 1, 8_192)  # samples
    channels: int = ranged(256, 4, 2_048)  # of a ConvNeXt block
    hidden: int = ranged(640, 4, 8_192)  # channels between the pointwise convolutions of a block
    kernel_size: int = ranged(7, 1, 63)  # of a block, in frames
    encoder_blocks: int = ranged(3, 1, 64)
    decoder_blocks: int = ranged(6, 1, 64)
    condition_size: int = ranged(32, 1, 1_024)  # size of the embedding of label and pitch
    noise_bands: int = ranged(64, 0, 512)  # of the decoder's noise, at equal intervals in mel; 0 for none
    beta: float = ranged(0.001, 0.0, 100.0)  # of the KL divergence (nats) of the latents from a standard normal
    free_nats: float = ranged(0.05, 0.0, 10.0)  # free for each dimension: the loss adds up ``max(nats, free_nats)``
    warmup_steps: int = ranged(500, 0, 10_000_000)  # of the KL ramp to ``beta``; training.warmup_steps: learning rate
    complex_weight: float = ranged(1.0, 0.0, 1e3)  # of the loss on the complex STFT, which teaches the phases
    label_dropout: float = ranged(0.3, 0.0, 1.0)  # probability that the label of a clip is dropped in training
    adversarial_from: int = ranged(0, 0, MAX_STEPS)  # step at which the critics start, 0 for never
    critic_interpolations: bool = False  # in every other pair of steps, critics score interpolations of two clips
    adversarial_weight: float = ranged(0.1, 0.0, 1e3)  # of the adversarial loss
    feature_weight: float = ranged(0.5, 0.0, 1e3)  # of feature matching
    critic_channels: int = ranged(24, 1, 512)  # of the critics' first layer
    penalty_weight: float = ranged(5.0, 0.0, 1e6)  # of the penalties R1 and R2

    def __post_init__(self) -> None:
        super().__post_init__()
        seconds = self.n_samples / self.sample_rate
        if not MIN_SECONDS <= seconds <= MAX_SECONDS:
            raise BadSetting(
                f"n_samples is {self.n_samples}, {seconds:.3g} s at {self.sample_rate} Hz; it must be "
                f"{MIN_SECONDS} to {MAX_SECONDS:.0f} s."
            )
        if self.n_fft % (2 * self.hop_length) or self.n_fft > 32 * self.hop_length:
            raise BadSetting(
                f"n_fft is {self.n_fft} and hop_length {self.hop_length}; n_fft must be 2, 4, 6 or another even number "
                "of times hop_length, at most 32."
            )
        if self.n_samples % self.hop_length:
            raise BadSetting(
                f"n_samples is {self.n_samples}; it must be a multiple of {self.hop_length}, for example "
                f"{self.n_samples // self.hop_length * self.hop_length}."
            )

    @property
    def frame_settings(self) -> FrameSettings:
        """Settings of the STFT, of which the networks read and predict frames."""
        return FrameSettings(self.sample_rate, self.n_fft, self.hop_length, self.noise_bands)

    @property
    def n_frames(self) -> int:
        """Number of STFT frames of ``n_samples``; for ``frames`` rounded up to whole latent vectors.

        All windows that overlap the samples count, also those that start before the first: with a window of four hops,
        three frames more than ``n_samples / hop_length``. By default these are 122 + 3 = 125 frames.
        """
        n_frames = self.n_samples // self.hop_length + self.frame_settings.n_overlapping - 1
        return n_frames if self.latent == "clip" else -(-n_frames // self.frames_per_latent) * self.frames_per_latent

    @property
    def latent_frames(self) -> int:
        """Frames that one latent vector stands for: all of a one-shot, or ``frames_per_latent``."""
        return self.n_frames if self.latent == "clip" else self.frames_per_latent

    @property
    def n_latents(self) -> int:
        """Latent vectors of ``n_samples``: 1 for ``clip``."""
        return self.n_frames // self.latent_frames

    @property
    def n_features(self) -> int:
        """Input features of a frame: three numbers for each bin, 1539 by default."""
        return 3 * self.frame_settings.n_bins

    @property
    def n_condition_inputs(self) -> int:
        """Size of the decoder's conditioning vector: label weights, then pitch features."""
        return len(self.labels) + PITCH_FEATURES * self.pitched

    @property
    def look_ahead(self) -> int:
        """Future frames in the receptive field of a block."""
        return 0 if self.causal else self.kernel_size // 2

    def generated_lengths(self, seconds: float | None) -> tuple[int, int]:
        """Return the number of latents and of samples of a clip of ``seconds``, or of the model's own length.

        That is DEFAULT_SECONDS for clips of any length.

        Raises BadSetting for any length if all clips have the same, or one that is out of range.
        """
        if self.latent == "clip":
            if seconds is not None:
                raise unsupported("The model", f"makes clips of {self.n_samples / self.sample_rate:.3g} s", "seconds")
            return 1, self.n_samples
        seconds = DEFAULT_SECONDS if seconds is None else seconds
        if not 0 < seconds <= MAX_GENERATED_SECONDS:
            raise BadSetting(f"A clip of {seconds:g} s is not possible; ask for up to {MAX_GENERATED_SECONDS:.0f} s.")
        n_samples = max(1, round(seconds * self.sample_rate))
        n_frames = -(-n_samples // self.hop_length) + self.frame_settings.n_overlapping - 1
        return -(-n_frames // self.latent_frames), n_samples

    @property
    def latency_seconds(self) -> float:
        """Algorithmic latency of encoding and decoding: look-ahead of all layers, frames of a latent, and a window.

        For a model of clips it is the length of the clip.
        """
        if self.latent == "clip":
            return self.n_samples / self.sample_rate
        ahead = self.look_ahead * (self.encoder_blocks + self.decoder_blocks)
        ahead = -(-ahead // self.frames_per_latent) * self.frames_per_latent
        return ((ahead + self.frames_per_latent - 1) * self.hop_length + self.n_fft) / self.sample_rate


SIZES: dict[str, VaeConfig] = {
    "tiny": VaeConfig(channels=64, hidden=128, encoder_blocks=1, decoder_blocks=2, latent_size=32, noise_bands=32),
    "small": VaeConfig(channels=192, hidden=448, encoder_blocks=2, decoder_blocks=4),
    "base": VaeConfig(),
}
"""The configuration of each size."""
