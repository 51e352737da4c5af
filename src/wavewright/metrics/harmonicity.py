"""Harmonics-to-noise ratio of the voiced parts of a sound: hoarseness, which a recogniser of words does not hear.

P. Boersma, "Accurate Short-term Analysis of the Fundamental Frequency and the Harmonics-to-noise Ratio of a Sampled Sound", 1993.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ..errors import BadAudio, BadSetting

PERIODS = 4.5  # of the lowest pitch in a window
STEP_SECONDS = 0.01
VOICED_STRENGTH = 0.45  # autocorrelation at the period, of what counts as voiced
QUIETEST = 0.1  # peak of a frame over the peak of the whole sound; what is quieter counts as silence
FINENESS = 4  # lags from one sample to the next


@dataclass(frozen=True)
class Harmonicity:
    """The harmonics-to-noise ratio of each voiced frame in dB, ``(voiced frames,)``, and how many frames were not silent."""

    hnr_db: np.ndarray
    n_frames: int

    @property
    def median_db(self) -> float:
        """The median over the voiced frames, NaN where there is none."""
        return float(np.median(self.hnr_db)) if len(self.hnr_db) else float("nan")

    @property
    def voiced_share(self) -> float:
        """Voiced frames over frames that are not silent."""
        return len(self.hnr_db) / self.n_frames if self.n_frames else 0.0


def harmonics_to_noise(
    wave: np.ndarray, sample_rate: int, f_min_hz: float = 75.0, f_max_hz: float = 500.0
) -> Harmonicity:
    """The harmonics-to-noise ratio of ``wave`` ``(time,)`` every 10 ms, where it is voiced.

    A frame's autocorrelation over that of its Hann window, interpolated between samples, is highest at the period, at ``r``: the share of
    the power that repeats; the ratio is ``10 log10(r / (1 - r))`` (Boersma 1993, eq. 4). A frame is voiced where a period between
    ``1 / f_max_hz`` and ``1 / f_min_hz`` reaches 0.45. A sound shorter than a window (4.5 of the longest periods) has no frame. Raises
    BadAudio for another shape or numbers that are not finite, BadSetting where the limits are impossible.
    """
    wave = np.asarray(wave, dtype=np.float64)
    if wave.ndim != 1 or not np.isfinite(wave).all():
        raise BadAudio(f"The wave has shape {wave.shape}; it must be (time,), finite numbers.")
    if not 0 < f_min_hz < f_max_hz <= sample_rate / 4:
        raise BadSetting(
            f"The pitch limits are {f_min_hz} to {f_max_hz} Hz; they must rise and end at a quarter of the sample rate ({sample_rate} Hz)."
        )
    n_window, n_step = round(PERIODS / f_min_hz * sample_rate), max(1, round(STEP_SECONDS * sample_rate))
    if len(wave) < n_window:
        return Harmonicity(np.empty(0), 0)
    frames = np.lib.stride_tricks.sliding_window_view(wave, n_window)[::n_step]  # (frames, n_window)
    frames = frames[np.abs(frames).max(axis=1) > QUIETEST * np.abs(wave).max()]
    if not len(frames):
        return Harmonicity(np.empty(0), 0)
    strength = _strongest_period(_normalised_autocorrelation(frames), sample_rate, f_min_hz, f_max_hz)
    voiced = np.minimum(strength[strength > VOICED_STRENGTH], 1 - 1e-9)
    return Harmonicity(10 * np.log10(voiced / (1 - voiced)), len(frames))


def harmonics_to_noise_of_all(waves: Iterable[np.ndarray], sample_rate: int) -> Harmonicity:
    """The voiced frames of many sounds ``(time,)`` together; see :func:`harmonics_to_noise`."""
    found = [harmonics_to_noise(wave, sample_rate) for wave in waves]
    return Harmonicity(
        np.concatenate([np.empty(0), *(one.hnr_db for one in found)]), sum(one.n_frames for one in found)
    )


def _normalised_autocorrelation(frames: np.ndarray) -> np.ndarray:
    """Autocorrelation over the window's ``(frames, lags)``, 1 at lag 0, ``FINENESS`` lags a sample, up to half a window."""
    n_window = frames.shape[1]
    place = np.arange(n_window) + 0.5
    window = 0.5 - 0.5 * np.cos(2 * np.pi * place / n_window)
    seen = np.concatenate([(frames - frames.mean(axis=1, keepdims=True)) * window, window[None]])
    n_fft = 2 ** int(np.ceil(np.log2(1.5 * n_window)))
    power = np.abs(np.fft.rfft(seen, n_fft)) ** 2
    # a longer inverse transform interpolates between the lags, as the paper's sum of sinc functions does
    correlation = np.fft.irfft(power, FINENESS * n_fft)[:, : FINENESS * (n_window // 2)]
    correlation /= np.maximum(correlation[:, :1], np.finfo(np.float64).tiny)
    return correlation[:-1] / correlation[-1]


def _strongest_period(correlation: np.ndarray, sample_rate: int, f_min_hz: float, f_max_hz: float) -> np.ndarray:
    """The highest local maximum between the shortest and the longest period, by parabolas, ``(frames,)``; 0 where there is none."""
    shortest, longest = (round(FINENESS * sample_rate / hz) for hz in (f_max_hz, f_min_hz))
    before, here, after = (correlation[:, shortest + shift : longest + 1 + shift] for shift in (-1, 0, 1))
    is_peak = (here >= before) & (here > after)
    bend = np.where(is_peak, 2 * here - before - after, 1.0)
    return np.where(is_peak, here + (after - before) ** 2 / (8 * bend), 0.0).max(axis=1)
