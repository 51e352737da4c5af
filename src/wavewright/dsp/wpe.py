"""Dereverberation by weighted prediction error: late reverberation is predicted from the past, and subtracted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from ..base.units import seconds_to_samples

WINDOW_SECONDS = 0.032
N_HOPS = 4  # of a window
N_TAPS = 10  # frames of the past that predict a frame, up to 80 ms after the delay
DELAY = 3  # frames, 24 ms: speech itself must not be predicted
N_ITERATIONS = 3
REGULARISATION = 1e-3  # of the mean power of a bin, added to the correlation
MIN_POWER = 1e-4  # of the mean power of a bin, below which frames count the same
BLOCK_SECONDS = 30.0
OVERLAP_SECONDS = 2.0  # of blocks, crossfaded


def dereverberate(wave: np.ndarray, sample_rate: int, mix: float = 1.0) -> np.ndarray:
    """Remove late reverberation from a recording.

    Each frequency of all channels is predicted from frames 24 ms to 104 ms before by a filter that minimises the power
    of the rest over that of the speech, which is estimated in turns with the filter.

    - ``wave``: ``(channels, time)``; more channels give better predictions.
    - ``mix``: fraction of the result; the rest is the recording itself.
    - returns: ``(channels, time)`` float32.

    References
    ----------
    T. Nakatani et al., "Speech Dereverberation Based on Variance-Normalized Delayed Linear Prediction", 2010.
    """
    from scipy.fft import irfft, rfft  # slow to import

    hop_length = round(WINDOW_SECONDS * sample_rate / N_HOPS)
    n_fft = N_HOPS * hop_length
    n_samples = wave.shape[1]
    window = np.hanning(n_fft + 1)[:-1]
    padded = np.pad(wave.astype(np.float64), ((0, 0), (n_fft - hop_length, n_fft)))
    starts = np.arange(0, n_samples + n_fft - hop_length, hop_length)
    frames = np.lib.stride_tricks.sliding_window_view(padded, n_fft, axis=1)[:, starts] * window
    spectra = rfft(frames).transpose(2, 0, 1)  # (bins, channels, frames)
    frames = irfft(_predicted_error(spectra).transpose(1, 2, 0), n_fft) * window
    overlapped = np.zeros_like(padded)
    weights = np.zeros(padded.shape[1])
    for index, start in enumerate(starts):
        overlapped[:, start : start + n_fft] += frames[:, index]
        weights[start : start + n_fft] += window**2
    begin = n_fft - hop_length
    dry: np.ndarray = (overlapped / np.maximum(weights, 1e-8))[:, begin : begin + n_samples]
    mixed: np.ndarray = (wave + mix * (dry - wave)).astype(np.float32)
    return mixed


def dereverberated_blocks(waves: Iterable[np.ndarray], sample_rate: int, mix: float = 1.0) -> Iterator[np.ndarray]:
    """Remove late reverberation from a sound that arrives in blocks ``(channels, time)``, in bounded memory.

    Each BLOCK_SECONDS have filters of their own; results are crossfaded over OVERLAP_SECONDS. Yields as many samples.
    """
    n_block = seconds_to_samples(BLOCK_SECONDS, sample_rate)
    n_overlap = seconds_to_samples(OVERLAP_SECONDS, sample_rate)
    fade_in = np.linspace(0, 1, n_overlap, dtype=np.float32)
    pending: np.ndarray | None = None
    tail: np.ndarray | None = None  # of the block before, over which the next one fades in
    for wave in waves:
        pending = wave if pending is None else np.concatenate([pending, wave], axis=1)
        while pending.shape[1] >= n_block + n_overlap:
            dry = _faded(dereverberate(pending[:, :n_block], sample_rate, mix), tail, fade_in)
            yield dry[:, :-n_overlap]
            tail, pending = dry[:, -n_overlap:], pending[:, n_block - n_overlap :]
    if pending is not None:
        yield _faded(dereverberate(pending, sample_rate, mix), tail, fade_in)


def _faded(dry: np.ndarray, tail: np.ndarray | None, fade_in: np.ndarray) -> np.ndarray:
    """Return a block whose start fades in over the tail of the one before."""
    if tail is None:
        return dry
    n_overlap = len(fade_in)
    dry[:, :n_overlap] = fade_in * dry[:, :n_overlap] + (1 - fade_in) * tail
    return dry


def _predicted_error(spectra: np.ndarray) -> np.ndarray:
    """Return what the past does not predict of spectra ``(bins, channels, frames)``."""
    n_bins, n_channels, n_frames = spectra.shape
    past = np.zeros((n_bins, N_TAPS * n_channels, n_frames), spectra.dtype)
    for tap in range(N_TAPS):
        shift = DELAY + tap
        if shift < n_frames:
            past[:, tap * n_channels : (tap + 1) * n_channels, shift:] = spectra[:, :, : n_frames - shift]
    identity = np.eye(N_TAPS * n_channels)
    dry = spectra
    for _ in range(N_ITERATIONS):
        power = np.square(np.abs(dry)).mean(axis=1)  # (bins, frames)
        floor = MIN_POWER * power.mean(axis=1, keepdims=True) + 1e-20
        weighted = past / np.maximum(power, floor)[:, None]
        adjoint = past.conj().transpose(0, 2, 1)
        correlation = weighted @ adjoint  # (bins, taps, taps)
        trace = np.trace(correlation, axis1=1, axis2=2).real / len(identity)
        correlation += (REGULARISATION * trace + 1e-20)[:, None, None] * identity
        cross = weighted @ spectra.conj().transpose(0, 2, 1)  # (bins, taps, channels)
        filters = np.linalg.solve(correlation, cross)
        dry = spectra - filters.conj().transpose(0, 2, 1) @ past
    return dry
