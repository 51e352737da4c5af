"""BC-ResNet: sub-spectral normalisation, broadcasted residual blocks, and the network that they form."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .config import POWER_FLOOR, TAIL_BANDS, BCResNetConfig, ClassifierConfig

# Of BC-ResNet-1: channels, blocks, stride over frequency and dilation over time of each stage (Kim et al., 2021, table
# 1). With the stride of 2 of the first convolution the strides make FREQUENCY_STRIDE.
STAGES = ((8, 2, 1, 1), (12, 2, 2, 2), (16, 4, 2, 4), (20, 4, 1, 8))
HEAD_CHANNELS = 16  # of the first convolution of BC-ResNet-1
SMALLEST_PROBABILITY = 1e-6  # of a label in a clip
VARIANCE_FLOOR = 1e-5
SILENT_WEIGHT = 1e-4  # of a silent frame in the mean over time; the loudest has 1


class SubSpectralNorm(nn.Module):
    """Batch normalisation of each of several equal bands of the frequency axis.

    - ``sub_bands``: number of bands with statistics and parameters of their own.

    References
    ----------
    S. Chang et al., "SubSpectral Normalization for Neural Audio Data Processing", 2021.
    """

    def __init__(self, channels: int, sub_bands: int) -> None:
        super().__init__()
        self.sub_bands = sub_bands
        self.norm = nn.BatchNorm2d(channels * sub_bands)

    def forward(self, hidden: Tensor) -> Tensor:
        """Return a tensor of the shape of ``hidden (batch, channels, bands, frames)``."""
        _, channels, n_bands, n_frames = hidden.shape
        split = hidden.reshape(-1, channels * self.sub_bands, n_bands // self.sub_bands, n_frames)
        normalised: Tensor = self.norm(split)
        return normalised.reshape(-1, channels, n_bands, n_frames)


class BCResBlock(nn.Module):
    """Broadcasted residual block: ``y = relu(x + f2(x) + broadcast(f1(mean of f2(x) over frequency)))``.

    ``f2`` is a depthwise convolution over frequency, ``f1`` one over time. Where the shape changes, ``x`` is left out.

    References
    ----------
    B. Kim et al., "Broadcasted Residual Learning for Efficient Keyword Spotting", 2021, equations 2 and 3.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int, dilation: int, config: BCResNetConfig) -> None:
        super().__init__()
        self.is_residual = in_channels == out_channels and stride == 1
        pointwise: list[nn.Module] = []
        if not self.is_residual:
            pointwise = [
                nn.Conv2d(in_channels, out_channels, 1, bias=False),
                nn.BatchNorm2d(out_channels),
                nn.ReLU(),
            ]
        self.f2 = nn.Sequential(
            *pointwise,
            nn.Conv2d(out_channels, out_channels, (3, 1), (stride, 1), (1, 0), groups=out_channels, bias=False),
            SubSpectralNorm(out_channels, config.sub_bands),
        )
        self.f1 = nn.Sequential(
            nn.Conv2d(
                out_channels,
                out_channels,
                (1, 3),
                padding=(0, dilation),
                dilation=(1, dilation),
                groups=out_channels,
                bias=False,
            ),
            nn.BatchNorm2d(out_channels),
            nn.SiLU(),
            nn.Conv2d(out_channels, out_channels, 1),
            nn.Dropout2d(config.dropout),
        )

    def forward(self, hidden: Tensor) -> Tensor:
        """Return ``(batch, out_channels, bands / stride, frames)`` of ``(batch, in_channels, bands, frames)``."""
        spectral: Tensor = self.f2(hidden)
        temporal: Tensor = self.f1(spectral.mean(2, keepdim=True))  # (batch, out_channels, 1, frames)
        summed = spectral + temporal
        return F.relu(hidden + summed if self.is_residual else summed)


