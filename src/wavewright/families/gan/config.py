"""Configuration of the GAN family's networks, and its sizes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ...base.errors import BadSetting
from ...base.ranges import check_ranges, ranged
from ...contracts.config import ModelConfig

GRAPH_FILE = "generator.onnx"
WEIGHT_PREFIX = "generator.generator."  # of the generator's weights in a model folder
LABEL_TABLE = "conditioning.label_embedding.weight"  # the label embedding among these
MIN_SECONDS, MAX_SECONDS = 0.1, 60.0

METRICS = ("distance", "diversity", "copying", "level_db")
"""Metrics of generated clips, any of which may choose the best checkpoint.

They are defined in :meth:`wavewright.metrics.reference.Reference.measure`.
"""


@dataclass(frozen=True)
class GanConfig(ModelConfig):
    """Configuration of generator and critic; everything that inference needs to know."""

    TITLE = "a GAN"
    VALIDATION_METRICS = METRICS

    sample_rate: int = ranged(44_100, 4_000, 768_000)
    n_samples: int = 31_232  # length of a clip: 0.71 s at 44.1 kHz
    labels: tuple[str, ...] = ()  # empty: unconditional
    generator: Literal["spectral", "waveform"] = "spectral"
    critic: Literal["spectral", "waveform"] = "spectral"
    loss: Literal["r3gan", "hinge", "wgan-gp", "bce"] = "r3gan"
    latent_size: int = ranged(64, 1, 8_192)
    label_size: int = ranged(64, 1, 8_192)
    temperature: float = ranged(1.0, 0.0, 10.0)  # standard deviation of the latents at inference; 1 in training
    code_categories: int = ranged(0, 0, 8_192)  # InfoGAN: number of categories of the code, 0 for none
    code_continuous: int = ranged(0, 0, 8_192)  # InfoGAN: number of continuous dimensions of the code, each in [-1, 1]
    channels: int = ranged(256, 1, 2_048)  # of the generator; at its first layer for the waveform generator
    n_blocks: int = ranged(2, 0, 100)  # residual blocks at the full frame rate of the spectral generator
    critic_channels: int = ranged(48, 1, 512)  # of the critics' first layer
    recurrent: bool = False  # add a GRU over time to both networks
    n_fft: int = ranged(1024, 16, 16_384)  # of the spectral generator's inverse STFT, samples
    hop_length: int = 256  # samples
    noise_bands: int = ranged(100, 1, 4_096)  # mel-spaced bands of the spectral generator's noise
    fade_in_samples: int = 16  # of the spectral generator
    fade_out_seconds: float = ranged(0.005, 0.0, 60.0)  # a clip that is not silent at its end would stop with a click
    phase_shuffle: int = ranged(2, 0, 16)  # waveform critic: largest shift between layers, samples; 0 for none
    critic_turns: int = ranged(1, 1, 100)  # critic turns for each generator turn
    penalty_weight: float = ranged(5.0, 0.0, 1e6)  # of R1 and R2, or of the gradient penalty of wgan-gp
    penalty_sigma: float = ranged(0.2, 1e-6, 100.0)  # standard deviation of R1's and R2's finite differences
    penalty_every: int = ranged(2, 1, 1_000_000)  # steps
    energy_weight: float = ranged(2.0, 0.0, 1e6)  # of the energy distance, 0 for none
    info_weight: float = ranged(0.5, 0.0, 1e6)  # of the errors of the recovered InfoGAN code
    copy_weight: float = ranged(0.0, 0.0, 1e6)  # of the penalty of clips that are closer to a recording
    copy_margin: float = ranged(1.1, 0.1, 10.0)  # than this factor of the limit of their label
    critic_warmup_steps: int = ranged(0, 0, 1_000_000)  # without turns of a generator that is fine-tuned
    augment_gain_db: float = ranged(8.0, 0.0, 100.0)  # largest attenuation of the critics' inputs
    augment_shift_samples: int = 255  # largest delay of the critics' inputs

    def __post_init__(self) -> None:
        super().__post_init__()
        seconds = self.n_samples / self.sample_rate
        if not MIN_SECONDS <= seconds <= MAX_SECONDS:
            shortest, longest = (round(limit * self.sample_rate) for limit in (MIN_SECONDS, MAX_SECONDS))
            raise BadSetting(
                f"n_samples is {self.n_samples}, {seconds:.3g} s at {self.sample_rate} Hz; a clip lasts "
                f"{MIN_SECONDS} to {MAX_SECONDS:.0f} s, here {shortest} to {longest} samples."
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

    def check_steps(self, n_steps: int) -> None:
        """Raise BadSetting if a training of so many steps ends before the generator starts to learn."""
        first = self.critic_warmup_steps
        if n_steps <= first:
            raise BadSetting(
                f"A plan of {n_steps} steps ends before the generator starts to learn, at step {first}; give more "
                f"minutes (--max-minutes 30), more steps (--set training.steps={5 * first}), or fewer steps of the "
                f"critic alone (--set model.critic_warmup_steps={n_steps // 5})."
            )

    @property
    def n_frames(self) -> int:
        """Frames of the spectral generator's centred STFT."""
        return self.n_samples // self.hop_length + 1

    @property
    def code_size(self) -> int:
        """Size of the InfoGAN code: a one-hot category, then the continuous dimensions."""
        return self.code_categories + self.code_continuous


SIZES: dict[str, GanConfig] = {
    "tiny": GanConfig(channels=48, n_blocks=1, latent_size=16, label_size=16, critic_channels=16),
    "small": GanConfig(channels=192, n_blocks=2, critic_channels=32),
    "base": GanConfig(channels=256, n_blocks=2, critic_channels=48),
}
"""The configuration of each size."""
