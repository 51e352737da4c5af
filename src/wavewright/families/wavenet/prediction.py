"""Linear prediction that is read off mel frames: what is left of a wave once its spectrum is known, and the wave again.

A vocoder knows the envelope of every moment's spectrum. The filter that it implies takes envelope and level off the wave; the network
draws what is left, noise and pulses of one level and an even spectrum, and the filter gives both back. So the network's own noise lies
under the sound, where the ear does not notice it (Song, Byun and Kang, "ExcitNet vocoder", 2019; Valin and Skoglund, "LPCNet: Improving
Neural Speech Synthesis Through Linear Prediction", 2019, for prediction from the frames).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...dsp.mel import mel_filterbank
from ...dsp.spectrum import hann_window
from ...dsp.speech_mel import power_scale
from .config import WaveNetConfig

LEVEL = 0.1  # root mean square of what is left, so that pulses ten times as high are not clipped
NOISE_FLOOR = 1e-4  # of the power, added at all frequencies alike
LAG_WINDOW_HZ = 60.0  # by which each frequency is smeared, so that no harmonic is taken for a resonance
DAMPING = 0.995  # of each coefficient against the one before, so that the filter is stable from one segment to the next


@dataclass(frozen=True)
class Prediction:
    """A filter for each segment of ``hold`` samples: ``coefficients (segments, order)`` of past samples, nearest first, and the
    ``level (segments,)`` of what they leave over, both float64.
    """

    coefficients: np.ndarray
    level: np.ndarray
    hold: int

    @property
    def order(self) -> int:
        return self.coefficients.shape[1]

    def excitation(self, wave: np.ndarray) -> np.ndarray:
        """``wave (order + time,)``, as many samples in front as the filter hears, to what is left ``(time,)`` float64, at LEVEL.

        ``e(t) = (s(t) - sum_k a_k s(t - k)) LEVEL / level``.
        """
        heard = np.lib.stride_tricks.sliding_window_view(
            wave.astype(np.float64), self.order + 1
        )  # (time, order + 1), oldest first
        n_segments = -(-len(heard) // self.hold)
        taps = np.concatenate([-self.coefficients[:n_segments, ::-1], np.ones((n_segments, 1))], axis=1)
        taps *= LEVEL / self.level[:n_segments, None]
        return np.concatenate(
            [heard[place * self.hold : (place + 1) * self.hold] @ taps[place] for place in range(n_segments)]
            or [np.zeros(0)]
        )

    def wave(self, excitation: np.ndarray, past: np.ndarray, first: int = 0) -> np.ndarray:
        """What was left, ``(time,)`` from the start of segment ``first`` on, to samples ``(order + time,)`` float64, ``past`` in front."""
        from .kernels import predicted

        samples = np.concatenate([past, np.zeros(len(excitation))])
        predicted(samples, excitation / LEVEL, self.coefficients[first:], self.level[first:], self.hold)
        return samples


def prediction_of(log_mel: np.ndarray, config: WaveNetConfig) -> Prediction:
    """The filters of log-mel frames ``(n_mels, frames)``, one for each ``condition_hop`` samples, between frames by interpolation.

    Bands are spread over bins along straight lines in decibels; their power's autocorrelation gives the coefficients (Levinson, 1946).
    """
    a_frame = config.hop_length // config.condition_hop
    place = (np.arange(log_mel.shape[1] * a_frame) + 0.5) / a_frame  # of the middle of each segment, in frames
    before = np.minimum(place.astype(int), log_mel.shape[1] - 1)
    after = np.minimum(before + 1, log_mel.shape[1] - 1)
    share = place - before
    of_segments = (1 - share) * log_mel[:, before] + share * log_mel[:, after]  # (n_mels, segments)
    filters = mel_filterbank(config.sample_rate, config.n_fft, config.n_mels, 0.0, config.f_max_hz).astype(np.float64)
    bins = np.arange(filters.shape[1])
    centres = filters @ bins / filters.sum(1)
    density = of_segments - np.log(power_scale(config.n_fft) * filters.sum(1))[:, None]  # log power of a bin
    power = np.exp(np.stack([np.interp(bins, centres, segment) for segment in density.T]))
    correlation = np.fft.irfft(power, axis=1)[:, : config.prediction_order + 1]
    lags = np.arange(config.prediction_order + 1)
    correlation = correlation * np.exp(-0.5 * (2 * np.pi * LAG_WINDOW_HZ / config.sample_rate * lags) ** 2)
    correlation[:, 0] *= 1 + NOISE_FLOOR
    coefficients, error = levinson(correlation)
    level = np.sqrt(error / np.square(hann_window(config.n_fft)).sum())
    return Prediction(coefficients * DAMPING ** lags[1:], level, config.condition_hop)


def levinson(correlation: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Autocorrelations ``(n, order + 1)`` to the coefficients ``(n, order)`` of the best prediction and its squared error ``(n,)``."""
    n, order = correlation.shape[0], correlation.shape[1] - 1
    coefficients, error = np.zeros((n, order)), correlation[:, 0].copy()
    for step in range(order):
        known = (coefficients[:, :step] * correlation[:, step:0:-1]).sum(1)
        reflection = (correlation[:, step + 1] - known) / error
        coefficients[:, :step] -= reflection[:, None] * coefficients[:, :step][:, ::-1].copy()
        coefficients[:, step] = reflection
        error *= 1 - reflection**2
    return coefficients, error
