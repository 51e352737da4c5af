"""The mask estimators: bands of a spectrum through recurrent layers over time and mixers over bands.

That of ``shape=strided`` has convolutions over frequency before and after the bands, and attention as mixers.

Tensors are ``(bands, rows, channels)``, since each band has matrices of its own at both ends. Rows are the frames of a
batch in training, and one for each stream at inference.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...nn.frequency_layers import BandAttention, BandMixer, NormalisedConv
from ...nn.gru import GRU
from ...nn.spectrum import frame, irfft, rfft
from .config import (
    BLOCK_FRAMES,
    LOOKAHEAD_FRAMES,
    STRIDE,
    DenoiserConfig,
)

N_FEATURES = 3  # of a bin of each input: real part, imaginary part and magnitude, compressed
MIN_MAGNITUDE = 1e-7
KERNEL = 2 * STRIDE  # bins of the first convolution over frequency, and of the last
MIN_MASK_POWER = 1e-9
MIN_LEVEL = 1e-2  # of the mean compressed magnitude


class BandSplit(nn.Module):
    """A linear layer for each band: ``(rows, bins, features)`` to ``(bands, rows, channels)``."""

    def __init__(self, edges: Sequence[int], n_features: int, channels: int) -> None:
        super().__init__()
        widths = [end - start for start, end in pairwise(edges)]
        n_bands, width = len(widths), max(widths)
        bins = torch.zeros(n_bands, width, dtype=torch.long)
        is_inside = torch.zeros(n_bands, width)
        for band, start in enumerate(edges[:-1]):
            bins[band, : widths[band]] = torch.arange(start, start + widths[band])
            is_inside[band, : widths[band]] = 1.0
        self.bins = nn.Buffer(bins.flatten(), persistent=False)
        is_inside = is_inside.repeat_interleave(n_features, 1)[..., None]  # of the rows of the weights
        self.is_inside = nn.Buffer(is_inside, persistent=False)
        self.shape = (-1, n_bands, width * n_features)
        scale = 1 / math.sqrt(n_features * sum(widths) / n_bands)
        self.weight = nn.Parameter(scale * torch.randn(n_bands, self.shape[2], channels))
        self.bias = nn.Parameter(torch.zeros(n_bands, 1, channels))

    def forward(self, features: Tensor) -> Tensor:
        """Return the channels of each band."""
        columns = features[:, self.bins].reshape(self.shape).transpose(0, 1)
        return torch.bmm(columns, self.weight * self.is_inside) + self.bias


class BandMerge(nn.Module):
    """A linear layer for each band: ``(bands, rows, channels)`` to a mask ``(rows, 2, bins)``."""

    def __init__(self, edges: Sequence[int], channels: int) -> None:
        super().__init__()
        n_bands, width = len(edges) - 1, max(end - start for start, end in pairwise(edges))
        self.n_bins = edges[-1]
        self.n_columns = n_bands * 2 * width
        real = [
            2 * (band * width + index - edges[band])
            for band in range(n_bands)
            for index in range(edges[band], edges[band + 1])
        ]
        self.columns = nn.Buffer(torch.tensor(real + [column + 1 for column in real]), persistent=False)
        self.weight = nn.Parameter(0.02 * torch.randn(n_bands, channels, 2 * width))
        bias = torch.zeros(n_bands, 1, width, 2)
        bias[..., 0] = 1.0  # the first mask changes nothing
        self.bias = nn.Parameter(bias.flatten(2))

    def forward(self, bands: Tensor) -> Tensor:
        """Return real and imaginary part of the mask of each bin."""
        mask = torch.bmm(bands, self.weight) + self.bias
        return mask.transpose(0, 1).reshape(-1, self.n_columns)[:, self.columns].reshape(-1, 2, self.n_bins)


class BandGains(nn.Module):
    """One real gain for each band, interpolated over its bins: a mask ``(rows, 2, bins)`` without phase."""

    def __init__(self, edges: Sequence[int], channels: int) -> None:
        super().__init__()
        self.linear = nn.Linear(channels, 1)
        nn.init.constant_(self.linear.bias, 2.0)
        first, last = torch.tensor(edges[:-1]), torch.tensor(edges[1:]) - 1
        centres, bins = (first + last) / 2, torch.arange(edges[-1])
        position = torch.bucketize(bins.float(), centres).clamp(1, len(centres) - 1)
        lower, upper = centres[position - 1], centres[position]
        weight = ((bins - lower) / (upper - lower)).clamp(0, 1)
        interpolation = torch.zeros(len(centres), len(bins))
        interpolation[position - 1, bins] = 1 - weight
        interpolation[position, bins] += weight
        self.interpolation = nn.Buffer(interpolation, persistent=False)

    def forward(self, bands: Tensor) -> Tensor:
        """Return the mask of each bin."""
        gains = torch.sigmoid(self.linear(bands))[..., 0].transpose(0, 1) @ self.interpolation
        return torch.stack([gains, torch.zeros_like(gains)], dim=1)


class TimeLayer(nn.Module):
    """A recurrent layer over time with a residual connection; with the same weights for all bands.

    A bidirectional one adds what a second layer knows of the frames that follow. At first it adds nothing, so that a
    network may be trained on from one that knows the past alone.
    """

    def __init__(self, n_bands: int, channels: int, is_bidirectional: bool = False) -> None:
        super().__init__()
        self.shape = (n_bands, -1, channels)
        self.norm = nn.LayerNorm(channels)
        self.gru = GRU(channels, channels)
        self.out_proj = nn.Linear(channels, channels)
        self.backward_gru = GRU(channels, channels) if is_bidirectional else None
        self.backward_proj = nn.Linear(channels, channels, bias=False) if is_bidirectional else None
        if self.backward_proj is not None:
            nn.init.zeros_(self.backward_proj.weight)

    def forward(self, bands: Tensor, n_frames: int, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Compute bands ``(bands, batch * n_frames, channels)`` of sequences.

        - ``n_frames``: of each sequence.
        - ``state``: ``(1, bands * batch, channels)``, before the first frame.
        - returns ``states``: after each frame, ``(bands * batch, n_frames, channels)``.
        """
        inputs = self.norm(bands).reshape(-1, n_frames, bands.shape[-1])
        states, _ = self.gru(inputs, state)
        changes = self.out_proj(states)
        if self.backward_gru is not None and self.backward_proj is not None:
            last = torch.zeros_like(inputs[:, 0])[None]  # not left to the layer: traced, it would fix the batch
            outputs, _ = self.backward_gru(inputs.flip(1), last)
            changes = changes + self.backward_proj(outputs.flip(1))
        return bands + changes.view(self.shape), states

    def step(self, bands: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Return bands ``(bands, batch, channels)`` of one frame, and the state ``(1, bands * batch, channels)``."""
        state = self.gru.step(self.norm(bands).reshape(1, -1, self.shape[2]), state)
        return bands + self.out_proj(state).view(self.shape), state


class MaskEstimator(nn.Module):
    """The network from the features of neighbouring bins to their mask.

    - ``edges``: first bin of each band, and the number of bins.
    - ``channels``: of each band.
    - ``n_context``: values of each frame that the network knows besides.
    """

    def __init__(self, config: DenoiserConfig, edges: Sequence[int], channels: int, n_context: int = 0) -> None:
        super().__init__()
        self.n_blocks, self.n_bands, self.channels = config.n_blocks, len(edges) - 1, channels
        self.split = BandSplit(edges, N_FEATURES * config.n_inputs, channels)
        self.context_proj = nn.Linear(n_context, channels) if n_context else None
        self.dereverb_bias = nn.Parameter(torch.zeros(self.n_bands, 1, 1, channels))
        self.time_layers = nn.ModuleList(
            TimeLayer(self.n_bands, channels, config.bidirectional) for _ in range(config.n_blocks)
        )
        self.mixers = nn.ModuleList(BandMixer(self.n_bands, channels, config.expansion) for _ in range(config.n_blocks))
        self.norm = nn.LayerNorm(channels)
        self.merge = (BandMerge if config.mask == "complex" else BandGains)(edges, channels)

    def forward(self, features: Tensor, dereverb: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Estimate the mask of whole waves.

        - ``features``: ``(batch, frames, bins, N_FEATURES * n_inputs)``.
        - ``dereverb``: ``(batch, 1)``, 1 where reverberation is removed too, else 0.
        - ``context``: ``(batch * frames, n_context)``.
        - returns ``mask``: real and imaginary part, ``(batch, frames, 2, bins)``.
        - returns ``channels``: what the mask is computed from, ``(batch * frames, bands * channels)``.
        """
        batch, n_frames = features.shape[:2]
        bands = self._bands(features.flatten(0, 1), dereverb.repeat_interleave(n_frames, 0), context)
        for time_layer, mixer in zip(self.time_layers, self.mixers, strict=True):
            bands = mixer(time_layer(bands, n_frames)[0])
        mask, channels = self._mask(bands)
        return torch.unflatten(mask, 0, (batch, n_frames)), channels

    def block(
        self, features: Tensor, dereverb: Tensor, states: Tensor, context: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Estimate the mask of a block of frames, as :meth:`forward` does, from states on as :meth:`step` has them.

        The next states are those after ``BLOCK_FRAMES`` frames, though there may be more.
        """
        batch, n_frames = features.shape[:2]
        bands = self._bands(features.flatten(0, 1), dereverb.repeat_interleave(n_frames, 0), context)
        after = []
        for time_layer, mixer, state in zip(self.time_layers, self.mixers, self._layers(states), strict=True):
            bands, outputs = time_layer(bands, n_frames, state)
            after.append(outputs[None, :, BLOCK_FRAMES - 1])
            bands = mixer(bands)
        mask, channels = self._mask(bands)
        return torch.unflatten(mask, 0, (batch, n_frames)), channels, self._stacked(after)

    def step(
        self, features: Tensor, dereverb: Tensor, states: Tensor, context: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Estimate the mask of the next frame.

        - ``features``: ``(batch, bins, N_FEATURES * n_inputs)``.
        - ``dereverb``: ``(batch, 1)``, 1 where reverberation is removed too, else 0.
        - ``states``: ``(batch, n_blocks, bands, channels)``, of the recurrent layers; zeros before the first frame.
        - ``context``: ``(batch, n_context)``.
        - returns ``mask``: real and imaginary part, ``(batch, 2, bins)``.
        - returns ``channels``: what the mask is computed from, ``(batch, bands * channels)``.
        - returns ``states``: after the frame.
        """
        bands = self._bands(features, dereverb, context)
        after = []
        for time_layer, mixer, state in zip(self.time_layers, self.mixers, self._layers(states), strict=True):
            bands, next_state = cast(TimeLayer, time_layer).step(bands, state)
            after.append(next_state)
            bands = mixer(bands)
        return *self._mask(bands), self._stacked(after)

    def folded(self) -> MaskEstimator:
        """Return the estimator as it is exported: itself."""
        return self

    def _layers(self, states: Tensor) -> tuple[Tensor, ...]:
        """Return the state ``(1, bands * batch, channels)`` of each layer."""
        return torch.split(states.permute(1, 2, 0, 3).reshape(self.n_blocks, -1, self.channels), 1)

    def _stacked(self, layers: Sequence[Tensor]) -> Tensor:
        """Return the states ``(batch, n_blocks, bands, channels)`` of all layers."""
        return torch.cat(list(layers)).reshape(self.n_blocks, self.n_bands, -1, self.channels).permute(2, 0, 1, 3)

    def _bands(self, features: Tensor, dereverb: Tensor, context: Tensor | None) -> Tensor:
        """Return the channels ``(bands, rows, channels)`` of features ``(rows, bins, features)``."""
        bands: Tensor = self.split(features) + self.dereverb_bias[:, 0] * dereverb
        return bands if self.context_proj is None else bands + self.context_proj(context)

    def _mask(self, bands: Tensor) -> tuple[Tensor, Tensor]:
        """Return the mask ``(rows, 2, bins)`` of bands ``(bands, rows, channels)``, and the channels of each row."""
        bands = self.norm(bands)
        return self.merge(bands), bands.transpose(0, 1).reshape(-1, self.n_bands * self.channels)


class StridedEstimator(nn.Module):
    """The network of ``shape=strided`` from the features of all bins to their mask, used as :class:`MaskEstimator` is.

    No kernel spans time. Convolutions over frequency, the first with a stride of four bins, describe every frame; a
    linear layer over frequency reduces their positions to the bands. The way back to bins mirrors the way there and
    adds its outputs. The mask is that of compressed spectra. Convolutions are followed by batch normalisation, which
    is folded into them for export.

    Parameters
    ----------
    config : DenoiserConfig
        Of the denoiser.
    """

    def __init__(self, config: DenoiserConfig) -> None:
        super().__init__()
        self.n_bins, self.n_blocks, self.n_bands = config.n_lower_bins, config.n_blocks, config.n_bands
        self.channels = config.channels
        self.mask_power = (1 / config.exponent - 1) / 2  # of the mask of compressed spectra, squared
        self.n_positions = -(-self.n_bins // STRIDE)
        wide = config.conv_channels
        # Position p sees the bins from 4 p - 2 to 4 p + 5.
        self.pad = (STRIDE // 2, STRIDE * (self.n_positions - 1) + KERNEL - STRIDE // 2 - self.n_bins)
        self.first = NormalisedConv(N_FEATURES * config.n_inputs, wide, KERNEL, STRIDE)
        self.encoder = nn.ModuleList(NormalisedConv(wide, wide, 3, padding=1) for _ in range(config.conv_blocks))
        self.to_bands = nn.Linear(self.n_positions, self.n_bands, bias=False)
        self.in_proj = nn.Linear(wide, self.channels)
        self.band_bias = nn.Parameter(0.1 * torch.randn(self.n_bands, 1, self.channels))  # which band it is
        self.dereverb_bias = nn.Parameter(torch.zeros(self.n_bands, 1, self.channels))
        self.time_layers = nn.ModuleList(
            TimeLayer(self.n_bands, self.channels, config.bidirectional) for _ in range(config.n_blocks)
        )
        self.mixers = nn.ModuleList(
            BandAttention(self.n_bands, self.channels, config.n_heads) for _ in range(config.n_blocks)
        )
        self.norm = nn.LayerNorm(self.channels)
        self.out_proj = nn.Linear(self.channels, wide)
        self.to_positions = nn.Linear(self.n_bands, self.n_positions, bias=False)
        self.decoder = nn.ModuleList(NormalisedConv(wide, wide, 3, padding=1) for _ in range(config.conv_blocks))
        self.last = nn.Conv1d(wide, 2 * KERNEL, 1)
        self._initialise(config)

    @torch.no_grad()
    def _initialise(self, config: DenoiserConfig) -> None:
        """Let both layers over frequency begin with triangles at the bands' centres, and the mask with 1."""
        edges = torch.tensor(config.band_edges, dtype=torch.float32)
        centres = (edges[:-1] + edges[1:] - 1) / (2 * STRIDE)
        positions = torch.arange(self.n_positions, dtype=torch.float32)
        near = torch.zeros(self.n_positions, self.n_bands)
        upper = torch.bucketize(positions, centres).clamp(1, self.n_bands - 1)
        weight = ((positions - centres[upper - 1]) / (centres[upper] - centres[upper - 1])).clamp(0, 1)
        rows = torch.arange(self.n_positions)
        near[rows, upper - 1] = 1 - weight
        near[rows, upper] += weight
        self.to_positions.weight.copy_(near + 0.02 * torch.randn_like(near))
        pooled = (near / near.sum(0).clamp_min(0.5)).t()
        self.to_bands.weight.copy_(pooled + 0.02 * torch.randn_like(pooled))
        last, bias = self.last, cast(Tensor, self.last.bias)
        last.weight.mul_(0.05)
        bias.zero_()
        bias[:KERNEL] = 0.5  # two positions overlap in each bin

    def folded(self) -> StridedEstimator:
        """Return a copy for export, without batch normalisation."""
        estimator = copy.deepcopy(self)
        for module in list(estimator.modules()):
            for name, child in list(module.named_children()):
                if isinstance(child, NormalisedConv):
                    setattr(module, name, child.folded())
        return estimator

    def forward(self, features: Tensor, dereverb: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Estimate the mask of whole waves, as :meth:`MaskEstimator.forward` does."""
        batch, n_frames = features.shape[:2]
        bands, skips = self._bands(features.flatten(0, 1), dereverb.repeat_interleave(n_frames, 0))
        for time_layer, mixer in zip(self.time_layers, self.mixers, strict=True):
            bands = mixer(time_layer(bands, n_frames)[0])
        mask, channels = self._mask(bands, skips)
        return torch.unflatten(mask, 0, (batch, n_frames)), channels

    def step(
        self, features: Tensor, dereverb: Tensor, states: Tensor, context: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Estimate the mask of the next frame, as :meth:`MaskEstimator.step` does.

        Bands are ``(rows * bands, channels)`` here: a linear layer is one node of the graph then.
        """
        skips = self._encoded(features)
        pooled = self.to_bands(skips[-1]).transpose(1, 2).reshape(-1, self.in_proj.in_features)
        offset = F.linear(dereverb, self.dereverb_bias.reshape(-1, 1), self.band_bias.flatten())
        bands = self.in_proj(pooled) + offset.reshape(-1, self.channels)
        after = []
        before = torch.split(states.transpose(0, 1).reshape(self.n_blocks, -1, self.channels), 1)
        for layer, mixer, previous in zip(self.time_layers, self.mixers, before, strict=True):
            time_layer = cast(TimeLayer, layer)
            state = time_layer.gru.step(time_layer.norm(bands)[None], previous)
            after.append(state)
            bands = bands + time_layer.out_proj(state.reshape(-1, self.channels))
            bands = bands + cast(BandAttention, mixer).of_rows(bands)
        stacked = torch.cat(after).reshape(self.n_blocks, -1, self.n_bands, self.channels).transpose(0, 1)
        bands = self.norm(bands)
        hidden = self.out_proj(bands).reshape(-1, self.n_bands, self.in_proj.in_features).transpose(1, 2)
        hidden = self._decoded(self.to_positions(hidden), skips)
        # The overlapping halves of the positions are a transposed convolution; its bias differs at both ends.
        weight = self.last.weight.reshape(2, KERNEL, -1).permute(2, 0, 1)
        mask = F.conv_transpose1d(hidden, weight, None, STRIDE, STRIDE // 2)[..., : self.n_bins] + self._last_bias()
        return self._expanded(mask), bands.reshape(-1, self.n_bands * self.channels), stacked

    def _encoded(self, features: Tensor) -> list[Tensor]:
        """Return the outputs ``(rows, conv_channels, positions)`` of the encoder's layers of ``(rows, bins, ...)``."""
        hidden = F.relu(self.first(F.pad(features.transpose(1, 2), self.pad)))
        outputs = [hidden]
        for layer in self.encoder:
            hidden = hidden + F.relu(layer(hidden))
            outputs.append(hidden)
        return outputs

    def _bands(self, features: Tensor, dereverb: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Return the channels ``(bands, rows, channels)`` of features ``(rows, bins, features)``, and the encoder's."""
        skips = self._encoded(features)
        bands: Tensor = self.in_proj(self.to_bands(skips[-1]).permute(2, 0, 1))
        return bands + self.band_bias + self.dereverb_bias * dereverb, skips

    def _decoded(self, hidden: Tensor, skips: list[Tensor]) -> Tensor:
        """Return what the mask is computed from, ``(rows, conv_channels, positions)``."""
        for layer, skip in zip(self.decoder, reversed(skips[1:]), strict=True):
            hidden = hidden + skip
            hidden = hidden + F.relu(layer(hidden))
        return hidden + skips[0]

    def _mask(self, bands: Tensor, skips: list[Tensor]) -> tuple[Tensor, Tensor]:
        """Return the mask ``(rows, 2, bins)`` of bands and the encoder's outputs, and the channels of each row."""
        bands = self.norm(bands)
        hidden = self._decoded(self.to_positions(self.out_proj(bands).permute(1, 2, 0)), skips)
        mask = self._overlapped(self.last(hidden)).float()
        return self._expanded(mask), bands.transpose(0, 1).reshape(-1, self.n_bands * self.channels)

    def _overlapped(self, parts: Tensor) -> Tensor:
        """Return the bins ``(rows, 2, bins)`` of what each position says of its own, ``(rows, 2 * KERNEL, positions)``.

        Position p adds its first half to block p of bins and its second half to block p + 1; blocks begin at bin -2.
        """
        parts = parts.reshape(-1, 2, KERNEL, self.n_positions).transpose(2, 3)
        first, second = torch.split(parts, STRIDE, dim=3)
        blocks = F.pad(first, (0, 0, 0, 1)) + F.pad(second, (0, 0, 1, 0))
        bins = blocks.reshape(-1, 2, STRIDE * (self.n_positions + 1))
        return bins[..., STRIDE // 2 : STRIDE // 2 + self.n_bins]

    def _last_bias(self) -> Tensor:
        """Return the bias of each bin, ``(1, 2, bins)``."""
        bias = cast(Tensor, self.last.bias)
        return self._overlapped(bias[None, :, None].expand(1, -1, self.n_positions))

    def _expanded(self, mask: Tensor) -> Tensor:
        """Return the mask of spectra of that of compressed spectra, ``(rows, 2, bins)``."""
        power = mask.square().sum(1, keepdim=True) + MIN_MASK_POWER
        return mask * power**self.mask_power


class Denoiser(nn.Module):
    """The mask estimators between the Fourier transforms.

    Bins above 8 kHz, if there are any, have an estimator of their own. It knows what the one below knows, and the one
    below does not depend on it: recordings of any bandwidth are treated alike where speech is.
    """

    def __init__(self, config: DenoiserConfig) -> None:
        super().__init__()
        self.config = config
        self.estimator = self._lower_estimator(config)
        n_context = config.n_bands * config.channels
        self.upper_estimator = (
            MaskEstimator(config, config.upper_edges, config.upper_channels, n_context) if config.upper_edges else None
        )
        window = torch.hann_window(config.n_fft, periodic=True).sqrt()
        self.window = nn.Buffer(window, persistent=False)

    @staticmethod
    def _lower_estimator(config: DenoiserConfig) -> MaskEstimator | StridedEstimator:
        """Return the estimator up to 8 kHz."""
        if config.shape == "strided":
            return StridedEstimator(config)
        return MaskEstimator(config, config.band_edges, config.channels)

    def analyse(self, wave: Tensor) -> Tensor:
        """Return the spectra ``(batch, frames, bins)`` of ``wave (batch, time)``, padded by one hop at both ends."""
        hop_length = self.config.hop_length
        padded = F.pad(wave, (hop_length, hop_length + -wave.shape[-1] % hop_length))
        return rfft(frame(padded, self.config.n_fft, hop_length) * self.window)

    def synthesise(self, spectra: Tensor, n_samples: int) -> Tensor:
        """Return the wave ``(batch, n_samples)`` of spectra ``(batch, frames, bins)``."""
        hop_length = self.config.hop_length
        frames = irfft(spectra, self.config.n_fft) * self.window
        first, second = frames[..., :hop_length], frames[..., hop_length:]
        return (first[:, 1:] + second[:, :-1]).flatten(1)[:, :n_samples]

    def features(self, spectra: Tensor) -> Tensor:
        """Return features ``(batch, frames, bins, N_FEATURES * inputs)`` of spectra ``(batch, inputs, frames, bins)``.

        They do not change with the level of the waves.
        """
        magnitude = spectra.abs().clamp_min(MIN_MAGNITUDE)
        compressed = magnitude**self.config.exponent
        n_frames = spectra.shape[2]
        ages = torch.arange(n_frames, device=spectra.device)[:, None] - torch.arange(n_frames, device=spectra.device)
        weights = torch.where(ages >= 0, self.config.level_decay ** ages.clamp_min(0).float(), 0.0)
        mean = compressed[..., : self.config.n_lower_bins].mean(-1, keepdim=True)
        level = (weights / weights.sum(1, keepdim=True)) @ mean
        level = level[:, list(self.config.level_inputs)]
        features = normalised_features(torch.view_as_real(spectra), magnitude, compressed, level)
        return features.permute(0, 2, 3, 1, 4).flatten(3)

    def forward(self, waves: Tensor, dereverb: Tensor) -> Tensor:
        """Return the enhanced spectra ``(batch, frames, bins)`` of ``waves (batch, inputs, time)``.

        ``dereverb (batch, 1)`` is 1 where reverberation is removed too.
        """
        with torch.autocast(waves.device.type, enabled=False):
            spectra = torch.unflatten(self.analyse(waves.flatten(0, 1)), 0, waves.shape[:2])
            features = self.features(spectra)
        mask, channels = self.estimator(features[:, :, : self.config.n_lower_bins], dereverb)
        if self.upper_estimator is not None:
            upper = features[:, :, self.config.n_lower_bins :]
            mask = torch.cat([mask, self.upper_estimator(upper, dereverb, channels.detach())[0]], dim=-1)
        mask = mask.float()
        enhanced: Tensor = spectra[:, 0] * torch.complex(mask[:, :, 0].contiguous(), mask[:, :, 1].contiguous())
        return enhanced


def normalised_features(parts: Tensor, magnitude: Tensor, compressed: Tensor, level: Tensor) -> Tensor:
    """Return real part, imaginary part and magnitude, each compressed and over its mean level, ``(..., 3)``.

    ``parts (..., 2)`` are real and imaginary part, ``compressed`` is the power of ``magnitude``.
    """
    factor = compressed / magnitude / level.clamp_min(MIN_LEVEL)
    return torch.cat([parts, magnitude[..., None]], dim=-1) * factor[..., None]


class DenoiserFrame(nn.Module):
    """One frame as a graph of real tensors, for the export.

    Input spectra are ``(batch, inputs, bins, 2)``, the output ``(batch, bins, 2)``, the switch ``dereverb (batch, 1)``.
    ``level (batch, inputs, 2)`` holds the decaying sum of compressed magnitudes and that of its weights, ``states
    (batch, n_blocks, bands, channels)`` and ``upper_states``, if there are bins above 8 kHz, those of the recurrent
    layers.
    """

    def __init__(self, denoiser: Denoiser) -> None:
        super().__init__()
        self.config = denoiser.config
        self.estimator = denoiser.estimator.folded()
        self.upper_estimator = denoiser.upper_estimator
        self.is_sum = nn.Buffer(torch.tensor([1.0, 0.0]), persistent=False)
        self.is_weight = nn.Buffer(torch.tensor([0.0, 1.0]), persistent=False)
        self.times_i = nn.Buffer(torch.tensor([[0.0, 1.0], [-1.0, 0.0]]), persistent=False)

    def forward(
        self, spectra: Tensor, dereverb: Tensor, level: Tensor, states: Tensor, upper_states: Tensor | None = None
    ) -> tuple[Tensor, ...]:
        """Return the enhanced spectrum and the next level and states."""
        n_lower = self.config.n_lower_bins
        magnitude = spectra.norm(dim=-1).clamp_min(MIN_MAGNITUDE)
        compressed = magnitude**self.config.exponent
        mean = compressed[..., :n_lower].mean(-1)[..., None]
        level = self.config.level_decay * level + mean * self.is_sum + self.is_weight
        sums, weights = torch.split(level, 1, dim=-1)
        mean_level = sums / weights
        if self.config.n_inputs > 1:
            mean_level = mean_level[:, list(self.config.level_inputs)]
        features = normalised_features(spectra, magnitude, compressed, mean_level).permute(0, 2, 1, 3).flatten(2)
        mask, channels, states = self.estimator.step(features[:, :n_lower], dereverb, states)
        next_states = [states]
        if self.upper_estimator is not None and upper_states is not None:
            upper_mask, _, upper_states = self.upper_estimator.step(
                features[:, n_lower:], dereverb, upper_states, channels
            )
            mask = torch.cat([mask, upper_mask], dim=-1)
            next_states.append(upper_states)
        mask_real, mask_imaginary = torch.split(mask[..., None], 1, dim=1)
        first = spectra[:, :1] if self.config.n_inputs > 1 else spectra
        enhanced = mask_real * first + mask_imaginary * (first @ self.times_i)
        return enhanced[:, 0], level, *next_states


class DenoiserBlock(nn.Module):
    """A block of frames of a bidirectional network as a graph of real tensors, for the export.

    Input spectra are ``(batch, BLOCK_FRAMES + LOOKAHEAD_FRAMES, bins, 2)``, the output ``(batch, BLOCK_FRAMES, bins,
    2)``; ``dereverb``, ``level`` and states are those of :class:`DenoiserFrame`, after the last frame of the output.
    """

    def __init__(self, denoiser: Denoiser) -> None:
        super().__init__()
        self.config = denoiser.config
        self.estimator = cast(MaskEstimator, denoiser.estimator)  # the strided one is never bidirectional
        self.upper_estimator = denoiser.upper_estimator
        n_frames = BLOCK_FRAMES + LOOKAHEAD_FRAMES
        ages = torch.arange(n_frames)[:, None] - torch.arange(n_frames)
        decays = torch.where(ages >= 0, self.config.level_decay ** ages.clamp_min(0).float(), 0.0)
        self.decays = nn.Buffer(decays, persistent=False)  # of each frame in the level after each frame
        self.past = nn.Buffer(self.config.level_decay * decays[:, :1], persistent=False)  # of all before the block

    def forward(
        self, spectra: Tensor, dereverb: Tensor, level: Tensor, states: Tensor, upper_states: Tensor | None = None
    ) -> tuple[Tensor, ...]:
        """Return the enhanced spectra and the next level and states."""
        n_lower = self.config.n_lower_bins
        magnitude = spectra.norm(dim=-1).clamp_min(MIN_MAGNITUDE)
        compressed = magnitude**self.config.exponent
        mean = compressed[..., :n_lower].mean(-1, keepdim=True)
        levels = self.decays @ torch.cat([mean, torch.ones_like(mean)], dim=-1) + self.past @ level
        sums, weights = torch.split(levels, 1, dim=-1)
        features = normalised_features(spectra, magnitude, compressed, sums / weights)
        mask, channels, states = self.estimator.block(features[:, :, :n_lower], dereverb, states)
        next_states = [states]
        if self.upper_estimator is not None and upper_states is not None:
            upper_mask, _, upper_states = self.upper_estimator.block(
                features[:, :, n_lower:], dereverb, upper_states, channels
            )
            mask = torch.cat([mask, upper_mask], dim=-1)
            next_states.append(upper_states)
        mask_real, mask_imaginary = mask[:, :BLOCK_FRAMES].unbind(2)
        real, imaginary = spectra[:, :BLOCK_FRAMES].unbind(-1)
        enhanced = torch.stack(
            [mask_real * real - mask_imaginary * imaginary, mask_real * imaginary + mask_imaginary * real], dim=-1
        )
        return enhanced, levels[:, BLOCK_FRAMES - 1 : BLOCK_FRAMES], *next_states
