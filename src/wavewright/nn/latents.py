"""Latents in training: how far a Gaussian lies from the usual one, and the way between two latents."""

from __future__ import annotations

import torch
from torch import Tensor

NO_CIRCLE = 1e-4  # sine of the angle below which vectors lie in one line


def divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Kullback-Leibler divergence of ``N(mean, variance)`` from ``N(0, 1)`` in nats, of the same shape (Kingma and Welling, appendix B)."""
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance)


def on_the_way(a: Tensor, b: Tensor, part: Tensor) -> Tensor:
    """The points at ``part (..., 1)`` of the way from ``a (..., d)`` to ``b`` along great circles round zero, see ``families/interpolation.slerp``.

    Vectors in one line have no circle between them and are joined by the line.
    """
    lengths = a.norm(dim=-1, keepdim=True) * b.norm(dim=-1, keepdim=True)
    cosine = (a * b).sum(-1, keepdim=True) / lengths.clamp(min=1e-12)
    angle = torch.arccos(
        cosine.detach().clamp(-1.0, 1.0)
    )  # gradients go through the ends alone, which learn where they lie
    sine = angle.sin()
    is_line = sine < NO_CIRCLE
    safe = torch.where(is_line, torch.ones_like(sine), sine)
    of_a = torch.where(is_line, 1 - part, ((1 - part) * angle).sin() / safe)
    of_b = torch.where(is_line, part, (part * angle).sin() / safe)
    return of_a * a + of_b * b
