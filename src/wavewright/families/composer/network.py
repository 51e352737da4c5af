"""The composer for the training loop: the likelihood of the cells that are not known."""

from __future__ import annotations

import torch
from torch import Tensor

from ...nn.network import Batch, SinglePlayerNetwork
from .config import ComposerConfig
from .constraints import lane_symbols
from .modules import Composer, event_nats
from .vocabulary import REST

LOSS = "cell/nll"


class ComposerNetwork(SinglePlayerNetwork[Composer]):
    """A network whose only player is the composer."""

    def __init__(self, config: ComposerConfig) -> None:
        super().__init__("composer", Composer(config), losses, {LOSS: 1.0})


def losses(composer: Composer, batch: Batch) -> dict[str, Tensor]:
    """Return the mean negative log-likelihood of the unknown cells of a batch, in nats."""
    return {LOSS: cell_nats(composer, batch).mean()}


def cell_nats(composer: Composer, batch: Batch) -> Tensor:
    """Return the negative log-likelihood ``(n,)`` of the unknown cells of a batch, in nats."""
    config = composer.config
    symbols, is_held, before, is_known = (batch[name] for name in ("symbols", "is_held", "before", "is_known"))
    is_target = ~is_known
    ranks = torch.arange(config.n_lanes, device=symbols.device) + config.n_lanes * is_target
    output = composer(batch["features"], symbols, is_held, before, ranks, is_target)
    can_hold = before != config.vocabulary.unknown
    if config.layout == "drums":
        can_hold = can_hold & (before == REST)
    allowed = torch.from_numpy(lane_symbols(config)).to(symbols.device).expand(*symbols.shape, -1)[is_target]
    is_second_rest = (before == REST) & can_hold
    allowed = allowed & ~(
        is_second_rest[is_target][:, None] & (torch.arange(allowed.shape[-1], device=symbols.device) == REST)
    )
    return event_nats(output, symbols[is_target], is_held[is_target], can_hold[is_target], allowed)
