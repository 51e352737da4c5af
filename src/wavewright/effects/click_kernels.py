"""Detection and repair of clicks in frames, compiled by numba."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..dsp.compiled import compiled, inlined
from .autoregression_kernels import fit_model, interpolate

MEDIAN_TO_DEVIATION = 1.4826  # of a normal distribution
SMALLEST_DEVIATION = 1e-9
MARGIN_SAMPLES = 2  # that are interpolated on each side of a click


class ClickLimits(NamedTuple):
    """Limits of what is a click.

    Attributes
    ----------
    threshold : float
        Ratio of a large error to the standard deviation of the error, estimated by its median.
    n_gap : int
        Clicks with fewer samples between them are one.
    n_longest : int
        Samples of the longest click.
    """

    threshold: float
    n_gap: int
    n_longest: int


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
