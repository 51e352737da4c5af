"""Configuration of the VAE family's networks, and its sizes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from ...contracts.config import ModelConfig
from ...dsp.spectral_frames import FrameSettings
from ...errors import BadSetting

ENCODER_FILE, DECODER_FILE = "encoder.onnx", "decoder.onnx"
LATENTS_FILE = "latents.safetensors"
"""In a model folder: what is known of the latents of the training sounds; see latents.Latents and directions.Directions."""

SHORTEST_SECONDS, LONGEST_SECONDS = 0.05, 60.0
PITCH_FEATURES = 3  # see condition.condition_of


@dataclass(frozen=True)
class VaeConfig(ModelConfig):
    """What the networks are and what a latent stands for; everything that playing needs to know.

    Raises BadSetting for a number that is out of its range, or does not fit the others.
    """

    RANGES: ClassVar[Mapping[str, tuple[float, float]]] = {
        "sample_rate": (4_000, 48_000),
        "latent_size": (1, 1_024),
        "frames_per_latent": (1, 64),
        "n_fft": (32, 8_192),
        "channels": (4, 2_048),
        "hidden": (4, 8_192),
        "kernel": (1, 63),
        "encoder_blocks": (1, 64),
        "decoder_blocks": (1, 64),
        "condition_size": (1, 1_024),
        "noise_bands": (0, 512),
        "beta": (0.0, 100.0),
        "free_nats": (0.0, 10.0),
        "warmup_steps": (0, 10_000_000),
        "complex_weight": (0.0, 1e3),
        "label_dropout": (0.0, 1.0),
        "adversarial_from": (0, 1_000_000_000),
        "adversarial_weight": (0.0, 1e3),
        "feature_weight": (0.0, 1e3),
        "critic_channels": (1, 512),
        "penalty_weight": (0.0, 1e6),
    }

    sample_rate: int = 44_100
    labels: tuple[str, ...] = ()  # empty: not asked
    pitched: bool = False  # the decoder is told the pitch, a MIDI number
    latent: Literal["clip", "frames"] = (
        "clip"  # one vector for a one-shot of fixed length, or a sequence of them for any length
    )
    n_samples: int = (
        31_232  # length of a one-shot (0.71 s at 44.1 kHz), or of the crops that a model of ``frames`` learns from
    )
    latent_size: int = 64  # numbers in a vector
    frames_per_latent: int = 4  # of ``frames``
    causal: bool = False  # of ``frames``: nothing looks ahead, so that it plays live
    n_fft: int = 1024  # samples
    hop_length: int = 256  # samples between frames
    channels: int = 256
    hidden: int = 640  # of each block
    kernel: int = 7  # frames that a block hears
    encoder_blocks: int = 3
    decoder_blocks: int = 6
    condition_size: int = 32  # numbers that stand for label and pitch
    noise_bands: int = 64  # of the decoder's noise, 0 for none
    beta: float = 0.001  # weight of a nat of the latents' Kullback-Leibler divergence from a normal distribution
    free_nats: float = 0.05  # of each number of a latent, that cost nothing
    warmup_steps: int = 500  # over which beta rises from 0
    complex_weight: float = 1.0  # of the complex STFT's loss, from which the phase is learned
    label_dropout: float = 0.3  # share of the sounds whose label is withheld in training
    adversarial_from: int = 0  # step from which critics judge the reconstructions; 0 for never
    judged_between: bool = False  # critics judge by turns what lies between two sounds as well
    adversarial_weight: float = 0.1
    feature_weight: float = (
        0.5  # of the distance between what the critics' last layers make of a recording and its reconstruction
    )
    critic_channels: int = 24
    penalty_weight: float = 5.0  # of R1 and R2

    def __post_init__(self) -> None:
        super().__post_init__()
        seconds = self.n_samples / self.sample_rate
        if not SHORTEST_SECONDS <= seconds <= LONGEST_SECONDS:
            raise BadSetting(
                f"n_samples is {self.n_samples}, {seconds:.3g} s at {self.sample_rate} Hz; it must be {SHORTEST_SECONDS} to "
                f"{LONGEST_SECONDS:.0f} s."
            )
        if self.hop_length < 1 or self.n_fft % (2 * self.hop_length) or self.n_fft > 32 * self.hop_length:
            raise BadSetting(
                f"n_fft is {self.n_fft} and hop_length {self.hop_length}; n_fft must be 2, 4, 6 or another even number of times "
                "hop_length, at most 32."
            )
        n_whole = self.hop_length * (self.frames_per_latent if self.latent == "frames" else 1)
        if self.n_samples % n_whole:
            raise BadSetting(
                f"n_samples is {self.n_samples}; it must be a multiple of {n_whole}, for example {self.n_samples // n_whole * n_whole}."
            )
        if self.causal and self.latent == "clip":
            raise BadSetting("A model of whole clips cannot be causal; leave causal out, or set latent=frames.")

    @property
    def frames(self) -> FrameSettings:
        """What a frame is."""
        return FrameSettings(self.sample_rate, self.n_fft, self.hop_length, self.noise_bands)

    @property
    def n_frames(self) -> int:
        """Frames of ``n_samples``: all that hear any of them, and in a model of ``frames`` a whole number of latents."""
        n_frames = self.n_samples // self.hop_length + self.frames.n_overlapping - 1
        return n_frames if self.latent == "clip" else -(-n_frames // self.frames_per_latent) * self.frames_per_latent

    @property
    def fold(self) -> int:
        """Frames behind one latent vector."""
        return self.n_frames if self.latent == "clip" else self.frames_per_latent

    @property
    def n_features(self) -> int:
        """Numbers of a frame as the encoder hears it."""
        return 3 * self.frames.n_bins

    @property
    def n_condition(self) -> int:
        """Numbers of what the decoder is told beside the latent."""
        return len(self.labels) + PITCH_FEATURES * self.pitched

    @property
    def look_ahead(self) -> int:
        """Frames to come that a block hears."""
        return 0 if self.causal else self.kernel // 2

    @property
    def latency_seconds(self) -> float:
        """From a sample's coming in to its going out, at least, where the model plays as it hears: what all layers look ahead, a latent's
        frames and a window. A model of clips has to hear the whole clip."""
        if self.latent == "clip":
            return self.n_samples / self.sample_rate
        ahead = self.look_ahead * (self.encoder_blocks + self.decoder_blocks)
        ahead = -(-ahead // self.frames_per_latent) * self.frames_per_latent
        return ((ahead + self.frames_per_latent - 1) * self.hop_length + self.n_fft) / self.sample_rate


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

SIZES: dict[str, VaeConfig] = {
    "tiny": VaeConfig(channels=64, hidden=128, encoder_blocks=1, decoder_blocks=2, latent_size=32, noise_bands=32),
    "small": VaeConfig(channels=192, hidden=448, encoder_blocks=2, decoder_blocks=4),
    "base": VaeConfig(),
}
"""The configuration of each size."""
