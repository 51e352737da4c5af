"""Configuration of the transcriber, and its sizes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ...base.ranges import ranged
from ...contracts.config import ModelConfig

GRAPH_FILE = "transcriber.onnx"
THRESHOLDS_FILE = "thresholds.safetensors"
WEIGHT_PREFIX = "transcriber."

LOWEST_PITCH, N_PITCHES = 21, 88  # A0 to C8
STEPS_PER_SEMITONE = 3
STEPS_PER_OCTAVE = 12 * STEPS_PER_SEMITONE
HZ_OF_A0 = 27.5
HARMONICS = (0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0)
"""Multiples of the fundamental whose levels are the channels of a pitch; a half is what an octave below would have."""

N_RESOLUTIONS = 2
N_OUTPUTS = 3  # onset, note, velocity
TIME_TAPS, PITCH_TAPS = 5, 25  # of the convolutions
HIGHEST_FRACTION = 0.98  # of half the sample rate


@dataclass(frozen=True)
class TranscriberConfig(ModelConfig):
    """Configuration of the network; everything that inference needs to know."""

    TITLE = "a transcriber"
    VALIDATION_METRICS = ("valid/loss", "valid/note_f", "valid/onset_loss", "valid/note_loss")

    sample_rate: int = ranged(16_000, 8_000, 48_000)
    hop_length: int = ranged(320, 64, 2_048)  # samples between frames
    longest_window: int = ranged(4_096, 512, 16_384)  # samples, of the lowest pitches
    channels: int = ranged(24, 4, 256)
    pitch_channels: int = ranged(8, 2, 128)  # of the convolutions over pitch
    n_blocks: int = ranged(4, 1, 8)  # residual blocks, each with twice the dilation of the one before

    @property
    def n_bins(self) -> int:
        """Bins of the spectra: from a third of a semitone below A0 to the highest frequency."""
        highest_hz = HIGHEST_FRACTION * self.sample_rate / 2
        return int(STEPS_PER_OCTAVE * math.log2(highest_hz / HZ_OF_A0)) + 2

    @property
    def bins_hz(self) -> np.ndarray:
        """Frequencies of the bins; the middle one of three is that of a pitch."""
        bins: np.ndarray = HZ_OF_A0 * 2.0 ** ((np.arange(self.n_bins) - 1) / STEPS_PER_OCTAVE)
        return bins

    @property
    def context_frames(self) -> int:
        """Frames before and after a frame on which its outputs depend."""
        return TIME_TAPS // 2 * (1 + sum(1 << block for block in range(self.n_blocks)))

    @property
    def frame_seconds(self) -> float:
        """Time between frames."""
        return self.hop_length / self.sample_rate


SIZES: dict[str, TranscriberConfig] = {
    "tiny": TranscriberConfig(channels=8, pitch_channels=4, n_blocks=2),
    "small": TranscriberConfig(),
    "base": TranscriberConfig(channels=40, pitch_channels=12, n_blocks=5),
}
"""The configuration of each size."""
