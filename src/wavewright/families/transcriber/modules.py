"""The network of the transcriber."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .config import (
    HARMONICS,
    N_OUTPUTS,
    N_PITCHES,
    N_RESOLUTIONS,
    PITCH_TAPS,
    STEPS_PER_OCTAVE,
    STEPS_PER_SEMITONE,
    TIME_TAPS,
    TranscriberConfig,
)
from .features import FLOOR_DB, MIDDLE_DB, UNIT_DB

STEM_TAPS = 7  # bins around each harmonic
SILENT = (FLOOR_DB - MIDDLE_DB) / UNIT_DB
RARE = -4.0, -3.0, 0.0  # first biases of the outputs: most pitches are silent


class Transcriber(nn.Module):
    """Levels to logits of onset, note and velocity of each pitch and frame.

    - ``config``: of the model.
    """

    def __init__(self, config: TranscriberConfig) -> None:
        super().__init__()
        self.config = config
        width = config.channels
        self.stem = nn.Conv2d(N_RESOLUTIONS * len(HARMONICS), width, (1, STEM_TAPS), (1, STEPS_PER_SEMITONE))
        self.attack = nn.Conv2d(width, width, (TIME_TAPS, 1), padding=(TIME_TAPS // 2, 0))
        self.blocks = nn.ModuleList(Block(config, 2**number) for number in range(config.n_blocks))
        self.out = nn.Conv2d(width, N_OUTPUTS, 1)
        self.out.bias = nn.Parameter(torch.tensor(RARE))
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):  # nearly twice as fast on a CPU
                layer.weight.data = layer.weight.data.contiguous(memory_format=torch.channels_last)

    def forward(self, levels: Tensor) -> Tensor:
        """Return logits ``(batch, 3, frames, 88)`` of inputs ``(batch, 2, frames, n_bins)``."""
        hidden = F.relu(self.stem(self.stacked(levels)))
        hidden = hidden + F.relu(self.attack(hidden))
        for block in self.blocks:
            hidden = block(hidden)
        logits: Tensor = self.out(hidden)
        return logits

    def stacked(self, levels: Tensor) -> Tensor:
        """Return the levels around the harmonics of each pitch, ``(batch, 16, frames, bins)``."""
        around = STEM_TAPS // 2 - 1  # bins before the first of the first pitch
        length = STEPS_PER_SEMITONE * (N_PITCHES - 1) + STEM_TAPS
        shifts = [round(STEPS_PER_OCTAVE * float(np.log2(multiple))) - around for multiple in HARMONICS]
        before = max(0, -min(shifts))
        after = max(0, max(shifts) + length - levels.shape[3])
        padded = F.pad(levels, (before, after), value=SILENT)
        return torch.cat([padded[..., before + shift : before + shift + length] for shift in shifts], dim=1)


class Block(nn.Module):
    """Convolutions over time and over pitch, added to what they are computed from.

    - ``dilation``: frames between the taps over time.
    """

    def __init__(self, config: TranscriberConfig, dilation: int) -> None:
        super().__init__()
        width, narrow = config.channels, config.pitch_channels
        padding = (dilation * (TIME_TAPS // 2), 0)
        self.time = nn.Conv2d(width, width, (TIME_TAPS, 1), padding=padding, dilation=(dilation, 1))
        self.to_narrow = nn.Conv2d(width, narrow, 1)
        self.pitch = nn.Conv2d(narrow, narrow, (1, PITCH_TAPS), padding=(0, PITCH_TAPS // 2))
        self.from_narrow = nn.Conv2d(narrow, width, 1)

    def forward(self, hidden: Tensor) -> Tensor:
        """Return ``(batch, channels, frames, 88)`` of the same."""
        hidden = hidden + F.relu(self.time(hidden))
        mixed: Tensor = hidden + F.relu(self.from_narrow(F.relu(self.pitch(self.to_narrow(hidden)))))
        return mixed
