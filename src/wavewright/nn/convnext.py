"""ConvNeXt blocks over frames, as matrix products, that can hear a sound whole or go on from what they heard before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def _shifted_sum(padded: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Each frame times the first tap's ``weight (taps, channels)``, the next times the second's ...: fewer frames by ``taps - 1``."""
    n_frames = padded.shape[1] - (len(weight) - 1)
    total = padded[:, :n_frames] * weight[0] + bias
    for tap in range(1, len(weight)):
        total = torch.addcmul(total, padded[:, tap : tap + n_frames], weight[tap])
    return total


class _ShiftedSum(torch.autograd.Function):
    """:func:`_shifted_sum` that learns in less time: its gradients are added up in place, tap by tap."""

    @staticmethod
    def forward(ctx: Any, padded: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(padded, weight)
        return _shifted_sum(padded, weight, bias)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        (padded, weight), (gradient,) = ctx.saved_tensors, gradients
        of_padded, of_weight = torch.zeros_like(padded), torch.empty_like(weight)
        for tap in range(len(weight)):
            frames = slice(tap, tap + gradient.shape[1])
            of_padded[:, frames].addcmul_(gradient, weight[tap])
            of_weight[tap] = (gradient * padded[:, frames]).sum((0, 1))
        return of_padded, of_weight, gradient.sum((0, 1))


class FrameConv(nn.Module):
    """Depthwise convolution over ``(batch, frames, channels)``: each output hears ``kernel`` frames, ``look_ahead`` of them later ones.

    Learns as a sum of shifted frames, which on CPUs is quicker than a convolution that first has to turn the frames around.
    """

    def __init__(self, channels: int, kernel: int, look_ahead: int = 0):
        super().__init__()
        self.kernel, self.look_ahead = kernel, look_ahead
        self.weight = nn.Parameter(torch.randn(kernel, channels) * kernel**-0.5)
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, frames: Tensor, before: Tensor | None = None) -> Tensor:
        """As many frames as given, silence before and after them; with ``before`` see :meth:`Blocks.forward`."""
        if before is None:
            padded = F.pad(frames, (0, 0, self.kernel - 1 - self.look_ahead, self.look_ahead))
        else:
            padded = torch.cat([before, frames], 1)
        weight, bias = self.weight.to(frames.dtype), self.bias.to(frames.dtype)
        if torch.onnx.is_in_onnx_export():  # ONNX Runtime is quickest with pictures of one row
            row = padded.transpose(1, 2).unsqueeze(2)
            return F.conv2d(row, weight.t()[:, None, None], bias, groups=len(bias)).squeeze(2).transpose(1, 2)
        if torch.is_grad_enabled():
            return _ShiftedSum.apply(padded, weight, bias)
        return _shifted_sum(padded, weight, bias)


class ConvNeXtBlock(nn.Module):
    """Depthwise convolution, layer norm, two products with GELU between, residual (Liu et al., "A ConvNet for the 2020s", 2022).

    ``forward(frames (batch, frames, channels), before) -> (batch, frames, channels)``.
    """

    def __init__(self, channels: int, hidden: int, kernel: int, look_ahead: int = 0, scale: float = 0.2):
        super().__init__()
        self.over_time = FrameConv(channels, kernel, look_ahead)
        self.norm = nn.LayerNorm(channels)
        self.widen = nn.Linear(channels, hidden)
        self.narrow = nn.Linear(hidden, channels)
        self.scale = nn.Parameter(torch.full((channels,), scale))  # of the branch, small at first

    def forward(self, frames: Tensor, before: Tensor | None = None) -> Tensor:
        return frames + self.scale * self.narrow(F.gelu(self.widen(self.norm(self.over_time(frames, before)))))


class Blocks(nn.Module):
    """A stack of :class:`ConvNeXtBlock`, each with the same kernel."""

    def __init__(self, n_blocks: int, channels: int, hidden: int, kernel: int, look_ahead: int = 0):
        super().__init__()
        self.channels, self.n_before = channels, kernel - 1
        self.blocks = nn.ModuleList(ConvNeXtBlock(channels, hidden, kernel, look_ahead) for _ in range(n_blocks))

    @property
    def memory_size(self) -> int:
        """How many numbers :meth:`forward` needs to go on from what was heard."""
        return len(self.blocks) * self.n_before * self.channels

    def forward(self, frames: Tensor, memory: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """``frames (batch, frames, channels)`` and the ``memory (batch, memory_size)`` of those before to as many, and the memory after.

        Without a memory the frames are a whole sound, with silence before and after it. With one (where no block looks ahead) each block
        hears the frames that it remembers, then these; a memory of zeros is the silence before a sound.
        """
        if memory is None:
            for block in self.blocks:
                frames = block(frames)
            return frames, None
        remembered = memory.view(-1, len(self.blocks), self.n_before, self.channels)
        kept = []
        for index, block in enumerate(self.blocks):
            before = remembered[:, index]
            kept.append(torch.cat([before, frames], 1)[:, -self.n_before :])
            frames = block(frames, before)
        return frames, torch.stack(kept, 1).flatten(1)


def split_memory(memory: Tensor | None, sizes: Sequence[int]) -> list[Tensor | None]:
    """The memories of several parts ``(batch, size)`` out of one ``(batch, sum(sizes))``; None for each where there is none."""
    return [None] * len(sizes) if memory is None else list(memory.split(list(sizes), 1))
