"""Losses of an acoustic model of speech: mel frames and the prosody of symbols."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

SSIM_SIZE, SSIM_STRIDE = 7, 3  # bands and frames of a window, and from one window to the next
SSIM_MEAN_FLOOR, SSIM_VARIANCE_FLOOR = 0.01, 0.03  # keep flat windows from counting
ENVELOPE_SIZE = 5  # bands and frames that are averaged


def mel_losses(reference: Tensor, estimate: Tensor, mask: Tensor) -> dict[str, Tensor]:
    """Compute L1 distance and structural dissimilarity of mel frames.

    - ``reference``, ``estimate``: normalised log-mel frames ``(batch, frames, n_mels)``; the estimate is 0 for padding.
    - ``mask``: 1 for a frame and 0 for padding, ``(batch, frames, 1)``.
    - returns: ``mel/l1`` and ``mel/ssim``, 1 minus the structural similarity; ``()`` each.

    References
    ----------
    Z. Wang et al., "Image quality assessment: from error visibility to structural similarity", 2004; here with square
    windows.
    """
    with torch.autocast(reference.device.type, enabled=False):
        reference = reference.float() * mask
        l1 = ((estimate - reference).abs() * mask).sum() / (mask.sum() * reference.shape[-1])
        moments = torch.stack([reference, estimate, reference**2, estimate**2, reference * estimate], 1)
        mean_r, mean_e, square_r, square_e, product = F.avg_pool2d(moments, SSIM_SIZE, SSIM_STRIDE).unbind(1)
        luminance = (2 * mean_r * mean_e + SSIM_MEAN_FLOOR) / (mean_r**2 + mean_e**2 + SSIM_MEAN_FLOOR)
        variance = square_r - mean_r**2 + square_e - mean_e**2
        structure = (2 * (product - mean_r * mean_e) + SSIM_VARIANCE_FLOOR) / (variance + SSIM_VARIANCE_FLOOR)
        weight = F.avg_pool2d(mask[:, None], (SSIM_SIZE, 1), (SSIM_STRIDE, 1))[:, 0]
        similarity = (luminance * structure * weight).sum() / (weight.sum() * luminance.shape[-1])
        return {"mel/l1": l1, "mel/ssim": 1 - similarity}


def envelope_distance(reference: Tensor, estimate: Tensor, mask: Tensor) -> Tensor:
    """Compute the L1 distance of smoothed mel frames.

    By :func:`mel_losses` an estimate with realistic but random fine structure is farther from a recording than a
    blurred one; by this distance it is not.

    - ``reference``, ``estimate``: log-mel frames ``(batch, frames, n_mels)``.
    - ``mask``: 1 for a frame and 0 for padding, ``(batch, frames, 1)``.
    - returns: difference averaged over ENVELOPE_SIZE frames and bands, its mean magnitude, ``()``.
    """
    difference = F.avg_pool2d(((estimate - reference) * mask)[:, None], ENVELOPE_SIZE, 1)[:, 0].abs()
    weight = F.avg_pool2d(mask[:, None], (ENVELOPE_SIZE, 1), 1)[:, 0]
    return (difference * weight).sum() / (weight.sum() * difference.shape[-1]).clamp(min=1.0)


def prosody_losses(
    log_durations: Tensor, predicted: Tensor, durations: Tensor, target: Tensor, mask: Tensor
) -> dict[str, Tensor]:
    """Compute the squared errors of predicted durations, pitch, voicing and energy.

    - ``log_durations``: predicted ``log(1 + frames)`` of each symbol, ``(batch, symbols)``.
    - ``predicted``: octaves, logit of voicing, and energy, ``(batch, symbols, 3)``.
    - ``durations``: frames of each symbol, ``(batch, symbols)``.
    - ``target``: octaves times voicing, voicing, and energy, ``(batch, symbols, 3)``.
    - ``mask``: 1 for a symbol and 0 for padding, ``(batch, symbols)``.
    - returns: ``duration/square``, ``pitch/square`` (of voiced symbols), ``voicing/square``, ``energy/square``; ``()``
      each.
    """
    voicing = target[..., 1]
    octaves = target[..., 0] / voicing.clamp(min=1e-3)
    differences = {
        "duration/square": (log_durations - torch.log1p(durations.float()), mask),
        "pitch/square": (predicted[..., 0] - octaves, voicing * mask),
        "voicing/square": (torch.sigmoid(predicted[..., 1]) - voicing, mask),
        "energy/square": (predicted[..., 2] - target[..., 2], mask),
    }
    return {
        name: (difference.square() * weight).sum() / weight.sum().clamp(min=1.0)
        for name, (difference, weight) in differences.items()
    }
