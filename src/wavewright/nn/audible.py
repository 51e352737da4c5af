"""Audible error of a wave as a loss: differences of loudness in critical bands above the masking threshold."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from ..dsp.spectrum import hann_window
from .spectrum import power_spectrum, stft

WINDOW_SECONDS = 0.032
MIN_HZ = 80.0
BAND_WIDTH_BARK = 0.46
MIN_SQUARE = 1e-8  # of a disturbance, so that roots are smooth at zero
LISTENING_LEVEL_DB = 79.0  # sound pressure level of the mean of a clip: that of speech on the telephone
MAX_GAIN_DB = 60.0  # to reach that level: silence stays silent
LOUDNESS_EXPONENT, SONE_SCALE = 0.23, 0.1866  # Zwicker's law
MASKING_RATIO = 0.25  # of the smaller loudness: differences below it are masked
ASYMMETRY_FLOOR = 50.0  # added to the powers whose ratio is taken
ASYMMETRY_EXPONENT, ASYMMETRY_RANGE = 1.2, (3.0, 12.0)
LOUDEST_POWER, LEVEL_FLOOR, LEVEL_EXPONENT = 1e7, 1e5, 0.04  # quiet frames count a little more
MAX_DISTURBANCE = 45.0  # of a frame
INTERVAL_FRAMES, INTERVAL_NORM = 20, 6  # L6 norm over a third of a second: the worst frames count most
SYMMETRIC_WEIGHT, ASYMMETRIC_WEIGHT = 0.1, 0.0309  # of the two disturbances in the score


def hz_to_bark(frequency_hz: np.ndarray) -> np.ndarray:
    """Convert frequencies to Bark, the scale of critical bands.

    References
    ----------
    M. Schroeder, B. Atal, J. Hall, "Optimizing digital speech coders by exploiting masking properties of the human
    ear", 1979.
    """
    return 7 * np.arcsinh(frequency_hz / 650)


def threshold_in_quiet_db(frequency_hz: np.ndarray) -> np.ndarray:
    """Return the absolute threshold of human audition at frequencies above 0, as sound pressure level in dB.

    References
    ----------
    E. Terhardt, "Calculating virtual pitch", 1979, equation 1.
    """
    khz = frequency_hz / 1000
    return 3.64 * khz**-0.8 - 6.5 * np.exp(-0.6 * (khz - 3.3) ** 2) + 1e-3 * khz**4


class AudibleDistance(nn.Module):
    """Disturbance of ITU-T P.862.2 (PESQ) [1]_ as a loss [2]_, without its alignment of time, gain and timbre.

    Both waves, scaled to the level of the reference, become loudness in bands of half a Bark (Zwicker's law). Masked
    differences do not count, added energy counts more than missing energy, and the worst frames of a third of a second
    count most.

    References
    ----------
    .. [1] A. Rix et al., "Perceptual Evaluation of Speech Quality (PESQ)", 2001.
    .. [2] J. Martin-Donas et al., "A Deep Learning Loss Function Based on the Perceptual Evaluation of the Speech
       Quality", 2018.
    """

    def __init__(self, sample_rate: int) -> None:
        super().__init__()
        self.n_fft = 4 * round(WINDOW_SECONDS * sample_rate / 4)
        frequency_hz = np.arange(self.n_fft // 2 + 1) * sample_rate / self.n_fft
        bark_above_lowest = hz_to_bark(frequency_hz) - hz_to_bark(np.array(MIN_HZ))
        band = np.floor(bark_above_lowest / BAND_WIDTH_BARK).astype(int)
        is_in_band = band[:, None] == np.arange(band.max() + 1)
        bands = is_in_band[:, is_in_band.any(0)].astype(np.float64)  # low bands may be narrower than a bin
        centre_hz = (frequency_hz @ bands) / bands.sum(0)
        window = hann_window(self.n_fft)
        self.window = nn.Buffer(torch.tensor(window, dtype=torch.float32), persistent=False)
        scale = 2 / (self.n_fft * np.square(window).sum())  # the sum over the bands is the mean square of the wave
        self.bands = nn.Buffer(torch.tensor(scale * bands, dtype=torch.float32), persistent=False)
        threshold = 10 ** (threshold_in_quiet_db(centre_hz) / 10)
        self.threshold = nn.Buffer(torch.tensor(threshold, dtype=torch.float32), persistent=False)

    def forward(self, reference: Tensor, estimate: Tensor) -> Tensor:
        """Compute the disturbance of an estimate.

        - ``reference``, ``estimate``: waves ``(batch, time)``.
        - returns: mean over the batch in points of raw PESQ below 4.5, ``()``; 0 for equal waves.
        """
        gain = 10 ** (LISTENING_LEVEL_DB / 20) / reference.square().mean(-1, keepdim=True).sqrt().clamp(min=1e-9)
        gain = gain.clamp(max=10 ** ((LISTENING_LEVEL_DB + MAX_GAIN_DB) / 20))
        power_r = self._band_power(gain * reference)
        power_e = self._band_power(gain * estimate)
        loudness_r = self._loudness(power_r)
        loudness_e = self._loudness(power_e)
        difference = (loudness_e - loudness_r).abs() - MASKING_RATIO * torch.minimum(loudness_e, loudness_r)
        difference = difference.clamp(min=0)
        asymmetry = ((power_e + ASYMMETRY_FLOOR) / (power_r + ASYMMETRY_FLOOR)) ** ASYMMETRY_EXPONENT
        asymmetry = torch.where(asymmetry < ASYMMETRY_RANGE[0], 0.0, asymmetry.clamp(max=ASYMMETRY_RANGE[1]))
        level = ((power_r.sum(-1) + LEVEL_FLOOR) / LOUDEST_POWER) ** LEVEL_EXPONENT
        n_bark = BAND_WIDTH_BARK * self.bands.shape[1]
        symmetric = n_bark * (BAND_WIDTH_BARK * difference.square().mean(-1) + MIN_SQUARE).sqrt()
        asymmetric = n_bark * (difference * asymmetry).mean(-1)
        score = SYMMETRIC_WEIGHT * self._over_time(symmetric / level)
        score = score + ASYMMETRIC_WEIGHT * self._over_time(asymmetric / level)
        return score.mean()

    def _band_power(self, wave: Tensor) -> Tensor:
        """Return the power of each band, ``(batch, time) -> (batch, frames, bands)``."""
        power = power_spectrum(stft(wave, self.n_fft, self.n_fft // 2, self.window, "none"))
        return power.transpose(-1, -2) @ self.bands

    def _loudness(self, power: Tensor) -> Tensor:
        """Convert band powers to sone per Bark; 1 for a tone of 40 dB at 1 kHz."""
        quiet = (self.threshold / 0.5) ** LOUDNESS_EXPONENT
        louder = (0.5 + 0.5 * power / self.threshold).clamp(min=1.0) ** LOUDNESS_EXPONENT - 1
        return SONE_SCALE * quiet * louder

    def _over_time(self, disturbance: Tensor) -> Tensor:
        """Average ``(batch, frames)`` to ``(batch,)``: L6 norm within overlapping intervals, L2 norm over them."""
        limited = disturbance.clamp(max=MAX_DISTURBANCE)
        size = min(INTERVAL_FRAMES, limited.shape[-1])
        intervals = limited.unfold(-1, size, max(size // 2, 1))
        peaks = intervals.pow(INTERVAL_NORM).mean(-1).add(MIN_SQUARE).pow(1 / INTERVAL_NORM)
        return peaks.square().mean(-1).sqrt()