class BCResNetEncoder(nn.Module):
    """Log-mel spectrogram to embedding: the network of a classifier up to its last layer."""

    def __init__(self, config: BCResNetConfig) -> None:
        super().__init__()
        self.log_range = config.range_db * math.log(10) / 10  # dB to the natural logarithm of a power
        self.min_peak = math.log(POWER_FLOOR) + self.log_range
        channels = HEAD_CHANNELS * config.width
        self.cnn_head = nn.Sequential(
            nn.Conv2d(1, channels, 5, (2, 1), 2, bias=False), nn.BatchNorm2d(channels), nn.ReLU()
        )
        self.blocks = nn.Sequential()
        for stage_channels, n_blocks, stride, dilation in STAGES:
            for index in range(n_blocks):
                out_channels = stage_channels * config.width
                self.blocks.append(BCResBlock(channels, out_channels, 1 if index else stride, dilation, config))
                channels = out_channels
        self.cnn_tail = nn.Sequential(
            nn.Conv2d(channels, channels, (TAIL_BANDS, 5), padding=(0, 2), groups=channels, bias=False),
            nn.Conv2d(channels, config.embedding_size, 1, bias=False),
            nn.BatchNorm2d(config.embedding_size),
            nn.ReLU(),
        )

    def normalise(self, log_mel: Tensor) -> Tensor:
        """Scale spectrograms ``(batch, n_mels, frames)`` to 1 at the peak, 0 from ``range_db`` below, as silence is."""
        peak = log_mel.amax((1, 2), keepdim=True).clamp(min=self.min_peak)
        return ((log_mel - peak) / self.log_range + 1).clamp(min=0)

    def embed(self, normalised: Tensor) -> tuple[Tensor, Tensor]:
        """Compute the embedding of normalised spectrograms.

        - ``normalised``: ``(batch, n_mels, frames)``.
        - returns ``hidden``: activations of frames, ``(batch, embedding_size, frames)``.
        - returns ``embedding``: their mean, weighted by the loudness of the frames, ``(batch, embedding_size)``.
        """
        hidden: Tensor = self.cnn_tail(self.blocks(self.cnn_head(normalised.unsqueeze(1)))).mean(2)
        return hidden, (hidden * loudness_weights(normalised).unsqueeze(1)).sum(2)

    def statistics(self, normalised: Tensor) -> Tensor:
        """Return mean and standard deviation over time of the activations, ``(batch, statistics_size)``.

        They are weighted by the loudness of the frames of normalised spectrograms ``(batch, n_mels, frames)``.
        """
        return mean_and_deviation(self.embed(normalised)[0], loudness_weights(normalised))

    def pool(self, hidden: Tensor, normalised: Tensor) -> Tensor:
        """Return statistics over time of activations and of mel bands, weighted by loudness.

        - ``hidden``: of :meth:`embed`, ``(batch, embedding_size, frames)``.
        - ``normalised``: ``(batch, n_mels, frames)``.
        - returns: ``(batch, vector_size)``: :meth:`statistics`; mean, standard deviation and mean change of each mel
          band.
        """
        weight = loudness_weights(normalised)
        change = (normalised[:, :, 1:] - normalised[:, :, :-1]).abs()
        mean_change = weighted_mean(change, (weight[:, 1:] + weight[:, :-1]) / 2)
        return torch.cat([mean_and_deviation(hidden, weight), mean_and_deviation(normalised, weight), mean_change], 1)


def loudness_weights(normalised: Tensor) -> Tensor:
    """Return the weights of frames in means over time, ``(batch, frames)``, of ``(batch, n_mels, frames)``."""
    loudness = normalised.amax(1).square() + SILENT_WEIGHT
    return loudness / loudness.sum(1, keepdim=True)


def weighted_mean(values: Tensor, weight: Tensor) -> Tensor:
    """Return the mean over time ``(batch, size)`` of ``(batch, size, frames)`` by weights ``(batch, frames)``."""
    return (values * weight.unsqueeze(1)).sum(2)


def mean_and_deviation(values: Tensor, weight: Tensor) -> Tensor:
    """Return mean and standard deviation, ``(batch, 2 * size)``; see :func:`weighted_mean`."""
    mean = weighted_mean(values, weight)
    variance = weighted_mean((values - mean.unsqueeze(2)).square(), weight)
    return torch.cat([mean, (variance + VARIANCE_FLOOR).sqrt()], 1)


class BCResNet(BCResNetEncoder):
    """Log-mel spectrogram to logits and embedding: the network that is exported."""

    def __init__(self, config: ClassifierConfig) -> None:
        super().__init__(config)
        self.config = config
        self.dropout = nn.Dropout(config.dropout)
        if config.has_statistics:
            self.scale = nn.BatchNorm1d(config.pooled_size, affine=False)
        self.fc = nn.Linear(config.pooled_size, len(config.labels))

    def forward(self, log_mel: Tensor) -> tuple[Tensor, ...]:
        """Classify log-mel spectrograms.

        - ``log_mel``: ``(batch, n_mels, frames)``, natural logarithm.
        - returns ``logits``: ``(batch, labels)``.
        - returns ``embedding``: activations before the last layer, ``(batch, embedding_size)``.
        - returns ``frame_logits``: ``(batch, labels, frames)``, where the output is ``frames``.
        """
        return self.classify(self.normalise(log_mel))

    def classify(self, normalised: Tensor) -> tuple[Tensor, ...]:
        """Return the outputs of :meth:`forward` for normalised spectrograms ``(batch, n_mels, frames)``."""
        hidden, embedding = self.embed(normalised)
        if self.config.output == "frames":
            frame_logits = self.fc(self.dropout(hidden).transpose(1, 2)).transpose(1, 2)  # (batch, labels, frames)
            return linear_softmax(frame_logits), embedding, frame_logits
        pooled = self.scale(self.pool(hidden, normalised)) if self.config.has_statistics else embedding
        return self.fc(self.dropout(pooled)), embedding

    def pooled(self, normalised: Tensor) -> Tensor:
        """Return what the last layer has as its input, before :attr:`scale`, ``(batch, pooled_size)``."""
        hidden, embedding = self.embed(normalised)
        return self.pool(hidden, normalised) if self.config.has_statistics else embedding


def linear_softmax(frame_logits: Tensor) -> Tensor:
    """Pool the probabilities of frames, each weighted by itself; return logits ``(batch, labels)``.

    References
    ----------
    Y. Wang, J. Li and F. Metze, "A Comparison of Five Multiple Instance Learning Pooling Functions for Sound Event
    Detection with Weak Labeling", 2019, equation 5.
    """
    probability = frame_logits.float().sigmoid()
    pooled = probability.square().sum(2) / probability.sum(2).clamp(min=SMALLEST_PROBABILITY)
    return pooled.clamp(SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY).logit()
