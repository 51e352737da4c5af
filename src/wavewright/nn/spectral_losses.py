"""Losses between a wave and its reconstruction, seen in time and frequency at several resolutions."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from .spectrum import LogMel, power_spectrum, stft

SMALLEST_POWER = 1e-7  # of a bin, of waves in [-1, 1]: below it neither level nor phase count


class MelDistance(nn.Module):
    """Mean absolute difference of log-mel spectra, in nats, averaged over windows (Kumar et al., "High-Fidelity Audio Compression", 2023).

    ``forward(reference, estimate)`` of waves ``(batch, time)``.
    """

    def __init__(self, sample_rate: int, sizes: Sequence[tuple[int, int]], floor: float = 1e-5):
        super().__init__()
        self.spectra = nn.ModuleList(
            LogMel(sample_rate, n_fft, n_fft // 4, n_mels, floor=floor * n_fft / 1024) for n_fft, n_mels in sizes
        )

    def forward(self, reference: Tensor, estimate: Tensor) -> Tensor:
        errors = [(spectrum(estimate) - spectrum(reference)).abs().mean() for spectrum in self.spectra]
        return torch.stack(errors).mean()


def compressed(spectrum: Tensor, exponent: float) -> Tensor:
    """A complex tensor with each magnitude raised to ``exponent`` and its phase kept; smooth at zero."""
    return spectrum * (power_spectrum(spectrum) + SMALLEST_POWER) ** (0.5 * (exponent - 1))


def complex_distance(reference: Tensor, estimate: Tensor, n_fft: int, exponent: float) -> Tensor:
    """Mean squared difference of compressed spectra over that of the reference: 0 where they agree, 1 for silence in its place.

    Waves ``(batch, time)``. Magnitude compression as in Ephrat et al., "Looking to Listen at the Cocktail Party", 2018.
    """
    expected = compressed(stft(reference, n_fft, n_fft // 4), exponent)
    found = compressed(stft(estimate, n_fft, n_fft // 4), exponent)
    return power_spectrum(found - expected).mean() / (power_spectrum(expected).mean() + SMALLEST_POWER)


def magnitude_distance(reference: Tensor, estimate: Tensor, n_fft: int, exponent: float) -> Tensor:
    """As :func:`complex_distance`, of magnitudes alone."""
    expected = (power_spectrum(stft(reference, n_fft, n_fft // 4)) + SMALLEST_POWER) ** (0.5 * exponent)
    found = (power_spectrum(stft(estimate, n_fft, n_fft // 4)) + SMALLEST_POWER) ** (0.5 * exponent)
    return (found - expected).square().mean() / (expected.square().mean() + SMALLEST_POWER)
