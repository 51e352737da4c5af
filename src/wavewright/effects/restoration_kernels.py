"""Steps of the restoration of clipped peaks and clicks, compiled by numba."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ..dsp.compiled import compiled, inlined


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

    Signs ``(frames, time)`` are 1 for samples that are clipped above, -1 below, 0 for others.
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


WHITE_NOISE = 1e-9
"""Power added to that of a frame, relative to it: models of pure tones stay stable."""

SMALLEST_POWER = 1e-20


@compiled("the autoregressive models")
def fit_model(frame: np.ndarray, window: np.ndarray, model: np.ndarray) -> None:
    """Fill the prediction error filter ``(order + 1,)`` of a frame by autocorrelation (Levinson)."""
    order = len(model) - 1
    windowed = frame * window
    correlations = np.empty(order + 1)
    for lag in range(order + 1):
        correlations[lag] = np.dot(windowed[lag:], windowed[: len(windowed) - lag])
    error = correlations[0] * (1.0 + WHITE_NOISE) + SMALLEST_POWER
    previous = np.empty(order + 1)
    model[:] = 0.0
    model[0] = 1.0
    for i in range(1, order + 1):
        reflected = correlations[i]
        for j in range(1, i):
            reflected += model[j] * correlations[i - j]
        reflected /= -error
        previous[:i] = model[:i]
        for j in range(1, i):
            model[j] = previous[j] + reflected * previous[i - j]
        model[i] = reflected
        error *= 1.0 - reflected * reflected


@inlined
def _model_correlations(model: np.ndarray) -> np.ndarray:
    """Return the autocorrelation of the prediction error filter."""
    correlations = np.empty(len(model))
    for lag in range(len(model)):
        correlations[lag] = np.dot(model[lag:], model[: len(model) - lag])
    return correlations


@inlined
def _known_sum(frame: np.ndarray, correlations: np.ndarray, position: int) -> float:
    """Return the right side of the normal equation of a missing sample; missing samples in the frame are 0."""
    total = 0.0
    for lag in range(1, min(len(correlations), position + 1)):
        total -= correlations[lag] * frame[position - lag]
    for lag in range(1, min(len(correlations), len(frame) - position)):
        total -= correlations[lag] * frame[position + lag]
    return total


@compiled("the interpolation")
def interpolate(frame: np.ndarray, is_missing: np.ndarray, model: np.ndarray) -> None:
    """Replace missing samples by those with the smallest prediction error, given all others (Janssen et al., 1986).

    The normal equations connect missing samples no farther apart than the order of the model, so their Cholesky factor
    is a band.

    Parameters
    ----------
    frame : (time,) float64, changed
    is_missing : (time,) bool
    model : (order + 1,) float64
    """
    order = len(model) - 1
    correlations = _model_correlations(model)
    missing = np.flatnonzero(is_missing)
    n_missing = len(missing)
    factor = np.zeros((n_missing, order + 1))  # element (i, i - k) of the factor is (i, order - k)
    solution = np.empty(n_missing)
    for i in range(n_missing):
        frame[missing[i]] = 0.0
    first = 0  # the first missing sample that is connected to the current
    for i in range(n_missing):
        position = missing[i]
        while position - missing[first] > order:
            first += 1
        total = _known_sum(frame, correlations, position)
        for j in range(first, i + 1):
            n = j - first
            row, other = factor[i, order - i + first : order - i + j], factor[j, order - n : order]
            element = correlations[position - missing[j]]
            for k in range(n):
                element -= row[k] * other[k]
            factor[i, order - i + j] = math.sqrt(max(element, SMALLEST_POWER)) if i == j else element / factor[j, order]
        for j in range(first, i):
            total -= factor[i, order - i + j] * solution[j]
        solution[i] = total / factor[i, order]
    for i in range(n_missing - 1, -1, -1):
        solution[i] /= factor[i, order]
        for j in range(max(0, i - order), i):
            solution[j] -= factor[i, order - i + j] * solution[i]
        frame[missing[i]] = solution[i]


MEDIAN_TO_DEVIATION = 1.4826  # of a normal distribution
SMALLEST_DEVIATION = 1e-9
MARGIN_SAMPLES = 2  # that are interpolated on each side of a click


class ClickLimits(NamedTuple):
    """Limits of what is a click."""

    threshold: float  # ratio of a large error to the standard deviation of the error, estimated by its median
    n_gap: int  # clicks with fewer samples between them are one
    n_longest: int  # samples of the longest click


@inlined
def _residuals(frame: np.ndarray, model: np.ndarray) -> np.ndarray:
    """Return the smaller magnitude of the forward and the backward prediction error, ``(time,)``.

    After a click the forward error rings on, before it the backward error; in it both are large.
    """
    order = len(model) - 1
    n_samples = len(frame)
    forward = np.zeros(n_samples)
    backward = np.zeros(n_samples)
    for lag in range(order + 1):
        for i in range(order, n_samples - order):
            forward[i] += model[lag] * frame[i - lag]
            backward[i] += model[lag] * frame[i + lag]
    return np.minimum(np.abs(forward), np.abs(backward))


@compiled("the detector of clicks")
def find_clicks(
    frame: np.ndarray,
    model: np.ndarray,
    start: int,
    end: int,
    limits: ClickLimits,
    is_click: np.ndarray,
) -> int:
    """Mark the samples whose prediction error is large in both directions; return their number.

    Parameters
    ----------
    frame : (time,) float64
    model : (order + 1,) float64
    start, end : int
        Where clicks may start.
    limits : ClickLimits
    is_click : (time,) bool, filled
    """
    residuals = _residuals(frame, model)
    deviation = MEDIAN_TO_DEVIATION * np.median(residuals[len(model) : len(frame) - len(model)])
    limit = limits.threshold * max(deviation, SMALLEST_DEVIATION)
    is_click[:] = False
    n_marked = 0
    first = last = -1
    for i in range(start, len(frame)):
        is_large = residuals[i] > limit
        if first >= 0 and i - last > limits.n_gap:  # the click has ended
            if last - first < limits.n_longest:
                low, high = max(start, first - MARGIN_SAMPLES), min(len(frame), last + MARGIN_SAMPLES + 1)
                is_click[low:high] = True
                n_marked += high - low
            first = -1
        if first < 0 and i >= end:
            break
        if is_large:
            first = i if first < 0 else first
            last = i
    return n_marked


@compiled("the repair of clicks")
def repair_clicks(
    frame: np.ndarray,
    window: np.ndarray,
    model: np.ndarray,
    start: int,
    end: int,
    limits: ClickLimits,
    n_iterations: int,
) -> None:
    """Detect clicks and interpolate them.

    Parameters
    ----------
    frame, window : (time,) float64, the frame is changed
    model : (order + 1,) float64
        Memory for the model.
    start, end, limits
        As for :func:`find_clicks`.
    n_iterations : int
        Times that a model is fitted; each further one to the repaired frame.
    """
    original = frame.copy()
    is_click = np.zeros(len(frame), np.bool_)
    for _ in range(n_iterations):
        fit_model(frame, window, model)
        frame[:] = original
        if find_clicks(frame, model, start, end, limits, is_click) == 0:
            return
        interpolate(frame, is_click, model)
