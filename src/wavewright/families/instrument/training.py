"""The networks of the family ``instrument`` and their training: losses, evaluation and export."""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from ...nn.network import Batch, ExportSpec, FamilyTraining, GraphSpec, SinglePlayerNetwork
from .config import (
    DECODER_FILE,
    ENCODER_FILE,
    FLOOR_DB,
    N_CONDITIONS,
    TIMBRES,
    WEIGHT_PREFIX,
    InstrumentConfig,
    conditions,
)
from .recipe import InstrumentPrepared
from .voice import VoiceSettings, render_note

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
        """Return mean and log-variance ``(batch, latent_size)`` of levels ``(batch, n_times, n_levels)`` in dB."""
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


LEVELS, DIVERGENCE, LABELS = "levels/l1", "latent/kl", "latent/label"
WEIGHTS = {LEVELS: 1.0, DIVERGENCE: 0.02, LABELS: 0.5}
QUIET_WEIGHT = 0.05


class InstrumentNetwork(SinglePlayerNetwork[Instrument]):
    """A network whose only player is the instrument."""

    def __init__(self, config: InstrumentConfig) -> None:
        super().__init__("instrument", Instrument(config), losses, WEIGHTS)


def losses(instrument: Instrument, batch: Batch) -> dict[str, Tensor]:
    """Return the losses of a batch.

    The first half of the target notes is decoded from the latents of their labels, the second from a latent drawn for
    another note of the same label, so a latent says nothing about pitch and velocity.
    """
    mean, log_variance = instrument.encoder(batch["source"], batch["source_condition"])
    table = instrument.timbres(batch["label"])
    drawn = mean + torch.exp(log_variance / 2) * batch["noise"]
    half = len(mean) // 2
    latent = torch.cat([table[:half], drawn[half:]])
    condition = batch["target_condition"]
    predicted = instrument.decoder(latent[:, None].expand(-1, condition.shape[1], -1), condition)
    divergence = (mean**2 + log_variance.exp() - 1 - log_variance).mean() / 2
    return {
        LEVELS: level_error(predicted, batch["target"], batch["mask"]).mean() / 10,
        DIVERGENCE: divergence,
        LABELS: (mean - table).square().mean(),
    }


def level_error(predicted: Tensor, target: Tensor, mask: Tensor) -> Tensor:
    """Return the mean error in dB of each note ``(batch,)``, loud partials and bands counting most.

    Levels are ``(batch, n_times, n_levels)``; the mask ``(batch, n_levels)`` is 0 where a partial is above the bands.
    """
    peak = target.amax((1, 2), keepdim=True)
    weight = (torch.exp((target - peak) / 20) + QUIET_WEIGHT) * mask[:, None]
    error = (predicted.clamp(min=FLOOR_DB) - target).abs() + 0.01 * (predicted - target).abs()
    return (error * weight).sum((1, 2)) / weight.sum((1, 2))


SAMPLE_PITCHES, SAMPLE_VELOCITY, SAMPLE_SECONDS = (48, 60, 67, 72), 100, 0.8
EVALUATION_BATCH = 64


class InstrumentTraining(FamilyTraining[InstrumentConfig, Instrument, InstrumentPrepared]):
    """The part of the family that needs PyTorch."""

    network = InstrumentNetwork

    @torch.no_grad()
    def evaluate(self, module: Instrument, prepared: InstrumentPrepared) -> dict[str, float]:
        """Return the errors of the validation notes in dB, from their labels and from their own latents."""
        errors: dict[str, list[Tensor]] = {"valid/level_db": [], "valid/encoded_db": []}
        device = next(module.parameters()).device
        for start in range(0, len(prepared.valid), EVALUATION_BATCH):
            rows = range(start, min(start + EVALUATION_BATCH, len(prepared.valid)))
            notes = prepared.valid.select(rows)
            arrays = {**notes.sources(module.config), **notes.targets(module.config), "label": notes.label}
            batch = {name: torch.as_tensor(array, device=device) for name, array in arrays.items()}
            mean, _ = module.encoder(batch["source"], batch["source_condition"])
            for name, latent in zip(errors, (module.timbres(batch["label"]), mean), strict=True):
                condition = batch["target_condition"]
                predicted = module.decoder(latent[:, None].expand(-1, condition.shape[1], -1), condition)
                errors[name].append(level_error(predicted, batch["target"], batch["mask"]))
        return {name: float(torch.cat(parts).mean()) for name, parts in errors.items() if parts}

    def samples(self, module: Instrument, prepared: InstrumentPrepared) -> tuple[list[np.ndarray], list[str]]:
        """Return a few notes ``(1, time)`` of each of the first labels."""
        names = module.config.labels[:4] or ("",)
        waves = [self._phrase(module, label) for label in range(len(names))]
        return waves, list(names)

    @torch.no_grad()
    def _phrase(self, module: Instrument, label: int) -> np.ndarray:
        """Return a few notes of a label one after the other, ``(1, time)``."""
        config = module.config
        device = next(module.parameters()).device
        latent = module.timbres.weight[label]

        def levels(pitch: int, seconds: np.ndarray, _: np.ndarray) -> np.ndarray:
            condition = conditions(np.array(pitch), np.array(SAMPLE_VELOCITY), seconds, config)
            decoded = module.decoder(latent.expand(len(seconds), -1), torch.as_tensor(condition, device=device))
            return np.asarray(decoded.float().cpu().numpy())

        settings = VoiceSettings.of(config, config.sample_rate)
        waves = [render_note(partial(levels, pitch), settings, pitch, SAMPLE_SECONDS) for pitch in SAMPLE_PITCHES]
        joined = np.concatenate(waves)
        return (joined / max(1.0, float(np.abs(joined).max(initial=0))))[None].astype(np.float32)

    def export(self, module: Instrument, prepared: InstrumentPrepared) -> ExportSpec:
        """Return the graphs of the encoder and the decoder, the table of latents, and a few notes."""
        config = module.config
        generator = torch.Generator().manual_seed(0)
        latent = torch.randn(2, config.latent_size, generator=generator)
        condition = torch.rand(2, N_CONDITIONS, generator=generator)
        source = -80 * torch.rand(2, config.n_times, config.n_levels, generator=generator)
        return ExportSpec(
            graphs={
                DECODER_FILE: GraphSpec(module.decoder, {"latent": latent, "condition": condition}, ("levels",)),
                ENCODER_FILE: GraphSpec(EncoderMean(module), {"source": source, "condition": condition}, ("latent",)),
            },
            sample=self._phrase(module, 0),
            weights={f"{WEIGHT_PREFIX}{TIMBRES}": module.timbres.weight.numpy(force=True)},
        )


class EncoderMean(nn.Module):
    """The mean of the latent of a note."""

    def __init__(self, instrument: Instrument) -> None:
        super().__init__()
        self.encoder = instrument.encoder

    def forward(self, source: Tensor, condition: Tensor) -> Tensor:
        """Return the mean ``(batch, latent_size)``."""
        mean: Tensor
        mean, _ = self.encoder(source, condition)
        return mean
