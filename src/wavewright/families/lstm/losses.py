"""Losses of the recurrent network: likelihood under a mixture of Gaussians, squared error, cross-entropy of the end."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from ...nn.network import Batch
from .config import LOG_DEVIATIONS
from .modules import MixtureDensityRNN


def mixture_nll(outputs: Tensor, frames: Tensor, n_mixtures: int) -> Tensor:
    """Return the negative log-likelihood of frames under mixtures of diagonal Gaussians, ``(...)`` in nats.

    ``-log sum_k p_k prod_d N(x_d; m_kd, s_kd)``.

    Parameters
    ----------
    outputs : Tensor
        ``(..., n_mixtures * (1 + 2 * n_features))``: logits, means and log standard deviations.
    frames : Tensor of shape ``(..., n_features)``
    n_mixtures : int
        Components of a mixture.

    References
    ----------
    C. Bishop, "Mixture Density Networks", 1994, equation 29, with a standard deviation for each dimension.
    """
    n_features = frames.shape[-1]
    log_weights = outputs[..., :n_mixtures].log_softmax(-1)
    components = outputs[..., n_mixtures:].reshape(*outputs.shape[:-1], 2, n_mixtures, n_features)
    means, log_deviations = components.unbind(-3)
    log_deviations = log_deviations.clamp(*LOG_DEVIATIONS)
    z = (frames.unsqueeze(-2) - means) * (-log_deviations).exp()
    log_densities = -0.5 * z.square().sum(-1) - log_deviations.sum(-1) - 0.5 * n_features * math.log(2 * math.pi)
    return -(log_weights + log_densities).logsumexp(-1)


def frame_losses(module: MixtureDensityRNN, batch: Batch, noise: Tensor | None = None) -> dict[str, Tensor]:
    """Return the losses of a batch with teacher forcing, means over the frames that are no padding.

    They are ``frame/nll``, in nats for each feature, or ``frame/mse`` of whitened frames, and with a learned end
    ``end/cross_entropy`` of whether a frame is the last. ``noise (batch, frames, n_features)`` is added to the input
    frames of the batch, which :class:`.batches.FrameBatches` makes.
    """
    config = module.config
    frames, mask = batch["frames"], batch["mask"]
    previous = F.pad(frames[:, :-1], (0, 0, 1, 0))  # a frame of zeros precedes every clip
    outputs = module(previous, batch["position"], batch["label"], batch["speaker"], noise)
    n_frames = mask.sum().clamp(min=1)
    end_losses = {}
    with torch.autocast(frames.device.type, enabled=False):
        if config.duration == "learned":
            is_last = mask - F.pad(mask[:, 1:], (0, 1))
            error = F.binary_cross_entropy_with_logits(outputs[..., -1], is_last, reduction="none")
            end_losses["end/cross_entropy"] = (error * mask).sum() / n_frames
            outputs = outputs[..., :-1]
        if config.output == "mixture":
            error = mixture_nll(outputs, frames, config.n_mixtures) / config.n_features
            return {"frame/nll": (error * mask).sum() / n_frames} | end_losses
        error = (outputs - frames).square().mean(-1)
        return {"frame/mse": (error * mask).sum() / n_frames} | end_losses
