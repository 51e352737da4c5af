"""ConvNeXt blocks over frames as matrix products, for whole clips or for streams with a memory of earlier frames."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx
from torch.nn import functional as F


def _shifted_sum(padded: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Correlate ``padded (batch, frames, channels)`` with ``weight (taps, channels)``, without further padding."""
    n_frames = padded.shape[1] - (len(weight) - 1)
    total = padded[:, :n_frames] * weight[0] + bias
    for tap in range(1, len(weight)):
        total = torch.addcmul(total, padded[:, tap : tap + n_frames], weight[tap])
    return total


class _ShiftedSumContext(FunctionCtx):
    """Type of the context of :class:`_ShiftedSum`."""

    saved_tensors: tuple[Tensor, ...]


class _ShiftedSum(torch.autograd.Function):
    """:func:`_shifted_sum` with a faster backward pass: gradients are added up in place, tap by tap."""

    @staticmethod
    def forward(ctx: _ShiftedSumContext, padded: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(padded, weight)
        return _shifted_sum(padded, weight, bias)

    @staticmethod
    def backward(ctx: _ShiftedSumContext, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        padded, weight = ctx.saved_tensors
        grad_padded = torch.zeros_like(padded)
        grad_weight = torch.empty_like(weight)
        for tap in range(len(weight)):
            frames = slice(tap, tap + gradient.shape[1])
            grad_padded[:, frames].addcmul_(gradient, weight[tap])
            grad_weight[tap] = (gradient * padded[:, frames]).sum((0, 1))
        return grad_padded, grad_weight, gradient.sum((0, 1))


_apply_shifted_sum: Callable[[Tensor, Tensor, Tensor], Tensor] = _ShiftedSum.apply


class DepthwiseConv(nn.Module):
    """Depthwise convolution over ``(batch, frames, channels)``.

    In training it is a sum of shifted frames: on CPUs that is faster than a ``Conv1d``, which has to transpose first.

    - ``kernel_size``: frames that an output depends on.
    - ``look_ahead``: number of these that come after it; 0 for a causal convolution.
    """

    def __init__(self, channels: int, kernel_size: int, look_ahead: int = 0) -> None:
        super().__init__()
        self.kernel_size, self.look_ahead = kernel_size, look_ahead
        self.weight = nn.Parameter(torch.randn(kernel_size, channels) * kernel_size**-0.5)
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, frames: Tensor, before: Tensor | None = None) -> Tensor:
        """Convolve ``(batch, frames, channels)``, padding with zeros or with the ``kernel_size - 1`` frames before."""
        if before is None:
            padded = F.pad(frames, (0, 0, self.kernel_size - 1 - self.look_ahead, self.look_ahead))
        else:
            padded = torch.cat([before, frames], 1)
        weight, bias = self.weight.to(frames.dtype), self.bias.to(frames.dtype)
        if torch.onnx.is_in_onnx_export():  # ONNX Runtime is fastest with images of one row
            row = padded.transpose(1, 2).unsqueeze(2)
            return F.conv2d(row, weight.t()[:, None, None], bias, groups=len(bias)).squeeze(2).transpose(1, 2)
        if torch.is_grad_enabled():
            return _apply_shifted_sum(padded, weight, bias)
        return _shifted_sum(padded, weight, bias)


class ConvNeXtBlock(nn.Module):
    """Depthwise convolution, layer norm and two pointwise convolutions with GELU between, in a residual branch.

    - ``layer_scale``: initial scale of the branch (LayerScale), learned for each channel.

    References
    ----------
    Z. Liu et al., "A ConvNet for the 2020s", 2022.
    """

    def __init__(
        self, channels: int, hidden: int, kernel_size: int, look_ahead: int = 0, layer_scale: float = 0.2
    ) -> None:
        super().__init__()
        self.dwconv = DepthwiseConv(channels, kernel_size, look_ahead)
        self.norm = nn.LayerNorm(channels)
        self.pwconv1 = nn.Linear(channels, hidden)
        self.pwconv2 = nn.Linear(hidden, channels)
        self.gamma = nn.Parameter(torch.full((channels,), layer_scale))

    def forward(self, frames: Tensor, before: Tensor | None = None) -> Tensor:
        """Return a tensor of the shape of ``frames``; see :meth:`DepthwiseConv.forward`."""
        hidden = self.norm(self.dwconv(frames, before))
        branch: Tensor = self.pwconv2(F.gelu(self.pwconv1(hidden)))
        return frames + self.gamma * branch


class ConvNeXtStack(nn.Module):
    """Stack of :class:`ConvNeXtBlock`."""

    def __init__(self, n_blocks: int, channels: int, hidden: int, kernel_size: int, look_ahead: int = 0) -> None:
        super().__init__()
        self.channels, self.n_before = channels, kernel_size - 1
        self.blocks = nn.ModuleList(ConvNeXtBlock(channels, hidden, kernel_size, look_ahead) for _ in range(n_blocks))

    @property
    def memory_size(self) -> int:
        """Size of the memory of one stream."""
        return len(self.blocks) * self.n_before * self.channels

    def forward(self, frames: Tensor, memory: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Run the blocks over a whole clip, or over the next frames of a stream.

        - ``frames``: ``(batch, frames, channels)``.
        - ``memory``: the inputs of each block that precede these frames, ``(batch, memory_size)``, for blocks without
          look-ahead; zeros before the first frame. Without a memory the frames are a whole clip.
        - returns ``frames``: the shape of the input.
        - returns ``memory``: memory for the frames that follow, None without a memory.
        """
        if memory is None:
            for block in self.blocks:
                frames = block(frames)
            return frames, None
        cached = memory.view(-1, len(self.blocks), self.n_before, self.channels)
        next_memory = []
        for index, block in enumerate(self.blocks):
            before = cached[:, index]
            next_memory.append(torch.cat([before, frames], 1)[:, -self.n_before :])
            frames = block(frames, before)
        return frames, torch.stack(next_memory, 1).flatten(1)


def split_memory(memory: Tensor | None, sizes: Sequence[int]) -> list[Tensor | None]:
    """Split the memory ``(batch, sum(sizes))`` of a network into those of its modules; None if for a whole clip."""
    return [None] * len(sizes) if memory is None else list(torch.split(memory, list(sizes), 1))
