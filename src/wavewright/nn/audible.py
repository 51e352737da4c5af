"""How much of a wave's error an ear would notice: differences of loudness in critical bands, those masked left out."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from ..dsp.spectrum import hann_window
from .spectrum import power_spectrum, stft

WINDOW_SECONDS = 0.032
LOWEST_HZ = 80.0
BAND_BARK = 0.46  # width of a band
SMALLEST_SQUARE = 1e-8  # of a disturbance, so that roots are smooth at zero
LISTENING_DB = 79.0  # sound pressure level of the mean of a clip: speech as loud as on the telephone
LARGEST_GAIN_DB = 60.0  # no clip is made louder by more: silence stays silent
LOUDNESS_EXPONENT, SONE = 0.23, 0.1866  # Zwicker's law
MASKED_SHARE = 0.25  # of the smaller loudness: a difference below it is not heard
ADDED_FLOOR = 50.0  # power added to both sides before their ratio is taken
ADDED_EXPONENT, ADDED_RANGE = 1.2, (3.0, 12.0)
LOUDEST_POWER, LEVEL_FLOOR, LEVEL_EXPONENT = 1e7, 1e5, 0.04  # quiet frames count a little more
LARGEST_DISTURBANCE = 45.0  # of a frame
WINDOW_FRAMES, WINDOW_POWER = 20, 6  # of the mean in which the worst frames of a third of a second count most
SYMMETRIC_WEIGHT, ADDED_WEIGHT = 0.1, 0.0309  # of the two disturbances in the score


def bark(frequency_hz: np.ndarray) -> np.ndarray:
    """Frequencies on the scale of critical bands (Schroeder, Atal and Hall, 1979)."""
    return 7 * np.arcsinh(frequency_hz / 650)


def threshold_db(frequency_hz: np.ndarray) -> np.ndarray:
    """The sound pressure level that is just heard in quiet (Terhardt, "Calculating virtual pitch", 1979, equation 1)."""
    khz = frequency_hz / 1000
    return 3.64 * khz**-0.8 - 6.5 * np.exp(-0.6 * (khz - 3.3) ** 2) + 1e-3 * khz**4


class AudibleDistance(nn.Module):
    """The disturbance that ITU-T P.862.2 (PESQ) measures, without its alignment in time, gain and tone; 0 where waves agree.

    Both waves, at the level of the reference, become loudness in bands of half a Bark (Zwicker's law); differences that are masked do not
    count, what was added counts more than what was lost, and the worst frames of a third of a second count most (Rix et al., "Perceptual
    Evaluation of Speech Quality (PESQ)", 2001). As a loss: Martin-Donas et al., "A Deep Learning Loss Function Based on the Perceptual
    Evaluation of the Speech Quality", 2018. ``forward(reference, estimate)`` of waves ``(batch, time)`` gives a scalar in points of raw
    PESQ: of clips of a second, about what they miss to 4.5.
    """

    window: Tensor
    bands: Tensor
    threshold: Tensor

    def __init__(self, sample_rate: int):
        super().__init__()
        self.n_fft = 4 * round(WINDOW_SECONDS * sample_rate / 4)
        frequency_hz = np.arange(self.n_fft // 2 + 1) * sample_rate / self.n_fft
        place = np.floor((bark(frequency_hz) - bark(np.array(LOWEST_HZ))) / BAND_BARK).astype(int)
        bands = place[:, None] == np.arange(place.max() + 1)
        used = bands.any(0)  # low bands may be narrower than a bin
        bands = bands[:, used].astype(np.float64)
        centre_hz = (frequency_hz @ bands) / bands.sum(0)
        window = hann_window(self.n_fft)
        self.register_buffer("window", torch.tensor(window, dtype=torch.float32), persistent=False)
        scale = 2 / (self.n_fft * np.square(window).sum())  # the bands' sum is the mean square of the wave
        self.register_buffer("bands", torch.tensor(scale * bands, dtype=torch.float32), persistent=False)
        threshold = 10 ** (threshold_db(centre_hz) / 10)
        self.register_buffer("threshold", torch.tensor(threshold, dtype=torch.float32), persistent=False)

    def forward(self, reference: Tensor, estimate: Tensor) -> Tensor:
        gain = 10 ** (LISTENING_DB / 20) / reference.square().mean(-1, keepdim=True).sqrt().clamp(min=1e-9)
        gain = gain.clamp(max=10 ** ((LISTENING_DB + LARGEST_GAIN_DB) / 20))
        expected, found = self._power(gain * reference), self._power(gain * estimate)
        loudness_r, loudness_e = self._loudness(expected), self._loudness(found)
        difference = (loudness_e - loudness_r).abs() - MASKED_SHARE * torch.minimum(loudness_e, loudness_r)
        difference = difference.clamp(min=0)
        added = ((found + ADDED_FLOOR) / (expected + ADDED_FLOOR)) ** ADDED_EXPONENT
        added = torch.where(added < ADDED_RANGE[0], 0.0, added.clamp(max=ADDED_RANGE[1]))
        level = ((expected.sum(-1) + LEVEL_FLOOR) / LOUDEST_POWER) ** LEVEL_EXPONENT
        n_bark = BAND_BARK * self.bands.shape[1]
        symmetric = n_bark * (BAND_BARK * difference.square().mean(-1) + SMALLEST_SQUARE).sqrt()
        asymmetric = n_bark * (difference * added).mean(-1)
        score = SYMMETRIC_WEIGHT * self._over_time(symmetric / level) + ADDED_WEIGHT * self._over_time(
            asymmetric / level
        )
        return score.mean()

    def _power(self, wave: Tensor) -> Tensor:
        """``(batch, time)`` to the power of each band ``(batch, frames, bands)``."""
        power = power_spectrum(stft(wave, self.n_fft, self.n_fft // 2, self.window, "none"))
        return power.transpose(-1, -2) @ self.bands

    def _loudness(self, power: Tensor) -> Tensor:
        """Sone for each Bark; 1 for a tone of 40 dB at 1 kHz."""
        quiet = (self.threshold / 0.5) ** LOUDNESS_EXPONENT
        louder = (0.5 + 0.5 * power / self.threshold).clamp(min=1.0) ** LOUDNESS_EXPONENT - 1
        return SONE * quiet * louder

    def _over_time(self, disturbance: Tensor) -> Tensor:
        """``(batch, frames)`` to one number a clip: the worst frames of a window count most, windows alike."""
        limited = disturbance.clamp(max=LARGEST_DISTURBANCE)
        size = min(WINDOW_FRAMES, limited.shape[-1])
        windows = limited.unfold(-1, size, max(size // 2, 1))
        peaks = windows.pow(WINDOW_POWER).mean(-1).add(SMALLEST_SQUARE).pow(1 / WINDOW_POWER)
        return peaks.square().mean(-1).sqrt()
