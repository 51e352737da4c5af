"""The networks: a note to its latent, and a latent with pitch, velocity and time to levels."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .config import FLOOR_DB, N_CONDITIONS, InstrumentConfig

FRAME_FEATURES = 24


class ResidualLayer(nn.Module):
    """A layer whose output is added to its input."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(size)
        self.in_proj, self.out_proj = nn.Linear(size, size), nn.Linear(size, size)

    def forward(self, x: Tensor) -> Tensor:
        """Return ``x + f(x)``."""
        update: Tensor = self.out_proj(nn.functional.silu(self.in_proj(self.norm(x))))
        return x + update


class NoteEncoder(nn.Module):
    """The levels of a note to the mean and the log-variance of its latent."""

    def __init__(self, config: InstrumentConfig) -> None:
        super().__init__()
        self.frames = nn.Linear(config.n_levels, FRAME_FEATURES)
        self.in_proj = nn.Linear(FRAME_FEATURES * config.n_times + N_CONDITIONS, config.hidden_size)
        self.layer = ResidualLayer(config.hidden_size)
        self.out_proj = nn.Linear(config.hidden_size, 2 * config.latent_size)

    def forward(self, levels: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log-variance ``(batch, latent_size)``.

        - ``levels``: ``(batch, n_times, n_levels)`` in dB of the note's peak.
        - ``condition``: ``(batch, N_CONDITIONS)`` of its pitch and velocity.
        """
        frames = nn.functional.silu(self.frames(1 + levels / -FLOOR_DB)).flatten(1)
        hidden = self.layer(self.in_proj(torch.cat([frames, condition], 1)))
        mean, log_variance = self.out_proj(hidden).chunk(2, 1)
        return mean, log_variance.clamp(-10, 4)


class LevelDecoder(nn.Module):
    """A latent, pitch, velocity and time to the levels of partials and noise."""

    def __init__(self, config: InstrumentConfig) -> None:
        super().__init__()
        size = config.hidden_size
        self.in_proj = nn.Linear(config.latent_size + N_CONDITIONS, size)
        self.layers = nn.Sequential(*(ResidualLayer(size) for _ in range(config.n_layers)))
        self.out_proj = nn.Linear(size, config.n_levels)

    def forward(self, latent: Tensor, condition: Tensor) -> Tensor:
        """Return levels ``(..., n_levels)`` in dB, of ``(..., latent_size)`` and ``(..., N_CONDITIONS)``."""
        hidden = self.layers(self.in_proj(torch.cat([latent, condition], -1)))
        levels: Tensor = -FLOOR_DB * (self.out_proj(hidden) - 0.7)
        return levels


class Instrument(nn.Module):
    """Encoder, decoder, and a latent for each label."""

    def __init__(self, config: InstrumentConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = NoteEncoder(config)
        self.decoder = LevelDecoder(config)
        self.timbres = nn.Embedding(max(1, len(config.labels)), config.latent_size)
        nn.init.normal_(self.timbres.weight, std=0.3)
