"""Synthesis with gradients, for training: :class:`.synthesis.StreamingSynthesis` in PyTorch.

A change there is a change here.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...dsp.spectrum import hann_window
from ...nn.spectrum import frame, irfft, overlap_add, rfft
from .config import VocoderConfig
from .synthesis import MAX_PARAMETER, MIN_MAGNITUDE, mel_interpolation, noise_log_power


class DifferentiableSynthesis(nn.Module):
    """Synthesis with gradients: :class:`.synthesis.StreamingSynthesis` without noise reduction, for whole crops.

    Its formulas are explained there.
    """

    def __init__(self, config: VocoderConfig) -> None:
        super().__init__()
        self.config = config
        lower, weight = mel_interpolation(config)
        t = torch.arange(config.n_subframes) / config.n_subframes  # of each subframe's start, in intervals
        self.window = nn.Buffer(torch.from_numpy(hann_window(2 * config.subframe_length)), persistent=False)
        self.lower = nn.Buffer(torch.from_numpy(lower), persistent=False)
        self.weight = nn.Buffer(torch.from_numpy(weight), persistent=False)
        self.t = nn.Buffer(t[None, None, :, None], persistent=False)

    def forward(self, parameters: Tensor, mel: Tensor, pulses: Tensor, noises: list[Tensor]) -> list[Tensor]:
        """Synthesise a wave with each of several noises and the same pulses.

        Parameters
        ----------
        parameters : Tensor
            Of the filters, ``(batch, intervals * n_subframes, 3 * n_bins)``.
        mel : Tensor
            Log-mel frames at the ends of the intervals, ``(batch, intervals + 1, n_mels)``.
        pulses : Tensor
            ``(batch, subframe_length + time)``: the first window starts a subframe before the first sample.
        noises : list of Tensor
            The same shape each.

        Returns
        -------
        list of Tensor
            Waves ``(batch, time)`` without delay; the first ``config.transient`` and the last ``config.delay`` samples
            lack segments of before and after the crop.
        """
        config = self.config
        real, imaginary, root = parameters.float().clamp(-MAX_PARAMETER, MAX_PARAMETER).chunk(3, -1)
        envelope = self.envelopes(mel)
        scale = (real.square() + imaginary.square() + MIN_MAGNITUDE).sqrt()
        pulse_filters = torch.complex(real * scale * envelope, imaginary * scale * envelope)
        filtered_pulses = pulse_filters * self.source_spectra(pulses)
        noise_gains = root.square() * envelope
        waves = []
        for noise in noises:
            segments = irfft(filtered_pulses + noise_gains * self.source_spectra(noise), config.n_fft)
            wave = overlap_add(segments, config.subframe_length)[:, config.delay :]
            waves.append(wave[:, : pulses.shape[1] - config.subframe_length])
        return waves

    def envelopes(self, mel: Tensor) -> Tensor:
        """Return the gains ``(batch, subframes, n_bins)`` of ``mel``, as :func:`.synthesis.spectral_envelopes`."""
        log_power = mel[..., self.lower] * (1 - self.weight) + mel[..., self.lower + 1] * self.weight
        log_gain = (0.5 * (log_power - noise_log_power(self.config))).unsqueeze(2)
        log_gain = log_gain[:, :-1] * (1 - self.t) + log_gain[:, 1:] * self.t
        return log_gain.exp().flatten(1, 2)

    def source_spectra(self, source: Tensor) -> Tensor:
        """Return the spectra ``(batch, subframes, n_bins)`` of the windows of ``(batch, subframe_length + time)``."""
        length = self.config.subframe_length
        windows = frame(source, 2 * length, length) * self.window
        return rfft(F.pad(windows, (length, self.config.n_fft - 3 * length)))
