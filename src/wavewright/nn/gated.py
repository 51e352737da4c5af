"""Dilated gated layers of a WaveNet as matrix products over ``(batch, time, channels)``, with their gradients."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx
from torch.nn import functional as F

LAYERS_PER_PRODUCT = 5  # whose skip connections are one matrix product


class GatedLayer(nn.Module):
    """Dilated causal convolution of two taps with a gated activation unit, residual and skip connection.

    ``a = dilated([h(t - dilation), h(t)]) + condition``, ``units = tanh(a1) sigmoid(a2)``, ``h + residual(units)``.
    A dilated ``Conv1d`` is slow on CPUs; here both taps are one product. The residual stream stays float32.

    - ``is_last``: the last layer has no residual connection.

    References
    ----------
    A. van den Oord et al., "WaveNet: A Generative Model for Raw Audio", 2016, section 2.3.
    """

    def __init__(self, channels: int, skip_channels: int, dilation: int, is_last: bool = False) -> None:
        super().__init__()
        self.dilation = dilation
        self.dilated = nn.Linear(2 * channels, 2 * channels)
        self.residual = None if is_last else nn.Linear(channels, channels)
        self.skip = nn.Linear(channels, skip_channels, bias=False)

    def forward(self, hidden: Tensor, condition: Tensor | None, hop_length: int) -> tuple[Tensor, Tensor]:
        """Run the layer over a wave.

        - ``hidden``: residual stream ``(batch, time, channels)`` float32; zeros before the first sample.
        - ``condition``: local conditioning ``(batch, segments, 2 * channels)``.
        - returns ``hidden``: the shape of the input, float32.
        - returns ``units``: gated activations ``(batch, time, channels)``.
        """
        dtype = matmul_dtype(hidden.device.type)
        weight, bias = self.dilated.weight.to(dtype), self.dilated.bias.to(dtype)
        condition = None if condition is None else condition.to(dtype)
        with torch.autocast(hidden.device.type, enabled=False):
            units = _apply_gated_units(hidden.to(dtype), weight, bias, condition, self.dilation, hop_length)
            if self.residual is not None:
                hidden = hidden + F.linear(units, self.residual.weight.to(dtype), self.residual.bias.to(dtype))
            return hidden, units


def convolve_layers(
    layers: Sequence[GatedLayer], hidden: Tensor, conditions: Sequence[Tensor | None], hop_length: int, bias: Tensor
) -> Tensor:
    """Run all layers as ``Conv1d`` and add up their skip connections.

    Equal to the layers one after another and :func:`skip_sum`. As convolutions over ``(batch, channels, time)`` they
    are a little faster on CPUs in float32, and slower in bfloat16.

    - ``hidden``: ``(batch, time, channels)``.
    - ``conditions``: conditioning of each layer, ``(batch, segments, 2 * channels)``.
    - ``bias``: bias of the sum, ``(skip_channels,)``.
    - returns: ``(batch, time, skip_channels)``.
    """
    hidden = hidden.transpose(1, 2).contiguous()
    channels, total = hidden.shape[1], bias[:, None]
    for layer, condition in zip(layers, conditions, strict=True):
        taps = torch.stack(torch.split(layer.dilated.weight, channels, dim=1), dim=2)  # (2 * channels, channels, 2)
        a = F.conv1d(F.pad(hidden, (layer.dilation, 0)), taps, layer.dilated.bias, dilation=layer.dilation)
        if condition is not None:
            a = a + condition.transpose(1, 2).repeat_interleave(hop_length, dim=2)[..., : a.shape[2]]
        tanh_input, gate_input = a.chunk(2, dim=1)
        units = torch.tanh(tanh_input) * torch.sigmoid(gate_input)
        total = total + F.conv1d(units, layer.skip.weight[:, :, None])
        if layer.residual is not None:
            hidden = hidden + F.conv1d(units, layer.residual.weight[:, :, None], layer.residual.bias)
    return total.transpose(1, 2)


def matmul_dtype(device: str) -> torch.dtype:
    """Return the type of matrix products on a device type: that of autocast where it is on, else float32."""
    return torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else torch.float32


class _GatedUnitsContext(FunctionCtx):
    """Type of the context of :class:`GatedUnits`."""

    saved_tensors: tuple[Tensor, ...]
    dilation: int
    hop_length: int
    n_segments: int


class GatedUnits(torch.autograd.Function):
    """``tanh(a1) sigmoid(a2)`` with ``a = [h(t - dilation), h(t)] weight' + bias + condition``, and its gradient.

    ``tanh(a) = 2 sigmoid(2 a) - 1`` is several times as fast as ``tanh`` on CPUs, works in place, and its output
    suffices for the gradient. The two halves are separate tensors since arithmetic on slices is slow.
    """

    @staticmethod
    def forward(
        ctx: _GatedUnitsContext,
        hidden: Tensor,
        weight: Tensor,
        bias: Tensor,
        condition: Tensor | None,
        dilation: int,
        hop_length: int,
    ) -> Tensor:
        """Return the units ``(batch, time, channels)``; see :class:`GatedLayer` for the arguments."""
        channels = hidden.shape[2]
        taps = stack_taps(hidden, dilation)
        sigmoids = []
        for half, factor in ((slice(None, channels), 2.0), (slice(channels, None), 1.0)):
            a = torch.addmm(factor * bias[half], taps, factor * weight[half].t()).view(hidden.shape)
            if condition is not None:
                _add_segments(a, factor * condition[..., half], hop_length)
            sigmoids.append(a.sigmoid_())
        ctx.save_for_backward(hidden, weight, *sigmoids)
        ctx.dilation, ctx.hop_length = dilation, hop_length
        ctx.n_segments = 0 if condition is None else condition.shape[1]
        return torch.addcmul(-sigmoids[1], sigmoids[0], sigmoids[1], value=2)

    @staticmethod
    def backward(ctx: _GatedUnitsContext, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradients of hidden, weight, bias and condition."""
        hidden, weight, tanh_sigmoid, gate_sigmoid = ctx.saved_tensors
        batch, time, channels = hidden.shape
        gradient = gradient.contiguous()
        # d tanh(a) = 4 s (1 - s) with s = sigmoid(2 a); the factor 4 is applied to the small matrices below.
        grad_tanh = torch.ops.aten.sigmoid_backward(gradient * gate_sigmoid, tanh_sigmoid)
        grad_gate = torch.ops.aten.sigmoid_backward(
            torch.addcmul(-gradient, gradient, tanh_sigmoid, value=2), gate_sigmoid
        )
        flat_tanh, flat_gate = grad_tanh.view(-1, channels), grad_gate.view(-1, channels)
        taps = stack_taps(hidden, ctx.dilation)
        grad_weight = torch.cat([4 * (flat_tanh.t() @ taps), flat_gate.t() @ taps])
        grad_taps = torch.addmm(flat_gate @ weight[channels:], flat_tanh, 4 * weight[:channels]).view(batch, time, -1)
        grad_hidden = grad_taps[..., channels:].contiguous()
        if ctx.dilation < time:
            grad_hidden[:, : -ctx.dilation] += grad_taps[:, ctx.dilation :, :channels]
        grad_condition = None
        if ctx.n_segments:
            segment_sums = [_segment_sum(each, ctx.n_segments, ctx.hop_length) for each in (grad_tanh, grad_gate)]
            grad_condition = torch.cat([4 * segment_sums[0], segment_sums[1]], dim=-1)
            grad_bias = grad_condition.sum((0, 1))
        else:
            grad_bias = torch.cat([4 * flat_tanh.sum(0), flat_gate.sum(0)])
        return grad_hidden, grad_weight, grad_bias, grad_condition, None, None


