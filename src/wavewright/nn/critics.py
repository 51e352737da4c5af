"""Critics that tell generated sound from recorded sound: on spectrograms at several resolutions, or on the waveform.

A critic turns a wave into pictures and judges those, so that penalties can move between pictures. Batches hold clips of one class side
by side in groups of ``group_size``; the critic sees how much the members of a group differ.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .blocks import Recurrence, phase_shuffle
from .convnext import ConvNeXtBlock
from .frame_layers import ProductConv
from .spectrum import LogMel, LogSpectrum, power_spectrum, stft

BAND_EDGES = (0.0, 0.125, 0.3, 0.6, 1.0)  # of the bands that are judged apart, as shares of half the sample rate


@dataclass(frozen=True)
class View:
    """How a picture critic looks at sound, in samples at 44.1 kHz; ``n_mels`` 0 keeps every bin."""

    n_fft: int
    hop_length: int
    n_mels: int
    patch: tuple[int, int]  # (height, frames) that the first layer sees at once

    def scaled(self, sample_rate: int, n_samples: int) -> tuple[int, int, int]:
        """``(n_fft, hop_length, n_mels)`` at a sample rate; a window covers no more than half of a clip, if that has 128 samples."""
        size = int(self.n_fft * 2 ** round(math.log2(sample_rate / 44_100)))
        while size > max(n_samples // 2, 64):
            size //= 2
        return size, size * self.hop_length // self.n_fft, min(self.n_mels, size // 8)


VIEWS = (View(4096, 1024, 160, (4, 2)), View(2048, 512, 0, (16, 4)), View(512, 128, 64, (4, 4)))


def group_deviation(features: Tensor, group_size: int) -> Tensor:
    """How much the members of each group differ (Karras et al., "Progressive Growing of GANs", 2018, section 3).

    ``(batch, channels, ...) -> (batch, 1, ...)``, ``batch`` a multiple of ``group_size``: the standard deviation within a group,
    averaged over channels, kept per position. A generator that repeats itself shows zeros.
    """
    grouped = features.float().unflatten(0, (-1, group_size))  # (groups, members, channels, ...)
    # Over this axis torch's own var takes ten times as long or more on a CPU.
    variance = (grouped - grouped.mean(1, keepdim=True)).square().mean(1)
    return (variance + 1e-8).sqrt().mean(1, keepdim=True).repeat_interleave(group_size, 0)


class Projection(nn.Module):
    """Logit of pooled features, with a class term (Miyato and Koyama, "cGANs with Projection Discriminator", 2018)."""

    def __init__(self, n_features: int, n_labels: int):
        super().__init__()
        self.plain = nn.Linear(n_features, 1)
        self.by_label = nn.Embedding(n_labels, n_features) if n_labels else None
        if self.by_label is not None:
            nn.init.normal_(self.by_label.weight, std=n_features**-0.5)

    def forward(self, pooled: Tensor, label: Tensor | None) -> Tensor:
        """``pooled (batch, n_features)``, ``label (batch,)`` -> logits ``(batch, 1)``."""
        logit = self.plain(pooled)
        if self.by_label is None or label is None:
            return logit
        return logit + (pooled * self.by_label(label)).sum(1, keepdim=True)


class PictureCritic(nn.Module):
    """Judges one spectrogram by patches: ``(batch, 1, height, n_frames)`` -> logits ``(batch, 1)`` and features."""

    def __init__(self, channels: int, n_labels: int, group_size: int, patch: tuple[int, int], recurrent: bool):
        super().__init__()
        self.group_size = group_size
        wide = 2 * channels
        self.patches = nn.Conv2d(1, channels, patch, stride=patch)
        self.first = nn.Conv2d(channels, wide, 3, padding=1)
        self.second = nn.Conv2d(wide, wide, 3, padding=1, stride=2)
        self.third = nn.Conv2d(wide, wide, 3, padding=1)
        self.from_deviation = nn.Conv2d(1, wide, 3, padding=1, bias=False)
        self.recurrence = Recurrence(wide) if recurrent else None
        self.project = Projection(2 * wide, n_labels)

    def features(self, picture: Tensor) -> Tensor:
        """Mean and peak of the last layer over the picture, ``(batch, 4 * channels)``."""
        hidden = F.leaky_relu(self.patches(picture), 0.2)
        hidden = F.leaky_relu(self.first(hidden), 0.2)
        hidden = F.leaky_relu(self.second(hidden), 0.2)
        deviation = group_deviation(hidden, self.group_size)
        hidden = F.leaky_relu(self.third(hidden) + self.from_deviation(deviation), 0.2).float()
        if self.recurrence is not None:
            over_time = self.recurrence(hidden.mean(2))  # (batch, channels, frames)
            hidden = hidden + over_time.unsqueeze(2)
        return torch.cat([hidden.mean((2, 3)), hidden.amax((2, 3))], 1)

    def forward(self, picture: Tensor, label: Tensor | None) -> tuple[Tensor, Tensor]:
        features = self.features(picture)
        return self.project(features, label), features


class SpectralCritic(nn.Module):
    """Several picture critics, each with its own view, so that a click, a slow wobble and a false timbre are all seen by somebody.

    Two views are log-mel, one long and one short; the third keeps every bin of the STFT, since mel bands are too wide at high
    frequencies to tell noise from a row of partials.
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
    ):
        super().__init__()
        self.views = nn.ModuleList()
        self.critics = nn.ModuleList()
        for view in VIEWS:
            n_fft, hop_length, n_mels = view.scaled(sample_rate, n_samples)
            if n_mels:
                self.views.append(LogMel(sample_rate, n_fft, hop_length, n_mels, floor=5e-7 * n_fft))
            else:
                self.views.append(LogSpectrum(n_fft, hop_length, floor=5e-6 * n_fft))
            self.critics.append(PictureCritic(channels, n_labels, group_size, view.patch, recurrent))
        self.read_code = (
            nn.Linear(4 * channels * len(self.critics), code_size) if code_size else None
        )  # InfoGAN's Q head

    def pictures(self, wave: Tensor) -> list[Tensor]:
        """``wave (batch, 1, time)`` to pictures ``(batch, 1, height, n_frames)``, roughly of zero mean and unit variance."""
        return [((view(wave.squeeze(1)) + 1) / 4).unsqueeze(1) for view in self.views]

    def judge(self, pictures: list[Tensor], label: Tensor | None) -> tuple[Tensor, Tensor]:
        """Logits ``(batch, n_critics)`` and features ``(batch, n_features)``."""
        judged = [critic(picture, label) for critic, picture in zip(self.critics, pictures, strict=True)]
        return torch.cat([logit for logit, _ in judged], 1), torch.cat([features for _, features in judged], 1)


