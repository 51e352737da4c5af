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
        """Return embeddings ``(batch, vector_size)`` of log-mel spectrograms ``(batch, n_mels, frames)``.

        They are :meth:`statistics`, and mean, standard deviation and mean change over time of each mel band, weighted
        by loudness too.
        """
        normalised = self.normalise(log_mel)
        weight = loudness_weights(normalised)
        change = (normalised[:, :, 1:] - normalised[:, :, :-1]).abs()
        mean_change = weighted_mean(change, (weight[:, 1:] + weight[:, :-1]) / 2)
        return torch.cat([self.statistics(normalised), mean_and_deviation(normalised, weight), mean_change], 1)

    def statistics(self, normalised: Tensor) -> Tensor:
        """Return mean and standard deviation over time of the activations, ``(batch, statistics_size)``.

        They are weighted by the loudness of the frames of normalised spectrograms ``(batch, n_mels, frames)``.
        """
        return mean_and_deviation(self.embed(normalised)[0], loudness_weights(normalised))


def weighted_mean(values: Tensor, weight: Tensor) -> Tensor:
    """Return the mean over time ``(batch, size)`` of ``(batch, size, frames)`` by weights ``(batch, frames)``."""
    return (values * weight.unsqueeze(1)).sum(2)


def mean_and_deviation(values: Tensor, weight: Tensor) -> Tensor:
    """Return mean and standard deviation, ``(batch, 2 * size)``; see :func:`weighted_mean`."""
    mean = weighted_mean(values, weight)
    variance = weighted_mean((values - mean.unsqueeze(2)).square(), weight)
    return torch.cat([mean, (variance + VARIANCE_FLOOR).sqrt()], 1)


def projection(config: EncoderConfig) -> nn.Sequential:
    """Return the layers from :meth:`EncoderModule.statistics` to what the contrastive loss compares."""
    return nn.Sequential(
        nn.Linear(config.statistics_size, HIDDEN_SIZE, bias=False),
        nn.BatchNorm1d(HIDDEN_SIZE),
        nn.ReLU(),
        nn.Linear(HIDDEN_SIZE, config.projection_size, bias=False),
    )
