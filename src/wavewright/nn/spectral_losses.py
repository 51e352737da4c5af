"""Distances of waves on mel and linear spectrograms of several resolutions, and on compressed complex spectra."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ..dsp.mel import mel_filterbank
from .spectrum import LogMel, power_spectrum, stft

WINDOW_SECONDS = (0.0464, 0.0116, 0.0058)
BINS_PER_MEL = 12  # of a window, both sides counted
LOG_FLOOR = 1e-7  # power added to a band, where 1 is that of a full-scale tone
MIN_POWER = 1e-7  # of a bin, of waves in [-1, 1]: below it neither level nor phase count


class MelAndLinearSpectrogram(nn.Module):
    """Log-mel, log and linear spectrograms of one resolution; the hop is a quarter of the window."""

    def __init__(self, sample_rate: int, n_fft: int) -> None:
        super().__init__()
        self.n_fft, self.hop_length = n_fft, n_fft // 4
        filters = mel_filterbank(sample_rate, n_fft, max(8, n_fft // BINS_PER_MEL), preset="htk")
        self.filters = nn.Buffer(torch.from_numpy(filters.T.copy()), persistent=False)
        # So scaled, a full-scale tone has power 1.
        self.window = nn.Buffer(torch.hann_window(n_fft) * (4 / n_fft), persistent=False)

    def forward(self, wave: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Compute the spectrograms of ``wave (batch, time)``.

        - returns ``log_mel``: log power ``(batch, frames, n_mels)``.
        - returns ``log_magnitude``: ``(batch, frames, bins)``.
        - returns ``magnitude``: ``(batch, frames, bins)``.
        """
        power = power_spectrum(stft(wave, self.n_fft, self.hop_length, self.window)).transpose(-1, -2)
        magnitude = (power + LOG_FLOOR**2).sqrt()
        return torch.log(power @ self.filters + LOG_FLOOR), 0.5 * torch.log(power + LOG_FLOOR), magnitude


def window_sizes(sample_rate: int, n_samples: int | None = None) -> list[int]:
    """Return the windows of :class:`SpectralEnergyDistance`: powers of two, longest first, at most half of a wave."""
    sizes = {2 ** round(math.log2(seconds * sample_rate)) for seconds in WINDOW_SECONDS}
    longest = max(sizes) if n_samples is None else max(64, n_samples // 2)
    return sorted((size for size in sizes if size <= longest), reverse=True)


class SpectralEnergyDistance(nn.Module):
    """Multi-resolution spectral distance of reconstructions, an energy distance for stochastic decoders.

    With two draws ``y``, ``y'`` of a stochastic decoder, each distance ``d`` becomes
    ``(d(x, y) + d(x, y') - d(y, y')) / 2``, whose mean is smallest where the draws have the distribution of ``x``.

    - ``n_samples``: length of short waves, whose half limits the windows.

    References
    ----------
    A. Gritsenko et al., "A Spectral Energy Distance for Parallel Speech Synthesis", 2020, equation 4.
    """

    def __init__(self, sample_rate: int, n_samples: int | None = None) -> None:
        super().__init__()
        self.spectrograms = nn.ModuleList(
            MelAndLinearSpectrogram(sample_rate, size) for size in window_sizes(sample_rate, n_samples)
        )

    def forward(self, wave: Tensor, draws: list[Tensor]) -> dict[str, Tensor]:
        """Compute the distances of reconstructions.

        - ``wave``: recordings ``(batch, time)``.
        - ``draws``: one or two draws of the decoder, of the same shape.
        - returns: ``mel/l1`` and ``stft/log``, mean absolute differences in nats, and ``stft/linear``, that of
          magnitudes over the recording's mean magnitude; ``()`` each, the mean over the resolutions.
        """
        totals: dict[str, Tensor] = {}
        for spectrogram in self.spectrograms:
            with torch.no_grad():
                real = spectrogram(wave)
            fakes = [spectrogram(draw) for draw in draws]
            level = real[2].mean((1, 2), keepdim=True)
            distances = [_distances(real, fake, level) for fake in fakes]
            between_draws = _distances(fakes[0], fakes[1], level) if len(fakes) > 1 else None
            for name in distances[0]:
                distance = torch.stack([each[name] for each in distances]).mean()
                if between_draws is not None:
                    distance = distance - between_draws[name] / 2
                totals[name] = totals.get(name, 0) + distance / len(self.spectrograms)
        return totals


def _distances(a: tuple[Tensor, ...], b: tuple[Tensor, ...], level: Tensor) -> dict[str, Tensor]:
    """Compare the spectrograms of one resolution; ``level (batch, 1, 1)`` is the recordings' mean magnitude."""
    return {
        "mel/l1": (a[0] - b[0]).abs().mean(),
        "stft/log": (a[1] - b[1]).abs().mean(),
        "stft/linear": ((a[2] - b[2]).abs() / (level + LOG_FLOOR)).mean(),
    }


class MelDistance(nn.Module):
    """Multi-scale mel loss: L1 distance of log-mel spectrograms, averaged over windows.

    - ``sizes``: ``(n_fft, n_mels)`` of each scale; the hop is a quarter of the window.
    - ``floor``: power added to a band, for a window of 1,024 samples.

    References
    ----------
    R. Kumar et al., "High-Fidelity Audio Compression with Improved RVQGAN", 2023.
    """

    def __init__(self, sample_rate: int, sizes: Sequence[tuple[int, int]], floor: float = 1e-5) -> None:
        super().__init__()
        self.spectrograms = nn.ModuleList(
            LogMel(sample_rate, n_fft, n_fft // 4, n_mels, floor=floor * n_fft / 1024) for n_fft, n_mels in sizes
        )

    def forward(self, reference: Tensor, estimate: Tensor) -> Tensor:
        """Return the distance in nats, ``()``, of waves ``(batch, time)``."""
        distances = [(spectrogram(estimate) - spectrogram(reference)).abs().mean() for spectrogram in self.spectrograms]
        return torch.stack(distances).mean()


def compress_magnitude(spectrum: Tensor, exponent: float) -> Tensor:
    """Raise the magnitudes of a complex tensor to a power, with unchanged phases; smooth at zero."""
    return spectrum * (power_spectrum(spectrum) + MIN_POWER) ** (0.5 * (exponent - 1))


def compressed_distances(reference: Tensor, estimate: Tensor, n_fft: int, exponent: float) -> tuple[Tensor, Tensor]:
    """Compare the compressed spectra of waves, and their magnitudes alone.

    - ``reference``, ``estimate``: waves ``(batch, time)``.
    - ``n_fft``: window; the hop is a quarter of it.
    - ``exponent``: of the magnitudes.
    - returns ``complex_distance``: squared error over the mean square of the reference, ``()``: 0 for equal waves, 1
      for a silent estimate.
    - returns ``magnitude_distance``: the same of the magnitudes.

    References
    ----------
    A. Ephrat et al., arXiv:1804.03619, 2018, for the compression.
    S. Braun, I. Tashev, "A consolidated view of loss functions for supervised deep learning-based speech enhancement",
    2021, for the sum of both distances.
    """
    compressed_r = compress_magnitude(stft(reference, n_fft, n_fft // 4), exponent)
    compressed_e = compress_magnitude(stft(estimate, n_fft, n_fft // 4), exponent)
    power = power_spectrum(compressed_r)
    level = power.mean() + MIN_POWER
    magnitude_error = (power_spectrum(compressed_e) + MIN_POWER).sqrt() - (power + MIN_POWER).sqrt()
    return power_spectrum(compressed_e - compressed_r).mean() / level, magnitude_error.square().mean() / level
