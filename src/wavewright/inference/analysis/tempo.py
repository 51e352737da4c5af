"""Tempo of a recording, from the autocorrelation of its onset strength."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...dsp.mel import mel_filterbank
from ...dsp.spectrum import FrameBuffer, frame, hann_window, power_spectrum

N_FFT, HOP_LENGTH = 1_024, 160
N_MELS = 40
FLOOR_POWER = 1e-6
WINDOW_SECONDS = 16.0
LOWEST_BPM, HIGHEST_BPM = 40.0, 240.0
N_TEMPI = 2_000
N_BEATS = 4  # of the comb
USUAL_BPM, SPREAD_OCTAVES = 120.0, 1.0
SURE = 0.2


@dataclass(frozen=True)
class Tempo:
    """Tempo in beats per minute; None if the recording is shorter than a window or has no onsets.

    - ``bpm``: the best guess, which may be half or twice what a listener taps.
    - ``confidence``: correlation of the onset strength with itself one to four beats later, 0 to 1.
    - ``is_sure``: whether the confidence suffices; it does not for speech and noise.
    """

    bpm: float | None
    confidence: float
    is_sure: bool


class TempoMeter:
    """Tempo of consecutive blocks."""

    def __init__(self, sample_rate: int) -> None:
        self._frames_per_second = sample_rate / HOP_LENGTH
        self._filters = mel_filterbank(sample_rate, N_FFT, N_MELS)
        self._window = hann_window(N_FFT)
        self._frames = FrameBuffer(1, N_FFT, HOP_LENGTH)
        self._last = np.zeros((0, N_MELS), np.float32)
        self._strengths: list[np.ndarray] = []

    def add(self, wave: np.ndarray) -> None:
        """Add the next block of the wave, ``(1, time)``."""
        frames = self._frames.add(wave)[0]
        if not len(frames):
            return
        power = power_spectrum(np.fft.rfft(frames * self._window)) @ self._filters.T  # (frames, N_MELS)
        level = np.concatenate([self._last, np.log(power + FLOOR_POWER).astype(np.float32)])
        self._strengths.append(np.maximum(np.diff(level, axis=0), 0.0).mean(axis=1))
        self._last = level[-1:]

    def result(self) -> Tempo:
        """Return the tempo of all blocks."""
        strength = np.concatenate([np.zeros(0, np.float32), *self._strengths])
        n_window = round(WINDOW_SECONDS * self._frames_per_second)
        longest = N_BEATS * 60 / LOWEST_BPM * self._frames_per_second
        if len(strength) < min(n_window, 1.5 * longest):
            return Tempo(None, 0.0, False)
        return tempo_of_strength(strength, self._frames_per_second)


def tempo_of_strength(strength: np.ndarray, frames_per_second: float) -> Tempo:
    """Estimate the tempo of an onset strength ``(frames,)``."""
    correlation = strength_correlation(strength, frames_per_second)
    n_window = len(correlation)
    if not correlation.any():
        return Tempo(None, 0.0, False)
    tempi = np.geomspace(LOWEST_BPM, HIGHEST_BPM, N_TEMPI)
    lags = 60 / tempi * frames_per_second
    comb = np.stack([np.interp(beat * lags, np.arange(n_window), correlation) for beat in range(1, N_BEATS + 1)])
    prior = np.exp(-0.5 * (np.log2(tempi / USUAL_BPM) / SPREAD_OCTAVES) ** 2)
    best = int((np.maximum(comb.mean(axis=0), 0.0) * prior).argmax())
    confidence = float(np.clip(comb[:, best].mean(), 0.0, 1.0))
    return Tempo(round(float(tempi[best]), 1), round(confidence, 2), confidence >= SURE)


def strength_correlation(strength: np.ndarray, frames_per_second: float) -> np.ndarray:
    """Return the autocorrelation of an onset strength ``(frames,)`` over lags of up to WINDOW_SECONDS, 1 at lag 0."""
    n_window = min(round(WINDOW_SECONDS * frames_per_second), len(strength))
    if n_window < 2:
        return np.zeros(n_window)
    return _autocorrelation(frame(strength, n_window, max(1, n_window // 2)))


def _autocorrelation(windows: np.ndarray) -> np.ndarray:
    """Return the mean autocorrelation of windows ``(windows, frames)``, ``(frames,)``, 1 at lag 0 and unbiased."""
    n_window = windows.shape[1]
    total = np.zeros(n_window)
    for window in windows:
        centred = window - window.mean(dtype=np.float64)
        total += np.fft.irfft(power_spectrum(np.fft.rfft(centred, 2 * n_window)))[:n_window]
    total *= n_window / np.arange(n_window, 0, -1)
    return total / total[0] if total[0] > 1e-12 else np.zeros(n_window)
