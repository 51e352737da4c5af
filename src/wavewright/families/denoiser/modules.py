"""The mask estimators: bands of a spectrum through recurrent layers over time and mixers over bands.

That of ``shape=strided`` has convolutions over frequency before and after the bands, and attention as mixers.

Tensors are ``(rows, bands, channels)``. Rows are the first frames of all sequences of a batch, then the second ones,
and so on: as recurrent layers take them.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Self, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...nn.frequency_layers import BandAttention, BandMixer, NormalisedConv, of_matrices
from ...nn.gru import GRU
from ...nn.spectrum import frame, irfft, rfft
from .config import BLOCK_FRAMES, MIN_LEVEL, MIN_MAGNITUDE, N_FEATURES, STRIDE, DenoiserConfig

KERNEL = 2 * STRIDE  # bins of the first convolution over frequency, and of the last
MIN_MASK_POWER = 1e-9


class BandSplit(nn.Module):
    """A linear layer for each band: ``(rows, bins, features)`` to ``(rows, bands, channels)``."""

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
        return (products_of_bands(columns, self.weight * self.is_inside) + self.bias).transpose(0, 1)


class BandMerge(nn.Module):
    """A linear layer for each band: ``(rows, bands, channels)`` to a mask ``(rows, 2, bins)``."""

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
        mask = products_of_bands(bands.transpose(0, 1), self.weight) + self.bias
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
        gains = torch.sigmoid(self.linear(bands))[..., 0] @ self.interpolation
        return torch.stack([gains, torch.zeros_like(gains)], dim=1)


class TimeLayer(nn.Module):
    """A recurrent layer over time with a residual connection; with the same weights for all bands.

    A bidirectional one adds what a second layer knows of the frames that follow. At first it adds nothing, so that a
    network may be trained on from one that knows the past alone.
    """

    def __init__(self, n_bands: int, channels: int, is_bidirectional: bool = False) -> None:
        super().__init__()
        self.shape = (-1, n_bands, channels)
        self.norm = nn.LayerNorm(channels)
        self.gru = GRU(channels, channels)
        self.out_proj = nn.Linear(channels, channels)
        self.backward_gru = GRU(channels, channels) if is_bidirectional else None
        self.backward_proj = nn.Linear(channels, channels, bias=False) if is_bidirectional else None
        if self.backward_proj is not None:
            nn.init.zeros_(self.backward_proj.weight)

    def forward(self, bands: Tensor, n_frames: int | None, state: Tensor | None) -> tuple[Tensor, Tensor]:
        """Compute bands ``(n_frames * batch, bands, channels)`` of sequences and their states after each frame.

        ``n_frames`` is None for a single sequence, ``state (1, batch * bands, channels)`` before its first frame.
        """
        inputs = self.norm(bands)
        if n_frames is not None:
            inputs = inputs.reshape(n_frames, -1, self.shape[2])
        states, _ = self.gru(inputs, state)
        changes = of_matrices(self.out_proj, states, self.shape)
        if self.backward_gru is not None and self.backward_proj is not None:
            last = torch.zeros_like(inputs[:1])  # not left to the layer: traced, it would fix the batch
            outputs, _ = self.backward_gru(inputs.flip(0), last)
            changes = changes + self.backward_proj(outputs.flip(0)).reshape(self.shape)
        return bands + changes, states


class Estimator(nn.Module):
    """The recurrent layers and mixers of an estimator of masks, with the states between blocks of frames."""

    def __init__(self, config: DenoiserConfig, n_bands: int, channels: int) -> None:
        super().__init__()
        self.n_bands, self.channels, self.n_blocks = n_bands, channels, config.n_blocks
        self.n_known = BLOCK_FRAMES if config.bidirectional else None  # frames before the next states
        self.time_layers = nn.ModuleList(
            TimeLayer(n_bands, channels, config.bidirectional) for _ in range(config.n_blocks)
        )
        self.mixers = nn.ModuleList(self._mixer(config) for _ in range(config.n_blocks))

    def _mixer(self, config: DenoiserConfig) -> nn.Module:
        return BandMixer(self.n_bands, self.channels, config.expansion)

    def folded(self) -> Self:
        """Return the estimator as it is exported."""
        return self

    def _mixed(self, bands: Tensor, n_frames: int | None, states: Tensor | None) -> tuple[Tensor, Tensor]:
        """Return bands ``(n_frames * batch, bands, channels)`` after all layers, and the next states.

        States are ``(n_blocks, batch * bands, channels)``, None for zeros; the next ones are those after the last
        frame, or after ``BLOCK_FRAMES`` frames of a bidirectional network.
        """
        before = [None] * self.n_blocks if states is None else torch.split(states, 1)
        after = []
        for time_layer, mixer, state in zip(self.time_layers, self.mixers, before, strict=True):
            bands, outputs = time_layer(bands, n_frames, state)
            after.append(outputs[: self.n_known][-1])
            bands = mixer(bands)
        return bands, torch.stack(after)


class MaskEstimator(Estimator):
    """The network from the features of neighbouring bins to their mask.

    - ``edges``: first bin of each band, and the number of bins.
    - ``n_context``: values of each frame that the network knows besides.
    """

    def __init__(self, config: DenoiserConfig, edges: Sequence[int], channels: int, n_context: int = 0) -> None:
        super().__init__(config, len(edges) - 1, channels)
        self.split = BandSplit(edges, N_FEATURES * config.n_inputs, channels)
        self.context_proj = nn.Linear(n_context, channels) if n_context else None
        self.dereverb_bias = nn.Parameter(torch.zeros(self.n_bands, 1, 1, channels))
        self.norm = nn.LayerNorm(channels)
        self.merge = (BandMerge if config.mask == "complex" else BandGains)(edges, channels)

    def forward(
        self,
        features: Tensor,
        dereverb: Tensor,
        n_frames: int | None = None,
        states: Tensor | None = None,
        context: Tensor | None = None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Estimate the mask of frames.

        - ``features``: ``(n_frames * batch, bins, N_FEATURES * n_inputs)``.
        - ``dereverb``: ``(n_frames * batch, 1)``, or the same for all, 1 where reverberation is removed too, else 0.
        - ``n_frames``: of each sequence; None if there is one alone.
        - ``states``: ``(n_blocks, batch * bands, channels)``, of the recurrent layers; None before the first frame.
        - ``context``: ``(n_frames * batch, n_context)``.
        - returns ``mask``: real and imaginary part, ``(n_frames * batch, 2, bins)``.
        - returns ``channels``: what the mask is computed from, ``(n_frames * batch, bands * channels)``.
        - returns ``states``: after the frames; see :meth:`Estimator._mixed`.
        """
        bands = self.split(features) + self.dereverb_bias[:, 0, 0] * dereverb[..., None]
        if self.context_proj is not None:
            bands = bands + self.context_proj(context)[:, None]
        bands, states = self._mixed(bands, n_frames, states)
        bands = self.norm(bands)
        return self.merge(bands), bands.flatten(1), states

    @torch.no_grad()
    def scale_mask(self, factor: float) -> None:
        """Multiply all masks by a factor, unless they are gains, which are 1 at most."""
        if isinstance(self.merge, BandMerge):
            self.merge.weight.mul_(factor)
            self.merge.bias.mul_(factor)


