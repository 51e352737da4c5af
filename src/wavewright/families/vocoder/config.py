"""Configuration of the vocoder family's networks, and its sizes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ...contracts.config import ModelConfig
from ...dsp.speech_mel import N_MELS, WINDOW_HOPS, speech_hop_length
from ...errors import BadSetting

FRAMES_FILE = "frames.onnx"
WEIGHT_PREFIX = "frames."
"""Before the name of each of the network's weights in the file of weights, from which another training may begin."""

LOWEST_PITCH_HZ, HIGHEST_PITCH_HZ = 50.0, 600.0
N_PITCHES = 128  # evenly spaced in octaves, among which the network finds a frame's


@dataclass(frozen=True)
class VocoderConfig(ModelConfig):
    """What the network is; everything that playing needs to know. Raises BadSetting for what is out of range or does not fit."""

    RANGES: ClassVar[Mapping[str, tuple[float, float]]] = {
        "sample_rate": (16_000, 48_000),
        "steps_per_frame": (1, 16),
        "overlap": (3, 16),
        "channels": (8, 2_048),
        "blocks": (1, 64),
        "fine_channels": (8, 1_024),
        "fine_blocks": (1, 32),
        "expansion": (1.0, 8.0),
        "kernel": (2, 31),
        "look_ahead": (1, 8),
        "critic_channels": (4, 256),
        "adversarial_from": (0, 1_000_000_000),
    }

    sample_rate: int = 24_000
    labels: tuple[str, ...] = ()  # a vocoder has none
    steps_per_frame: int = 4  # filters to a mel frame
    overlap: int = 6  # steps that a filter is long, with the two that it filters at once
    channels: int = 320  # of the layers over frames
    blocks: int = 4
    fine_channels: int = 128  # of the layers over steps
    fine_blocks: int = 1
    expansion: float = 3.0  # hidden channels of a block over its channels
    kernel: int = 5  # frames, or steps, that a block hears
    look_ahead: int = 2  # frames that are waited for
    critic_channels: int = 24
    adversarial_from: int = 0  # the step from which on critics teach, too; 0: never

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.labels:
            raise BadSetting("A vocoder has no labels; leave labels empty.")
        if self.hop_length % self.steps_per_frame:
            raise BadSetting(
                f"steps_per_frame is {self.steps_per_frame}; it must divide the {self.hop_length} samples of a frame at "
                f"{self.sample_rate} Hz."
            )

    @property
    def n_mels(self) -> int:
        """Bands of a mel frame."""
        return N_MELS

    @property
    def hop_length(self) -> int:
        """Samples from one mel frame to the next."""
        return speech_hop_length(self.sample_rate)

    @property
    def mel_n_fft(self) -> int:
        """Samples that a mel frame hears."""
        return WINDOW_HOPS * self.hop_length

    @property
    def step_length(self) -> int:
        """Samples from one filter to the next."""
        return self.hop_length // self.steps_per_frame

    @property
    def n_fft(self) -> int:
        """Samples that a filtered stretch is long."""
        return self.overlap * self.step_length

    @property
    def n_bins(self) -> int:
        return self.n_fft // 2 + 1

    @property
    def lag(self) -> int:
        """Samples by which what is finished lies behind the steps that were filtered."""
        return 2 * self.step_length


METRICS = ("valid/mel", "valid/pitch")
"""Validation metrics, any of which may choose the best checkpoint."""

SIZES: dict[str, VocoderConfig] = {
    "tiny": VocoderConfig(channels=32, blocks=1, fine_channels=24, fine_blocks=1, expansion=2.0, critic_channels=8),
    "small": VocoderConfig(),
    "base": VocoderConfig(channels=448, blocks=6, fine_channels=192, fine_blocks=2),
}
"""The configuration of each size."""
