"""Gaussian latents in training: Kullback-Leibler divergence and spherical interpolation with gradients."""

from __future__ import annotations

import torch
from torch import Tensor

MIN_SINE = 1e-4  # of the angle between vectors; below it they count as parallel


def kl_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Compute the Kullback-Leibler divergence of ``N(mean, variance)`` from ``N(0, 1)``.

    - ``mean``, ``log_variance``: of any equal shape.
    - returns: nats of each element, the same shape.

    References
    ----------
    D. Kingma, M. Welling, "Auto-Encoding Variational Bayes", 2014, appendix B.
    """
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance)


def slerp(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """Interpolate spherically between vectors; parallel ones, which have no arc between them, linearly.

    Gradients pass through the end points, and not through the angle between them.

    - ``a``, ``b``: end points ``(..., d)``.
    - ``t``: position in [0, 1], ``(..., 1)``.
    - returns: ``(..., d)``.

    References
    ----------
    K. Shoemake, "Animating Rotation with Quaternion Curves", 1985.
    """
    lengths = a.norm(dim=-1, keepdim=True) * b.norm(dim=-1, keepdim=True)
    cosine = (a * b).sum(-1, keepdim=True) / lengths.clamp(min=1e-12)
    angle = torch.arccos(cosine.detach().clamp(-1.0, 1.0))
    sine = angle.sin()
    is_parallel = sine < MIN_SINE
    divisor = torch.where(is_parallel, torch.ones_like(sine), sine)
    weight_a = torch.where(is_parallel, 1 - t, ((1 - t) * angle).sin() / divisor)
    weight_b = torch.where(is_parallel, t, (t * angle).sin() / divisor)
    return weight_a * a + weight_b * b