def products_of_bands(rows: Tensor, weights: Tensor) -> Tensor:
    """Return ``rows (bands, rows, n)`` times the matrix of each band, ``(bands, n, m)``.

    ONNX Runtime rounds the product of a single row otherwise; an exported graph computes one row more, so that a frame
    is the same whatever comes with it.
    """
    if torch.onnx.is_in_onnx_export():
        return torch.bmm(F.pad(rows, (0, 0, 0, 1)), weights)[:, :-1]
    return torch.bmm(rows, weights)


class StridedEstimator(Estimator):
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
        super().__init__(config, config.n_bands, config.channels)
        self.n_bins = config.n_lower_bins
        self.mask_power = (1 / config.exponent - 1) / 2  # of the mask of compressed spectra, squared
        self.n_positions = -(-self.n_bins // STRIDE)
        self.conv_channels = wide = config.conv_channels
        # Position p sees the bins from 4 p - 2 to 4 p + 5.
        self.pad = (STRIDE // 2, STRIDE * (self.n_positions - 1) + KERNEL - STRIDE // 2 - self.n_bins)
        self.first = NormalisedConv(N_FEATURES * config.n_inputs, wide, KERNEL, STRIDE)
        self.encoder = nn.ModuleList(NormalisedConv(wide, wide, 3, padding=1) for _ in range(config.conv_blocks))
        self.to_bands = nn.Linear(self.n_positions, self.n_bands, bias=False)
        self.in_proj = nn.Linear(wide, self.channels)
        self.band_bias = nn.Parameter(0.1 * torch.randn(self.n_bands, 1, self.channels))  # which band it is
        self.dereverb_bias = nn.Parameter(torch.zeros(self.n_bands, 1, self.channels))
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

    def folded(self) -> Self:
        """Return a copy for export, without batch normalisation."""
        estimator = copy.deepcopy(self)
        for module in list(estimator.modules()):
            for name, child in list(module.named_children()):
                if isinstance(child, NormalisedConv):
                    setattr(module, name, child.folded())
        return estimator

    def _mixer(self, config: DenoiserConfig) -> nn.Module:
        return BandAttention(self.n_bands, self.channels, config.n_heads)

    def forward(
        self,
        features: Tensor,
        dereverb: Tensor,
        n_frames: int | None = None,
        states: Tensor | None = None,
        context: Tensor | None = None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Estimate the mask of frames, as :meth:`MaskEstimator.forward` does."""
        bands, skips = self._bands(features, dereverb)
        bands, states = self._mixed(bands, n_frames, states)
        bands = self.norm(bands)
        wide = of_matrices(self.out_proj, bands, (-1, self.n_bands, self.conv_channels))
        hidden = self._decoded(self.to_positions(wide.transpose(1, 2)), skips)
        mask = self._expanded(self._overlapped(self.last(hidden)).float())
        return mask, bands.flatten(1), states

    def _encoded(self, features: Tensor) -> list[Tensor]:
        """Return the outputs ``(rows, conv_channels, positions)`` of the encoder's layers of ``(rows, bins, ...)``."""
        hidden = F.relu(self.first(F.pad(features.transpose(1, 2), self.pad)))
        outputs = [hidden]
        for layer in self.encoder:
            hidden = hidden + F.relu(layer(hidden))
            outputs.append(hidden)
        return outputs

    def _bands(self, features: Tensor, dereverb: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Return the channels ``(rows, bands, channels)`` of features ``(rows, bins, features)``, and the encoder's."""
        skips = self._encoded(features)
        bands = of_matrices(self.in_proj, self.to_bands(skips[-1]).transpose(1, 2), (-1, self.n_bands, self.channels))
        return bands + (self.band_bias[:, 0] + self.dereverb_bias[:, 0] * dereverb[..., None]), skips

    def _decoded(self, hidden: Tensor, skips: list[Tensor]) -> Tensor:
        """Return what the mask is computed from, ``(rows, conv_channels, positions)``."""
        for layer, skip in zip(self.decoder, reversed(skips[1:]), strict=True):
            hidden = hidden + skip
            hidden = hidden + F.relu(layer(hidden))
        return hidden + skips[0]

    def _overlapped(self, parts: Tensor) -> Tensor:
        """Return the bins ``(rows, 2, bins)`` of what each position says of its own, ``(rows, 2 * KERNEL, positions)``.

        Position p adds its first half to block p of bins and its second half to block p + 1; blocks begin at bin -2.
        """
        parts = parts.reshape(-1, 2, KERNEL, self.n_positions).transpose(2, 3)
        first, second = torch.split(parts, STRIDE, dim=3)
        blocks = F.pad(first, (0, 0, 0, 1)) + F.pad(second, (0, 0, 1, 0))
        bins = blocks.reshape(-1, 2, STRIDE * (self.n_positions + 1))
        return bins[..., STRIDE // 2 : STRIDE // 2 + self.n_bins]

    @torch.no_grad()
    def scale_mask(self, factor: float) -> None:
        """Multiply all masks by a factor."""
        self.last.weight.mul_(factor ** (1 / (1 + 2 * self.mask_power)))
        cast(Tensor, self.last.bias).mul_(factor ** (1 / (1 + 2 * self.mask_power)))

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
        n_lower, n_frames = self.config.n_lower_bins, features.shape[1]
        frames, dereverb = features.transpose(0, 1).flatten(0, 1), dereverb.repeat(n_frames, 1)
        mask, channels, _ = self.estimator(frames[:, :n_lower], dereverb, n_frames)
        if self.upper_estimator is not None:
            upper = self.upper_estimator(frames[:, n_lower:], dereverb, n_frames, context=channels.detach())
            mask = torch.cat([mask, upper[0]], dim=-1)
        mask = torch.unflatten(mask.float(), 0, (n_frames, -1)).transpose(0, 1)
        enhanced: Tensor = spectra[:, 0] * torch.complex(mask[:, :, 0].contiguous(), mask[:, :, 1].contiguous())
        return enhanced


def normalised_features(parts: Tensor, magnitude: Tensor, compressed: Tensor, level: Tensor) -> Tensor:
    """Return real part, imaginary part and magnitude, each compressed and over its mean level, ``(..., 3)``.

    ``parts (..., 2)`` are real and imaginary part, ``compressed`` is the power of ``magnitude``.
    """
    factor = compressed / magnitude / level.clamp_min(MIN_LEVEL)
    return torch.cat([parts, magnitude[..., None]], dim=-1) * factor[..., None]


class DenoiserFrames(nn.Module):
    """The estimators as a graph, for the export: the mask of any number of frames, and the states after them.

    Features are ``(frames, bins, N_FEATURES * inputs)``, the mask ``(frames, 2, bins)``, the switch ``dereverb (1,
    1)``. ``states (n_blocks, bands, channels)`` and ``upper_states``, if there are bins above 8 kHz, are those of the
    recurrent layers. A batch would need shapes that are computed for every layer, a third of the nodes.
    """

    def __init__(self, denoiser: Denoiser) -> None:
        super().__init__()
        self.n_lower_bins = denoiser.config.n_lower_bins
        self.estimator = denoiser.estimator.folded()
        self.upper_estimator = denoiser.upper_estimator

    def forward(
        self, features: Tensor, dereverb: Tensor, states: Tensor, upper_states: Tensor | None = None
    ) -> tuple[Tensor, ...]:
        """Return the mask and the next states."""
        if self.upper_estimator is None:
            mask, _, states = self.estimator(features, dereverb, states=states)
            return mask, states
        mask, channels, states = self.estimator(features[:, : self.n_lower_bins], dereverb, states=states)
        upper, _, upper_states = self.upper_estimator(
            features[:, self.n_lower_bins :], dereverb, states=upper_states, context=channels
        )
        return torch.cat([mask, upper], dim=-1), states, upper_states
