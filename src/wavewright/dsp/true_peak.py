"""True peaks after ITU-R BS.1770-4."""

from __future__ import annotations

import numpy as np

from ..units import gain_to_db

OVERSAMPLING = 4


def true_peaks(wave: np.ndarray) -> np.ndarray:
    """Return the largest inter-sample magnitude between each sample of a wave ``(channels, time)`` and the next.

    Returns
    -------
    np.ndarray
        ``(time,)`` float64: of all channels, at four times the sample rate.

    References
    ----------
    ITU-R BS.1770-4, annex 2.
    """
    from scipy.signal import resample_poly  # slow to import

    if wave.shape[-1] == 0:
        return np.zeros(0)
    fine = np.abs(resample_poly(wave.astype(np.float64), OVERSAMPLING, 1, axis=-1))
    between = fine.reshape(wave.shape[0], wave.shape[-1], OVERSAMPLING).max(axis=(0, 2))
    peaks: np.ndarray = np.maximum(between, np.abs(wave).max(axis=0))
    return peaks


def true_peak_db(wave: np.ndarray) -> float:
    """Return the true peak of ``wave (channels, time)`` in dBTP, ``-inf`` for silence."""
    peak = float(true_peaks(wave).max(initial=0.0))
    return float(gain_to_db(peak)) if peak else -np.inf
