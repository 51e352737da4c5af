"""The optimizer Muon: the momentum of matrices is orthogonalised before it is subtracted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from .precision import supports_bfloat16

MOMENTUM = 0.95
ITERATIONS = 5
COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # of the quintic iteration, which brings singular values to about 1


class Muon(torch.optim.AdamW):
    """Muon for matrices, AdamW for everything else.

    Small networks that learn for hours on a CPU reach the same loss in about half the steps of AdamW. A parameter of
    three or more dimensions is a stack of matrices. They are orthogonalised in bfloat16 where a device multiplies it
    natively: singular values within 0.35 of 1 need no more. Updates of matrices have a root mean square of 1 before
    they are multiplied by the learning rate, about that of AdamW, so both take the same rate.

    - ``parameters``: to train.
    - ``lr``: learning rate.
    - ``betas``: decays of AdamW.
    - ``weight_decay``: of all parameters, per step times the learning rate.

    References
    ----------
    K. Jordan et al., "Muon: An optimizer for hidden layers in neural networks", 2024.
    """

    def __init__(
        self, parameters: Iterable[nn.Parameter], lr: float, betas: tuple[float, float], weight_decay: float
    ) -> None:
        groups: list[dict[str, Any]] = [{"params": [], "is_matrix": True}, {"params": [], "is_matrix": False}]
        for parameter in parameters:
            groups[0 if is_matrix(parameter) else 1]["params"].append(parameter)
        super().__init__([group for group in groups if group["params"]], lr=lr, betas=betas, weight_decay=weight_decay)

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Update all parameters by their gradients."""
        groups = self.param_groups
        for group in groups:
            if group["is_matrix"]:
                for parameter in group["params"]:
                    self._step_matrix(parameter, group["lr"], group["weight_decay"])
        self.param_groups = [group for group in groups if not group["is_matrix"]]
        super().step()
        self.param_groups = groups

    def _step_matrix(self, parameter: nn.Parameter, learning_rate: float, weight_decay: float) -> None:
        if parameter.grad is None:
            return
        state = self.state[parameter]
        if not state:
            state["step"] = torch.zeros(())
            state["exp_avg"] = torch.zeros_like(parameter)
        state["step"] += 1
        state["exp_avg"].lerp_(parameter.grad, 1 - MOMENTUM)
        momentum = parameter.grad.lerp(state["exp_avg"], MOMENTUM)
        is_short = supports_bfloat16(momentum.device)
        update = orthogonalised(momentum.bfloat16() if is_short else momentum).to(momentum.dtype)
        scale = max(parameter.shape[-2:]) ** 0.5
        parameter.mul_(1 - learning_rate * weight_decay).add_(update, alpha=-learning_rate * scale)


def is_matrix(parameter: Tensor) -> bool:
    """Return whether the last two dimensions of a parameter are a matrix of more than one row and column."""
    return parameter.ndim >= 2 and min(parameter.shape[-2:]) > 1


def orthogonalised(matrices: Tensor) -> Tensor:
    """Return matrices ``(..., rows, columns)`` with singular values near 1 and the same singular vectors."""
    a, b, c = COEFFICIENTS
    is_tall = matrices.shape[-2] > matrices.shape[-1]
    result: Tensor = matrices.mT if is_tall else matrices
    result = result / (torch.linalg.matrix_norm(result, keepdim=True) + 1e-7)
    for _ in range(ITERATIONS):
        gram = result @ result.mT
        result = a * result + (b * gram + c * gram @ gram) @ result
    return result.mT if is_tall else result
