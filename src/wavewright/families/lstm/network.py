"""The recurrent network in training: one player, one turn a step."""

from __future__ import annotations

import torch
from torch import Tensor

from ...nn.network import Batch, SinglePlayerNetwork
from .config import LstmConfig
from .losses import frame_losses
from .modules import MixtureDensityRNN

VOICE_NOISE_FRACTION = 0.15  # of the input noise, for pitch and periodicity, which the next frame follows closely


class LstmNetwork(SinglePlayerNetwork[MixtureDensityRNN]):
    """The recurrent network and the losses that it minimises."""

    def __init__(self, config: LstmConfig) -> None:
        weights = {"frame/nll": 1.0} if config.output == "mixture" else {"frame/mse": 1.0}
        if config.duration == "learned":
            weights["end/cross_entropy"] = 1.0
        super().__init__("recurrent", MixtureDensityRNN(config), noisy_frame_losses, weights)


def noisy_frame_losses(module: MixtureDensityRNN, batch: Batch) -> dict[str, Tensor]:
    """Return the losses of a batch with noise on the input frames; see :func:`.losses.frame_losses`."""
    config = module.config
    noise = config.input_noise * torch.randn_like(batch["frames"])
    noise[..., config.n_mels :] *= VOICE_NOISE_FRACTION
    noise[:, 0] = 0.0  # the frame before a clip is zeros in training and at inference
    return frame_losses(module, batch, noise)