class WaveCritic(nn.Module):
    """The critic of WaveGAN (Donahue et al., 2019, table 3): strided convolutions on the waveform, phase shuffle between layers."""

    def __init__(
        self,
        n_samples: int,
        n_labels: int,
        channels: int,
        group_size: int,
        largest_shift: int = 2,
        recurrent: bool = False,
        code_size: int = 0,
    ):
        super().__init__()
        self.group_size, self.largest_shift = group_size, largest_shift
        self.layers = nn.ModuleList()
        length, width, before = n_samples, channels, 1
        while length > 32:
            self.layers.append(nn.Conv1d(before, width, 25, stride=4, padding=11))
            length, before, width = length // 4, width, min(2 * width, 512)
        self.recurrence = Recurrence(before) if recurrent else None
        self.last = nn.Conv1d(before, before, 3, padding=1)
        self.from_deviation = nn.Conv1d(1, before, 3, padding=1, bias=False)
        self.project = Projection(2 * before, n_labels)
        self.read_code = nn.Linear(2 * before, code_size) if code_size else None  # InfoGAN's Q head

    def pictures(self, wave: Tensor) -> list[Tensor]:
        """The waveform itself, ``(batch, 1, time)``."""
        return [wave]

    def judge(self, pictures: list[Tensor], label: Tensor | None) -> tuple[Tensor, Tensor]:
        """Logits ``(batch, 1)`` and features ``(batch, n_features)``."""
        hidden = pictures[0]
        for index, layer in enumerate(self.layers):
            hidden = F.leaky_relu(layer(hidden), 0.2)
            if index < len(self.layers) - 1:
                hidden = phase_shuffle(hidden, self.largest_shift)
        if self.recurrence is not None:
            hidden = self.recurrence(hidden.float())
        hidden = F.leaky_relu(
            self.last(hidden) + self.from_deviation(group_deviation(hidden, self.group_size)), 0.2
        ).float()
        features = torch.cat([hidden.mean(2), hidden.amax(2)], 1)
        return self.project(features, label), features


