"""Critics (discriminators) of audio: on spectrograms of several resolutions, on waveforms, on frequency bands.

The critics of a GAN have two steps, so that penalties can interpolate and perturb between them: ``inputs(wave)``
computes spectrograms or keeps the waveform, ``score(inputs, label)`` computes logits. Their batches hold clips of one
class side by side in groups of ``group_size``; the deviation within a group is a feature of the critic.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .blocks import ResidualGRU, phase_shuffle
from .convnext import ConvNeXtBlock
from .frame_layers import Im2colConv
from .spectrum import LogMel, LogSpectrum, power_spectrum, stft

BAND_EDGES = (0.0, 0.125, 0.3, 0.6, 1.0)  # fractions of the Nyquist frequency


@dataclass(frozen=True)
class SpectrogramResolution:
    """Settings of the spectrogram of one critic, at 44.1 kHz.

    Parameters
    ----------
    n_fft, hop_length : int
        Window and hop in samples.
    n_mels : int
        Mel bands; 0 for a linear spectrogram.
    patch : tuple[int, int]
        Bands (or bins) and frames of a patch of the first layer.
    """

    n_fft: int
    hop_length: int
    n_mels: int
    patch: tuple[int, int]

    def scaled(self, sample_rate: int, n_samples: int) -> tuple[int, int, int]:
        """Scale the settings to a sample rate and to short clips.

        Parameters
        ----------
        sample_rate : int
            In Hz.
        n_samples : int
            Length of the clips; a window covers at most half of one, or 64 samples.

        Returns
        -------
        tuple[int, int, int]
            ``(n_fft, hop_length, n_mels)``.
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

    Parameters
    ----------
    features : Tensor
        ``(batch, channels, ...)``, the batch a multiple of ``group_size``.
    group_size : int
        Members of a group, which are adjacent.

    Returns
    -------
    Tensor
        Mean over the channels, ``(batch, 1, ...)``; 0 where a generator repeats itself.

    References
    ----------
    T. Karras et al., "Progressive Growing of GANs", 2018, section 3.
    """
    grouped = torch.unflatten(features.float(), 0, (-1, group_size))  # (groups, members, channels, ...)
    # Over this axis torch's own var takes ten times as long or more on a CPU.
    variance = (grouped - grouped.mean(1, keepdim=True)).square().mean(1)
    return (variance + 1e-8).sqrt().mean(1, keepdim=True).repeat_interleave(group_size, 0)


class ProjectionHead(nn.Module):
    """Logit of pooled features, with a class term.

    Parameters
    ----------
    n_features : int
        Size of the pooled features.
    n_labels : int
        Number of classes, 0 for none.

    References
    ----------
    T. Miyato, M. Koyama, "cGANs with Projection Discriminator", 2018.
    """

    def __init__(self, n_features: int, n_labels: int) -> None:
        super().__init__()
        self.plain = nn.Linear(n_features, 1)
        self.by_label = nn.Embedding(n_labels, n_features) if n_labels else None
        if self.by_label is not None:
            nn.init.normal_(self.by_label.weight, std=n_features**-0.5)

    def forward(self, pooled: Tensor, label: Tensor | None) -> Tensor:
        """Return logits ``(batch, 1)`` of ``pooled (batch, n_features)`` and ``label (batch,)``."""
        logit: Tensor = self.plain(pooled)
        if self.by_label is None or label is None:
            return logit
        class_vector: Tensor = self.by_label(label)
        return logit + (pooled * class_vector).sum(1, keepdim=True)


class SpectrogramCritic(nn.Module):
    """Critic of one spectrogram, by patches.

    Parameters
    ----------
    channels : int
        Channels of the first layer, twice as many in the others.
    n_labels : int
        Number of classes, 0 for none.
    group_size : int
        See :func:`group_deviation`.
    patch : tuple[int, int]
        Bands and frames of a patch.
    recurrent : bool
        Add a GRU over time.
    """

    def __init__(self, channels: int, n_labels: int, group_size: int, patch: tuple[int, int], recurrent: bool) -> None:
        super().__init__()
        self.group_size = group_size
        wide = 2 * channels
        self.patches = nn.Conv2d(1, channels, patch, stride=patch)
        self.first = nn.Conv2d(channels, wide, 3, padding=1)
        self.second = nn.Conv2d(wide, wide, 3, padding=1, stride=2)
        self.third = nn.Conv2d(wide, wide, 3, padding=1)
        self.from_deviation = nn.Conv2d(1, wide, 3, padding=1, bias=False)
        self.recurrence = ResidualGRU(wide) if recurrent else None
        self.project = ProjectionHead(2 * wide, n_labels)

    def features(self, spectrogram: Tensor) -> Tensor:
        """Return mean and maximum of the last layer over the spectrogram, ``(batch, 4 * channels)``."""
        hidden = F.leaky_relu(self.patches(spectrogram), 0.2)
        hidden = F.leaky_relu(self.first(hidden), 0.2)
        hidden = F.leaky_relu(self.second(hidden), 0.2)
        deviation = group_deviation(hidden, self.group_size)
        hidden = F.leaky_relu(self.third(hidden) + self.from_deviation(deviation), 0.2).float()
        if self.recurrence is not None:
            over_time = self.recurrence(hidden.mean(2))  # (batch, channels, frames)
            hidden = hidden + over_time.unsqueeze(2)
        return torch.cat([hidden.mean((2, 3)), hidden.amax((2, 3))], 1)

    def forward(self, spectrogram: Tensor, label: Tensor | None) -> tuple[Tensor, Tensor]:
        """Score spectrograms.

        Parameters
        ----------
        spectrogram : Tensor
            ``(batch, 1, n_mels or n_bins, frames)``.
        label : Tensor or None
            Classes ``(batch,)``.

        Returns
        -------
        logits : Tensor
            ``(batch, 1)``.
        features : Tensor
            ``(batch, 4 * channels)``.
        """
        features = self.features(spectrogram)
        return self.project(features, label), features


class MultiResolutionCritic(nn.Module):
    """A :class:`SpectrogramCritic` for each of several resolutions.

    Two spectrograms are log-mel, one with long and one with short windows. The third is linear, since mel bands are too
    wide at high frequencies to separate noise from a series of partials.

    Parameters
    ----------
    sample_rate : int
        In Hz.
    n_samples : int
        Length of the clips.
    n_labels, channels, group_size, recurrent
        See :class:`SpectrogramCritic`.
    code_size : int
        Size of the code that the Q head of InfoGAN estimates, 0 for none.
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
        self.read_code = nn.Linear(4 * channels * len(self.critics), code_size) if code_size else None

    def inputs(self, wave: Tensor) -> list[Tensor]:
        """Compute the spectrograms of a wave.

        Parameters
        ----------
        wave : Tensor
            ``(batch, 1, time)``.

        Returns
        -------
        list of Tensor
            ``(batch, 1, n_mels or n_bins, frames)`` each, roughly of zero mean and unit variance.
        """
        return [((spectrogram(wave.squeeze(1)) + 1) / 4).unsqueeze(1) for spectrogram in self.spectrograms]

    def score(self, inputs: list[Tensor], label: Tensor | None) -> tuple[Tensor, Tensor]:
        """Score spectrograms.

        Parameters
        ----------
        inputs : list of Tensor
            See :meth:`inputs`.
        label : Tensor or None
            Classes ``(batch,)``.

        Returns
        -------
        logits : Tensor
            ``(batch, n_critics)``.
        features : Tensor
            ``(batch, n_features)``.
        """
        scored = [critic(spectrogram, label) for critic, spectrogram in zip(self.critics, inputs, strict=True)]
        return torch.cat([logit for logit, _ in scored], 1), torch.cat([features for _, features in scored], 1)


