"""Building blocks of one-dimensional networks: conditioned residual blocks, anti-aliased resampling, phase shuffle, recurrence."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Film(nn.Module):
    """Feature-wise linear modulation (Perez et al., 2018): scales and shifts channels by a condition vector.

    ``forward(features (batch, channels, time), condition (batch, condition_size)) -> (batch, channels, time)``; starts as the identity.
    """

    def __init__(self, condition_size: int, channels: int):
        super().__init__()
        self.to_scale_and_shift = nn.Linear(condition_size, 2 * channels)
        nn.init.normal_(self.to_scale_and_shift.weight, std=0.02)
        nn.init.zeros_(self.to_scale_and_shift.bias)

    def forward(self, features: Tensor, condition: Tensor) -> Tensor:
        scale, shift = self.to_scale_and_shift(condition).unsqueeze(-1).chunk(2, dim=1)  # (batch, channels, 1) each
        return features * (1 + scale) + shift


class ResidualBlock(nn.Module):
    """Two convolutions over time around FiLM: ``(batch, channels, time) -> (batch, channels, time)``."""

    def __init__(self, channels: int, condition_size: int, kernel_size: int = 3):
        super().__init__()
        self.first = nn.Conv1d(channels, channels, kernel_size, padding=kernel_size // 2)
        self.second = nn.Conv1d(channels, channels, kernel_size, padding=kernel_size // 2)
        self.film = Film(condition_size, channels)
        with torch.no_grad():
            self.second.weight.mul_(0.3)  # near the identity at the start

    def forward(self, features: Tensor, condition: Tensor) -> Tensor:
        hidden = self.first(F.leaky_relu(features, 0.2))
        hidden = self.second(F.leaky_relu(self.film(hidden, condition), 0.2))
        return features + hidden


class Upsample(nn.Module):
    """Linear interpolation by a whole factor, ``(batch, channels, time) -> (batch, channels, factor * time)``.

    Its triangular kernel keeps spectral images down, which a bare transposed convolution does not.
    """

    def __init__(self, factor: int):
        super().__init__()
        self.factor = factor

    def forward(self, features: Tensor) -> Tensor:
        return F.interpolate(features, scale_factor=float(self.factor), mode="linear", align_corners=False)


class Recurrence(nn.Module):
    """A residual bidirectional GRU over time: ``(batch, channels, time) -> (batch, channels, time)``, an even number of channels."""

    def __init__(self, channels: int):
        super().__init__()
        self.gru = nn.GRU(channels, channels // 2, batch_first=True, bidirectional=True)

    def forward(self, features: Tensor) -> Tensor:
        return features + self.gru(features.transpose(1, 2))[0].transpose(1, 2)


def phase_shuffle(features: Tensor, largest_shift: int) -> Tensor:
    """Shift each example by a random number of samples in [-largest_shift, largest_shift], reflecting at the ends.

    Donahue et al., 2019, section 3.3: it keeps the critic from spotting the generator by the phase of its upsampling artefacts.
    ``features (batch, channels, time)``; draws from torch's global generator.
    """
    if largest_shift == 0:
        return features
    batch, channels, time = features.shape
    shifts = torch.randint(-largest_shift, largest_shift + 1, (batch, 1), device=features.device)
    index = torch.arange(time, device=features.device) - shifts  # (batch, time)
    index = index.abs()
    index = torch.where(index >= time, 2 * (time - 1) - index, index)
    return features.gather(2, index.unsqueeze(1).expand(batch, channels, time))
