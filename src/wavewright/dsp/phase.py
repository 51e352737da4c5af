"""Waves from magnitudes: mel bands to bins by non-negative least squares, and phases by fast Griffin-Lim."""

from __future__ import annotations

import numpy as np

from ..base.errors import BadSetting
from .spectrum import check_bins, istft, stft

SMALLEST = 1e-12


def mel_to_power(mel: np.ndarray, filters: np.ndarray, n_iterations: int = 50) -> np.ndarray:
    """Return the non-negative power spectrogram whose mel bands are closest to ``mel``.

    Non-negative least squares by multiplicative updates, which never increase the error, starting from the smooth
    spectrum that spreads the power of each band over its bins.

    - ``mel``: ``(..., n_mels, frames)``, power in mel bands.
    - ``filters``: ``(n_mels, bins)``, Mel filterbank.
    - returns: ``(..., bins, frames)``, at least 0. Its mel bands approximate ``mel`` in the least-squares sense, more
      closely with more iterations.

    Raises BadSetting if the mel spectrogram has fewer than two dimensions, or the number of its bands differs from that
    of the filters.

    References
    ----------
    D. Lee, H. S. Seung, "Algorithms for non-negative matrix factorization", 2001.
    """
    mel = np.asarray(mel)
    if mel.ndim < 2 or mel.shape[-2] != len(filters):
        raise BadSetting(f"The mel spectrogram has shape {mel.shape}; it must be (..., {len(filters)}, frames).")
    transposed = filters.T
    power: np.ndarray = (transposed / np.maximum(filters.sum(axis=1), SMALLEST)) @ mel  # (..., bins, frames)
    numerator = transposed @ mel
    gram = transposed @ filters  # (bins, bins)
    for _ in range(n_iterations):
        power = power * (numerator / np.maximum(gram @ power, SMALLEST))
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
    """Return a wave whose STFT has nearly the given magnitudes, as ``librosa.griffinlim``.

    - ``magnitude``: ``(..., bins, frames)``.
    - ``n_fft``, ``hop_length``: of the STFT, samples.
    - ``momentum``: of the fast algorithm; 0 is the original one.
    - ``n_samples``: length of the wave; by default up to the centre of the last frame.
    - ``start``: complex, the shape of ``magnitude``: its phases are the initial ones. Zero phase by default.
    - returns: ``(..., time)`` float32.

    Raises BadSetting if sizes do not match, or a number is negative.

    References
    ----------
    N. Perraudin, P. Balazs, P. Sondergaard, "A fast Griffin-Lim algorithm", 2013; D. Griffin, J. Lim, "Signal
    estimation from modified short-time Fourier transform", 1984.
    """
    check_bins(magnitude.shape[-2], n_fft)
    if momentum < 0 or n_iterations < 0:
        raise BadSetting(f"momentum is {momentum} and n_iterations {n_iterations}; neither may be negative.")
    if start is not None and start.shape != magnitude.shape:
        raise BadSetting(
            f"The initial spectrum has shape {start.shape}; it must be that of the magnitudes, {magnitude.shape}."
        )
    n_samples = (magnitude.shape[-1] - 1) * hop_length if n_samples is None else n_samples
    magnitude = np.asarray(magnitude, np.float32)
    spectrum = (magnitude + 0j).astype(np.complex64) if start is None else magnitude * unit_phasors(start)
    previous = np.zeros_like(spectrum)
    for _ in range(n_iterations):
        wave = istft(spectrum, n_fft, hop_length, n_samples=n_samples)
        rebuilt = stft(wave, n_fft, hop_length)[..., : magnitude.shape[-1]]
        spectrum = magnitude * unit_phasors(rebuilt - np.float32(momentum / (1 + momentum)) * previous)
        previous = rebuilt
    return istft(spectrum, n_fft, hop_length, n_samples=n_samples)


def unit_phasors(spectrum: np.ndarray) -> np.ndarray:
    """Return ``spectrum / |spectrum|`` as complex64; 0 stays 0."""
    magnitude = np.abs(spectrum)
    phasors: np.ndarray = spectrum / np.maximum(magnitude, np.finfo(np.float32).tiny)
    return phasors.astype(np.complex64)