class WaveCritic(nn.Module):
    """Critic of WaveGAN: strided convolutions on the waveform, phase shuffle between them.

    Parameters
    ----------
    n_samples : int
        Length of the clips.
    n_labels : int
        Number of classes, 0 for none.
    channels : int
        Channels of the first layer; they double with each layer, up to 512.
    group_size : int
        See :func:`group_deviation`.
    largest_shift : int
        Of :func:`.blocks.phase_shuffle`, in samples.
    recurrent : bool
        Add a GRU over time.
    code_size : int
        Size of the code that the Q head of InfoGAN estimates, 0 for none.

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
        self.last = nn.Conv1d(in_channels, in_channels, 3, padding=1)
        self.from_deviation = nn.Conv1d(1, in_channels, 3, padding=1, bias=False)
        self.project = ProjectionHead(2 * in_channels, n_labels)
        self.read_code = nn.Linear(2 * in_channels, code_size) if code_size else None

    def inputs(self, wave: Tensor) -> list[Tensor]:
        """Return the waveform ``(batch, 1, time)`` itself; see :meth:`MultiResolutionCritic.inputs`."""
        return [wave]

    def score(self, inputs: list[Tensor], label: Tensor | None) -> tuple[Tensor, Tensor]:
        """Score waveforms.

        Parameters
        ----------
        inputs : list of Tensor
            One tensor ``(batch, 1, time)``.
        label : Tensor or None
            Classes ``(batch,)``.

        Returns
        -------
        logits : Tensor
            ``(batch, 1)``.
        features : Tensor
            ``(batch, n_features)``.
        """
        (hidden,) = inputs
        for index, layer in enumerate(self.layers):
            hidden = F.leaky_relu(layer(hidden), 0.2)
            if index < len(self.layers) - 1:
                hidden = phase_shuffle(hidden, self.largest_shift)
        if self.recurrence is not None:
            hidden = self.recurrence(hidden.float())
        deviation = group_deviation(hidden, self.group_size)
        hidden = F.leaky_relu(self.last(hidden) + self.from_deviation(deviation), 0.2).float()
        features = torch.cat([hidden.mean(2), hidden.amax(2)], 1)
        return self.project(features, label), features


class MultiBandCritic(nn.Module):
    """Critic of the complex spectrogram of one resolution, with a stack of layers for each frequency band.

    The bands are those of [1]_. Within a band, frames of real part, imaginary part and log power pass through matrix
    products, at a fraction of the cost of two-dimensional convolutions on CPUs.

    Parameters
    ----------
    n_fft, hop_length : int
        Window and hop in samples.
    channels : int
        Channels of each band.
    n_blocks : int
        ConvNeXt blocks of each band.
    kernel_size : int
        Frames that a block depends on.

    References
    ----------
    .. [1] R. Kumar et al., "High-Fidelity Audio Compression with Improved RVQGAN", 2023.
    """

    def __init__(self, n_fft: int, hop_length: int, channels: int, n_blocks: int = 2, kernel_size: int = 5) -> None:
        super().__init__()
        self.n_fft, self.hop_length = n_fft, hop_length
        self.bands = list(pairwise(round(fraction * (n_fft // 2 + 1)) for fraction in BAND_EDGES))
        self.into = nn.ModuleList(nn.Linear(3 * (end - start), channels) for start, end in self.bands)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                *(ConvNeXtBlock(channels, 2 * channels, kernel_size, kernel_size // 2) for _ in range(n_blocks))
            )
            for _ in self.bands
        )
        self.out = nn.ModuleList(nn.Linear(channels, 1) for _ in self.bands)

    def forward(self, wave: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Score every frame of a wave.

        Parameters
        ----------
        wave : Tensor
            ``(batch, time)``.

        Returns
        -------
        logits : Tensor
            ``(batch, frames, n_bands)``.
        features : list of Tensor
            Feature maps ``(batch, frames, channels)`` of each band and layer.
        """
        spectrum = stft(wave, self.n_fft, self.hop_length).transpose(1, 2)  # (batch, frames, bins)
        power = power_spectrum(spectrum) * (1_024 / self.n_fft) + 1e-5
        compressed = spectrum * power**-0.35
        components = torch.stack([compressed.real, compressed.imag, 0.25 * power.log()], -1)
        logits, features = [], []
        for (start, end), in_proj, blocks, out_proj in zip(self.bands, self.into, self.blocks, self.out, strict=True):
            projected = F.leaky_relu(in_proj(components[:, :, start:end].flatten(2)), 0.2)
            hidden = blocks(projected)
            features += [projected, hidden]
            logits.append(out_proj(F.leaky_relu(hidden, 0.2)))
        return torch.cat(logits, -1).float(), features


