"""Layers over padded batches of frames or symbols: masks, convolution, attention, transformer blocks, predictors."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .convnext import DepthwiseConv


def sequence_mask(lengths: Tensor, max_length: int) -> Tensor:
    """Return a mask ``(batch, max_length, 1)`` float32 of padded sequences: 1 for a frame and 0 for padding."""
    return (torch.arange(max_length, device=lengths.device) < lengths[:, None]).float()[..., None]


class ChannelDropout(nn.Module):
    """Dropout of whole channels of a clip ``(batch, frames, channels)``.

    A random number for each frame would cost a tenth of a training step on a CPU.

    References
    ----------
    Y. Gal, Z. Ghahramani, "A Theoretically Grounded Application of Dropout in Recurrent Neural Networks", 2016.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, frames: Tensor) -> Tensor:
        """Return a tensor of the shape of ``frames (batch, frames, channels)``; the input in evaluation mode."""
        if not self.training or self.p == 0:
            return frames
        is_retained = torch.rand(len(frames), 1, frames.shape[2], device=frames.device) >= self.p
        return frames * (is_retained / (1 - self.p)).to(frames.dtype)


class Im2colConv(nn.Module):
    """Convolution over ``(batch, frames, channels)`` as one matrix product of adjacent frames, zeros beyond the ends.

    It has ``n_outputs`` output channels; ``kernel_size`` is the odd number of frames that an output depends on.
    """

    def __init__(self, channels: int, n_outputs: int, kernel_size: int = 3) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.linear = nn.Linear(kernel_size * channels, n_outputs)

    def forward(self, frames: Tensor) -> Tensor:
        """Return ``(batch, frames, n_outputs)`` of ``frames (batch, frames, channels)``."""
        side = self.kernel_size // 2
        padded = F.pad(frames, (0, 0, side, side))
        n_frames = frames.shape[1]
        columns = torch.cat([padded[:, tap : tap + n_frames] for tap in range(self.kernel_size)], -1)
        convolved: Tensor = self.linear(columns)
        return convolved


class SelfAttention(nn.Module):
    """Multi-head self-attention, written out: on CPUs torch's own takes twice as long in training.

    The number of heads must divide the channels of input and output.

    References
    ----------
    A. Vaswani et al., "Attention Is All You Need", 2017.
    """

    def __init__(self, channels: int, n_heads: int) -> None:
        super().__init__()
        self.n_heads, self.scale = n_heads, (channels // n_heads) ** -0.5
        self.in_proj = nn.Linear(channels, 3 * channels)
        self.out_proj = nn.Linear(channels, channels)

    def forward(self, frames: Tensor, is_padding: Tensor | None) -> Tensor:
        """Attend to all frames ``(batch, frames, channels)`` of a clip but ``is_padding (batch, 1, 1, frames)``."""
        batch, n_frames, channels = frames.shape
        projected = self.in_proj(frames).view(batch, n_frames, 3, self.n_heads, -1).permute(2, 0, 3, 1, 4)
        queries, keys, values = projected[0], projected[1], projected[2]  # (batch, heads, frames, channels / heads)
        scores = (queries * self.scale) @ keys.transpose(-1, -2)
        if is_padding is not None:
            scores = scores.masked_fill(is_padding, -1e4)
        attended = torch.softmax(scores, -1).to(values.dtype) @ values
        outputs: Tensor = self.out_proj(attended.transpose(1, 2).reshape(batch, n_frames, channels))
        return outputs


class ConvTransformerBlock(nn.Module):
    """Depthwise convolution, self-attention and feed-forward network, each a residual branch behind a layer norm.

    The kernel has an odd number of frames; ``dropout`` zeroes whole channels of a branch.
    """

    def __init__(self, channels: int, hidden: int, kernel_size: int, n_heads: int, dropout: float) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(channels) for _ in range(3))
        self.dwconv = DepthwiseConv(channels, kernel_size, kernel_size // 2)
        self.self_attn = SelfAttention(channels, n_heads)
        self.linear1 = nn.Linear(channels, hidden)
        self.linear2 = nn.Linear(hidden, channels)
        self.dropout = ChannelDropout(dropout)

    def forward(self, frames: Tensor, mask: Tensor | None) -> Tensor:
        """Transform frames ``(batch, frames, channels)``; the mask ``(batch, frames, 1)`` is 0 for padding."""
        normed = self.norms[0](frames)
        frames = frames + self.dropout(self.dwconv(normed if mask is None else normed * mask))
        is_padding = None if mask is None else mask[:, None, None, :, 0] < 0.5
        frames = frames + self.dropout(self.self_attn(self.norms[1](frames), is_padding))
        feed_forward = self.dropout(self.linear2(F.gelu(self.linear1(self.norms[2](frames)))))
        outputs: Tensor = frames + feed_forward
        return outputs


class ConvTransformer(nn.Module):
    """Stack of :class:`ConvTransformerBlock` and a final layer norm."""

    def __init__(
        self, n_blocks: int, channels: int, hidden: int, kernel_size: int, n_heads: int, dropout: float
    ) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            ConvTransformerBlock(channels, hidden, kernel_size, n_heads, dropout) for _ in range(n_blocks)
        )
        self.norm = nn.LayerNorm(channels)

    def forward(self, frames: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return a tensor of the shape of ``frames``; see :meth:`ConvTransformerBlock.forward`."""
        for block in self.blocks:
            frames = block(frames, mask)
        normed: Tensor = self.norm(frames)
        return normed


class VariancePredictor(nn.Module):
    """Two convolutions over symbols and a linear layer, which predict duration or pitch and energy.

    References
    ----------
    Y. Ren et al., "FastSpeech 2: Fast and High-Quality End-to-End Text to Speech", 2021.
    """

    def __init__(self, channels: int, hidden: int, n_outputs: int, dropout: float) -> None:
        super().__init__()
        self.convs = nn.ModuleList([Im2colConv(channels, hidden), Im2colConv(hidden, hidden)])
        self.norms = nn.ModuleList([nn.LayerNorm(hidden), nn.LayerNorm(hidden)])
        self.dropout = ChannelDropout(dropout)
        self.out_proj = nn.Linear(hidden, n_outputs)

    def forward(self, symbols: Tensor, mask: Tensor | None) -> Tensor:
        """Predict ``(batch, symbols, n_outputs)`` of symbols; the mask ``(batch, symbols, 1)`` is 0 for padding."""
        for layer, norm in zip(self.convs, self.norms, strict=True):
            symbols = self.dropout(norm(F.relu(layer(symbols if mask is None else symbols * mask))))
        outputs: Tensor = self.out_proj(symbols)
        return outputs


class StyleEncoder(nn.Module):
    """Reference encoder: mel frames of a recording to the weights of ``n_styles`` style tokens.

    References
    ----------
    Y. Wang et al., "Style Tokens: Unsupervised Style Modeling, Control and Transfer in End-to-End Speech Synthesis",
    2018.
    """

    def __init__(self, n_mels: int, channels: int, n_styles: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList([Im2colConv(n_mels, channels), Im2colConv(channels, channels)])
        self.out_proj = nn.Linear(channels, n_styles)

    def forward(self, mel: Tensor, mask: Tensor) -> Tensor:
        """Return weights ``(batch, n_styles)`` that sum to 1.

        ``mel`` is ``(batch, frames, n_mels)``; ``mask (batch, frames, 1)`` is 0 for padding, else 1.
        """
        for layer in self.convs:
            mel = F.relu(layer(mel * mask))
        mean = (mel * mask).sum(1) / mask.sum(1)
        return torch.softmax(self.out_proj(mean).float(), -1)
