"""True peaks after ITU-R BS.1770-4, and a limiter that keeps them below a ceiling."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

import numpy as np

from ..units import db_to_gain, gain_to_db, seconds_to_samples

OVERSAMPLING = 4
WINDOW_SECONDS = 0.04
"""Length of the gain reduction around a peak."""

FILTER_SAMPLES = 10  # reach of the oversampling filter on each side
FILTER_SHAPE = ("kaiser", 5.0)
CHUNK_SAMPLES = 4096
LARGEST_RATIO = 2.5  # no inter-sample peak is higher than this times the samples in reach of the filter
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
    fine = np.abs(resample_poly(wave.astype(np.float64), OVERSAMPLING, 1, axis=-1, window=_filter()))
    between = fine.reshape(wave.shape[0], wave.shape[-1], OVERSAMPLING).max(axis=(0, 2))
    peaks: np.ndarray = np.maximum(between, np.abs(wave).max(axis=0))
    return peaks


@cache
def _filter() -> np.ndarray:
    """Return the oversampling filter, which is SciPy's own for this factor; designing it takes longer than a chunk."""
    from scipy.signal import firwin

    taps: np.ndarray = firwin(2 * FILTER_SAMPLES * OVERSAMPLING + 1, 1.0 / OVERSAMPLING, window=FILTER_SHAPE)
    return taps


class TruePeakMeter:
    """True peak of consecutive blocks of a wave, in bounded memory; blocks of any lengths give the same peak.

    Parameters
    ----------
    n_channels : int
        Number of channels.
    """

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
        return float(gain_to_db(peak)) if peak else -np.inf

    def _chunk_peak(self, wave: np.ndarray, start: int, end: int) -> float:
        """Return the largest of the peaks from ``start`` to ``end``, 0 if none can exceed the largest so far."""
        first = max(0, start - FILTER_SAMPLES)
        context = wave[:, first : end + FILTER_SAMPLES]
        if LARGEST_RATIO * float(np.abs(context).max(initial=0.0)) <= self._peak:
            return 0.0
        return float(true_peaks(context)[start - first : end - first].max(initial=0.0))


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
