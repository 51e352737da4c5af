"""The loss of the instrument: levels of another note of the same label, and the divergence of the latent."""

from __future__ import annotations

import torch
from torch import Tensor

from ...nn.network import Batch, SinglePlayerNetwork
from .config import FLOOR_DB, InstrumentConfig
from .modules import Instrument

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

    Parameters
    ----------
    predicted, target
        Levels ``(batch, n_times, n_levels)``.
    mask
        ``(batch, n_levels)``, 0 where a partial is above the bands.
    """
    peak = target.amax((1, 2), keepdim=True)
    weight = (torch.exp((target - peak) / 20) + QUIET_WEIGHT) * mask[:, None]
    error = (predicted.clamp(min=FLOOR_DB) - target).abs() + 0.01 * (predicted - target).abs()
    return (error * weight).sum((1, 2)) / weight.sum((1, 2))
