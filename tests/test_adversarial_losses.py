"""Adversarial losses of several critics."""

import pytest
import torch

from wavewright.nn.adversarial_losses import OBJECTIVES, hinge_critic_loss, hinge_generator_loss

REAL = [torch.tensor([[2.0, -1.0]]), torch.tensor([0.5])]
FAKE = [torch.tensor([[-3.0, 0.0]]), torch.tensor([1.0])]


def test_the_hinge_losses_average_over_critics_whatever_their_shapes():
    assert hinge_critic_loss(REAL, FAKE).item() == pytest.approx(((0 + 2) / 2 + (0 + 1) / 2 + 0.5 + 2) / 2)
    assert hinge_generator_loss(FAKE).item() == pytest.approx((1.5 - 1) / 2)


def test_one_critic_has_the_losses_of_the_objective_hinge():
    assert torch.equal(hinge_critic_loss(REAL[:1], FAKE[:1]), OBJECTIVES["hinge"].critic(REAL[0], FAKE[0]))
    assert torch.equal(hinge_generator_loss(FAKE[:1]), OBJECTIVES["hinge"].generator(REAL[0], FAKE[0]))


def test_every_critic_needs_logits_of_both():
    with pytest.raises(ValueError, match="shorter"):
        hinge_critic_loss(REAL, FAKE[:1])
