"""Steps of the restoration of clipped peaks, compiled by numba."""

from __future__ import annotations

import numpy as np

from ..dsp.compiled import compiled


@compiled("the restoration of clipped peaks")
def add_powers(spectra: np.ndarray, corrections: np.ndarray, powers: np.ndarray) -> None:
    """Add corrections to spectra, all ``(frames, bins)`` complex64, and fill their powers, float32."""
    for row in range(len(spectra)):
        spectrum, correction, power = spectra[row], corrections[row], powers[row]
        for i in range(len(spectrum)):
            total = spectrum[i] + correction[i]
            spectrum[i] = total
            power[i] = total.real * total.real + total.imag * total.imag


@compiled("the restoration of clipped peaks")
def sparsify(
    spectra: np.ndarray, powers: np.ndarray, thresholds: np.ndarray, corrections: np.ndarray, corrected: np.ndarray
) -> None:
    """Clear the bins below a threshold.

    Parameters
    ----------
    spectra : (frames, bins) complex64, updated
    powers : (frames, bins) float32
    thresholds : (frames,) float32
    corrections : (frames, bins) complex64
    corrected : (frames, bins) complex64, filled
        Sparse spectra less the corrections.
    """
    for row in range(len(spectra)):
        spectrum, power, threshold = spectra[row], powers[row], thresholds[row]
        correction, target = corrections[row], corrected[row]
        for i in range(len(spectrum)):
            retained = spectrum[i] if power[i] >= threshold else np.complex64(0.0)
            spectrum[i] = retained
            target[i] = retained - correction[i]


@compiled("the restoration of clipped peaks")
def agree(estimates: np.ndarray, frames: np.ndarray, signs: np.ndarray, restored: np.ndarray) -> None:
    """Take the estimates where samples are clipped and the estimates exceed them, and the frames elsewhere.

    Parameters
    ----------
    estimates : (frames, points) float32
    frames : (frames, time) float32
    signs : (frames, time) int8
        1 for samples that are clipped above, -1 below, 0 for others.
    restored : (frames, time) float32, filled
    """
    for row in range(len(frames)):
        estimate, frame, sign, target = estimates[row], frames[row], signs[row], restored[row]
        for i in range(len(frame)):
            exceeds = (sign[i] > 0 and estimate[i] > frame[i]) or (sign[i] < 0 and estimate[i] < frame[i])
            target[i] = estimate[i] if exceeds else frame[i]


@compiled("the restoration of clipped peaks")
def correct(spectra: np.ndarray, sparse: np.ndarray, corrections: np.ndarray, distances: np.ndarray) -> None:
    """Add the differences between spectra and sparse ones to the corrections.

    ``spectra``, ``sparse`` and ``corrections``, which are updated, are ``(frames, bins)`` complex64; the norms of the
    differences fill ``distances (frames,)`` float64.
    """
    for row in range(len(spectra)):
        spectrum, sparse_row, correction = spectra[row], sparse[row], corrections[row]
        total = 0.0
        for i in range(len(spectrum)):
            difference = spectrum[i] - sparse_row[i]
            correction[i] += difference
            total += difference.real * difference.real + difference.imag * difference.imag
        distances[row] = np.sqrt(total)
