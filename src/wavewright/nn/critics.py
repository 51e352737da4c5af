"""Critics (discriminators) of whole clips: on spectrograms of several resolutions, or on waveforms.

A critic has two steps, so that penalties can interpolate and perturb between them: ``inputs(wave)`` computes
spectrograms or keeps the waveform, ``score(inputs, label)`` computes logits. Batches hold clips of one class side by
side in groups of ``group_size``; the deviation within a group is a feature of the critic.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .blocks import ResidualGRU, phase_shuffle
from .spectrum import LogMel, LogSpectrum


@dataclass(frozen=True)
class SpectrogramResolution:
    """Settings of the spectrogram of one critic, at 44.1 kHz.

    - ``n_fft``, ``hop_length``: window and hop in samples.
    - ``n_mels``: Mel bands; 0 for a linear spectrogram.
    - ``patch``: bands (or bins) and frames of a patch of the first layer.
    """

    n_fft: int
    hop_length: int
    n_mels: int
    patch: tuple[int, int]

    def scaled(self, sample_rate: int, n_samples: int) -> tuple[int, int, int]:
        """Scale the settings to a sample rate and to short clips.

        - ``n_samples``: length of the clips; a window covers at most half of one, or 64 samples.
        - returns: ``(n_fft, hop_length, n_mels)``.
        """
        n_fft = int(self.n_fft * 2 ** round(math.log2(sample_rate / 44_100)))
        while n_fft > max(n_samples // 2, 64):
            n_fft //= 2
        return n_fft, n_fft * self.hop_length // self.n_fft, min(self.n_mels, n_fft // 8)


RESOLUTIONS = (
    SpectrogramResolution(4096, 1024, 160, (4, 2)),
    SpectrogramResolution(2048, 512, 0, (16, 4)),
    SpectrogramResolution(512, 128, 64, (4, 4)),
)


def group_deviation(features: Tensor, group_size: int) -> Tensor:
    """Compute the standard deviation within each group of a batch (minibatch standard deviation).

    - ``features``: ``(batch, channels, ...)``, the batch a multiple of ``group_size``.
    - returns: mean over the channels, ``(batch, 1, ...)``; 0 where a generator repeats itself.

    References
    ----------
    T. Karras et al., "Progressive Growing of GANs", 2018, section 3.
    """
    grouped = torch.unflatten(features.float(), 0, (-1, group_size))  # (groups, members, channels, ...)
    # Over this axis torch's own var takes ten times as long or more on a CPU.
    variance = (grouped - grouped.mean(1, keepdim=True)).square().mean(1)
    return (variance + 1e-8).sqrt().mean(1, keepdim=True).repeat_interleave(group_size, 0)


class ProjectionHead(nn.Module):
    """Logit of pooled features, with a class term if there are labels.

    References
    ----------
    T. Miyato, M. Koyama, "cGANs with Projection Discriminator", 2018.
    """

    def __init__(self, n_features: int, n_labels: int) -> None:
        super().__init__()
        self.linear = nn.Linear(n_features, 1)
        self.class_embedding = nn.Embedding(n_labels, n_features) if n_labels else None
        if self.class_embedding is not None:
            nn.init.normal_(self.class_embedding.weight, std=n_features**-0.5)

    def forward(self, pooled: Tensor, label: Tensor | None) -> Tensor:
        """Return logits ``(batch, 1)`` of ``pooled (batch, n_features)`` and ``label (batch,)``."""
        logit: Tensor = self.linear(pooled)
        if self.class_embedding is None or label is None:
            return logit
        class_vector: Tensor = self.class_embedding(label)
        return logit + (pooled * class_vector).sum(1, keepdim=True)


class SpectrogramCritic(nn.Module):
    """Critic of one spectrogram, by patches.

    - ``channels``: channels of the first layer, twice as many in the others.
    """

    def __init__(self, channels: int, n_labels: int, group_size: int, patch: tuple[int, int], recurrent: bool) -> None:
        super().__init__()
        self.group_size = group_size
        wide = 2 * channels
        self.patch_embed = nn.Conv2d(1, channels, patch, stride=patch)
        self.conv1 = nn.Conv2d(channels, wide, 3, padding=1)
        self.conv2 = nn.Conv2d(wide, wide, 3, padding=1, stride=2)
        self.conv3 = nn.Conv2d(wide, wide, 3, padding=1)
        self.deviation_conv = nn.Conv2d(1, wide, 3, padding=1, bias=False)
        self.recurrence = ResidualGRU(wide) if recurrent else None
        self.head = ProjectionHead(2 * wide, n_labels)

    def features(self, spectrogram: Tensor) -> Tensor:
        """Return mean and maximum of the last layer over the spectrogram, ``(batch, 4 * channels)``."""
        hidden = F.leaky_relu(self.patch_embed(spectrogram), 0.2)
        hidden = F.leaky_relu(self.conv1(hidden), 0.2)
        hidden = F.leaky_relu(self.conv2(hidden), 0.2)
        deviation = group_deviation(hidden, self.group_size)
        hidden = F.leaky_relu(self.conv3(hidden) + self.deviation_conv(deviation), 0.2).float()
        if self.recurrence is not None:
            over_time = self.recurrence(hidden.mean(2))  # (batch, channels, frames)
            hidden = hidden + over_time.unsqueeze(2)
        return torch.cat([hidden.mean((2, 3)), hidden.amax((2, 3))], 1)

    def forward(self, spectrogram: Tensor, label: Tensor | None) -> tuple[Tensor, Tensor]:
        """Score spectrograms.

        - ``spectrogram``: ``(batch, 1, n_mels or n_bins, frames)``.
        - ``label``: classes ``(batch,)``.
        - returns ``logits``: ``(batch, 1)``.
        - returns ``features``: ``(batch, 4 * channels)``.
        """
        features = self.features(spectrogram)
        return self.head(features, label), features


class MultiResolutionCritic(nn.Module):
    """A :class:`SpectrogramCritic` for each of several resolutions.

    Two spectrograms are log-mel, one with long and one with short windows. The third is linear, since mel bands are too
    wide at high frequencies to separate noise from a series of partials.

    - ``code_size``: size of the code that the Q head of InfoGAN estimates, 0 for none.
    """

    def __init__(
        self,
        sample_rate: int,
        n_samples: int,
        n_labels: int,
        channels: int,
        group_size: int,
        recurrent: bool = False,
        code_size: int = 0,
    ) -> None:
        super().__init__()
        self.spectrograms = nn.ModuleList()
        self.critics = nn.ModuleList()
        for resolution in RESOLUTIONS:
            n_fft, hop_length, n_mels = resolution.scaled(sample_rate, n_samples)
            if n_mels:
                self.spectrograms.append(LogMel(sample_rate, n_fft, hop_length, n_mels, floor=5e-7 * n_fft))
            else:
                self.spectrograms.append(LogSpectrum(n_fft, hop_length, floor=5e-6 * n_fft))
            self.critics.append(SpectrogramCritic(channels, n_labels, group_size, resolution.patch, recurrent))
        self.code_head = nn.Linear(4 * channels * len(self.critics), code_size) if code_size else None

    def inputs(self, wave: Tensor) -> list[Tensor]:
        """Compute the spectrograms of a wave.

        - ``wave``: ``(batch, 1, time)``.
        - returns: ``(batch, 1, n_mels or n_bins, frames)`` each, roughly of zero mean and unit variance.
        """
        return [((spectrogram(wave.squeeze(1)) + 1) / 4).unsqueeze(1) for spectrogram in self.spectrograms]

    def score(self, inputs: list[Tensor], label: Tensor | None) -> tuple[Tensor, Tensor]:
        """Score spectrograms.

        - ``inputs``: see :meth:`inputs`.
        - ``label``: classes ``(batch,)``.
        - returns ``logits``: ``(batch, n_critics)``.
        - returns ``features``: ``(batch, n_features)``.
        """
        scored = [critic(spectrogram, label) for critic, spectrogram in zip(self.critics, inputs, strict=True)]
        return torch.cat([logit for logit, _ in scored], 1), torch.cat([features for _, features in scored], 1)


class WaveCritic(nn.Module):
    """Critic of WaveGAN: strided convolutions on the waveform, phase shuffle between them.

    - ``channels``: channels of the first layer; they double with each layer, up to 512.
    - ``code_size``: size of the code that the Q head of InfoGAN estimates, 0 for none.

    References
    ----------
    C. Donahue et al., "Adversarial Audio Synthesis", 2019, table 3.
    """

    def __init__(
        self,
        n_samples: int,
        n_labels: int,
        channels: int,
        group_size: int,
        largest_shift: int = 2,
        recurrent: bool = False,
        code_size: int = 0,
    ) -> None:
        super().__init__()
        self.group_size, self.largest_shift = group_size, largest_shift
        self.layers = nn.ModuleList()
        length, in_channels, out_channels = n_samples, 1, channels
        while length > 32:
            self.layers.append(nn.Conv1d(in_channels, out_channels, 25, stride=4, padding=11))
            length //= 4
            in_channels, out_channels = out_channels, min(2 * out_channels, 512)
        self.recurrence = ResidualGRU(in_channels) if recurrent else None
        self.conv_post = nn.Conv1d(in_channels, in_channels, 3, padding=1)
        self.deviation_conv = nn.Conv1d(1, in_channels, 3, padding=1, bias=False)
        self.head = ProjectionHead(2 * in_channels, n_labels)
        self.code_head = nn.Linear(2 * in_channels, code_size) if code_size else None

    def inputs(self, wave: Tensor) -> list[Tensor]:
        """Return the waveform ``(batch, 1, time)`` itself; see :meth:`MultiResolutionCritic.inputs`."""
        return [wave]

    def score(self, inputs: list[Tensor], label: Tensor | None) -> tuple[Tensor, Tensor]:
        """Score waveforms.

        - ``inputs``: one tensor ``(batch, 1, time)``.
        - ``label``: classes ``(batch,)``.
        - returns ``logits``: ``(batch, 1)``.
        - returns ``features``: ``(batch, n_features)``.
        """
        (hidden,) = inputs
        for index, layer in enumerate(self.layers):
            hidden = F.leaky_relu(layer(hidden), 0.2)
            if index < len(self.layers) - 1:
                hidden = phase_shuffle(hidden, self.largest_shift)
        if self.recurrence is not None:
            hidden = self.recurrence(hidden.float())
        deviation = group_deviation(hidden, self.group_size)
        hidden = F.leaky_relu(self.conv_post(hidden) + self.deviation_conv(deviation), 0.2).float()
        features = torch.cat([hidden.mean(2), hidden.amax(2)], 1)
        return self.head(features, label), features
