"""Blocks of networks over time: FiLM, residual blocks, anti-aliased upsampling, a residual GRU, phase shuffle."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class FiLM(nn.Module):
    """Feature-wise linear modulation: scale and shift channels by a conditioning vector; the identity at first.

    References
    ----------
    E. Perez et al., "FiLM: Visual Reasoning with a General Conditioning Layer", 2018.
    """

    def __init__(self, condition_size: int, channels: int) -> None:
        super().__init__()
        self.to_scale_and_shift = nn.Linear(condition_size, 2 * channels)
        nn.init.normal_(self.to_scale_and_shift.weight, std=0.02)
        nn.init.zeros_(self.to_scale_and_shift.bias)

    def forward(self, features: Tensor, condition: Tensor) -> Tensor:
        """Modulate ``features (batch, channels, time)`` by ``condition (batch, condition_size)``."""
        scale, shift = self.to_scale_and_shift(condition).unsqueeze(-1).chunk(2, dim=1)  # (batch, channels, 1) each
        modulated: Tensor = features * (1 + scale) + shift
        return modulated


class ResidualBlock(nn.Module):
    """Two convolutions over time with FiLM between, and a residual connection.

    Input and output have ``channels``, the conditioning vector ``condition_size`` numbers; ``kernel_size`` is odd.
    """

    def __init__(self, channels: int, condition_size: int, kernel_size: int = 3) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(channels, channels, kernel_size, padding=kernel_size // 2)
        self.conv2 = nn.Conv1d(channels, channels, kernel_size, padding=kernel_size // 2)
        self.film = FiLM(condition_size, channels)
        with torch.no_grad():
            self.conv2.weight.mul_(0.3)  # near the identity at the start

    def forward(self, features: Tensor, condition: Tensor) -> Tensor:
        """Return a tensor of the shape of ``features (batch, channels, time)``; see :class:`FiLM` for ``condition``."""
        hidden: Tensor = self.conv1(F.leaky_relu(features, 0.2))
        hidden = self.conv2(F.leaky_relu(self.film(hidden, condition), 0.2))
        return features + hidden


class LinearUpsample(nn.Module):
    """Linear interpolation by a whole factor: its triangular kernel attenuates spectral images."""

    def __init__(self, factor: int) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, features: Tensor) -> Tensor:
        """Return ``(batch, channels, factor * time)`` of ``features (batch, channels, time)``."""
        return F.interpolate(features, scale_factor=float(self.factor), mode="linear", align_corners=False)


class ResidualGRU(nn.Module):
    """Bidirectional GRU over time with a residual connection; the number of channels is even."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gru = nn.GRU(channels, channels // 2, batch_first=True, bidirectional=True)

    def forward(self, features: Tensor) -> Tensor:
        """Return a tensor of the shape of ``features (batch, channels, time)``."""
        outputs: Tensor = self.gru(features.transpose(1, 2))[0]
        return features + outputs.transpose(1, 2)


def phase_shuffle(features: Tensor, largest_shift: int) -> Tensor:
    """Shift each example by a random number of samples, reflecting at the ends.

    It keeps a critic from recognising generated waves by the phase of their upsampling artefacts.

    - ``largest_shift``: shifts are uniform in [-largest_shift, largest_shift], from torch's global generator.

    References
    ----------
    C. Donahue et al., "Adversarial Audio Synthesis", 2019, section 3.3.
    """
    if largest_shift == 0:
        return features
    batch, channels, time = features.shape
    shifts = torch.randint(-largest_shift, largest_shift + 1, (batch, 1), device=features.device)
    index = (torch.arange(time, device=features.device) - shifts).abs()  # (batch, time)
    index = torch.where(index >= time, 2 * (time - 1) - index, index)
    return features.gather(2, index.unsqueeze(1).expand(batch, channels, time))
