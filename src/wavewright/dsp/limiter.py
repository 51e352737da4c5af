"""True peaks after ITU-R BS.1770-4, and a limiter that keeps them below a ceiling."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from ..units import db_to_gain, gain_to_db, seconds_to_samples

OVERSAMPLING = 4
WINDOW_SECONDS = 0.04
"""Length of the gain reduction around a peak."""

FILTER_SAMPLES = 16  # reach of the oversampling filter on each side
HEADROOM_DB = 0.05  # below the ceiling: a changing gain alters inter-sample peaks slightly
BLOCK_SECONDS = 10.0


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


def limit(blocks: Iterable[np.ndarray], sample_rate: int, ceiling_db: float = -1.0) -> Iterator[np.ndarray]:
    """Attenuate true peaks above ``ceiling_db``; leave all other samples unchanged.

    Parameters
    ----------
    blocks : iterable of np.ndarray
        Consecutive blocks ``(channels, time)`` of any length.
    sample_rate : int, in Hz
    ceiling_db : float
        The largest true peak, dBTP.

    Yields
    ------
    np.ndarray
        The same number of samples in total, in bounded memory. Samples further than WINDOW_SECONDS from every peak
        above the ceiling are unchanged.
    """
    n_context = seconds_to_samples(WINDOW_SECONDS, sample_rate) + FILTER_SAMPLES
    n_block = seconds_to_samples(BLOCK_SECONDS, sample_rate)
    before: np.ndarray | None = None
    held: np.ndarray | None = None
    for block in blocks:
        held = block if held is None else np.concatenate([held, block], axis=1)
        while held.shape[1] >= n_block + n_context:
            yield _limited(before, held[:, :n_block], held[:, n_block : n_block + n_context], sample_rate, ceiling_db)
            before, held = held[:, n_block - n_context : n_block], held[:, n_block:]
    if held is not None and held.shape[1]:
        yield _limited(before, held, held[:, :0], sample_rate, ceiling_db)


def _limited(
    before: np.ndarray | None, block: np.ndarray, after: np.ndarray, sample_rate: int, ceiling_db: float
) -> np.ndarray:
    """Limit one block, given its context on both sides."""
    before = block[:, :0] if before is None else before
    peaks = true_peaks(np.concatenate([before, block, after], axis=1))
    ceiling = db_to_gain(ceiling_db - HEADROOM_DB)
    if peaks.max(initial=0.0) <= ceiling:
        return block
    gain = _smoothed(np.minimum(1.0, ceiling / np.maximum(peaks, 1e-12)), sample_rate)
    limited: np.ndarray = block * gain[before.shape[1] :][: block.shape[1]]
    return limited.astype(np.float32)


def _smoothed(gain: np.ndarray, sample_rate: int) -> np.ndarray:
    """Return a smooth gain ``(time,)`` that never exceeds ``gain``: its sliding minimum, averaged over the window."""
    from scipy.ndimage import minimum_filter1d
    from scipy.signal import oaconvolve

    half = max(1, seconds_to_samples(WINDOW_SECONDS / 2, sample_rate))
    padded = np.pad(gain, 2 * half, constant_values=1.0)
    lowest = minimum_filter1d(padded, 2 * half + 1, mode="constant", cval=1.0)
    window = np.hanning(2 * half + 3)[1:-1]
    window /= window.sum()
    smooth: np.ndarray = 1.0 - oaconvolve(1.0 - lowest, window, mode="same")[2 * half : -2 * half]
    return smooth
