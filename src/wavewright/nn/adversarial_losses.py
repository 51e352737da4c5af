"""Adversarial losses, their gradient penalties, feature matching, and an energy distance against mode collapse."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

import torch
from torch import Tensor
from torch.nn import functional as F

Critic: TypeAlias = Callable[[list[Tensor]], Tensor]
"""A critic's inputs to its logits ``(batch, n)``."""


class Objective(NamedTuple):
    """The losses of a critic and of a generator: functions of the logits of recorded and generated examples, to ``()``.

    - ``compares_pairs``: whether that of the generator depends on the recorded examples.
    - ``penalises_slope``: whether the critic has the penalty of :func:`gradient_penalty`, not those of
      :func:`penalties`.
    """

    critic: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor, Tensor], Tensor]
    compares_pairs: bool = False
    penalises_slope: bool = False


OBJECTIVES = {
    "bce": Objective(
        lambda real, fake: F.softplus(-real).mean() + F.softplus(fake).mean(), lambda _, fake: F.softplus(-fake).mean()
    ),
    "wgan-gp": Objective(
        lambda real, fake: fake.mean() - real.mean(), lambda _, fake: -fake.mean(), penalises_slope=True
    ),
    "hinge": Objective(lambda real, fake: hinge_critic_loss([real], [fake]), lambda _, fake: -fake.mean()),
    "r3gan": Objective(
        lambda real, fake: F.softplus(fake - real).mean(),
        lambda real, fake: F.softplus(real - fake).mean(),
        compares_pairs=True,
    ),
}
"""All objectives, which `GanConfig.loss` offers.

``bce`` [1]_, whose generator has the non-saturating form; ``wgan-gp`` [2]_, equation 3 without the penalty; ``hinge``
[3]_; ``r3gan`` [4]_, equation 2, the relativistic pairing of [5]_.

References
----------
.. [1] I. Goodfellow et al., "Generative Adversarial Networks", 2014.
.. [2] I. Gulrajani et al., "Improved Training of Wasserstein GANs", 2017.
.. [3] J. Lim, J. Ye, "Geometric GAN", 2017.
.. [4] Y. Huang et al., "The GAN is dead; long live the GAN! A Modern GAN Baseline", 2024.
.. [5] A. Jolicoeur-Martineau, "The relativistic discriminator: a key element missing from standard GAN", 2018.
"""


def hinge_critic_loss(real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
    """Compute the hinge loss of several critics.

    - ``real``, ``fake``: each critic's logits of recorded and of generated examples, of any shapes.
    - returns: mean over the critics of ``mean(max(0, 1 - real)) + mean(max(0, 1 + fake))``, ``()``.

    References
    ----------
    J. Lim, J. Ye, "Geometric GAN", 2017.
    """
    losses = [F.relu(1 - r).mean() + F.relu(1 + f).mean() for r, f in zip(real, fake, strict=True)]
    return torch.stack(losses).mean()


def hinge_generator_loss(fake: Sequence[Tensor]) -> Tensor:
    """Compute the loss of a generator against several critics; see :func:`hinge_critic_loss`.

    - ``fake``: each critic's logits of generated examples, of any shapes.
    - returns: mean over the critics of ``-mean(fake)``, ``()``.
    """
    return torch.stack([-logits.mean() for logits in fake]).mean()


def feature_distance(real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
    """Compute the feature matching loss.

    - ``real``, ``fake``: a critic's feature maps of recorded and generated examples, pairwise of equal shape.
    - returns: L1 distance over the mean magnitude of ``real``, the mean over feature maps, ``()``.

    References
    ----------
    K. Kumar et al., "MelGAN: Generative Adversarial Networks for Conditional Waveform Synthesis", 2019.
    """
    differences = [(r - f).abs().mean() / r.abs().mean().clamp(min=1e-4) for r, f in zip(real, fake, strict=True)]
    return torch.stack(differences).mean()


def finite_difference_penalty(critic: Critic, inputs: list[Tensor], logits: Tensor, sigma: float) -> Tensor:
    """Estimate half the squared gradient of the logits without a second backward pass.

    It is R1 for recorded and R2 for generated examples [1]_. ``E[(D(x + sigma e) - D(x))^2] / (2 sigma^2)`` with
    Gaussian ``e`` equals ``|grad D|^2 / 2`` to first order [2]_.

    - ``inputs``: the critic's inputs, ``(batch, ...)`` each.

    References
    ----------
    .. [1] L. Mescheder et al., "Which Training Methods for GANs do actually Converge?", 2018.
    .. [2] S. Lin et al., "Diffusion Adversarial Post-Training for One-Step Video Generation", 2025.
    """
    nearby = critic([each + sigma * torch.randn_like(each) for each in inputs])
    return (nearby - logits).square().mean() / (2 * sigma**2)


def penalties(
    critic: Critic, real: list[Tensor], fake: list[Tensor], real_logits: Tensor, fake_logits: Tensor, sigma: float
) -> dict[str, Tensor]:
    """Return the penalties R1 and R2 by name; see :func:`finite_difference_penalty`."""
    return {
        "penalty/r1": finite_difference_penalty(critic, real, real_logits, sigma),
        "penalty/r2": finite_difference_penalty(critic, fake, fake_logits, sigma),
    }


def gradient_penalty(critic: Critic, real: list[Tensor], fake: list[Tensor]) -> Tensor:
    """Compute ``E[(|grad D| - 1)^2]``, ``()``, on random interpolations of recorded and generated inputs of a critic.

    References
    ----------
    I. Gulrajani et al., "Improved Training of Wasserstein GANs", 2017, equation 3.
    """
    epsilon = torch.rand(real[0].shape[0], device=real[0].device)
    interpolated = []
    for r, f in zip(real, fake, strict=True):
        weight = epsilon.view(-1, *[1] * (r.ndim - 1))
        interpolated.append((weight * r + (1 - weight) * f).detach().requires_grad_(True))
    logits = critic(interpolated)
    gradients = torch.autograd.grad(logits.sum(), interpolated, create_graph=True)
    norm = torch.stack([g.flatten(1).square().sum(1) for g in gradients]).sum(0).add(1e-12).sqrt()
    return (norm - 1).square().mean()


def energy_distance(real: Tensor, fake: Tensor) -> Tensor:
    """Compute the energy distance ``2 E|x-y| - E|x-x'| - E|y-y'|`` between groups of examples.

    - ``real``, ``fake``: features ``(groups, members, features)``.
    - returns: mean over the groups, with Euclidean distances over the root of the number of features, ``()``.

    References
    ----------
    G. Szekely, M. Rizzo, "Energy statistics: A class of statistics based on distances", 2013.
    """
    members, features = real.shape[1:]
    scale = float(features**0.5)
    across = _distances(real, fake).mean((1, 2))
    if members < 2:
        return 2 * across.mean() / scale
    pairs = members * (members - 1)
    within_real = _distances(real, real).sum((1, 2)) / pairs
    within_fake = _distances(fake, fake).sum((1, 2)) / pairs
    return (2 * across - within_real - within_fake).mean() / scale


def _distances(a: Tensor, b: Tensor) -> Tensor:
    """Return pairwise Euclidean distances ``(groups, members, members)``, whose gradient is finite at zero."""
    return (a.unsqueeze(2) - b.unsqueeze(1)).square().sum(-1).add(1e-12).sqrt()
