"""Layers over frames or symbols of clips of several lengths: convolution as a product, and blocks that hear the whole clip."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .convnext import FrameConv


def heard_of(counts: Tensor, size: int) -> Tensor:
    """1 for the first ``counts (batch,)`` of ``size`` frames or symbols and 0 for padding, ``(batch, size, 1)``."""
    return (torch.arange(size, device=counts.device) < counts[:, None]).float()[..., None]


class ChannelDropout(nn.Module):
    """Dropout of whole channels of a clip's frames ``(batch, frames, channels)``, as Gal and Ghahramani have it ("A Theoretically Grounded
    Application of Dropout in Recurrent Neural Networks", 2016): a number for each frame would cost a tenth of a step on a CPU."""

    def __init__(self, share: float):
        super().__init__()
        self.share = share

    def forward(self, frames: Tensor) -> Tensor:
        if not self.training or self.share == 0:
            return frames
        kept = torch.rand(len(frames), 1, frames.shape[2], device=frames.device) >= self.share
        return frames * (kept / (1 - self.share)).to(frames.dtype)


class ProductConv(nn.Module):
    """Convolution over ``(batch, frames, channels)`` as one product of each frame with its neighbours, silence beyond the ends."""

    def __init__(self, channels: int, n_outputs: int, kernel: int = 3):
        super().__init__()
        self.kernel = kernel
        self.product = nn.Linear(kernel * channels, n_outputs)

    def forward(self, frames: Tensor) -> Tensor:
        side = self.kernel // 2
        padded = F.pad(frames, (0, 0, side, side))
        n_frames = frames.shape[1]
        return self.product(torch.cat([padded[:, tap : tap + n_frames] for tap in range(self.kernel)], -1))


class Attention(nn.Module):
    """Multi-head self-attention (Vaswani et al., "Attention Is All You Need", 2017) over the frames that are heard.

    Written out: on CPUs torch's own takes twice as long to learn.
    """

    def __init__(self, channels: int, n_heads: int):
        super().__init__()
        self.n_heads, self.scale = n_heads, (channels // n_heads) ** -0.5
        self.into = nn.Linear(channels, 3 * channels)
        self.out = nn.Linear(channels, channels)

    def forward(self, frames: Tensor, is_padding: Tensor | None) -> Tensor:
        """``frames (batch, frames, channels)``; ``is_padding (batch, 1, 1, frames)``, None where all frames are heard."""
        batch, n_frames, channels = frames.shape
        parts = self.into(frames).view(batch, n_frames, 3, self.n_heads, -1).permute(2, 0, 3, 1, 4)
        queries, keys, values = parts[0], parts[1], parts[2]  # (batch, heads, frames, channels / heads)
        likeness = (queries * self.scale) @ keys.transpose(-1, -2)
        if is_padding is not None:
            likeness = likeness.masked_fill(is_padding, -1e4)
        found = torch.softmax(likeness, -1).to(values.dtype) @ values
        return self.out(found.transpose(1, 2).reshape(batch, n_frames, channels))


class HearingBlock(nn.Module):
    """Depthwise convolution, attention and two products, each behind a layer norm, each added to what came in."""

    def __init__(self, channels: int, hidden: int, kernel: int, n_heads: int, dropout: float):
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(channels) for _ in range(3))
        self.over_time = FrameConv(channels, kernel, kernel // 2)
        self.attention = Attention(channels, n_heads)
        self.widen, self.narrow = nn.Linear(channels, hidden), nn.Linear(hidden, channels)
        self.drop = ChannelDropout(dropout)

    def forward(self, frames: Tensor, heard: Tensor | None) -> Tensor:
        """``frames (batch, frames, channels)``; ``heard (batch, frames, 1)`` is 1 for a frame and 0 for padding, None without any."""
        given = self.norms[0](frames)
        frames = frames + self.drop(self.over_time(given if heard is None else given * heard))
        is_padding = None if heard is None else heard[:, None, None, :, 0] < 0.5
        frames = frames + self.drop(self.attention(self.norms[1](frames), is_padding))
        return frames + self.drop(self.narrow(F.gelu(self.widen(self.norms[2](frames)))))


class HearingBlocks(nn.Module):
    """A stack of :class:`HearingBlock` and a last layer norm."""

    def __init__(self, n_blocks: int, channels: int, hidden: int, kernel: int, n_heads: int, dropout: float):
        super().__init__()
        self.blocks = nn.ModuleList(HearingBlock(channels, hidden, kernel, n_heads, dropout) for _ in range(n_blocks))
        self.norm = nn.LayerNorm(channels)

    def forward(self, frames: Tensor, heard: Tensor | None = None) -> Tensor:
        for block in self.blocks:
            frames = block(frames, heard)
        return self.norm(frames)


class Predictor(nn.Module):
    """Two convolutions over symbols, then numbers for each: ``(batch, symbols, channels) -> (batch, symbols, n_outputs)``."""

    def __init__(self, channels: int, hidden: int, n_outputs: int, dropout: float):
        super().__init__()
        self.layers = nn.ModuleList([ProductConv(channels, hidden), ProductConv(hidden, hidden)])
        self.norms = nn.ModuleList([nn.LayerNorm(hidden), nn.LayerNorm(hidden)])
        self.drop = ChannelDropout(dropout)
        self.out = nn.Linear(hidden, n_outputs)

    def forward(self, symbols: Tensor, heard: Tensor | None) -> Tensor:
        for layer, norm in zip(self.layers, self.norms, strict=True):
            symbols = self.drop(norm(F.relu(layer(symbols if heard is None else symbols * heard))))
        return self.out(symbols)


class StyleReader(nn.Module):
    """Mel frames to how much of each style they have: ``(batch, frames, n_mels) -> (batch, n_styles)``, which sum to 1."""

    def __init__(self, n_mels: int, channels: int, n_styles: int):
        super().__init__()
        self.layers = nn.ModuleList([ProductConv(n_mels, channels), ProductConv(channels, channels)])
        self.out = nn.Linear(channels, n_styles)

    def forward(self, mel: Tensor, heard: Tensor) -> Tensor:
        for layer in self.layers:
            mel = F.relu(layer(mel * heard))
        mean = (mel * heard).sum(1) / heard.sum(1)
        return torch.softmax(self.out(mean).float(), -1)
