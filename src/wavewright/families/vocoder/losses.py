"""The pitch loss, and the band limit that is applied to waves before every other loss."""

from __future__ import annotations

import torch
from torch import Tensor

from ...nn.spectrum import irfft, rfft
from .pitch_bins import N_PITCH_BINS

TARGET_WIDTH_BINS = 0.7  # standard deviation of the Gaussian target around a pitch


def pitch_loss(logits: Tensor, pitch_bin: Tensor, weight: Tensor) -> Tensor:
    """Compute the cross-entropy of pitch logits with a Gaussian around the true pitch.

    - ``logits``: ``(batch, intervals, N_PITCH_BINS)``.
    - ``pitch_bin``: fractional bin of the true pitch, ``(batch, intervals)``.
    - ``weight``: of each interval, ``(batch, intervals)``, in [0, 1].
    - returns: weighted mean in nats, ``()``.

    References
    ----------
    J. W. Kim et al., "CREPE: A Convolutional Representation for Pitch Estimation", 2018.
    """
    distance = (torch.arange(N_PITCH_BINS, device=logits.device) - pitch_bin.unsqueeze(-1)) / TARGET_WIDTH_BINS
    target = torch.softmax(-0.5 * distance.square(), -1)
    cross_entropy = -(target * torch.log_softmax(logits, -1)).sum(-1)
    return (weight * cross_entropy).sum() / weight.sum().clamp(min=1.0)


def limit_bandwidth(wave: Tensor, bandwidth: Tensor) -> Tensor:
    """Remove the frequencies above the bandwidth of a recording.

    Losses compare the recording and its resyntheses after this, so that a recording at 16 kHz does not teach a model at
    24 kHz to be silent above 8 kHz. Where no recording reaches, the losses hardly train the filters, and the model
    emits pulses and noise at about the level of the highest mel band.

    - ``wave``: ``(batch, time)``.
    - ``bandwidth``: fraction of the Nyquist frequency, ``(batch,)``.
    - returns: ``(batch, time)``.
    """
    spectrum = rfft(wave)
    frequencies = torch.linspace(0, 1, spectrum.shape[-1], device=wave.device)
    return irfft(spectrum * (frequencies <= bandwidth[:, None]), wave.shape[-1])