_apply_gated_units: Callable[[Tensor, Tensor, Tensor, Tensor | None, int, int], Tensor] = GatedUnits.apply


def skip_sum(layers: Sequence[GatedLayer], units: Sequence[Tensor], bias: Tensor) -> Tensor:
    """Return the sum ``(batch, time, skip_channels)`` float32 of all skip connections and a bias.

    Units are the gated activations ``(batch, time, channels)`` of each layer.
    """
    weight = torch.cat([layer.skip.weight for layer in layers], dim=1).to(units[0].dtype)
    with torch.autocast(bias.device.type, enabled=False):
        return _apply_skip_sum(weight, bias, *units)


class _SkipSumContext(FunctionCtx):
    """Type of the context of :class:`SkipSum`."""

    saved_tensors: tuple[Tensor, ...]


class SkipSum(torch.autograd.Function):
    """``bias + sum_l units_l weight_l'``, added up in float32, a few layers in one product, and its gradient.

    On CPUs, reading and writing a float32 sum for each layer, and converting its gradient to bfloat16 for each, takes
    as long as the products.
    """

    @staticmethod
    def forward(ctx: _SkipSumContext, weight: Tensor, bias: Tensor, *units: Tensor) -> Tensor:
        """Return the sum ``(batch, time, skip_channels)``; the layers' weights are side by side."""
        batch, time, channels = units[0].shape
        total = bias.repeat(batch * time, 1)
        for first in range(0, len(units), LAYERS_PER_PRODUCT):
            some = torch.cat(
                [of_layer.reshape(-1, channels) for of_layer in units[first : first + LAYERS_PER_PRODUCT]], dim=1
            )
            start = first * channels
            total.add_(some @ weight[:, start : start + some.shape[1]].t())
        ctx.save_for_backward(weight, *units)
        return total.view(batch, time, -1)

    @staticmethod
    def backward(ctx: _SkipSumContext, gradient: Tensor) -> tuple[Tensor, ...]:
        """Return the gradients of weight, bias and each layer's units."""
        weight, *units = ctx.saved_tensors
        shape, channels = units[0].shape, units[0].shape[2]
        flat = gradient.reshape(-1, weight.shape[0])
        grad_bias = flat.sum(0)
        flat = flat.to(weight.dtype)
        grad_weight = torch.cat([flat.t() @ of_layer.reshape(-1, channels) for of_layer in units], dim=1)
        grad_units = [(flat @ of_layer).view(shape) for of_layer in torch.split(weight, channels, dim=1)]
        return grad_weight, grad_bias, *grad_units


