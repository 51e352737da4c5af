"""Waves from magnitudes alone: mel bands back to bins, and the fast Griffin-Lim algorithm for the phases."""

from __future__ import annotations

import numpy as np

from ..errors import BadSetting
from .spectrum import check_bins, istft, stft

SMALLEST = 1e-12


def mel_to_power(mel: np.ndarray, filters: np.ndarray, n_iterations: int = 50) -> np.ndarray:
    """The power spectrogram ``(..., bins, frames)``, nowhere negative, whose mel bands come closest to ``mel (..., n_mels, frames)``.

    ``filters`` is ``(n_mels, bins)``, as ``mel_filterbank`` gives it. Non-negative least squares by multiplicative steps, which never
    go uphill (D. Lee, H. S. Seung, "Algorithms for non-negative matrix factorization", 2001), from the smooth spectrum that spreads
    each band's power evenly. Raises BadSetting where the bands do not fit the filters.
    """
    mel = np.asarray(mel)
    if mel.ndim < 2 or mel.shape[-2] != len(filters):
        raise BadSetting(f"The mel spectrogram has shape {mel.shape}; it must be (..., {len(filters)}, frames).")
    transposed = filters.T
    power = (transposed / np.maximum(filters.sum(axis=1), SMALLEST)) @ mel  # (..., bins, frames)
    asked = transposed @ mel
    both = transposed @ filters  # (bins, bins)
    for _ in range(n_iterations):
        power = power * (asked / np.maximum(both @ power, SMALLEST))
    return power


def griffin_lim(
    magnitude: np.ndarray,
    n_fft: int,
    hop_length: int,
    n_iterations: int = 32,
    momentum: float = 0.99,
    n_samples: int | None = None,
    start: np.ndarray | None = None,
) -> np.ndarray:
    """A wave ``(..., time)`` whose STFT has nearly the ``magnitude (..., bins, frames)``, as ``librosa.griffinlim``.

    Each step goes to the nearest spectrum that is the STFT of a wave, overshoots by ``momentum`` and puts the magnitudes back
    (N. Perraudin, P. Balazs, P. Sondergaard, "A fast Griffin-Lim algorithm", 2013; 0 is D. Griffin, J. Lim, 1984). ``start`` is a
    complex array of the shape of ``magnitude`` whose angles are the first guess; without one all are 0. Raises BadSetting where the
    sizes do not fit.
    """
    check_bins(magnitude.shape[-2], n_fft)
    if momentum < 0 or n_iterations < 0:
        raise BadSetting(f"momentum is {momentum} and n_iterations {n_iterations}; neither may be negative.")
    if start is not None and start.shape != magnitude.shape:
        raise BadSetting(
            f"The first guess has shape {start.shape}; it must be that of the magnitudes, {magnitude.shape}."
        )
    n_samples = (magnitude.shape[-1] - 1) * hop_length if n_samples is None else n_samples
    magnitude = np.asarray(magnitude, np.float32)
    spectrum = (magnitude + 0j).astype(np.complex64) if start is None else magnitude * unit_phasors(start)
    before = np.zeros_like(spectrum)
    for _ in range(n_iterations):
        rebuilt = stft(istft(spectrum, n_fft, hop_length, n_samples=n_samples), n_fft, hop_length)[
            ..., : magnitude.shape[-1]
        ]
        spectrum = magnitude * unit_phasors(rebuilt - np.float32(momentum / (1 + momentum)) * before)
        before = rebuilt
    return istft(spectrum, n_fft, hop_length, n_samples=n_samples)


def unit_phasors(spectrum: np.ndarray) -> np.ndarray:
    """``spectrum / |spectrum|`` as complex64; 0 stays 0."""
    size = np.abs(spectrum)
    return (spectrum / np.maximum(size, np.finfo(np.float32).tiny)).astype(np.complex64)


def spectral_convergence(magnitude: np.ndarray, wave: np.ndarray, n_fft: int, hop_length: int) -> float:
    """``||magnitude - |stft(wave)||| / ||magnitude||`` (Frobenius), 0 where the wave has exactly these magnitudes."""
    found = np.abs(stft(wave, n_fft, hop_length))[..., : magnitude.shape[-1]]
    return float(np.linalg.norm(magnitude - found) / max(float(np.linalg.norm(magnitude)), SMALLEST))
