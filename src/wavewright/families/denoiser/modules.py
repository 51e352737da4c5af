"""The mask estimator: bands of a spectrum through recurrent layers over time and mixers over bands.

Tensors are ``(bands, batch, frames, channels)``, since each band has matrices of its own at both ends.
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...nn.gru import GRU
from ...nn.spectrum import frame, irfft, rfft
from .config import DenoiserConfig

N_FEATURES = 3  # of a bin of each input: real part, imaginary part and magnitude, compressed
MIN_MAGNITUDE = 1e-7
MIN_LEVEL = 1e-2  # of the mean compressed magnitude


class BandSplit(nn.Module):
    """A linear layer for each band: ``(batch, frames, bins, features)`` to ``(bands, batch, frames, channels)``."""

    def __init__(self, config: DenoiserConfig) -> None:
        super().__init__()
        widths = [end - start for start, end in pairwise(config.band_edges)]
        self.width = max(widths)
        bins = torch.zeros(config.n_bands, self.width, dtype=torch.long)
        is_inside = torch.zeros(config.n_bands, self.width)
        for band, (start, width) in enumerate(zip(config.band_edges, widths, strict=False)):
            bins[band, :width] = torch.arange(start, start + width)
            is_inside[band, :width] = 1.0
        self.bins = nn.Buffer(bins.flatten(), persistent=False)
        self.is_inside = nn.Buffer(is_inside[..., None], persistent=False)
        self.n_features = N_FEATURES * config.n_inputs
        scale = 1 / math.sqrt(self.n_features * sum(widths) / len(widths))
        self.weight = nn.Parameter(scale * torch.randn(config.n_bands, self.width * self.n_features, config.channels))
        self.bias = nn.Parameter(torch.zeros(config.n_bands, 1, config.channels))

    def forward(self, features: Tensor) -> Tensor:
        """Return the channels of each band."""
        batch, n_frames = features.shape[:2]
        bands = features[:, :, self.bins].reshape(batch * n_frames, -1, self.width, self.n_features) * self.is_inside
        columns = bands.flatten(2).transpose(0, 1)
        return (torch.bmm(columns, self.weight) + self.bias).reshape(len(columns), batch, n_frames, -1)


class BandMerge(nn.Module):
    """A linear layer for each band: ``(bands, batch, frames, channels)`` to a mask ``(batch, frames, bins, 2)``."""

    def __init__(self, config: DenoiserConfig) -> None:
        super().__init__()
        edges = config.band_edges
        self.width = max(end - start for start, end in pairwise(edges))
        indices = [
            band * self.width + index - edges[band]
            for band in range(config.n_bands)
            for index in range(edges[band], edges[band + 1])
        ]
        self.indices = nn.Buffer(torch.tensor(indices), persistent=False)
        self.weight = nn.Parameter(0.02 * torch.randn(config.n_bands, config.channels, 2 * self.width))
        bias = torch.zeros(config.n_bands, 1, self.width, 2)
        bias[..., 0] = 1.0  # the first mask changes nothing
        self.bias = nn.Parameter(bias.flatten(2))

    def forward(self, bands: Tensor) -> Tensor:
        """Return real and imaginary part of the mask of each bin."""
        n_bands, batch, n_frames, _ = bands.shape
        mask = torch.bmm(bands.flatten(1, 2), self.weight) + self.bias
        mask = mask.reshape(n_bands, batch, n_frames, self.width, 2).permute(1, 2, 0, 3, 4).flatten(2, 3)
        indices: Tensor = mask[:, :, self.indices]
        return indices


class BandGains(nn.Module):
    """One real gain for each band, interpolated over its bins: a mask ``(batch, frames, bins, 2)`` without phase."""

    def __init__(self, config: DenoiserConfig) -> None:
        super().__init__()
        self.linear = nn.Linear(config.channels, 1)
        nn.init.constant_(self.linear.bias, 2.0)
        edges = torch.tensor(config.band_edges, dtype=torch.float32)
        centres = (edges[:-1] + edges[1:] - 1) / 2
        position = torch.bucketize(torch.arange(config.n_bins, dtype=torch.float32), centres).clamp(1, len(centres) - 1)
        lower, upper = centres[position - 1], centres[position]
        weight = ((torch.arange(config.n_bins) - lower) / (upper - lower)).clamp(0, 1)
        interpolation = torch.zeros(len(centres), config.n_bins)
        interpolation[position - 1, torch.arange(config.n_bins)] = 1 - weight
        interpolation[position, torch.arange(config.n_bins)] += weight
        self.interpolation = nn.Buffer(interpolation, persistent=False)

    def forward(self, bands: Tensor) -> Tensor:
        """Return the mask of each bin."""
        gains = torch.sigmoid(self.linear(bands))[..., 0].permute(1, 2, 0) @ self.interpolation
        return torch.stack([gains, torch.zeros_like(gains)], dim=-1)


class TimeLayer(nn.Module):
    """A recurrent layer over time with a residual connection; with the same weights for all bands."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels)
        self.gru = GRU(channels, channels)
        self.out_proj = nn.Linear(channels, channels)

    def forward(self, bands: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return the bands, and the state ``(1, bands * batch, channels)`` after the last frame."""
        sequences = self.norm(bands).flatten(0, 1)
        outputs, state = self.gru(sequences, state)
        return bands + self.out_proj(outputs).view(bands.shape), state


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
        """Return a tensor of the shape of ``bands``."""
        mixed = self.band_norm(bands).permute(1, 2, 3, 0)
        bands = bands + self.band_out_proj(F.gelu(self.band_in_proj(mixed))).permute(3, 0, 1, 2)
        outputs: Tensor = bands + self.channel_out_proj(F.gelu(self.channel_in_proj(self.channel_norm(bands))))
        return outputs


class MaskEstimator(nn.Module):
    """The network from noisy features to the mask of each bin."""

    def __init__(self, config: DenoiserConfig) -> None:
        super().__init__()
        self.split = BandSplit(config)
        self.dereverb_bias = nn.Parameter(torch.zeros(config.n_bands, 1, 1, config.channels))
        self.time_layers = nn.ModuleList(TimeLayer(config.channels) for _ in range(config.n_blocks))
        self.mixers = nn.ModuleList(
            BandMixer(config.n_bands, config.channels, config.expansion) for _ in range(config.n_blocks)
        )
        self.norm = nn.LayerNorm(config.channels)
        self.merge = BandMerge(config) if config.mask == "complex" else BandGains(config)

    def forward(self, features: Tensor, dereverb: Tensor, states: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Estimate the mask.

        Parameters
        ----------
        features : Tensor of shape ``(batch, frames, bins, N_FEATURES * n_inputs)``
        dereverb : Tensor of shape ``(batch, 1)``
            1 where reverberation is removed too, else 0.
        states : Tensor of shape ``(batch, n_blocks, bands, channels)``, optional
            Of the recurrent layers before the first frame; zeros by default.

        Returns
        -------
        mask : Tensor
            Real and imaginary part, ``(batch, frames, bins, 2)``.
        states : Tensor
            After the last frame.
        """
        bands = self.split(features) + self.dereverb_bias * dereverb[None, :, :, None]
        n_bands, batch, _, channels = bands.shape
        next_states = []
        for index, (time_layer, mixer) in enumerate(zip(self.time_layers, self.mixers, strict=True)):
            state = None
            if states is not None:
                state = states[:, index].transpose(0, 1).reshape(1, n_bands * batch, channels)
            bands, state = time_layer(bands, state)
            next_states.append(state.view(n_bands, batch, channels).transpose(0, 1))
            bands = mixer(bands)
        return self.merge(self.norm(bands)), torch.stack(next_states, dim=1)


class Denoiser(nn.Module):
    """The mask estimator between the Fourier transforms."""

    def __init__(self, config: DenoiserConfig) -> None:
        super().__init__()
        self.config = config
        self.estimator = MaskEstimator(config)
        window = torch.hann_window(config.n_fft, periodic=True).sqrt()
        self.window = nn.Buffer(window, persistent=False)

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
        level = (weights / weights.sum(1, keepdim=True)) @ compressed.mean(-1, keepdim=True)
        level = level[:, list(self.config.level_inputs)]
        features = normalised_features(spectra.real, spectra.imag, magnitude, compressed, level)
        return features.permute(0, 2, 3, 1, 4).flatten(3)

    def forward(self, waves: Tensor, dereverb: Tensor) -> Tensor:
        """Return the enhanced spectra ``(batch, frames, bins)`` of ``waves (batch, inputs, time)``.

        ``dereverb (batch, 1)`` is 1 where reverberation is removed too.
        """
        with torch.autocast(waves.device.type, enabled=False):
            spectra = torch.unflatten(self.analyse(waves.flatten(0, 1)), 0, waves.shape[:2])
            features = self.features(spectra)
        mask = self.estimator(features, dereverb)[0].float()
        enhanced: Tensor = spectra[:, 0] * torch.complex(mask[..., 0].contiguous(), mask[..., 1].contiguous())
        return enhanced


def normalised_features(
    real: Tensor, imaginary: Tensor, magnitude: Tensor, compressed: Tensor, level: Tensor
) -> Tensor:
    """Return real part, imaginary part and magnitude, each compressed and over its mean level, ``(..., 3)``."""
    factor = compressed / magnitude / level.clamp_min(MIN_LEVEL)
    return torch.stack([real * factor, imaginary * factor, magnitude * factor], dim=-1)


class DenoiserFrame(nn.Module):
    """One frame as a graph of real tensors, for the export.

    Input spectra are ``(batch, inputs, bins, 2)``, the output ``(batch, bins, 2)``, the switch ``dereverb (batch, 1)``.
    ``level (batch, inputs, 2)`` holds the decaying sum of compressed magnitudes and that of its weights, ``states
    (batch, n_blocks, bands, channels)`` those of the recurrent layers.
    """

    def __init__(self, denoiser: Denoiser) -> None:
        super().__init__()
        self.config = denoiser.config
        self.estimator = denoiser.estimator

    def forward(
        self, spectra: Tensor, dereverb: Tensor, level: Tensor, states: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return the enhanced spectrum and the next level and states."""
        real, imaginary = spectra[..., 0], spectra[..., 1]
        magnitude = (real.square() + imaginary.square()).sqrt().clamp_min(MIN_MAGNITUDE)
        compressed = magnitude**self.config.exponent
        now = torch.stack([compressed.mean(-1), torch.ones_like(compressed[..., 0])], dim=-1)
        level = self.config.level_decay * level + now
        mean_level = (level[..., :1] / level[..., 1:])[:, list(self.config.level_inputs)]
        features = normalised_features(real, imaginary, magnitude, compressed, mean_level)
        features = features.permute(0, 2, 1, 3).flatten(2)
        mask, states = self.estimator(features[:, None], dereverb, states)
        mask_real, mask_imaginary = mask[:, 0, :, 0], mask[:, 0, :, 1]
        real, imaginary = real[:, 0], imaginary[:, 0]
        enhanced = torch.stack(
            [real * mask_real - imaginary * mask_imaginary, real * mask_imaginary + imaginary * mask_real], dim=-1
        )
        return enhanced, level, states
