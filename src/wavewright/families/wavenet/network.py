"""The WaveNet in training: one player, one turn a step."""

from __future__ import annotations

from torch import Tensor

from ...nn.network import Batch, SinglePlayerNetwork
from .config import WaveNetConfig
from .losses import sample_nats
from .modules import WaveNet


class WaveNetNetwork(SinglePlayerNetwork[WaveNet]):
    """The WaveNet and the loss that it minimises."""

    def __init__(self, config: WaveNetConfig) -> None:
        super().__init__("wavenet", WaveNet(config), sample_losses, {"likelihood/nats": 1.0})


def sample_losses(module: WaveNet, batch: Batch) -> dict[str, Tensor]:
    """Return the mean nats of a sample that is no padding; see :func:`.losses.sample_nats`."""
    mask = batch["mask"]
    return {"likelihood/nats": (sample_nats(module, batch) * mask).sum() / mask.sum().clamp(min=1)}