_apply_skip_sum: Callable[..., Tensor] = SkipSum.apply


def stack_taps(hidden: Tensor, dilation: int) -> Tensor:
    """Stack each sample of the hidden stream behind the one ``dilation`` samples earlier.

    - ``hidden``: ``(batch, time, channels)``.
    - returns: ``(batch * time, 2 * channels)``, earlier tap first, zeros before the first sample.
    """
    batch, time, channels = hidden.shape
    taps = hidden.new_empty(batch, time, 2 * channels)
    taps[:, :dilation, :channels] = 0
    if dilation < time:
        taps[:, dilation:, :channels] = hidden[:, :-dilation]
    taps[..., channels:] = hidden
    return taps.view(batch * time, 2 * channels)


def _add_segments(a: Tensor, condition: Tensor, hop_length: int) -> None:
    """Add segments ``(batch, segments, channels)`` to ``a (batch, time, channels)``, each to ``hop_length`` samples."""
    n_whole = a.shape[1] // hop_length
    whole = torch.unflatten(a[:, : n_whole * hop_length], 1, (n_whole, hop_length))
    whole.add_(condition[:, :n_whole, None])
    if n_whole * hop_length < a.shape[1]:
        a[:, n_whole * hop_length :].add_(condition[:, n_whole, None])


def _segment_sum(gradient: Tensor, n_segments: int, hop_length: int) -> Tensor:
    """Sum ``(batch, time, channels)`` over the samples of each segment, ``(batch, segments, channels)``."""
    n_samples, time = n_segments * hop_length, gradient.shape[1]
    padded = F.pad(gradient, (0, 0, 0, n_samples - time)) if n_samples > time else gradient
    return torch.unflatten(padded[:, :n_samples], 1, (n_segments, hop_length)).sum(2)
