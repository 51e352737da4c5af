"""The network of a classifier up to its embedding, and the heads that only training needs."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..classifier.modules import BCResNetEncoder, loudness_weights
from .config import EncoderConfig

HIDDEN_SIZE = 256  # of the projection
VARIANCE_FLOOR = 1e-5


class EncoderModule(BCResNetEncoder):
    """Log-mel spectrogram to embedding: the network that is exported."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__(config)
        self.config = config

    def forward(self, log_mel: Tensor) -> Tensor:
        """Return embeddings ``(batch, statistics_size)`` of log-mel spectrograms ``(batch, n_mels, frames)``.

        They are the means and the standard deviations of the activations over time, weighted by loudness.
        """
        normalised = self.normalise(log_mel)
        hidden, mean = self.embed(normalised)
        weight = loudness_weights(normalised).unsqueeze(1)
        variance = ((hidden - mean.unsqueeze(2)).square() * weight).sum(2)
        return torch.cat([mean, (variance + VARIANCE_FLOOR).sqrt()], 1)


def projection(config: EncoderConfig) -> nn.Sequential:
    """Return the layers from embeddings to what the contrastive loss compares."""
    return nn.Sequential(
        nn.Linear(config.statistics_size, HIDDEN_SIZE, bias=False),
        nn.BatchNorm1d(HIDDEN_SIZE),
        nn.ReLU(),
        nn.Linear(HIDDEN_SIZE, config.projection_size, bias=False),
    )
