"""Losses that adversarial networks share: four games, their penalties and an energy distance against collapse."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

Judge = Callable[[list[Tensor]], Tensor]


def critic_loss(game: str, real: Tensor, fake: Tensor) -> Tensor:
    """What the critic minimises, given its logits of real and generated examples (any equal shapes).

    ``bce``: Goodfellow et al., 2014. ``wgan-gp``: Gulrajani et al., 2017, equation 3 without the penalty. ``hinge``: Lim and Ye, 2017.
    ``r3gan``: the relativistic pairing of Jolicoeur-Martineau, 2018, as used by Huang et al., 2024, equation 2.
    """
    if game == "bce":
        return F.softplus(-real).mean() + F.softplus(fake).mean()
    if game == "wgan-gp":
        return fake.mean() - real.mean()
    if game == "hinge":
        return F.relu(1 - real).mean() + F.relu(1 + fake).mean()
    if game == "r3gan":
        return F.softplus(fake - real).mean()
    raise ValueError(f"unknown game {game!r}")


def generator_loss(game: str, real: Tensor, fake: Tensor) -> Tensor:
    """What the generator minimises, given the critic's logits; ``real`` matters for ``r3gan`` alone."""
    if game == "bce":
        return F.softplus(-fake).mean()  # the non-saturating form
    if game in ("wgan-gp", "hinge"):
        return -fake.mean()
    if game == "r3gan":
        return F.softplus(real - fake).mean()
    raise ValueError(f"unknown game {game!r}")


def feature_distance(real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
    """Mean absolute difference of a critic's features over their mean size, averaged over layers (Kumar et al., "MelGAN", 2019)."""
    differences = [(r - f).abs().mean() / r.abs().mean().clamp(min=1e-4) for r, f in zip(real, fake, strict=True)]
    return torch.stack(differences).mean()


def finite_difference_penalty(judge: Judge, pictures: list[Tensor], logits: Tensor, sigma: float) -> Tensor:
    """R1 (on real) or R2 (on generated) examples, half the squared gradient of the logits, estimated without a second backward pass.

    ``E[(D(x + sigma e) - D(x))^2] / (2 sigma^2)`` with Gaussian ``e`` equals ``|grad D|^2 / 2`` to first order (Lin et al., "Diffusion
    Adversarial Post-Training", 2025, use this form of the penalties of Mescheder et al., 2018).
    """
    nearby = judge([picture + sigma * torch.randn_like(picture) for picture in pictures])
    return (nearby - logits).square().mean() / (2 * sigma**2)


def penalties(
    judge: Judge, real: list[Tensor], fake: list[Tensor], real_logits: Tensor, fake_logits: Tensor, sigma: float
) -> dict[str, Tensor]:
    """R1 and R2 under their names, see :func:`finite_difference_penalty`."""
    return {
        "penalty/r1": finite_difference_penalty(judge, real, real_logits, sigma),
        "penalty/r2": finite_difference_penalty(judge, fake, fake_logits, sigma),
    }


def gradient_penalty(judge: Judge, real: list[Tensor], fake: list[Tensor]) -> Tensor:
    """``E[(|grad D| - 1)^2]`` on random mixtures of real and generated examples (Gulrajani et al., 2017, equation 3)."""
    share = torch.rand(real[0].shape[0], device=real[0].device)
    mixed = []
    for r, f in zip(real, fake, strict=True):
        weight = share.view(-1, *[1] * (r.ndim - 1))
        mixed.append((weight * r + (1 - weight) * f).detach().requires_grad_(True))
    logits = judge(mixed)
    gradients = torch.autograd.grad(logits.sum(), mixed, create_graph=True)
    norm = torch.stack([g.flatten(1).square().sum(1) for g in gradients]).sum(0).add(1e-12).sqrt()
    return (norm - 1).square().mean()


def energy_distance(real: Tensor, fake: Tensor) -> Tensor:
    """Generalised energy distance between groups (Szekely and Rizzo, 2013): ``2 E|x-y| - E|x-x'| - E|y-y'|``, averaged over groups.

    ``real`` and ``fake`` are ``(groups, members, features)``; distances are Euclidean, divided by the root of the number of features.
    """
    members, features = real.shape[1:]
    scale = features**0.5
    across = _distances(real, fake).mean((1, 2))
    if members < 2:
        return 2 * across.mean() / scale
    pairs = members * (members - 1)
    within_real = _distances(real, real).sum((1, 2)) / pairs
    within_fake = _distances(fake, fake).sum((1, 2)) / pairs
    return (2 * across - within_real - within_fake).mean() / scale


def _distances(a: Tensor, b: Tensor) -> Tensor:
    """Pairwise Euclidean distances ``(groups, members, members)``; its gradient is finite at zero."""
    return (a.unsqueeze(2) - b.unsqueeze(1)).square().sum(-1).add(1e-12).sqrt()
