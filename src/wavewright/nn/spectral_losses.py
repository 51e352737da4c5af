"""How far a rebuilt wave is from the recording, in log-mel bands and in every bin, at several resolutions."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ..dsp.mel import mel_filterbank
from .spectrum import LogMel, power_spectrum, stft

WINDOW_SECONDS = (0.0464, 0.0116, 0.0058)
BINS_A_MEL = 12  # of a window, both sides counted
LOG_FLOOR = 1e-7  # power added to a band, where 1 is that of a full-scale tone
SMALLEST_POWER = 1e-7  # of a bin, of waves in [-1, 1]: below it neither level nor phase count


class Picture(nn.Module):
    """One resolution: ``(batch, time)`` to log-mel bands, log power of every bin, and magnitudes, ``(batch, frames, n)`` each."""

    filters: Tensor
    window: Tensor

    def __init__(self, sample_rate: int, n_fft: int):
        super().__init__()
        self.n_fft, self.hop_length = n_fft, n_fft // 4
        filters = mel_filterbank(sample_rate, n_fft, max(8, n_fft // BINS_A_MEL), preset="htk")
        self.register_buffer("filters", torch.from_numpy(filters.T.copy()), persistent=False)
        # So scaled, a full-scale tone has power 1.
        self.register_buffer("window", torch.hann_window(n_fft) * (4 / n_fft), persistent=False)

    def forward(self, wave: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        power = power_spectrum(stft(wave, self.n_fft, self.hop_length, self.window)).transpose(-1, -2)
        magnitude = (power + LOG_FLOOR**2).sqrt()
        return torch.log(power @ self.filters + LOG_FLOOR), 0.5 * torch.log(power + LOG_FLOOR), magnitude


def window_sizes(sample_rate: int, n_samples: int) -> list[int]:
    """The windows that a wave is looked at through, powers of two, none longer than half of it."""
    sizes = {2 ** round(math.log2(seconds * sample_rate)) for seconds in WINDOW_SECONDS}
    return sorted((size for size in sizes if size <= max(64, n_samples // 2)), reverse=True)


class SpectralDistance(nn.Module):
    """Distances between recordings and waves rebuilt from them, or several draws of each.

    ``mel/l1`` and ``stft/log`` are mean absolute differences in nats, ``stft/linear`` that of magnitudes over the recording's mean
    magnitude; each is a mean over the resolutions. With two draws ``y``, ``y'`` of a decoder that has chance in it, each distance ``d``
    becomes ``(d(x, y) + d(x, y') - d(y, y')) / 2``, whose mean is smallest where the draws have the distribution of ``x`` (Gritsenko et al.,
    "A Spectral Energy Distance for Parallel Speech Synthesis", 2020, equation 4).
    """

    def __init__(self, sample_rate: int, n_samples: int):
        super().__init__()
        self.pictures = nn.ModuleList(Picture(sample_rate, size) for size in window_sizes(sample_rate, n_samples))

    def forward(self, wave: Tensor, draws: list[Tensor]) -> dict[str, Tensor]:
        """``wave (batch, time)`` and one or two ``draws`` of the same shape to ``{loss name: scalar}``."""
        totals: dict[str, Tensor] = {}
        for picture in self.pictures:
            with torch.no_grad():
                real = picture(wave)
            made = [picture(draw) for draw in draws]
            level = real[2].mean((1, 2), keepdim=True)
            distances = [_distances(real, each, level) for each in made]
            apart = _distances(made[0], made[1], level) if len(made) > 1 else None
            for name in distances[0]:
                distance = torch.stack([each[name] for each in distances]).mean()
                if apart is not None:
                    distance = distance - apart[name] / 2
                totals[name] = totals.get(name, 0) + distance / len(self.pictures)
        return totals


def _distances(a: tuple[Tensor, ...], b: tuple[Tensor, ...], level: Tensor) -> dict[str, Tensor]:
    """Between two pictures of a resolution; ``level (batch, 1, 1)`` is the recordings' mean magnitude."""
    return {
        "mel/l1": (a[0] - b[0]).abs().mean(),
        "stft/log": (a[1] - b[1]).abs().mean(),
        "stft/linear": ((a[2] - b[2]).abs() / (level + LOG_FLOOR)).mean(),
    }


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


def compressed_distances(reference: Tensor, estimate: Tensor, n_fft: int, exponent: float) -> tuple[Tensor, Tensor]:
    """Mean squared difference of compressed spectra, and of their magnitudes alone, over the mean square of the reference's.

    Of waves ``(batch, time)``; 0 where they agree, 1 for silence in the reference's place. Magnitude compression as in Ephrat et al.,
    "Looking to Listen at the Cocktail Party", 2018.
    """
    expected = compressed(stft(reference, n_fft, n_fft // 4), exponent)
    found = compressed(stft(estimate, n_fft, n_fft // 4), exponent)
    power = power_spectrum(expected)
    level = power.mean() + SMALLEST_POWER
    magnitudes = (power_spectrum(found) + SMALLEST_POWER).sqrt() - (power + SMALLEST_POWER).sqrt()
    return power_spectrum(found - expected).mean() / level, magnitudes.square().mean() / level
