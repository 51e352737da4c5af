"""Frames of waves as tensors with gradients: what a network hears, and the wave that its frames stand for."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..dsp.spectral_frames import (
    COMPRESSION,
    LARGEST_LOG_GAIN,
    LOG_SCALE,
    LOG_SHIFT,
    POWER_FLOOR,
    FrameSettings,
    band_interpolation,
    bin_phasors,
)
from .spectrum import frame, irfft, overlap_add, power_spectrum, rfft

SMALLEST_ENERGY = 1e-12  # added below a root, whose gradient has no limit at 0


class SpectralFrames(nn.Module):
    """The functions of dsp/spectral_frames.py for batches of whole waves, whose first frame is frame 0."""

    window: Tensor
    envelope: Tensor
    turns: Tensor
    below: Tensor
    part: Tensor

    def __init__(self, settings: FrameSettings):
        super().__init__()
        self.settings = settings
        window = torch.hann_window(settings.n_fft)
        self.register_buffer("window", window, persistent=False)
        self.register_buffer("envelope", window.square().view(settings.n_overlapping, -1).sum(0), persistent=False)
        turns = torch.from_numpy(bin_phasors(0, settings.n_overlapping, settings))
        self.register_buffer("turns", torch.view_as_real(turns).clone(), persistent=False)  # (n_overlapping, bins, 2)
        if settings.noise_bands:
            below, part = band_interpolation(settings.noise_bands, settings.n_fft, settings.sample_rate)
            self.register_buffer("below", torch.from_numpy(below), persistent=False)
            self.register_buffer("part", torch.from_numpy(part), persistent=False)

    def n_frames(self, n_samples: int) -> int:
        """Frames that hear any of ``n_samples``."""
        return -(-n_samples // self.settings.hop_length) + self.settings.n_overlapping - 1

    def spectrum(self, wave: Tensor, n_frames: int) -> Tensor:
        """``wave (batch, time)`` to ``n_frames`` frames, ``(batch, frames, bins)``, the first of which hear the silence before it."""
        n_fft, hop = self.settings.n_fft, self.settings.hop_length
        before = n_fft - hop
        after = (n_frames - 1) * hop + n_fft - before - wave.shape[-1]
        return rfft(frame(F.pad(wave, (before, after)), n_fft, hop) * self.window)

    def features(self, spectrum: Tensor) -> Tensor:
        """``(batch, frames, bins)`` to ``(batch, frames, 3 * bins)``, as :func:`.dsp.spectral_frames.spectrum_to_features`."""
        scaled = spectrum / self.settings.scale
        power = power_spectrum(scaled) + POWER_FLOOR
        turned = scaled * self._turned(spectrum.shape[1]).conj() * power ** ((COMPRESSION - 1) / 2)
        return torch.cat([power.log() * LOG_SCALE + LOG_SHIFT, turned.real, turned.imag], -1)

    def complex_distance(self, spectrum: Tensor, head: Tensor) -> Tensor:
        """How little the phases of ``head (batch, frames, 3 * bins)`` have to do with ``spectrum (batch, frames, bins)``, whatever the levels.

        1 minus the correlation of a sound's complex frames, the magnitudes of both to the power COMPRESSION: a scalar from 0 to 2, the mean
        over the batch, 1 where nothing is known. An error in place of a correlation would silence every tone whose phase is not yet
        known, and never hear of it again.
        """
        made = torch.cat(self._compressed(head), -1)
        heard = self.features(spectrum)[..., spectrum.shape[-1] :]
        energies = ((each.square().sum((1, 2)) + SMALLEST_ENERGY).sqrt() for each in (heard, made))
        return 1 - ((heard * made).sum((1, 2)) / math.prod(energies)).mean()

    def tone(self, head: Tensor) -> Tensor:
        """``(batch, frames, 3 * bins)`` to complex ``(batch, frames, bins)``, as :func:`.dsp.spectral_frames.head_to_spectrum`."""
        real, imaginary = self._compressed(head)
        expansion = (real.square() + imaginary.square() + SMALLEST_ENERGY).sqrt() * self.settings.scale
        return torch.complex(real * expansion, imaginary * expansion) * self._turned(head.shape[1])

    def _compressed(self, head: Tensor) -> tuple[Tensor, Tensor]:
        """Real and imaginary part, the magnitudes to the power COMPRESSION, ``(batch, frames, bins)`` each."""
        log_gain, real, imaginary = head.float().chunk(3, -1)
        gain = log_gain.clamp(max=LARGEST_LOG_GAIN).exp()
        return real * gain, imaginary * gain

    def noise(self, log_gains: Tensor, n_samples: int) -> Tensor:
        """Noise of ``log_gains (batch, frames, noise_bands)``, complex ``(batch, frames, bins)``, from torch's global generator."""
        white = self.spectrum(torch.randn(len(log_gains), n_samples, device=log_gains.device), log_gains.shape[1])
        gains = log_gains.float().clamp(max=LARGEST_LOG_GAIN).exp() * self.settings.noise_scale
        above = (self.below + 1).clamp(max=gains.shape[-1] - 1)
        return white * (gains[..., self.below] * (1 - self.part) + gains[..., above] * self.part)

    def to_wave(self, spectrum: Tensor, n_samples: int) -> Tensor:
        """``(batch, frames, bins)`` to ``(batch, n_samples)``."""
        n_fft, hop = self.settings.n_fft, self.settings.hop_length
        wave = overlap_add(irfft(spectrum, n_fft) * self.window, hop)[..., n_fft - hop : n_fft - hop + n_samples]
        return wave / self.envelope.repeat(-(-n_samples // hop))[:n_samples]

    def _turned(self, n_frames: int) -> Tensor:
        """See :func:`.dsp.spectral_frames.bin_phasors`, ``(n_frames, bins)``."""
        table = torch.view_as_complex(self.turns)
        return table.repeat(-(-n_frames // len(table)), 1)[:n_frames]
