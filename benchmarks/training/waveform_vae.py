"""The peer that the VAE is compared with: encoder and decoder of strided convolutions over the waveform, as in RAVE and SEANet.

Tagliasacchi et al., "SEANet", 2020; Caillon and Esling, "RAVE", 2021: residual units of dilated convolutions between layers that go down
by four, and the mirror image back. Latents, losses, critics and training are those of the family ``vae``.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from wavewright.families.vae.config import VaeConfig
from wavewright.families.vae.network import LOG_VARIANCES, Autoencoder, Vae
from wavewright.nn.spectral_frames import SpectralFrames

STRIDES = (4, 4, 4, 4)
WIDTH = 32  # channels beside the waveform
WIDEST = 352
DILATIONS = (1, 3)
NARROW = 24  # numbers of a frame where the clip is folded into its latent


class ResidualUnit(nn.Module):
    """Two convolutions, the first dilated, around a skip: ``(batch, channels, time)`` to as many."""

    def __init__(self, channels: int, dilation: int):
        super().__init__()
        self.wide = nn.Conv1d(channels, channels // 2, 3, dilation=dilation, padding=dilation)
        self.back = nn.Conv1d(channels // 2, channels, 1)

    def forward(self, hidden: Tensor) -> Tensor:
        return hidden + self.back(F.elu(self.wide(F.elu(hidden))))


def units(channels: int) -> list[nn.Module]:
    """The residual units of a layer."""
    return [ResidualUnit(channels, dilation) for dilation in DILATIONS]


class WaveformAutoencoder(nn.Module):
    """The same calls as :class:`wavewright.families.vae.network.Autoencoder`; it has no noise, so that its draws are all alike."""

    def __init__(self, config: VaeConfig):
        super().__init__()
        self.config = config
        self.frames = SpectralFrames(config.frames)  # for the losses alone
        widths = [min(WIDTH << index, WIDEST) for index in range(len(STRIDES) + 1)]
        self.n_frames = config.n_samples // 4 ** len(STRIDES)
        down: list[nn.Module] = [nn.Conv1d(1, WIDTH, 7, padding=3)]
        up: list[nn.Module] = []
        for before, after, stride in zip(widths[:-1], widths[1:], STRIDES, strict=True):
            down += [*units(before), nn.ELU(), nn.Conv1d(before, after, 2 * stride, stride, padding=stride // 2)]
            up = [
                nn.ELU(),
                nn.ConvTranspose1d(after, before, 2 * stride, stride, padding=stride // 2),
                *units(before),
                *up,
            ]
        self.down = nn.Sequential(*down, nn.ELU(), nn.Conv1d(widths[-1], NARROW, 3, padding=1))
        self.to_latent = nn.Linear(NARROW * self.n_frames, 2 * config.latent_size)
        n_given = config.latent_size + (config.condition_size if config.n_condition else 0)
        self.condition = nn.Linear(config.n_condition, config.condition_size) if config.n_condition else None
        self.unfold = nn.Linear(n_given, NARROW * self.n_frames)
        self.give = nn.Conv1d(NARROW, widths[-1], 3, padding=1)
        self.to_all = nn.Linear(n_given, widths[-1])
        self.place = nn.Parameter(0.1 * torch.randn(widths[-1], self.n_frames))
        self.up = nn.Sequential(*units(widths[-1]), *up, nn.ELU(), nn.Conv1d(WIDTH, 1, 7, padding=3))

    def encode(self, wave: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """``wave (batch, n_samples)`` to mean and log variance ``(batch, 1, latent_size)``, and its spectrum."""
        with torch.no_grad():
            spectrum = self.frames.spectrum(wave, self.config.n_frames)
        mean, log_variance = self.to_latent(self.down(wave.unsqueeze(1)).flatten(1)).unsqueeze(1).chunk(2, -1)
        return mean.float(), log_variance.float().clamp(*LOG_VARIANCES), spectrum

    def decode(
        self, latents: Tensor, condition: Tensor | None, n_samples: int, n_draws: int = 1
    ) -> tuple[list[Tensor], Tensor]:
        """One wave ``(batch, n_samples)`` of ``latents (batch, 1, latent_size)``, and what the family's decoder would call its head."""
        given = latents[:, 0]
        if self.condition is not None and condition is not None:
            given = torch.cat([given, self.condition(condition)], -1)
        hidden = (
            self.give(self.unfold(given).unflatten(1, (NARROW, -1))) + self.to_all(given).unsqueeze(-1) + self.place
        )
        wave = torch.tanh(self.up(hidden).squeeze(1).float())[:, :n_samples]
        features = self.frames.features(self.frames.spectrum(wave, self.config.n_frames))
        n_bins = self.config.frames.n_bins
        return [wave], torch.cat([torch.zeros_like(features[..., :n_bins]), features[..., n_bins:]], -1)

    def played(self, latents: Tensor, condition: Tensor | None, first_seed: int) -> list[np.ndarray]:
        """What is heard: the one wave, whatever the seed."""
        return list(self.decode(latents, condition, self.config.n_samples)[0][0].cpu().numpy())


class WaveformVae(Vae):
    """The family's losses and critics on the autoencoder of this file."""

    autoencoder: Autoencoder | WaveformAutoencoder  # type: ignore[assignment]

    def __init__(self, config: VaeConfig):
        super().__init__(config)
        self.autoencoder = WaveformAutoencoder(config)
