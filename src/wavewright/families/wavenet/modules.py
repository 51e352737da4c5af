"""The networks: dilated gated layers over samples, and the network that conditions them."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...nn.gated import GatedLayer, convolve_layers, matmul_dtype, skip_sum
from .config import WaveNetConfig

SLOPE = 0.1  # of the leaky ReLUs of the conditioning network


class ConditioningNetwork(nn.Module):
    """Network from frames, label and speaker to the condition of each layer.

    Each frame becomes several rows by a learned upsampling, and a convolution over rows joins them. A row is held for
    ``condition_hop`` samples, so that conditioning costs little for each sample.
    """

    def __init__(self, config: WaveNetConfig) -> None:
        super().__init__()
        self.config = config
        channels = config.condition_channels
        self.upsampling = config.hop_length // config.condition_hop
        self.label_embedding = nn.Embedding(len(config.labels), config.label_size) if config.labels else None
        self.speaker_embedding = nn.Embedding(len(config.speakers), config.label_size) if config.speakers else None
        n_inputs = config.features + config.label_size * (bool(config.labels) + bool(config.speakers))
        self.in_proj = nn.Linear(n_inputs, channels)
        self.frame_convs = nn.ModuleList(
            nn.Conv1d(channels, channels, 3, padding=1) for _ in range(config.condition_layers)
        )
        self.upsample = nn.Linear(channels, self.upsampling * channels)
        self.row_conv = nn.Conv1d(channels, channels, 3, padding=1)
        self.out_proj = nn.Linear(channels, config.n_layers * 2 * config.channels)

    def forward(self, frames: Tensor, label: Tensor | None = None, speaker: Tensor | None = None) -> Tensor:
        """Return the conditions of all layers.

        - ``frames``: ``(batch, n_frames, features)``.
        - ``label``, ``speaker``: indices ``(batch,)``, required if the model has labels or speakers.
        - returns: ``(batch, n_frames * upsampling, n_layers * 2 * channels)``, one row for ``condition_hop`` samples.
        """
        inputs = [frames] if self.config.features else []
        for embedding, index in ((self.label_embedding, label), (self.speaker_embedding, speaker)):
            if embedding is not None:
                inputs.append(embedding(index)[:, None].expand(-1, frames.shape[1], -1))
        hidden = F.leaky_relu(self.in_proj(torch.cat(inputs, dim=-1)), SLOPE).transpose(
            1, 2
        )  # (batch, channels, frames)
        for layer in self.frame_convs:
            hidden = hidden + F.leaky_relu(layer(hidden), SLOPE)
        upsampled = self.upsample(hidden.transpose(1, 2))
        batch, n_frames, _ = upsampled.shape
        rows = upsampled.reshape(batch, n_frames * self.upsampling, -1)  # (batch, rows, channels)
        rows = F.leaky_relu(rows + self.row_conv(rows.transpose(1, 2)).transpose(1, 2), SLOPE)
        condition: Tensor = self.out_proj(rows)
        return condition


class WaveNet(nn.Module):
    """Network from a signal and its conditioning to the distribution of each sample given those before it."""

    def __init__(self, config: WaveNetConfig) -> None:
        super().__init__()
        self.config = config
        is_conditioned = bool(config.features or config.labels or config.speakers)
        self.conditioner = ConditioningNetwork(config) if is_conditioned else None
        self.input = nn.Linear(config.input_taps, config.channels)
        self.layers = nn.ModuleList(
            GatedLayer(config.channels, config.skip_channels, dilation, is_last=index == config.n_layers - 1)
            for index, dilation in enumerate(config.dilations)
        )
        self.skip_bias = nn.Parameter(torch.zeros(config.skip_channels))
        self.head = nn.Linear(config.skip_channels, config.head_channels)
        self.output = nn.Linear(config.head_channels, config.outputs)
        if config.head == "logistics":
            with torch.no_grad():  # logistics side by side, as wide as the level of soft speech
                _, means, log_scales = self.output.bias.chunk(3)
                means.copy_(torch.linspace(-0.3, 0.3, config.n_mixtures))
                log_scales.fill_(-3.0)

    def forward(
        self, signal: Tensor, frames: Tensor | None = None, label: Tensor | None = None, speaker: Tensor | None = None
    ) -> Tensor:
        """Return the outputs of each sample, which depend on the samples before it alone.

        - ``signal``: ``(batch, time)``.
        - ``frames``: ``(batch, n_frames, features)``, which cover the signal; without features only their number
          counts.
        - ``label``, ``speaker``: indices ``(batch,)``.
        - returns: ``(batch, time, outputs)`` float32.
        """
        conditions: tuple[Tensor | None, ...] = (None,) * len(self.layers)
        if self.conditioner is not None and frames is not None:
            conditions = self.conditioner(frames, label, speaker).chunk(len(self.layers), dim=-1)
        taps = self.config.input_taps
        past = F.pad(signal, (taps, 0))[:, :-1].unfold(1, taps, 1)  # (batch, time, taps)
        with torch.autocast(signal.device.type, enabled=False):
            hidden = F.linear(past, self.input.weight, self.input.bias)
        dtype = matmul_dtype(signal.device.type)
        total = self._skip_total(hidden, conditions, dtype)
        hidden = F.linear(F.relu(total).to(dtype), self.head.weight.to(dtype), self.head.bias.to(dtype))
        return F.linear(F.relu(hidden), self.output.weight.to(dtype), self.output.bias.to(dtype)).float()

    def _skip_total(self, hidden: Tensor, conditions: tuple[Tensor | None, ...], dtype: torch.dtype) -> Tensor:
        """Return the skip sum of all layers, computed in the way that is fastest for the device and type."""
        layers, hop_length = self.gated_layers(), self.config.condition_hop
        if dtype is torch.float32 and hidden.device.type == "cpu":
            return convolve_layers(layers, hidden, conditions, hop_length, self.skip_bias)
        units = []
        for layer, condition in zip(layers, conditions, strict=True):
            hidden, layer_units = layer(hidden, condition, hop_length)
            units.append(layer_units)
        return skip_sum(layers, units, self.skip_bias)

    def gated_layers(self) -> list[GatedLayer]:
        """Return the layers in order."""
        return [layer for layer in self.layers if isinstance(layer, GatedLayer)]
