"""Differentiable frames of whole waves: features for a network, and the wave of the frames that a network predicts."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..dsp.spectral_frames import (
    COMPRESSION,
    LOG_SCALE,
    LOG_SHIFT,
    MAX_LOG_GAIN,
    POWER_FLOOR,
    FrameSettings,
    band_interpolation,
    bin_phasors,
)
from .spectrum import frame, irfft, overlap_add, power_spectrum, rfft

MIN_ENERGY = 1e-12  # added below a root, whose gradient diverges at 0


class SpectralFrames(nn.Module):
    """The functions of :mod:`wavewright.dsp.spectral_frames` in torch, for batches of whole waves."""

    def __init__(self, settings: FrameSettings) -> None:
        super().__init__()
        self.settings = settings
        window = torch.hann_window(settings.n_fft)
        self.window = nn.Buffer(window, persistent=False)
        self.envelope = nn.Buffer(window.square().view(settings.n_overlapping, -1).sum(0), persistent=False)
        rotations = torch.from_numpy(bin_phasors(0, settings.n_overlapping, settings))
        # Real and imaginary part, (n_overlapping, bins, 2): not every backend has complex buffers.
        self.rotations = nn.Buffer(torch.view_as_real(rotations).clone(), persistent=False)
        if settings.noise_bands:
            lower_band, upper_weight = band_interpolation(settings.noise_bands, settings.n_fft, settings.sample_rate)
            self.lower_band = nn.Buffer(torch.from_numpy(lower_band), persistent=False)
            self.upper_weight = nn.Buffer(torch.from_numpy(upper_weight), persistent=False)

    def n_frames(self, n_samples: int) -> int:
        """Return the number of frames that overlap a wave of ``n_samples``."""
        return -(-n_samples // self.settings.hop_length) + self.settings.n_overlapping - 1

    def spectrum(self, wave: Tensor, n_frames: int) -> Tensor:
        """Compute the frames of a wave.

        - ``n_frames``: frames, of which the first ones begin before the wave; see :meth:`n_frames`.
        - returns: complex ``(batch, frames, bins)``.
        """
        n_fft, hop_length = self.settings.n_fft, self.settings.hop_length
        before = n_fft - hop_length
        after = (n_frames - 1) * hop_length + n_fft - before - wave.shape[-1]
        return rfft(frame(F.pad(wave, (before, after)), n_fft, hop_length) * self.window)

    def features(self, spectrum: Tensor) -> Tensor:
        """Return log power and compressed real and imaginary parts, ``(batch, frames, 3 * bins)``, of complex frames.

        See :func:`wavewright.dsp.spectral_frames.spectrum_to_features`.
        """
        scaled = spectrum / self.settings.scale
        power = power_spectrum(scaled) + POWER_FLOOR
        rotated = scaled * self._rotation(spectrum.shape[1]).conj() * power ** ((COMPRESSION - 1) / 2)
        return torch.cat([power.log() * LOG_SCALE + LOG_SHIFT, rotated.real, rotated.imag], -1)

    def complex_distance(self, spectrum: Tensor, head: Tensor) -> Tensor:
        """Compute 1 minus the correlation of compressed complex frames, which depends on phases and not on the level.

        A squared error instead of the correlation would silence every tone whose phase is not yet known, for good.

        - ``spectrum``: reference, complex ``(batch, frames, bins)``.
        - ``head``: output of a network, ``(batch, frames, 3 * bins)``.
        - returns: from 0 to 2, 1 for unrelated phases; the mean over the batch, ``()``.
        """
        estimate = torch.cat(self._compressed(head), -1)
        reference = self.features(spectrum)[..., spectrum.shape[-1] :]
        norms = ((each.square().sum((1, 2)) + MIN_ENERGY).sqrt() for each in (reference, estimate))
        return 1 - ((reference * estimate).sum((1, 2)) / math.prod(norms)).mean()

    def tonal_spectrum(self, head: Tensor) -> Tensor:
        """Return the complex spectrum ``(batch, frames, bins)`` of a network's output ``(batch, frames, 3 * bins)``.

        See :func:`wavewright.dsp.spectral_frames.head_to_spectrum`.
        """
        real, imaginary = self._compressed(head)
        expansion = (real.square() + imaginary.square() + MIN_ENERGY).sqrt() * self.settings.scale
        return torch.complex(real * expansion, imaginary * expansion) * self._rotation(head.shape[1])

    def _compressed(self, head: Tensor) -> tuple[Tensor, Tensor]:
        """Return real and imaginary parts of compressed magnitude, ``(batch, frames, bins)`` each."""
        log_gain, real, imaginary = head.float().chunk(3, -1)
        gain = log_gain.clamp(max=MAX_LOG_GAIN).exp()
        return real * gain, imaginary * gain

    def noise_spectrum(self, log_gains: Tensor, n_samples: int) -> Tensor:
        """Return white noise ``(batch, frames, bins)`` by log gains of bands, drawn from torch's global generator."""
        white = self.spectrum(torch.randn(len(log_gains), n_samples, device=log_gains.device), log_gains.shape[1])
        gains = log_gains.float().clamp(max=MAX_LOG_GAIN).exp() * self.settings.noise_scale
        upper_band = (self.lower_band + 1).clamp(max=gains.shape[-1] - 1)
        lower, upper = gains[..., self.lower_band], gains[..., upper_band]
        return white * (lower * (1 - self.upper_weight) + upper * self.upper_weight)

    def to_wave(self, spectrum: Tensor, n_samples: int) -> Tensor:
        """Synthesise the wave ``(batch, n_samples)`` of complex frames ``(batch, frames, bins)``."""
        n_fft, hop_length = self.settings.n_fft, self.settings.hop_length
        start = n_fft - hop_length
        wave = overlap_add(irfft(spectrum, n_fft) * self.window, hop_length)[..., start : start + n_samples]
        return wave / self.envelope.repeat(-(-n_samples // hop_length))[:n_samples]

    def _rotation(self, n_frames: int) -> Tensor:
        """Return the phase of a tone in the middle of each bin, complex ``(n_frames, bins)``."""
        table = torch.view_as_complex(self.rotations)
        return table.repeat(-(-n_frames // len(table)), 1)[:n_frames]
