"""The recurrent network in training: one player, one turn a step."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ...nn.network import Batch, Network, Turn
from .config import LstmConfig
from .losses import frame_losses
from .modules import MixtureDensityRNN

VOICE_NOISE_FRACTION = 0.15  # of the input noise, for pitch and periodicity, which the next frame follows closely


class LstmNetwork(Network):
    """The recurrent network and the losses that it minimises."""

    def __init__(self, config: LstmConfig) -> None:
        super().__init__()
        self.config = config
        self.recurrent = MixtureDensityRNN(config)

    def players(self) -> dict[str, nn.Module]:
        """Return the recurrent network, the only player."""
        return {"recurrent": self.recurrent}

    def inference_module(self) -> nn.Module:
        """Return the recurrent network."""
        return self.recurrent

    def loss_weights(self, step: int) -> dict[str, float]:
        """Return the weight of each loss, the same at every step."""
        weights = {"frame/nll": 1.0} if self.config.output == "mixture" else {"frame/mse": 1.0}
        return weights | ({"end/cross_entropy": 1.0} if self.config.duration == "learned" else {})

    def turns(self, step: int) -> list[Turn]:
        """Return the one turn of a step."""
        return [("recurrent", self._losses)]

    def _losses(self, batch: Batch) -> dict[str, Tensor]:
        """Return the losses with noise on the input frames."""
        noise = self.config.input_noise * torch.randn_like(batch["frames"])
        noise[..., self.config.n_mels :] *= VOICE_NOISE_FRACTION
        noise[:, 0] = 0.0  # the frame before a clip is zeros in training and at inference
        return frame_losses(self.recurrent, batch, noise)
