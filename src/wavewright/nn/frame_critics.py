"""Critics (discriminators) that score every frame: on frequency bands of complex spectra, or on mel frames."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .convnext import ConvNeXtBlock
from .frame_layers import Im2colConv
from .spectrum import power_spectrum, stft

BAND_EDGES = (0.0, 0.125, 0.3, 0.6, 1.0)  # fractions of the Nyquist frequency


class MultiBandCritic(nn.Module):
    """Critic of the complex spectrogram of one resolution, with a stack of layers for each frequency band.

    The bands are those of [1]_. Within a band, frames of real part, imaginary part and log power pass through matrix
    products, at a fraction of the cost of two-dimensional convolutions on CPUs.

    References
    ----------
    .. [1] R. Kumar et al., "High-Fidelity Audio Compression with Improved RVQGAN", 2023.
    """

    def __init__(self, n_fft: int, hop_length: int, channels: int, n_blocks: int = 2, kernel_size: int = 5) -> None:
        super().__init__()
        self.n_fft, self.hop_length = n_fft, hop_length
        self.bands = list(pairwise(round(fraction * (n_fft // 2 + 1)) for fraction in BAND_EDGES))
        self.in_proj = nn.ModuleList(nn.Linear(3 * (end - start), channels) for start, end in self.bands)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                *(ConvNeXtBlock(channels, 2 * channels, kernel_size, kernel_size // 2) for _ in range(n_blocks))
            )
            for _ in self.bands
        )
        self.out_proj = nn.ModuleList(nn.Linear(channels, 1) for _ in self.bands)

    def forward(self, wave: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Score every frame of a wave.

        - ``wave``: ``(batch, time)``.
        - returns ``logits``: ``(batch, frames, n_bands)``.
        - returns ``features``: feature maps ``(batch, frames, channels)`` of each band and layer.
        """
        spectrum = stft(wave, self.n_fft, self.hop_length).transpose(1, 2)  # (batch, frames, bins)
        power = power_spectrum(spectrum) * (1_024 / self.n_fft) + 1e-5
        compressed = spectrum * power**-0.35
        components = torch.stack([compressed.real, compressed.imag, 0.25 * power.log()], -1)
        logits, features = [], []
        for (start, end), in_proj, blocks, out_proj in zip(
            self.bands, self.in_proj, self.blocks, self.out_proj, strict=True
        ):
            projected = F.leaky_relu(in_proj(components[:, :, start:end].flatten(2)), 0.2)
            hidden = blocks(projected)
            features += [projected, hidden]
            logits.append(out_proj(F.leaky_relu(hidden, 0.2)))
        return torch.cat(logits, -1).float(), features


class MultiResolutionBandCritic(nn.Module):
    """A :class:`MultiBandCritic` for each of several windows ``(n_fft, hop_length)``."""

    def __init__(self, windows: Sequence[tuple[int, int]], channels: int) -> None:
        super().__init__()
        self.critics = nn.ModuleList(MultiBandCritic(n_fft, hop_length, channels) for n_fft, hop_length in windows)

    def forward(self, wave: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """Return the logits of each critic and the feature maps of all; see :meth:`MultiBandCritic.forward`."""
        scored = [critic(wave) for critic in self.critics]
        return [logits for logits, _ in scored], [feature for _, features in scored for feature in features]


class MelCritic(nn.Module):
    """Critic of mel frames, with a stack of layers for each of ``n_ranges`` of bands, which overlap by half."""

    def __init__(self, n_mels: int, channels: int, n_ranges: int = 4, n_blocks: int = 2, kernel_size: int = 5) -> None:
        super().__init__()
        stride = n_mels // (n_ranges + 1)
        self.ranges = [(start, start + 2 * stride) for start in range(0, n_ranges * stride, stride)]
        self.in_proj = nn.ModuleList(Im2colConv(end - start, channels) for start, end in self.ranges)
        self.blocks = nn.ModuleList(
            nn.ModuleList(ConvNeXtBlock(channels, 2 * channels, kernel_size, kernel_size // 2) for _ in range(n_blocks))
            for _ in self.ranges
        )
        self.out_proj = nn.ModuleList(nn.Linear(channels, 1) for _ in self.ranges)

    def forward(self, mel: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Score every frame of ``mel (batch, frames, n_mels)``.

        - returns ``logits``: ``(batch, frames, n_ranges)``.
        - returns ``features``: feature maps ``(batch, frames, channels)`` of each range and layer.
        """
        logits, features = [], []
        for (start, end), in_proj, blocks, out_proj in zip(
            self.ranges, self.in_proj, self.blocks, self.out_proj, strict=True
        ):
            hidden = F.leaky_relu(in_proj(mel[..., start:end]), 0.2)
            features.append(hidden)
            for block in blocks.children():
                hidden = block(hidden)
                features.append(hidden)
            logits.append(out_proj(F.leaky_relu(hidden, 0.2)))
        return torch.cat(logits, -1).float(), features
