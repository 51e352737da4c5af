"""Linear prediction from mel frames: the residual of a wave under the spectral envelope of its frames, and back.

The mel frames of a vocoder determine the envelope of the spectrum. An all-pole filter with that envelope removes it and
the level from the wave; the network draws the residual, noise and pulses of one level and a flat spectrum, and the
filter restores both. So the noise of the network itself is shaped like the speech, which masks it.

References
----------
E. Song, K. Byun, H.-G. Kang, "ExcitNet vocoder", 2019.
J.-M. Valin, J. Skoglund, "LPCNet: Improving Neural Speech Synthesis Through Linear Prediction", 2019: prediction from
the frames.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...dsp.mel import mel_filterbank, power_scale
from ...dsp.spectrum import hann_window
from .config import WaveNetConfig

RESIDUAL_LEVEL = 0.1  # root mean square of the residual, so that pulses ten times as high are not clipped
NOISE_FLOOR = 1e-4  # of the power, added at all frequencies
LAG_WINDOW_HZ = 60.0  # spectral smoothing, so that no harmonic is modelled as a resonance
DAMPING = 0.995  # of each coefficient relative to the one before, so that the time-varying filter is stable


@dataclass(frozen=True)
class LinearPrediction:
    """All-pole filters, one for each segment of a wave."""

    coefficients: np.ndarray  # of the past samples, most recent first, ``(segments, order)`` float64
    level: np.ndarray  # root mean square of the residual, ``(segments,)`` float64
    segment_length: int  # samples of a segment

    @property
    def order(self) -> int:
        """Number of past samples in a prediction."""
        return int(self.coefficients.shape[1])

    def residual(self, wave: np.ndarray) -> np.ndarray:
        """Return the residual ``(time,)`` float64 of ``wave (order + time,)``, scaled to RESIDUAL_LEVEL.

        ``e(t) = (s(t) - sum_k a_k s(t - k)) * RESIDUAL_LEVEL / level``.
        """
        windows = np.lib.stride_tricks.sliding_window_view(wave.astype(np.float64), self.order + 1)  # oldest first
        n_segments = -(-len(windows) // self.segment_length)
        filters = np.concatenate([-self.coefficients[:n_segments, ::-1], np.ones((n_segments, 1))], axis=1)
        filters *= RESIDUAL_LEVEL / self.level[:n_segments, None]
        segments = [
            windows[index * self.segment_length : (index + 1) * self.segment_length] @ filters[index]
            for index in range(n_segments)
        ]
        return np.concatenate(segments or [np.zeros(0)])

    def synthesise(self, residual: np.ndarray, past: np.ndarray, first_segment: int = 0) -> np.ndarray:
        """Return ``past (order,)`` and the samples that a residual excites, ``(order + time,)`` float64.

        ``residual (time,)`` starts at the start of segment ``first_segment``.
        """
        from .kernels import all_pole_filter

        samples = np.concatenate([past, np.zeros(len(residual))])
        all_pole_filter(
            samples,
            residual / RESIDUAL_LEVEL,
            self.coefficients[first_segment:],
            self.level[first_segment:],
            self.segment_length,
        )
        return samples


def mel_to_prediction(log_mel: np.ndarray, config: WaveNetConfig) -> LinearPrediction:
    """Compute the filters of log-mel frames.

    Bands are interpolated over bins, linearly in decibels; the autocorrelation of their power gives the coefficients.

    - ``config``: of the model; a segment has ``condition_hop`` samples, between frames by interpolation.
    """
    segments_per_frame = config.hop_length // config.condition_hop
    n_segments = log_mel.shape[1] * segments_per_frame
    position = (np.arange(n_segments) + 0.5) / segments_per_frame  # of the middle of each segment, in frames
    before = np.minimum(position.astype(int), log_mel.shape[1] - 1)
    after = np.minimum(before + 1, log_mel.shape[1] - 1)
    t = position - before
    segment_mel = (1 - t) * log_mel[:, before] + t * log_mel[:, after]  # (n_mels, segments)
    filters = mel_filterbank(config.sample_rate, config.n_fft, config.n_mels, 0.0, config.f_max_hz).astype(np.float64)
    bins = np.arange(filters.shape[1])
    centres = filters @ bins / filters.sum(1)
    density = segment_mel - np.log(power_scale(config.n_fft) * filters.sum(1))[:, None]  # log power of a bin
    power = np.exp(np.stack([np.interp(bins, centres, segment) for segment in density.T]))
    correlation = np.fft.irfft(power, axis=1)[:, : config.prediction_order + 1]
    lags = np.arange(config.prediction_order + 1)
    correlation = correlation * np.exp(-0.5 * (2 * np.pi * LAG_WINDOW_HZ / config.sample_rate * lags) ** 2)
    correlation[:, 0] *= 1 + NOISE_FLOOR
    coefficients, error = levinson(correlation)
    level = np.sqrt(error / np.square(hann_window(config.n_fft)).sum())
    return LinearPrediction(coefficients * DAMPING ** lags[1:], level, config.condition_hop)


def levinson(correlation: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Solve the normal equations of linear prediction by the Levinson-Durbin recursion.

    - ``correlation``: autocorrelations ``(n, order + 1)``.
    - returns ``coefficients``: ``(n, order)``, most recent sample first.
    - returns ``error``: squared error of the prediction, ``(n,)``.

    References
    ----------
    N. Levinson, "The Wiener RMS error criterion in filter design and prediction", 1946.
    """
    n, order = correlation.shape[0], correlation.shape[1] - 1
    coefficients = np.zeros((n, order))
    error = correlation[:, 0].copy()
    for step in range(order):
        predicted = (coefficients[:, :step] * correlation[:, step:0:-1]).sum(1)
        reflection = (correlation[:, step + 1] - predicted) / error
        coefficients[:, :step] -= reflection[:, None] * coefficients[:, :step][:, ::-1].copy()
        coefficients[:, step] = reflection
        error *= 1 - reflection**2
    return coefficients, error
