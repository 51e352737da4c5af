"""Configuration of the vocoder's network, and its sizes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ...contracts.config import ModelConfig
from ...dsp.speech_mel import N_MELS, WINDOW_HOPS, speech_hop_length
from ...errors import BadSetting

FRAMES_FILE = "frames.onnx"
WEIGHT_PREFIX = "frames."
"""Prefix of the network's weights in a model folder."""

METRICS = ("valid/mel", "valid/pitch")
"""Validation metrics, any of which may choose the best checkpoint."""


@dataclass(frozen=True)
class VocoderConfig(ModelConfig):
    """Configuration of the network.

    Raises
    ------
    BadSetting
        If a number is out of its range or the numbers do not fit each other.
    """

    RANGES: ClassVar[Mapping[str, tuple[float, float]]] = {
        "sample_rate": (16_000, 48_000),
        "n_subframes": (1, 16),
        "fft_subframes": (3, 16),
        "channels": (8, 2_048),
        "blocks": (1, 64),
        "subframe_channels": (8, 1_024),
        "subframe_blocks": (1, 32),
        "expansion": (1.0, 8.0),
        "kernel_size": (2, 31),
        "look_ahead": (1, 8),
        "critic_channels": (4, 256),
        "adversarial_from": (0, 1_000_000_000),
    }

    sample_rate: int = 24_000
    labels: tuple[str, ...] = ()  # always empty
    n_subframes: int = 4  # of a mel frame; each has filters of its own
    fft_subframes: int = 6  # length of the Fourier transform that filters a window of two subframes
    channels: int = 320  # of the blocks at the frame rate
    blocks: int = 4
    subframe_channels: int = 128  # of the blocks at the subframe rate
    subframe_blocks: int = 1
    expansion: float = 3.0  # hidden channels of a block over its channels
    kernel_size: int = 5  # frames or subframes of a convolution
    look_ahead: int = 2  # frames after the current one that the network depends on
    critic_channels: int = 24
    adversarial_from: int = 0  # step from which critics train the network as well; 0 for never

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.labels:
            raise BadSetting("A vocoder has no labels; leave labels empty.")
        if self.hop_length % self.n_subframes:
            raise BadSetting(
                f"n_subframes is {self.n_subframes}; it must divide the {self.hop_length} samples of a frame at "
                f"{self.sample_rate} Hz."
            )

    @property
    def n_mels(self) -> int:
        """Bands of a mel frame."""
        return N_MELS

    @property
    def hop_length(self) -> int:
        """Samples between mel frames."""
        return speech_hop_length(self.sample_rate)

    @property
    def mel_n_fft(self) -> int:
        """Window of a mel frame, in samples."""
        return WINDOW_HOPS * self.hop_length

    @property
    def subframe_length(self) -> int:
        """Samples of a subframe."""
        return self.hop_length // self.n_subframes

    @property
    def n_fft(self) -> int:
        """Length of the Fourier transform of a subframe, in samples."""
        return self.fft_subframes * self.subframe_length

    @property
    def n_bins(self) -> int:
        """Frequency bins of a filter."""
        return self.n_fft // 2 + 1

    @property
    def delay(self) -> int:
        """Delay of the synthesis, in samples: a window of two subframes is centred in the Fourier transform."""
        return 2 * self.subframe_length


SIZES: dict[str, VocoderConfig] = {
    "tiny": VocoderConfig(
        channels=32, blocks=1, subframe_channels=24, subframe_blocks=1, expansion=2.0, critic_channels=8
    ),
    "small": VocoderConfig(),
    "base": VocoderConfig(channels=448, blocks=6, subframe_channels=192, subframe_blocks=2),
}
"""The configuration of each size."""