class MultiResolutionBandCritic(nn.Module):
    """A :class:`MultiBandCritic` for each of several resolutions.

    Parameters
    ----------
    windows : Sequence[tuple[int, int]]
        ``(n_fft, hop_length)`` of each.
    channels : int
        Channels of each band.
    """

    def __init__(self, windows: Sequence[tuple[int, int]], channels: int) -> None:
        super().__init__()
        self.critics = nn.ModuleList(MultiBandCritic(n_fft, hop_length, channels) for n_fft, hop_length in windows)

    def forward(self, wave: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """Return the logits of each critic and the feature maps of all; see :meth:`MultiBandCritic.forward`."""
        scored = [critic(wave) for critic in self.critics]
        return [logits for logits, _ in scored], [feature for _, features in scored for feature in features]


class MelCritic(nn.Module):
    """Critic of mel frames, with a stack of layers for each of a few overlapping ranges of bands.

    Parameters
    ----------
    n_mels : int
        Mel bands of a frame.
    channels : int
        Channels of each range.
    n_ranges : int
        Ranges, of which adjacent ones overlap by half.
    n_blocks : int
        ConvNeXt blocks of each range.
    kernel_size : int
        Frames that a block depends on.
    """

    def __init__(self, n_mels: int, channels: int, n_ranges: int = 4, n_blocks: int = 2, kernel_size: int = 5) -> None:
        super().__init__()
        stride = n_mels // (n_ranges + 1)
        self.ranges = [(start, start + 2 * stride) for start in range(0, n_ranges * stride, stride)]
        self.into = nn.ModuleList(Im2colConv(end - start, channels) for start, end in self.ranges)
        self.blocks = nn.ModuleList(
            nn.ModuleList(ConvNeXtBlock(channels, 2 * channels, kernel_size, kernel_size // 2) for _ in range(n_blocks))
            for _ in self.ranges
        )
        self.out = nn.ModuleList(nn.Linear(channels, 1) for _ in self.ranges)

    def forward(self, mel: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Score every frame.

        Parameters
        ----------
        mel : Tensor
            ``(batch, frames, n_mels)``.

        Returns
        -------
        logits : Tensor
            ``(batch, frames, n_ranges)``.
        features : list of Tensor
            Feature maps ``(batch, frames, channels)`` of each range and layer.
        """
        logits, features = [], []
        for (start, end), in_proj, blocks, out_proj in zip(self.ranges, self.into, self.blocks, self.out, strict=True):
            hidden = F.leaky_relu(in_proj(mel[..., start:end]), 0.2)
            features.append(hidden)
            for block in blocks.children():
                hidden = block(hidden)
                features.append(hidden)
            logits.append(out_proj(F.leaky_relu(hidden, 0.2)))
        return torch.cat(logits, -1).float(), features
