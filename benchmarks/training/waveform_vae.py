"""The peer of the VAE: an autoencoder of strided convolutions on the waveform, as in RAVE and SEANet.

Tagliasacchi et al., "SEANet", 2020; Caillon and Esling, "RAVE", 2021: residual units of dilated convolutions between
layers that downsample by four, and their mirror image as the decoder. Latents, losses, critics and training are those
of the family ``vae``.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from wavewright.families.vae.config import VaeConfig
from wavewright.families.vae.modules import LOG_VARIANCE_RANGE, SpectralAutoencoder
from wavewright.families.vae.training import Vae
from wavewright.nn.spectral_frames import SpectralFrames

STRIDES = (4, 4, 4, 4)
FIRST_CHANNELS = 32  # of the layer beside the waveform
MAX_CHANNELS = 352
DILATIONS = (1, 3)
BOTTLENECK_CHANNELS = 24  # of each frame before they are projected to the latent vector


class ResidualUnit(nn.Module):
    """Two convolutions, the first dilated, with a skip connection: ``(batch, channels, time)`` to the same."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.dilated = nn.Conv1d(channels, channels // 2, 3, dilation=dilation, padding=dilation)
        self.pointwise = nn.Conv1d(channels // 2, channels, 1)

    def forward(self, hidden: Tensor) -> Tensor:
        """Return the output of the unit."""
        return hidden + self.pointwise(F.elu(self.dilated(F.elu(hidden))))


def residual_units(channels: int) -> list[nn.Module]:
    """Return the residual units of a layer."""
    return [ResidualUnit(channels, dilation) for dilation in DILATIONS]


class WaveformAutoencoder(nn.Module):
    """Autoencoder with the methods of the family's :class:`.SpectralAutoencoder`, but without noise."""

    def __init__(self, config: VaeConfig) -> None:
        super().__init__()
        self.config = config
        self.spectral_frames = SpectralFrames(config.frame_settings)  # for the losses alone
        widths = [min(FIRST_CHANNELS << index, MAX_CHANNELS) for index in range(len(STRIDES) + 1)]
        self.n_frames = config.n_samples // 4 ** len(STRIDES)
        down: list[nn.Module] = [nn.Conv1d(1, FIRST_CHANNELS, 7, padding=3)]
        up: list[nn.Module] = []
        for before, after, stride in zip(widths[:-1], widths[1:], STRIDES, strict=True):
            down += [
                *residual_units(before),
                nn.ELU(),
                nn.Conv1d(before, after, 2 * stride, stride, padding=stride // 2),
            ]
            up = [
                nn.ELU(),
                nn.ConvTranspose1d(after, before, 2 * stride, stride, padding=stride // 2),
                *residual_units(before),
                *up,
            ]
        self.encoder = nn.Sequential(*down, nn.ELU(), nn.Conv1d(widths[-1], BOTTLENECK_CHANNELS, 3, padding=1))
        self.to_latent = nn.Linear(BOTTLENECK_CHANNELS * self.n_frames, 2 * config.latent_size)
        decoder_size = config.latent_size + (config.condition_size if config.n_condition_inputs else 0)
        self.condition = (
            nn.Linear(config.n_condition_inputs, config.condition_size) if config.n_condition_inputs else None
        )
        self.from_latent = nn.Linear(decoder_size, BOTTLENECK_CHANNELS * self.n_frames)
        self.in_proj = nn.Conv1d(BOTTLENECK_CHANNELS, widths[-1], 3, padding=1)
        self.global_bias = nn.Linear(decoder_size, widths[-1])
        self.position_bias = nn.Parameter(0.1 * torch.randn(widths[-1], self.n_frames))
        self.decoder = nn.Sequential(
            *residual_units(widths[-1]), *up, nn.ELU(), nn.Conv1d(FIRST_CHANNELS, 1, 7, padding=3)
        )

    def encode(self, wave: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return mean and log variance ``(batch, 1, latent_size)`` of ``wave (batch, n_samples)``, and its spectrum."""
        with torch.no_grad():
            spectrum = self.spectral_frames.spectrum(wave, self.config.n_frames)
        mean, log_variance = self.to_latent(self.encoder(wave.unsqueeze(1)).flatten(1)).unsqueeze(1).chunk(2, -1)
        return mean.float(), log_variance.float().clamp(*LOG_VARIANCE_RANGE), spectrum

    def decode(
        self, latents: Tensor, condition: Tensor | None, n_samples: int, n_draws: int = 1
    ) -> tuple[list[Tensor], Tensor]:
        """Return one wave ``(batch, n_samples)`` of ``latents (batch, 1, latent_size)``, and its spectral features."""
        decoder_input = latents[:, 0]
        if self.condition is not None and condition is not None:
            decoder_input = torch.cat([decoder_input, self.condition(condition)], -1)
        hidden = (
            self.in_proj(self.from_latent(decoder_input).unflatten(1, (BOTTLENECK_CHANNELS, -1)))
            + self.global_bias(decoder_input).unsqueeze(-1)
            + self.position_bias
        )
        wave = torch.tanh(self.decoder(hidden).squeeze(1).float())[:, :n_samples]
        features = self.spectral_frames.features(self.spectral_frames.spectrum(wave, self.config.n_frames))
        n_bins = self.config.frame_settings.n_bins
        return [wave], torch.cat([torch.zeros_like(features[..., :n_bins]), features[..., n_bins:]], -1)

    def synthesise(self, latents: Tensor, condition: Tensor | None, first_seed: int) -> list[np.ndarray]:
        """Return the waves as inference makes them; the seed has no effect."""
        return list(self.decode(latents, condition, self.config.n_samples)[0][0].cpu().numpy())


class WaveformVae(Vae):
    """The losses and critics of the family on the waveform autoencoder."""

    autoencoder: SpectralAutoencoder | WaveformAutoencoder  # type: ignore[assignment]

    def __init__(self, config: VaeConfig) -> None:
        super().__init__(config)
        self.autoencoder = WaveformAutoencoder(config)
