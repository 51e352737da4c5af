"""The WaveNet in training: one player, one turn a step."""

from __future__ import annotations

from torch import Tensor, nn

from ...nn.network import Batch, Network, Turn
from .config import WaveNetConfig
from .losses import sample_nats
from .modules import WaveNet


class WaveNetNetwork(Network):
    """The WaveNet and the loss that it minimises."""

    def __init__(self, config: WaveNetConfig) -> None:
        super().__init__()
        self.wavenet = WaveNet(config)

    def players(self) -> dict[str, nn.Module]:
        """Return the WaveNet, the only player."""
        return {"wavenet": self.wavenet}

    def inference_module(self) -> nn.Module:
        """Return the WaveNet."""
        return self.wavenet

    def loss_weights(self, step: int) -> dict[str, float]:
        """Return the weight of the loss, the same at every step."""
        return {"likelihood/nats": 1.0}

    def turns(self, step: int) -> list[Turn]:
        """Return the one turn of a step."""
        return [("wavenet", self._losses)]

    def _losses(self, batch: Batch) -> dict[str, Tensor]:
        """Return the mean nats of a sample that is no padding."""
        mask = batch["mask"]
        return {"likelihood/nats": (sample_nats(self.wavenet, batch) * mask).sum() / mask.sum().clamp(min=1)}
