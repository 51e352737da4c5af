"""The prior in training: one player, one turn a step, the negative log-likelihood of codes."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from ...nn.network import Batch, SinglePlayerNetwork
from .config import PriorConfig
from .modules import CodePredictor


class PriorNetwork(SinglePlayerNetwork[CodePredictor]):
    """The predictor of codes and the loss that it minimises."""

    def __init__(self, config: PriorConfig) -> None:
        super().__init__("predictor", CodePredictor(config), code_losses, {"codes/nats": 1.0})


def code_losses(predictor: CodePredictor, batch: Batch) -> dict[str, Tensor]:
    """Return the mean over the codebooks of the mean nats of a code; see :func:`code_nats`."""
    nats, is_counted = code_nats(predictor, batch)
    return {"codes/nats": (nats.sum(1) / is_counted.sum(1).clamp(min=1)).mean()}


def code_nats(predictor: CodePredictor, batch: Batch) -> tuple[Tensor, Tensor]:
    """Return the negative log-likelihood of every code, given all codes before it.

    In a silent frame, the coarsest code has the silence symbol and the others are not counted.

    Parameters
    ----------
    predictor : CodePredictor
        The network.
    batch : Batch
        As :class:`.batches.CodeBatches` makes it.

    Returns
    -------
    nats : Tensor
        ``(n_codebooks, n)`` for the ``n`` frames that are no padding; 0 where not counted.
    is_counted : Tensor
        The same shape, 1 or 0.
    """
    config, mask = predictor.config, batch["mask"].bool()
    logits = predictor(batch["symbols"], mask, batch.get("position"), batch["label"], batch["speaker"])
    targets = batch["symbols"][:, 1:][mask].t()  # (n_codebooks, n)
    is_counted = torch.ones(targets.shape, device=targets.device)
    is_counted[1:] = (targets[0] != config.silence_symbol).float()
    with torch.autocast(logits.device.type, enabled=False):
        logits = logits.float()
        nats = [F.cross_entropy(logits[0], targets[0], reduction="none")]
        for codebook in range(1, config.n_codebooks):  # which have no silence symbol
            target = targets[codebook].clamp(max=config.codebook_size - 1)
            nats.append(F.cross_entropy(logits[codebook, :, :-1], target, reduction="none"))
        return torch.stack(nats) * is_counted, is_counted
