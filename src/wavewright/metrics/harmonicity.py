"""Harmonics-to-noise ratio of voiced frames: hoarseness, which word errors do not show.

P. Boersma, "Accurate short-term analysis of the fundamental frequency and the harmonics-to-noise ratio of a sampled
sound", 1993.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ..base.errors import BadAudio, BadSetting

PERIODS_PER_WINDOW = 4.5  # of the lowest pitch
STEP_SECONDS = 0.01
VOICED_STRENGTH = 0.45  # normalised autocorrelation at the period, above which a frame is voiced
SILENCE_RATIO = 0.1  # peak of a frame over the peak of the wave, below which a frame is silent
LAGS_PER_SAMPLE = 4


@dataclass(frozen=True)
class Harmonicity:
    """Harmonics-to-noise ratio of the voiced frames.

    Attributes
    ----------
    hnr_db : np.ndarray of shape ``(voiced frames,)``
        Ratio of each voiced frame in dB.
    n_frames : int
        Number of frames that are not silent.
    """

    hnr_db: np.ndarray
    n_frames: int

    @property
    def median_db(self) -> float:
        """Median over the voiced frames, NaN where there is none."""
        return float(np.median(self.hnr_db)) if len(self.hnr_db) else float("nan")

    @property
    def voiced_fraction(self) -> float:
        """Voiced frames over frames that are not silent."""
        return len(self.hnr_db) / self.n_frames if self.n_frames else 0.0


def harmonics_to_noise(
    wave: np.ndarray, sample_rate: int, f_min_hz: float = 75.0, f_max_hz: float = 500.0
) -> Harmonicity:
    """Compute the harmonics-to-noise ratio of the voiced frames of a wave, every 10 ms.

    The autocorrelation of a frame, divided by that of its Hann window and interpolated between samples, has its highest
    peak ``r`` at the period. ``r`` is the fraction of the power that is periodic, so the ratio is
    ``10 log10(r / (1 - r))`` (equation 4). A frame is voiced if ``r`` is above 0.45 within the pitch limits.

    Raises BadAudio or BadSetting if the wave has another shape or values that are not finite, or the pitch limits are
    out of range.

    Parameters
    ----------
    wave : np.ndarray of shape ``(time,)``
        A wave shorter than a window (4.5 of the longest periods) has no frame.
    sample_rate : int, in Hz
    f_min_hz, f_max_hz : float
        Pitch limits in hertz; the upper one is at most a quarter of the sample rate.

    Returns
    -------
    Harmonicity
        The ratio of each voiced frame.

    References
    ----------
    P. Boersma, "Accurate short-term analysis of the fundamental frequency and the harmonics-to-noise ratio of a sampled
    sound", 1993.
    """
    wave = np.asarray(wave, dtype=np.float64)
    if wave.ndim != 1 or not np.isfinite(wave).all():
        raise BadAudio(f"The wave has shape {wave.shape}; it must be (time,), finite numbers.")
    if not 0 < f_min_hz < f_max_hz <= sample_rate / 4:
        raise BadSetting(
            f"The pitch limits are {f_min_hz} to {f_max_hz} Hz; they must rise and end at a quarter of the sample rate "
            f"({sample_rate} Hz)."
        )
    n_window = round(PERIODS_PER_WINDOW / f_min_hz * sample_rate)
    n_step = max(1, round(STEP_SECONDS * sample_rate))
    if len(wave) < n_window:
        return Harmonicity(np.empty(0), 0)
    frames = np.lib.stride_tricks.sliding_window_view(wave, n_window)[::n_step]  # (frames, n_window)
    frames = frames[np.abs(frames).max(axis=1) > SILENCE_RATIO * np.abs(wave).max()]
    if not len(frames):
        return Harmonicity(np.empty(0), 0)
    strength = _strongest_peak(_normalised_autocorrelation(frames), sample_rate, f_min_hz, f_max_hz)
    voiced = np.minimum(strength[strength > VOICED_STRENGTH], 1 - 1e-9)
    return Harmonicity(10 * np.log10(voiced / (1 - voiced)), len(frames))


def harmonics_to_noise_of_all(waves: Iterable[np.ndarray], sample_rate: int) -> Harmonicity:
    """Compute the harmonics-to-noise ratio of the voiced frames of several waves together.

    Raises BadAudio or BadSetting as :func:`harmonics_to_noise`.

    Parameters
    ----------
    waves : iterable of np.ndarray of shape ``(time,)``
        Waves of any lengths.
    sample_rate : int, in Hz

    Returns
    -------
    Harmonicity
        The voiced frames of all waves.
    """
    results = [harmonics_to_noise(wave, sample_rate) for wave in waves]
    hnr_db = np.concatenate([np.empty(0), *(result.hnr_db for result in results)])
    return Harmonicity(hnr_db, sum(result.n_frames for result in results))


def _normalised_autocorrelation(frames: np.ndarray) -> np.ndarray:
    """Return the autocorrelation of frames divided by that of the window, ``(frames, lags)`` up to half a window."""
    n_window = frames.shape[1]
    position = np.arange(n_window) + 0.5
    window = 0.5 - 0.5 * np.cos(2 * np.pi * position / n_window)
    windowed = np.concatenate([(frames - frames.mean(axis=1, keepdims=True)) * window, window[None]])
    n_fft = 2 ** int(np.ceil(np.log2(1.5 * n_window)))
    power = np.abs(np.fft.rfft(windowed, n_fft)) ** 2
    # a longer inverse transform interpolates between the lags, as the paper's sum of sinc functions does
    correlation = np.fft.irfft(power, LAGS_PER_SAMPLE * n_fft)[:, : LAGS_PER_SAMPLE * (n_window // 2)]
    correlation /= np.maximum(correlation[:, :1], np.finfo(np.float64).tiny)
    return np.asarray(correlation[:-1] / correlation[-1])


def _strongest_peak(correlation: np.ndarray, sample_rate: int, f_min_hz: float, f_max_hz: float) -> np.ndarray:
    """Return the highest local maximum within the pitch limits by parabolic interpolation, ``(frames,)``, or 0."""
    shortest = round(LAGS_PER_SAMPLE * sample_rate / f_max_hz)
    longest = round(LAGS_PER_SAMPLE * sample_rate / f_min_hz)
    before, here, after = (correlation[:, shortest + shift : longest + 1 + shift] for shift in (-1, 0, 1))
    is_peak = (here >= before) & (here > after)
    curvature = np.where(is_peak, 2 * here - before - after, 1.0)
    peaks = np.where(is_peak, here + (after - before) ** 2 / (8 * curvature), 0.0)
    return np.asarray(peaks.max(axis=1))
