"""Negative log-likelihood of samples: classes of mu-law, or mixtures of logistics on the 16-bit grid."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from ...nn.network import Batch
from .config import MAX_STEP, MIN_LOG_SCALE
from .modules import WaveNet

MIN_PROBABILITY = 1e-5  # of a step, below which the density approximates it


def sample_nats(module: WaveNet, batch: Batch) -> Tensor:
    """Return the negative log-likelihood of each sample of a batch, ``(batch, time)``, in nats.

    ``inputs`` of the batch, if there are any, are the past samples with noise; the likelihood is that of ``signal``.
    """
    inputs = batch.get("inputs", batch["signal"])
    outputs = module(inputs, batch.get("frames"), batch.get("label"), batch.get("speaker"))
    if module.config.head == "mu-law":
        nats = F.cross_entropy(outputs.flatten(0, 1), batch["target"].flatten(), reduction="none")
        return nats.view(outputs.shape[:2])
    return logistics_nats(outputs, batch["signal"])


def logistics_nats(outputs: Tensor, signal: Tensor) -> Tensor:
    """Return the negative log-probability of samples on the 16-bit grid under mixtures of logistics, in nats.

    A step of the grid has the probability ``sigmoid((x + step / 2 - mean) / scale) - sigmoid((x - step / 2 - mean) /
    scale)``; the outermost steps reach to infinity. Where this difference is too small for float32, the density times
    the step replaces it.

    Parameters
    ----------
    outputs : Tensor
        ``(..., 3 * mixtures)``: logits, means and log scales.
    signal : Tensor of shape ``(...)``
        The samples; the result has this shape.

    References
    ----------
    T. Salimans et al., "PixelCNN++", 2017, section 2.1.
    """
    logits, means, log_scales = outputs.chunk(3, dim=-1)
    log_scales = log_scales.clamp(min=MIN_LOG_SCALE)
    half_step = 0.5 / MAX_STEP
    deviation = signal.unsqueeze(-1) - means
    inverse_scales = torch.exp(-log_scales)
    above = (deviation + half_step) * inverse_scales
    below = (deviation - half_step) * inverse_scales
    probability = torch.sigmoid(above) - torch.sigmoid(below)
    z = deviation * inverse_scales
    log_density = z - log_scales - 2 * F.softplus(z) + math.log(2 * half_step)
    log_inside = torch.where(probability > MIN_PROBABILITY, probability.clamp(min=1e-12).log(), log_density)
    outermost = 1 - half_step
    is_lowest, is_highest = (signal <= -outermost).unsqueeze(-1), (signal >= outermost).unsqueeze(-1)
    log_probability = torch.where(is_highest, F.logsigmoid(-below), log_inside)
    log_probability = torch.where(is_lowest, F.logsigmoid(above), log_probability)
    return -torch.logsumexp(logits.log_softmax(-1) + log_probability, dim=-1)
