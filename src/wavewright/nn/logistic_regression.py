"""Logistic regression by L-BFGS, on targets that may be probabilities."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

MAX_ITERATIONS = 150
PENALTY = 0.005  # of the squared weights, for inputs of variance 1


def logistic_regression(inputs: Tensor, targets: Tensor, is_single: bool) -> tuple[Tensor, Tensor]:
    """Return weights ``(labels, size)`` and biases ``(labels,)`` of least mean cross-entropy and penalty.

    - ``inputs``: ``(clips, size)``.
    - ``targets``: ``(clips, labels)``, probabilities.
    - ``is_single``: a clip has one label.
    """
    weight = inputs.new_zeros((targets.shape[1], inputs.shape[1])).requires_grad_()
    bias = inputs.new_zeros(targets.shape[1]).requires_grad_()
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=MAX_ITERATIONS, line_search_fn="strong_wolfe")
    cross_entropy = F.cross_entropy if is_single else F.binary_cross_entropy_with_logits

    def loss() -> Tensor:
        optimizer.zero_grad()
        total = cross_entropy(F.linear(inputs, weight, bias), targets) + PENALTY * weight.square().sum()
        torch.autograd.backward(total)
        return total

    step: Callable[[Callable[[], Tensor]], Tensor] = optimizer.step
    step(loss)
    return weight.detach(), bias.detach()