class BandCritic(nn.Module):
    """Judges every moment of a wave in a few bands of its spectra, each by a stack of its own.

    Bands as in Kumar et al., "High-Fidelity Audio Compression with Improved RVQGAN", 2023; within a band, frames of real and imaginary
    parts and levels pass through matrix products, at a fraction of the cost of two-dimensional convolutions on CPUs.
    """

    def __init__(self, n_fft: int, hop_length: int, channels: int, n_blocks: int = 2, kernel: int = 5):
        super().__init__()
        self.n_fft, self.hop_length = n_fft, hop_length
        edges = [round(share * (n_fft // 2 + 1)) for share in BAND_EDGES]
        self.bands = list(pairwise(edges))
        self.into = nn.ModuleList(nn.Linear(3 * (end - start), channels) for start, end in self.bands)
        self.blocks = nn.ModuleList(
            nn.Sequential(*(ConvNeXtBlock(channels, 2 * channels, kernel, kernel // 2) for _ in range(n_blocks)))
            for _ in self.bands
        )
        self.out = nn.ModuleList(nn.Linear(channels, 1) for _ in self.bands)

    def forward(self, wave: Tensor) -> tuple[Tensor, list[Tensor]]:
        """``wave (batch, time)`` to logits ``(batch, frames, n_bands)`` and what the layers of each band found."""
        spectrum = stft(wave, self.n_fft, self.hop_length).transpose(1, 2)  # (batch, frames, bins)
        power = power_spectrum(spectrum) * (1_024 / self.n_fft) + 1e-5
        small = spectrum * power**-0.35
        pictures = torch.stack([small.real, small.imag, 0.25 * power.log()], -1)
        logits, features = [], []
        for (start, end), into, blocks, out in zip(self.bands, self.into, self.blocks, self.out, strict=True):
            found = F.leaky_relu(into(pictures[:, :, start:end].flatten(2)), 0.2)
            judged = blocks(found)
            features += [found, judged]
            logits.append(out(F.leaky_relu(judged, 0.2)))
        return torch.cat(logits, -1).float(), features


class BandCritics(nn.Module):
    """Several band critics, each with a window ``(n_fft, hop_length)`` of its own."""

    def __init__(self, windows: Sequence[tuple[int, int]], channels: int):
        super().__init__()
        self.critics = nn.ModuleList(BandCritic(n_fft, hop_length, channels) for n_fft, hop_length in windows)

    def forward(self, wave: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """``wave (batch, time)`` to the logits of each critic and the features of all."""
        judged = [critic(wave) for critic in self.critics]
        return [logits for logits, _ in judged], [feature for _, features in judged for feature in features]


class MelCritic(nn.Module):
    """Judges every moment of mel frames in a few overlapping ranges of bands, each by a stack of its own, as :class:`BandCritic` does."""

    def __init__(self, n_mels: int, channels: int, n_ranges: int = 4, n_blocks: int = 2, kernel: int = 5):
        super().__init__()
        stride = n_mels // (n_ranges + 1)
        self.ranges = [(start, start + 2 * stride) for start in range(0, n_ranges * stride, stride)]
        self.into = nn.ModuleList(ProductConv(end - start, channels) for start, end in self.ranges)
        self.blocks = nn.ModuleList(
            nn.ModuleList(ConvNeXtBlock(channels, 2 * channels, kernel, kernel // 2) for _ in range(n_blocks))
            for _ in self.ranges
        )
        self.out = nn.ModuleList(nn.Linear(channels, 1) for _ in self.ranges)

    def forward(self, mel: Tensor) -> tuple[Tensor, list[Tensor]]:
        """``mel (batch, frames, n_mels)`` to logits ``(batch, frames, n_ranges)`` and what the layers of each range found."""
        logits, features = [], []
        for (start, end), into, blocks, out in zip(self.ranges, self.into, self.blocks, self.out, strict=True):
            found = F.leaky_relu(into(mel[..., start:end]), 0.2)
            features.append(found)
            for block in blocks.children():
                found = block(found)
                features.append(found)
            logits.append(out(F.leaky_relu(found, 0.2)))
        return torch.cat(logits, -1).float(), features
