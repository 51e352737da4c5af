"""True peaks after ITU-R BS.1770-4, of waves and of blocks."""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from ..base.units import gain_to_db


def windowed_sinc(n_taps: int, cutoff: float, beta: float) -> np.ndarray:
    """Return a linear-phase low pass, a sinc in a Kaiser window, as ``scipy.signal.firwin`` does.

    - ``cutoff``: frequency of half the amplitude, relative to half the sample rate.
    - ``beta``: shape of the window: larger is a wider transition and less of the stop band.
    - returns: ``(n_taps,)`` float64, whose sum is 1.
    """
    taps = np.sinc(cutoff * (np.arange(n_taps) - 0.5 * (n_taps - 1))) * np.kaiser(n_taps, beta)
    normalised: np.ndarray = taps / taps.sum()
    return normalised


OVERSAMPLING = 4
FILTER_SAMPLES = 10  # reach of the oversampling filter on each side
KAISER_BETA = 5.0  # of the window of the filter
CHUNK_SAMPLES = 4096
SMALLEST_EXCESS_DB = 0.05  # that is shown as one
LARGEST_RATIO = 2.5  # no inter-sample peak is higher than this times the samples in reach of the filter


def true_peaks(wave: np.ndarray) -> np.ndarray:
    """Return the largest inter-sample magnitude between each sample of a wave ``(channels, time)`` and the next.

    - returns: ``(time,)`` float64: of all channels, at four times the sample rate.

    References
    ----------
    ITU-R BS.1770-4, annex 2.
    """
    n_samples = wave.shape[1]
    padded = np.pad(wave.astype(np.float64), ((0, 0), (FILTER_SAMPLES - 1, FILTER_SAMPLES)))
    between = np.zeros((OVERSAMPLING - 1, *wave.shape))
    for tap, weights in enumerate(interpolation_phases().T):
        between += weights[:, None, None] * padded[:, tap : tap + n_samples]
    at_samples = _prototype()[FILTER_SAMPLES * OVERSAMPLING] * np.abs(wave).max(axis=0)
    peaks: np.ndarray = np.maximum(np.abs(between).max(axis=(0, 1)), at_samples)
    return peaks


@cache
def interpolation_phases() -> np.ndarray:
    """Return the filters for the points between two samples, ``(3, 20)``, those of ``scipy.signal.resample_poly``."""
    phases = [_prototype()[point::OVERSAMPLING][::-1] for point in range(1, OVERSAMPLING)]
    return np.ascontiguousarray(phases, np.float64)


@cache
def _prototype() -> np.ndarray:
    """Return the oversampling filter; designing it takes longer than a chunk."""
    return OVERSAMPLING * windowed_sinc(2 * FILTER_SAMPLES * OVERSAMPLING + 1, 1.0 / OVERSAMPLING, KAISER_BETA)


class TruePeakMeter:
    """True peak of consecutive blocks of a wave, in bounded memory; blocks of any lengths give the same peak."""

    def __init__(self, n_channels: int) -> None:
        self._peak = 0.0
        self._held = np.zeros((n_channels, 0), np.float32)  # the context, and samples that wait for theirs
        self._n_context = 0

    def add(self, wave: np.ndarray) -> None:
        """Add the next block of the wave, ``(channels, time)``."""
        wave = np.concatenate([self._held, wave], axis=1)
        end = wave.shape[1] - FILTER_SAMPLES
        for start in range(self._n_context, end, CHUNK_SAMPLES):
            self._peak = max(self._peak, self._chunk_peak(wave, start, min(end, start + CHUNK_SAMPLES)))
        first = max(0, end - FILTER_SAMPLES)
        self._n_context = max(self._n_context, end) - first
        self._held = wave[:, first:]

    def peak_db(self) -> float:
        """Return the true peak so far in dBTP, ``-inf`` for silence."""
        last = self._chunk_peak(self._held, self._n_context, self._held.shape[1])
        peak = max(self._peak, last)
        return float(gain_to_db(peak, -np.inf)) if peak else -np.inf

    def _chunk_peak(self, wave: np.ndarray, start: int, end: int) -> float:
        """Return the largest of the peaks from ``start`` to ``end``, 0 if none can exceed the largest so far."""
        first = max(0, start - FILTER_SAMPLES)
        context = wave[:, first : end + FILTER_SAMPLES]
        if LARGEST_RATIO * float(np.abs(context).max(initial=0.0)) <= self._peak:
            return 0.0
        return float(true_peaks(context)[start - first : end - first].max(initial=0.0))


def above_ceiling(peak_db: float, ceiling_db: float) -> str:
    """Return a sentence on true peaks of an encoded sound above a ceiling, in dB; empty if there are none."""
    above_db = peak_db - ceiling_db
    if above_db < SMALLEST_EXCESS_DB:
        return ""
    return (
        f"the encoder raised true peaks to {peak_db:.1f} dB, {above_db:.1f} dB above the ceiling of {ceiling_db:g} dB; "
        f"a ceiling of {math.floor(10 * (ceiling_db - above_db)) / 10:g} dB keeps them below."
    )


def true_peak_db(wave: np.ndarray) -> float:
    """Return the true peak of ``wave (channels, time)`` in dBTP, ``-inf`` for silence."""
    peak = float(true_peaks(wave).max(initial=0.0))
    return float(gain_to_db(peak, -np.inf)) if peak else -np.inf
