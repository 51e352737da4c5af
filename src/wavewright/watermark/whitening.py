"""Sound as the detector of the mark needs it: as strong in every band and at every moment, and folded to a period."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from .sequences import CHIP_RATE_HZ, HIGHEST_HARMONIC, LOWEST_HARMONIC, N_CHIPS, PERIOD_S

FRAME_SAMPLES = 512
HOP_SAMPLES = 128
SMOOTHED_BINS = 3

MAX_SPEED = 1.05
"""Fastest speed that is searched for; the slowest is as far below 1."""

RELATIVE_FLOOR = 1e-5
"""Magnitude below which a bin is not raised, relative to the largest one."""


@lru_cache(maxsize=1)
def _window() -> np.ndarray:
    return np.sin(np.pi * np.arange(FRAME_SAMPLES) / FRAME_SAMPLES)


def whitened(wave: np.ndarray) -> np.ndarray:
    """Return the sum of all channels, each with a flat spectrum at every moment.

    Parameters
    ----------
    wave
        ``(channels, time)`` at CHIP_RATE_HZ.

    Returns
    -------
    np.ndarray
        ``(time,)``, with the frequencies of the mark at all speeds.
    """
    n_samples = wave.shape[1]
    n_frames = -(-n_samples // HOP_SAMPLES) + FRAME_SAMPLES // HOP_SAMPLES - 1
    n_early = FRAME_SAMPLES - HOP_SAMPLES
    padded = np.zeros((wave.shape[0], n_frames * HOP_SAMPLES + n_early))
    padded[:, n_early : n_early + n_samples] = wave
    frames = np.lib.stride_tricks.sliding_window_view(padded, FRAME_SAMPLES, axis=1)[:, ::HOP_SAMPLES] * _window()
    spectra = np.fft.rfft(frames)
    power = np.pad(spectra.real**2 + spectra.imag**2, ((0, 0), (0, 0), (1, 1)), mode="edge")
    magnitude = np.sqrt((power[..., :-2] + power[..., 1:-1] + power[..., 2:]) / SMOOTHED_BINS)
    flat = (spectra / (magnitude + RELATIVE_FLOOR * magnitude.max() + 1e-12)).sum(axis=0)
    bin_hz = CHIP_RATE_HZ / FRAME_SAMPLES
    flat[:, : int(LOWEST_HARMONIC / PERIOD_S / MAX_SPEED / bin_hz)] = 0.0
    flat[:, int(HIGHEST_HARMONIC / PERIOD_S * MAX_SPEED / bin_hz) + 1 :] = 0.0
    pieces = (np.fft.irfft(flat, FRAME_SAMPLES) * _window()).reshape(n_frames, -1, HOP_SAMPLES)
    output = np.zeros((n_frames + pieces.shape[1] - 1, HOP_SAMPLES))
    for index in range(pieces.shape[1]):
        output[index : index + n_frames] += pieces[:, index]
    return output.ravel()[n_early : n_early + n_samples]


def folded(wave: np.ndarray) -> np.ndarray:
    """Return the harmonics ``(harmonics,)`` of the sum of all periods of a wave ``(time,)``."""
    periods = np.pad(wave, (0, -len(wave) % N_CHIPS)).reshape(-1, N_CHIPS)
    return np.fft.rfft(periods.sum(axis=0))[LOWEST_HARMONIC:HIGHEST_HARMONIC]


class SpeedFolding:
    """Folds of one wave at many speeds, taken from one long spectrum.

    Parameters
    ----------
    wave
        ``(time,)`` at CHIP_RATE_HZ.
    """

    OVERSAMPLING = 4

    def __init__(self, wave: np.ndarray) -> None:
        self._n_padded = 2 ** (self.OVERSAMPLING * len(wave) - 1).bit_length()
        self._spectrum = np.fft.rfft(wave, self._n_padded)
        highest_hz = HIGHEST_HARMONIC / PERIOD_S
        step = 1.0 / (highest_hz * len(wave) / CHIP_RATE_HZ)
        n_steps = int((MAX_SPEED - 1.0) / step)
        self.speeds = 1.0 + step * np.arange(-n_steps, n_steps + 1)

    def folded(self, speeds: np.ndarray) -> np.ndarray:
        """Return the harmonics ``(speeds, harmonics)`` of the period at each speed."""
        harmonics = np.arange(LOWEST_HARMONIC, HIGHEST_HARMONIC)
        bins = np.rint(np.outer(speeds, harmonics) * (self._n_padded / N_CHIPS)).astype(np.int64)
        return np.asarray(self._spectrum[np.minimum(bins, len(self._spectrum) - 1)])
