"""Layers over frequency within a frame: convolutions with normalisation that can be folded, mixers of bands."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

EPSILON = 1e-5  # of batch normalisation


class NormalisedConv(nn.Module):
    """A convolution over frequency ``(rows, channels, positions)`` and batch normalisation."""

    def __init__(self, n_inputs: int, n_outputs: int, width: int, stride: int = 1, padding: int = 0) -> None:
        super().__init__()
        self.shape = (n_outputs, n_inputs, width)
        self.stride, self.padding = stride, padding
        # A matrix, as which it is trained.
        self.weight = nn.Parameter(torch.randn(n_outputs, n_inputs * width) / (n_inputs * width) ** 0.5)
        self.norm = nn.BatchNorm1d(n_outputs, EPSILON)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the outputs, normalised."""
        outputs: Tensor = self.norm(F.conv1d(inputs, self.weight.view(self.shape), None, self.stride, self.padding))
        return outputs

    @torch.no_grad()
    def folded(self) -> nn.Conv1d:
        """Return one convolution that computes what both compute in evaluation."""
        norm, (n_outputs, n_inputs, width) = self.norm, self.shape
        mean, variance = cast(Tensor, norm.running_mean), cast(Tensor, norm.running_var)
        scale = norm.weight / (variance + norm.eps).sqrt()
        folded = nn.Conv1d(n_inputs, n_outputs, width, self.stride, self.padding).to(self.weight)
        folded.weight.copy_((self.weight * scale[:, None]).view(self.shape))
        cast(Tensor, folded.bias).copy_(norm.bias - mean * scale)
        return folded


class BandAttention(nn.Module):
    """Attention of every band to all bands of the same frame, with a residual connection."""

    def __init__(self, n_bands: int, channels: int, n_heads: int) -> None:
        super().__init__()
        self.shape = (-1, n_bands, channels)
        self.parts_shape = (-1, n_bands, 3, n_heads, channels // n_heads)
        self.scale = (channels // n_heads) ** -0.5
        self.norm = nn.LayerNorm(channels)
        self.in_proj = nn.Linear(channels, 3 * channels)
        self.out_proj = nn.Linear(channels, channels)
        nn.init.normal_(self.out_proj.weight, std=0.02)

    def forward(self, bands: Tensor) -> Tensor:
        """Return a tensor of the shape of ``bands (rows, bands, channels)``."""
        parts = of_matrices(self.in_proj, self.norm(bands), self.parts_shape).permute(2, 0, 3, 1, 4)
        query, key, value = torch.split(parts, 1)  # (1, rows, heads, bands, channels of a head)
        mixed = ((query * self.scale) @ key.transpose(-1, -2)).softmax(-1) @ value
        outputs: Tensor = bands + of_matrices(self.out_proj, mixed.transpose(2, 3).reshape(self.shape), self.shape)
        return outputs


class BandMixer(nn.Module):
    """Two perceptrons with residual connections: over the bands of each channel, and over the channels of each band.

    References
    ----------
    I. Tolstikhin et al., "MLP-Mixer: An all-MLP Architecture for Vision", 2021.
    """

    def __init__(self, n_bands: int, channels: int, expansion: float) -> None:
        super().__init__()
        self.band_norm = nn.LayerNorm(channels)
        self.band_in_proj = nn.Linear(n_bands, round(expansion * n_bands))
        self.band_out_proj = nn.Linear(round(expansion * n_bands), n_bands)
        self.channel_norm = nn.LayerNorm(channels)
        self.channel_in_proj = nn.Linear(channels, round(expansion * channels))
        self.channel_out_proj = nn.Linear(round(expansion * channels), channels)

    def forward(self, bands: Tensor) -> Tensor:
        """Return a tensor of the shape of ``bands (rows, bands, channels)``."""
        n_bands, channels = self.band_in_proj.in_features, self.channel_in_proj.in_features
        columns = self.band_norm(bands).transpose(0, 1).reshape(n_bands, -1)
        hidden = _over_bands(self.band_out_proj, F.gelu(_over_bands(self.band_in_proj, columns)))
        bands = bands + hidden.reshape(n_bands, -1, channels).transpose(0, 1)
        outputs: Tensor = bands + self.channel_out_proj(F.gelu(self.channel_in_proj(self.channel_norm(bands))))
        return outputs


def _over_bands(linear: nn.Linear, bands: Tensor) -> Tensor:
    """Apply a linear layer to the first dimension of ``bands (bands, columns)``."""
    return linear.weight @ bands + linear.bias[:, None]


def of_matrices(linear: nn.Linear, inputs: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Apply a linear layer to the last dimension as to one matrix, whose product and bias are one node of a graph."""
    outputs: Tensor = linear(inputs.reshape(-1, linear.in_features)).reshape(shape)
    return outputs


def normalisation(module: nn.Module) -> dict[str, Tensor]:
    """Return the weights and statistics of all batch normalisation in a module, by name: what folding loses."""
    names = [name for name, each in module.named_modules() if isinstance(each, NormalisedConv)]
    state = module.state_dict()
    kinds = ("weight", "bias", "running_mean", "running_var")
    return {f"{name}.norm.{kind}": state[f"{name}.norm.{kind}"] for name in names for kind in kinds}
