"""Configuration of the GAN family's networks, and its sizes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from ...contracts.config import ModelConfig
from ...errors import BadSetting
from ...ranges import check_ranges

GRAPH_FILE = "generator.onnx"
WEIGHT_PREFIX = "generator.generator."  # of the generator's weights in a model folder
LABEL_TABLE = "conditioning.label_embedding.weight"  # the label embedding among these
SHORTEST_SECONDS, LONGEST_SECONDS = 0.1, 60.0


@dataclass(frozen=True)
class GanConfig(ModelConfig):
    """Configuration of generator and critic; everything that inference needs to know.

    Raises
    ------
    BadSetting
        If a number is out of its range, or does not fit the others.
    """

    RANGES: ClassVar[Mapping[str, tuple[float, float]]] = {
        "sample_rate": (4_000, 768_000),
        "latent_size": (1, 8_192),
        "label_size": (1, 8_192),
        "temperature": (0.0, 10.0),
        "code_categories": (0, 8_192),
        "code_continuous": (0, 8_192),
        "channels": (1, 2_048),
        "n_blocks": (0, 100),
        "critic_channels": (1, 512),
        "n_fft": (16, 16_384),
        "noise_bands": (1, 4_096),
        "phase_shuffle": (0, 16),
        "critic_turns": (1, 100),
        "fade_out_seconds": (0.0, 60.0),
        "penalty_weight": (0.0, 1e6),
        "penalty_sigma": (1e-6, 100.0),
        "penalty_every": (1, 1_000_000),
        "energy_weight": (0.0, 1e6),
        "info_weight": (0.0, 1e6),
        "copy_weight": (0.0, 1e6),
        "copy_margin": (0.1, 10.0),
        "critic_warmup_steps": (0, 1_000_000),
        "augment_gain_db": (0.0, 100.0),
    }

    sample_rate: int = 44_100
    n_samples: int = 31_232  # length of a clip: 0.71 s at 44.1 kHz
    labels: tuple[str, ...] = ()  # empty: unconditional
    generator: Literal["spectral", "waveform"] = "spectral"
    critic: Literal["spectral", "waveform"] = "spectral"
    loss: Literal["r3gan", "hinge", "wgan-gp", "bce"] = "r3gan"
    latent_size: int = 64
    label_size: int = 64
    temperature: float = 1.0  # standard deviation of the latent vectors at inference; training uses 1
    code_categories: int = 0  # InfoGAN: number of categories of the code, 0 for none
    code_continuous: int = 0  # InfoGAN: number of continuous dimensions of the code, each in [-1, 1]
    channels: int = 256  # of the generator; at its first layer for the waveform generator
    n_blocks: int = 2  # residual blocks at the full frame rate of the spectral generator
    critic_channels: int = 48  # of the critics' first layer
    recurrent: bool = False  # add a GRU over time to both networks
    n_fft: int = 1024  # of the spectral generator's inverse STFT, samples
    hop_length: int = 256  # samples
    noise_bands: int = 100  # mel-spaced bands of the spectral generator's noise
    fade_in_samples: int = 16  # of the spectral generator
    fade_out_seconds: float = 0.005  # a clip that is not silent at its end would stop with a click
    phase_shuffle: int = 2  # waveform critic: largest shift between layers, samples; 0 for none
    critic_turns: int = 1  # critic turns for each generator turn
    penalty_weight: float = 5.0  # of R1 and R2 (finite differences), or of the gradient penalty of wgan-gp
    penalty_sigma: float = 0.2  # standard deviation of the finite differences' noise, in the critic's input units
    penalty_every: int = 2  # steps
    energy_weight: float = 2.0  # of the energy distance, 0 for none
    info_weight: float = 0.5  # of the errors of the recovered InfoGAN code
    copy_weight: float = 0.0  # of the penalty of clips closer to a recording than the limit of their label, 0 for none
    copy_margin: float = 1.1  # factor of that limit
    critic_warmup_steps: int = 0  # in which only the critics learn, for a generator that starts from another model
    augment_gain_db: float = 8.0  # largest attenuation of the critics' inputs, so that they ignore the level
    augment_shift_samples: int = 255  # largest delay of the critics' inputs, so that they ignore the position

    def __post_init__(self) -> None:
        super().__post_init__()
        seconds = self.n_samples / self.sample_rate
        if not SHORTEST_SECONDS <= seconds <= LONGEST_SECONDS:
            shortest, longest = (round(limit * self.sample_rate) for limit in (SHORTEST_SECONDS, LONGEST_SECONDS))
            raise BadSetting(
                f"n_samples is {self.n_samples}, {seconds:.3g} s at {self.sample_rate} Hz; a clip lasts "
                f"{SHORTEST_SECONDS} to {LONGEST_SECONDS:.0f} s, here {shortest} to {longest} samples."
            )
        check_ranges(self, {"fade_in_samples": (0, self.n_samples), "augment_shift_samples": (0, self.n_samples - 1)})
        if self.generator == "spectral":
            self._check_frames()
        if self.recurrent and (self.channels % 2 or self.critic_channels % 2):
            raise BadSetting(
                f"channels is {self.channels} and critic_channels {self.critic_channels}; recurrent networks need even "
                "numbers, half for each direction of time."
            )

    def _check_frames(self) -> None:
        """Raise BadSetting for frames that do not overlap enough to be inverted."""
        if self.n_fft % 2 or self.n_fft > self.n_samples:
            raise BadSetting(f"n_fft is {self.n_fft}; it must be even and at most n_samples ({self.n_samples}).")
        # Hann windows add up to a smooth sum from half an overlap on; hops below a thirty-second only cost time.
        check_ranges(self, {"hop_length": (-(-self.n_fft // 32), self.n_fft // 2)})

    @property
    def n_frames(self) -> int:
        """Frames of the spectral generator's centred STFT."""
        return self.n_samples // self.hop_length + 1

    @property
    def code_size(self) -> int:
        """Size of the InfoGAN code: a one-hot category, then the continuous dimensions."""
        return self.code_categories + self.code_continuous


METRICS = ("distance", "diversity", "copying", "level_db")
"""Metrics of generated clips, any of which may choose the best checkpoint.

They are defined in :meth:`wavewright.metrics.reference.Reference.measure`.
"""

SIZES: dict[str, GanConfig] = {
    "tiny": GanConfig(channels=48, n_blocks=1, latent_size=16, label_size=16, critic_channels=16),
    "small": GanConfig(channels=192, n_blocks=2, critic_channels=32),
    "base": GanConfig(channels=256, n_blocks=2, critic_channels=48),
}
"""The configuration of each size."""
