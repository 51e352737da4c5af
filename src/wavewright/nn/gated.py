"""The layer of a WaveNet as matrix products over (batch, time, channels), with its gradient written out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

LAYERS_AT_ONCE = 5  # whose skip connections are one product


class GatedLayer(nn.Module):
    """Dilated causal convolution of two taps, gated units, residual and skip connection (van den Oord et al., 2016, section 2.3).

    ``forward(hidden (batch, time, channels), condition (batch, segments, 2 channels) or None, hold) -> (hidden, units)``, both of the
    shape of hidden, hidden float32: ``a = dilated([h(t - dilation), h(t)]) + condition``, ``units = tanh(a1) sigmoid(a2)`` and
    ``hidden + residual(units)``; before the first sample ``h`` is 0. A segment of the condition holds for ``hold`` samples. The last layer
    (``is_last``) has no residual connection. Its weights of the skip connection are used by :func:`skip_sum`.

    A dilated ``Conv1d`` is slow on CPUs; here a layer is one product for both taps side by side. The residual stream stays float32.
    """

    def __init__(self, channels: int, skip_channels: int, dilation: int, is_last: bool = False):
        super().__init__()
        self.dilation = dilation
        self.dilated = nn.Linear(2 * channels, 2 * channels)
        self.residual = None if is_last else nn.Linear(channels, channels)
        self.skip = nn.Linear(channels, skip_channels, bias=False)

    def forward(self, hidden: Tensor, condition: Tensor | None, hold: int) -> tuple[Tensor, Tensor]:
        dtype = product_dtype(hidden.device.type)
        weight, bias = self.dilated.weight.to(dtype), self.dilated.bias.to(dtype)
        condition = None if condition is None else condition.to(dtype)
        with torch.autocast(hidden.device.type, enabled=False):
            units = GatedUnits.apply(hidden.to(dtype), weight, bias, condition, self.dilation, hold)
            if self.residual is not None:
                hidden = hidden + F.linear(units, self.residual.weight.to(dtype), self.residual.bias.to(dtype))
            return hidden, units


def convolved(
    layers: Sequence[GatedLayer], hidden: Tensor, conditions: Sequence[Tensor | None], hold: int, bias: Tensor
) -> Tensor:
    """All layers over ``hidden (batch, time, channels)`` and the sum of their skip connections ``(batch, time, skip_channels)``.

    The same as the layers one after another and :func:`skip_sum`, as convolutions over (batch, channels, time): in float32 these are a
    little faster on CPUs, in bfloat16 they are not.
    """
    hidden = hidden.transpose(1, 2).contiguous()
    channels, total = hidden.shape[1], bias[:, None]
    for layer, condition in zip(layers, conditions, strict=True):
        taps = torch.stack(layer.dilated.weight.split(channels, dim=1), dim=2)  # (2 channels, channels, 2)
        a = F.conv1d(F.pad(hidden, (layer.dilation, 0)), taps, layer.dilated.bias, dilation=layer.dilation)
        if condition is not None:
            a = a + condition.transpose(1, 2).repeat_interleave(hold, dim=2)[..., : a.shape[2]]
        to_tanh, to_gate = a.chunk(2, dim=1)
        units = torch.tanh(to_tanh) * torch.sigmoid(to_gate)
        total = total + F.conv1d(units, layer.skip.weight[:, :, None])
        if layer.residual is not None:
            hidden = hidden + F.conv1d(units, layer.residual.weight[:, :, None], layer.residual.bias)
    return total.transpose(1, 2)


def product_dtype(device: str) -> torch.dtype:
    """The type that matrix products are computed in: that of autocast where it is on, else float32."""
    return torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else torch.float32


class GatedUnits(torch.autograd.Function):
    """``tanh(a1) sigmoid(a2)`` with ``a = [h(t - dilation), h(t)] weight' + bias + condition``, and its gradient.

    Written out since ``tanh(a) = 2 sigmoid(2 a) - 1`` is several times as fast as ``tanh`` on CPUs, works in place, and is all that the
    gradient needs; the halves are kept apart since arithmetic on slices of a tensor is slow.
    """

    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, weight: Tensor, bias: Tensor, condition: Tensor | None, dilation: int, hold: int
    ) -> Tensor:
        channels = hidden.shape[2]
        taps = both_taps(hidden, dilation)
        sigmoids = []
        for half, factor in ((slice(None, channels), 2.0), (slice(channels, None), 1.0)):
            a = torch.addmm(factor * bias[half], taps, factor * weight[half].t()).view(hidden.shape)
            if condition is not None:
                _add_held(a, factor * condition[..., half], hold)
            sigmoids.append(a.sigmoid_())
        ctx.save_for_backward(hidden, weight, *sigmoids)
        ctx.dilation, ctx.hold, ctx.n_segments = dilation, hold, 0 if condition is None else condition.shape[1]
        return torch.addcmul(-sigmoids[1], sigmoids[0], sigmoids[1], value=2)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        hidden, weight, of_tanh, of_gate = ctx.saved_tensors
        batch, time, channels = hidden.shape
        gradient = gradients[0].contiguous()
        # d tanh(a) = 4 s (1 - s) with s = sigmoid(2 a); the factor 4 is applied to the small matrices below.
        to_tanh = torch.ops.aten.sigmoid_backward(gradient * of_gate, of_tanh)
        to_gate = torch.ops.aten.sigmoid_backward(torch.addcmul(-gradient, gradient, of_tanh, value=2), of_gate)
        flat_tanh, flat_gate = to_tanh.view(-1, channels), to_gate.view(-1, channels)
        taps = both_taps(hidden, ctx.dilation)
        weight_gradient = torch.cat([4 * (flat_tanh.t() @ taps), flat_gate.t() @ taps])
        taps_gradient = torch.addmm(flat_gate @ weight[channels:], flat_tanh, 4 * weight[:channels]).view(
            batch, time, -1
        )
        hidden_gradient = taps_gradient[..., channels:].contiguous()
        if ctx.dilation < time:
            hidden_gradient[:, : -ctx.dilation] += taps_gradient[:, ctx.dilation :, :channels]
        of_condition = None
        if ctx.n_segments:
            of_condition = torch.cat([4 * _held_sum(to_tanh, ctx), _held_sum(to_gate, ctx)], dim=-1)
            bias_gradient = of_condition.sum((0, 1))
        else:
            bias_gradient = torch.cat([4 * flat_tanh.sum(0), flat_gate.sum(0)])
        return hidden_gradient, weight_gradient, bias_gradient, of_condition, None, None


def skip_sum(layers: Sequence[GatedLayer], units: Sequence[Tensor], bias: Tensor) -> Tensor:
    """The sum of what all layers hand to the head, ``(batch, time, skip_channels)`` float32."""
    weight = torch.cat([layer.skip.weight for layer in layers], dim=1).to(units[0].dtype)
    with torch.autocast(bias.device.type, enabled=False):
        return SkipSum.apply(weight, bias, *units)


class SkipSum(torch.autograd.Function):
    """``bias + sum_l units_l weight_l'``, added up in float32, a few layers in one product, and its gradient.

    Written out since on CPUs reading and writing a float32 sum for each layer, and turning its gradient to bfloat16 for each, takes as
    long as the products.
    """

    @staticmethod
    def forward(ctx: Any, weight: Tensor, bias: Tensor, *units: Tensor) -> Tensor:
        batch, time, channels = units[0].shape
        total = bias.repeat(batch * time, 1)
        for first in range(0, len(units), LAYERS_AT_ONCE):
            some = torch.cat(
                [of_layer.reshape(-1, channels) for of_layer in units[first : first + LAYERS_AT_ONCE]], dim=1
            )
            begin = first * channels
            total.add_(some @ weight[:, begin : begin + some.shape[1]].t())
        ctx.save_for_backward(weight, *units)
        return total.view(batch, time, -1)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        weight, *units = ctx.saved_tensors
        shape, channels = units[0].shape, units[0].shape[2]
        flat = gradients[0].reshape(-1, weight.shape[0])
        of_bias, flat = flat.sum(0), flat.to(weight.dtype)
        of_weight = torch.cat([flat.t() @ of_layer.reshape(-1, channels) for of_layer in units], dim=1)
        of_units = [(flat @ of_layer).view(shape) for of_layer in weight.split(channels, dim=1)]
        return of_weight, of_bias, *of_units


def both_taps(hidden: Tensor, dilation: int) -> Tensor:
    """``(batch, time, channels)`` -> ``(batch * time, 2 channels)``: what was ``dilation`` samples ago, 0 before the first, and what is."""
    batch, time, channels = hidden.shape
    taps = hidden.new_empty(batch, time, 2 * channels)
    taps[:, :dilation, :channels] = 0
    if dilation < time:
        taps[:, dilation:, :channels] = hidden[:, :-dilation]
    taps[..., channels:] = hidden
    return taps.view(batch * time, 2 * channels)


def _add_held(a: Tensor, condition: Tensor, hold: int) -> None:
    """Add to ``a (batch, time, channels)`` each segment of ``condition (batch, segments, channels)`` for ``hold`` samples."""
    n_whole = a.shape[1] // hold
    a[:, : n_whole * hold].unflatten(1, (n_whole, hold)).add_(condition[:, :n_whole, None])
    if n_whole * hold < a.shape[1]:
        a[:, n_whole * hold :].add_(condition[:, n_whole, None])


def _held_sum(gradient: Tensor, ctx: Any) -> Tensor:
    """The sum ``(batch, segments, channels)`` of ``gradient (batch, time, channels)`` over the samples of each segment."""
    time = gradient.shape[1]
    padded = (
        F.pad(gradient, (0, 0, 0, ctx.n_segments * ctx.hold - time)) if ctx.n_segments * ctx.hold > time else gradient
    )
    return padded[:, : ctx.n_segments * ctx.hold].unflatten(1, (ctx.n_segments, ctx.hold)).sum(2)
