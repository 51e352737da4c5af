"""How far what a voice says is from a recording: mel frames, the picture that they make, and the prosody of symbols."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

SSIM_SIZE, SSIM_STRIDE = 7, 3  # bands and frames of a window, and from one window to the next
SSIM_FLOORS = (0.01, 0.03)  # of means and variances, which keep flat windows from counting
BLUR = 5  # bands and frames that are averaged where no detail is to count


def mel_losses(reference: Tensor, estimate: Tensor, heard: Tensor) -> dict[str, Tensor]:
    """L1 and structural dissimilarity of mel frames ``(batch, frames, n_mels)`` where ``heard (batch, frames, 1)``.

    Wang et al., "Image quality assessment: from error visibility to structural similarity", 2004, with square windows.
    """
    with torch.autocast(reference.device.type, enabled=False):
        reference = reference.float() * heard
        l1 = ((estimate - reference).abs() * heard).sum() / (heard.sum() * reference.shape[-1])
        pictures = torch.stack([reference, estimate, reference**2, estimate**2, reference * estimate], 1)
        mean_r, mean_e, square_r, square_e, product = F.avg_pool2d(pictures, SSIM_SIZE, SSIM_STRIDE).unbind(1)
        small, smaller = SSIM_FLOORS
        luminance = (2 * mean_r * mean_e + small) / (mean_r**2 + mean_e**2 + small)
        variance = square_r - mean_r**2 + square_e - mean_e**2
        structure = (2 * (product - mean_r * mean_e) + smaller) / (variance + smaller)
        weight = F.avg_pool2d(heard[:, None], (SSIM_SIZE, 1), (SSIM_STRIDE, 1))[:, 0]
        similarity = (luminance * structure * weight).sum() / (weight.sum() * luminance.shape[-1])
        return {"mel/l1": l1, "mel/ssim": 1 - similarity}


def envelope_distance(reference: Tensor, estimate: Tensor, heard: Tensor) -> Tensor:
    """L1 of mel frames ``(batch, frames, n_mels)`` where ``heard (batch, frames, 1)``, each the mean of BLUR frames and bands.

    Whose detail is as rich as a recording's, but chance, is farther from it by :func:`mel_losses` than who is blurred; here it is not.
    """
    difference = F.avg_pool2d(((estimate - reference) * heard)[:, None], BLUR, 1)[:, 0].abs()
    weight = F.avg_pool2d(heard[:, None], (BLUR, 1), 1)[:, 0]
    return (difference * weight).sum() / (weight.sum() * difference.shape[-1]).clamp(min=1.0)


def prosody_losses(
    log_durations: Tensor, melody: Tensor, durations: Tensor, told: Tensor, heard: Tensor
) -> dict[str, Tensor]:
    """Squared errors of the predicted prosody: ``log(1 + frames)``, octaves where voiced, voicing and energy.

    ``log_durations``, ``durations`` and ``heard (batch, symbols)``; ``melody`` and ``told (batch, symbols, 3)``: octaves (of ``told`` times
    voicing), voicing (of ``melody`` before the logistic function), energy.
    """
    voiced = told[..., 1] * heard
    octaves = told[..., 0] / told[..., 1].clamp(min=1e-3)
    differences = {
        "duration/square": (log_durations - torch.log1p(durations.float()), heard),
        "pitch/square": (melody[..., 0] - octaves, voiced),
        "voicing/square": (torch.sigmoid(melody[..., 1]) - told[..., 1], heard),
        "energy/square": (melody[..., 2] - told[..., 2], heard),
    }
    return {
        name: (difference.square() * weight).sum() / weight.sum().clamp(min=1.0)
        for name, (difference, weight) in differences.items()
    }
