"""The encoder in training: views of the same sound are closer to each other than to all others of the batch."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...nn.network import Batch, Network, Turn
from ..classifier.config import N_BAND_STATISTICS
from .config import EncoderConfig
from .modules import EncoderModule, projection

SMALLEST_DEVIATION = 1e-3  # of a statistic in a batch


class EncoderNetwork(Network):
    """Spectrogram to embedding, its projection, and the loss that it minimises.

    A batch holds ``first`` and ``second``, log-mel spectrograms ``(batch, n_mels, n_frames)`` of the same clips, and
    ``statistics`` of the clean clips of the first and then of the second views.
    """

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.config = config
        self.bc_resnet = EncoderModule(config)
        self.projection = projection(config)
        self.prediction = nn.Linear(config.statistics_size, N_BAND_STATISTICS * config.n_mels)

    def players(self) -> dict[str, nn.Module]:
        """Return the only module with an optimizer."""
        return {"encoder": self}

    def inference_module(self) -> EncoderModule:
        """Return the network without the heads: its weights are averaged over the steps, evaluated and exported."""
        return self.bc_resnet

    def loss_weights(self, step: int) -> dict[str, float]:
        """Return the weights of the losses."""
        return {"view/contrastive": 1.0, "clean/statistics": self.config.statistics_weight}

    def turns(self, step: int) -> list[Turn]:
        """Return the only turn of a step."""
        return [("encoder", self._losses)]

    def _losses(self, batch: Batch) -> dict[str, Tensor]:
        """Return the contrastive loss, and the squared error of the predicted statistics in batch variances."""
        views = torch.cat([batch["first"], batch["second"]])
        statistics = self.bc_resnet.statistics(self.bc_resnet.normalise(views))
        predicted = self.prediction(statistics).float()
        target = batch["statistics"]
        target = (target - target.mean(0)) / (target.std(0) + SMALLEST_DEVIATION)
        return {
            "view/contrastive": contrastive_loss(self.projection(statistics).float(), self.config.temperature),
            "clean/statistics": F.mse_loss(predicted, target),
        }


def contrastive_loss(projected: Tensor, temperature: float) -> Tensor:
    """Return the normalised temperature-scaled cross-entropy, in nats.

    Parameters
    ----------
    projected : Tensor
        ``(2 * batch, size)``: one view of each clip, and then the other.
    temperature : float
        Of the cosine similarities.

    References
    ----------
    T. Chen et al., "A Simple Framework for Contrastive Learning of Visual Representations", 2020, equation 1.
    """
    similarity = similarities(projected) / temperature
    n_clips = len(projected) // 2
    other = torch.arange(2 * n_clips, device=projected.device).roll(n_clips)
    return F.cross_entropy(similarity, other)


def similarities(projected: Tensor) -> Tensor:
    """Return the cosine similarities of all pairs of rows, minus infinity of a row with itself."""
    unit = F.normalize(projected, dim=1)
    itself = torch.eye(len(unit), dtype=torch.bool, device=unit.device)
    return (unit @ unit.T).masked_fill(itself, -torch.inf)
