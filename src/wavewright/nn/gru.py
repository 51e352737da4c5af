"""A GRU layer that trains faster on CPUs: the gradient of its weights is one product over all time steps."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx


class GRU(nn.GRU):
    """One layer in one direction, with the parameters, arguments and results of torch's GRU.

    - ``input_size``, ``hidden_size``: features of inputs and outputs.

    References
    ----------
    K. Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder", 2014.
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size)

    def forward(self, inputs: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:  # type: ignore[override]
        """Return the outputs ``(time, batch, hidden_size)``, and the last one as state ``(1, batch, hidden_size)``."""
        if not (self.training and torch.is_grad_enabled()) or inputs.device.type != "cpu":
            outputs, state = super().forward(inputs, state)
            return outputs, state
        first = inputs.new_zeros(inputs.shape[1], self.hidden_size) if state is None else state[0]
        biases = (self.bias_ih_l0, self.bias_hh_l0)
        with torch.autocast("cpu", enabled=False):
            outputs = _apply_recurrence(inputs.float(), first.float(), self.weight_ih_l0, self.weight_hh_l0, *biases)
        return outputs, outputs[-1:]


class _RecurrenceContext(FunctionCtx):
    """Type of the context of :class:`_Recurrence`."""

    saved_tensors: tuple[Tensor, ...]


class _Recurrence(torch.autograd.Function):
    """The loop over time: every step computes its products while its arrays are in the cache.

    ``inputs (time, batch, features)``, ``state (batch, size)``, weights and biases as those of torch; the result is
    ``(time, batch, size)``. Inputs and states of a step are side by side in ``joined (time + 1, batch, features +
    size)``, so that reset and update gates take one product each.
    """

    @staticmethod
    def forward(
        ctx: _RecurrenceContext,
        inputs: Tensor,
        state: Tensor,
        weight_i: Tensor,
        weight_h: Tensor,
        bias_i: Tensor,
        bias_h: Tensor,
    ) -> Tensor:
        n_steps, batch, n_features = inputs.shape
        size = state.shape[1]
        joined = inputs.new_empty(n_steps + 1, batch, n_features + size)
        joined[:-1, :, :n_features] = inputs
        joined[0, :, n_features:] = state
        gates = inputs.new_empty(4, n_steps, batch, size)  # reset, update, candidate, the state's part of the candidate
        weight = torch.cat([weight_i, weight_h], dim=1)
        for_reset, for_update = weight[:size].t().contiguous(), weight[size : 2 * size].t().contiguous()
        for_candidate_i, for_candidate_h = weight_i[2 * size :].t().contiguous(), weight_h[2 * size :].t().contiguous()
        bias_reset, bias_update = (bias_i + bias_h)[: 2 * size].chunk(2)
        bias_candidate_i, bias_candidate_h = bias_i[2 * size :], bias_h[2 * size :]
        for step in range(n_steps):
            reset, update, candidate, candidate_h = gates[:, step].unbind()
            features, previous = torch.split(joined[step], [n_features, size], dim=1)
            torch.addmm(bias_reset, joined[step], for_reset, out=reset).sigmoid_()
            torch.addmm(bias_update, joined[step], for_update, out=update).sigmoid_()
            torch.addmm(bias_candidate_h, previous, for_candidate_h, out=candidate_h)
            torch.addmm(bias_candidate_i, features, for_candidate_i, out=candidate).addcmul_(reset, candidate_h)
            candidate.mul_(2).sigmoid_().mul_(2).sub_(1)  # tanh, which takes eight times as long
            torch.lerp(candidate, previous, update, out=joined[step + 1, :, n_features:])
        ctx.save_for_backward(joined, gates, weight)
        return joined[1:, :, n_features:]

    @staticmethod
    @torch.autocast("cpu", enabled=False)  # type: ignore[untyped-decorator]
    def backward(ctx: _RecurrenceContext, gradient: Tensor) -> tuple[Tensor, ...]:
        joined, gates, weight = ctx.saved_tensors
        n_steps, batch, size = gates.shape[1:]
        n_features = joined.shape[2] - size
        weight_reset, weight_update, weight_candidate = torch.split(weight, size)
        grad_inputs = torch.empty_like(joined[:-1, :, :n_features])
        grad_state = joined.new_zeros(batch, size)
        grad_weight = torch.zeros_like(weight)
        grad_reset_w, grad_update_w, grad_candidate_w = torch.split(grad_weight, size)
        sums = joined.new_zeros(4, size)  # of the gradients of each gate
        for step in reversed(range(n_steps)):
            reset, update, candidate, candidate_h = gates[:, step].unbind()
            features, previous = torch.split(joined[step], [n_features, size], dim=1)
            grad_state += gradient[step]
            retained = grad_state * update
            grad_candidate = torch.ops.aten.tanh_backward(grad_state.sub_(retained), candidate)
            grad_update = (previous - candidate).mul_(retained).mul_(1 - update)
            grad_candidate_h = grad_candidate * reset
            grad_reset = (grad_candidate_h * candidate_h).mul_(1 - reset)
            grad_joined = torch.mm(grad_reset, weight_reset).addmm_(grad_update, weight_update)
            torch.addmm(
                grad_joined[:, :n_features], grad_candidate, weight_candidate[:, :n_features], out=grad_inputs[step]
            )
            grad_state = retained.add_(grad_joined[:, n_features:])
            grad_state.addmm_(grad_candidate_h, weight_candidate[:, n_features:])
            grad_reset_w.addmm_(grad_reset.t(), joined[step])
            grad_update_w.addmm_(grad_update.t(), joined[step])
            grad_candidate_w[:, :n_features].addmm_(grad_candidate.t(), features)
            grad_candidate_w[:, n_features:].addmm_(grad_candidate_h.t(), previous)
            sums += torch.stack([grad_reset, grad_update, grad_candidate, grad_candidate_h]).sum(1)
        grad_weight_i, grad_weight_h = torch.split(grad_weight, [n_features, size], dim=1)
        grad_bias_i, grad_bias_h = sums[:3].flatten(), sums[[0, 1, 3]].flatten()
        return grad_inputs, grad_state, grad_weight_i, grad_weight_h, grad_bias_i, grad_bias_h


_apply_recurrence: Callable[..., Tensor] = _Recurrence.apply
