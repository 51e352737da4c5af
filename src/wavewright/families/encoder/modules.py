"""The network of a classifier up to its embedding, and the heads that only training needs."""

from __future__ import annotations

from torch import Tensor, nn

from ..classifier.modules import BCResNetEncoder
from .config import EncoderConfig

HIDDEN_SIZE = 256  # of the projection


class EncoderModule(BCResNetEncoder):
    """Log-mel spectrogram to embedding: the network that is exported."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__(config)
        self.config = config

    def forward(self, log_mel: Tensor) -> Tensor:
        """Return embeddings ``(batch, vector_size)`` of log-mel spectrograms ``(batch, n_mels, frames)``."""
        normalised = self.normalise(log_mel)
        return self.pool(self.embed(normalised)[0], normalised)


def projection(config: EncoderConfig) -> nn.Sequential:
    """Return the layers from :meth:`EncoderModule.statistics` to what the contrastive loss compares."""
    return nn.Sequential(
        nn.Linear(config.statistics_size, HIDDEN_SIZE, bias=False),
        nn.BatchNorm1d(HIDDEN_SIZE),
        nn.ReLU(),
        nn.Linear(HIDDEN_SIZE, config.projection_size, bias=False),
    )
