"""Level detection and gain smoothing, compiled by numba."""

from __future__ import annotations

import numpy as np

from ..dsp.compiled import compiled
from .filter_kernels import DENORMAL_GUARD

LOWEST = np.float32(-np.inf)


@compiled("the peak detector")
def hold_peaks(levels: np.ndarray, n_interval: int, positions: np.ndarray, maxima: np.ndarray) -> None:
    """Replace each level by the largest of the current interval and of the intervals before, in constant time.

    Parameters
    ----------
    levels : (rows, time) float32, changed
    n_interval : int
        Samples of an interval.
    positions : (rows, 2) int64
        Index of the current interval in ``maxima``, and samples in it; updated.
    maxima : (rows, intervals) float32
        Largest level of each interval; updated.
    """
    for row in range(len(levels)):
        n_intervals = maxima.shape[1]
        interval, position = positions[row]
        before = LOWEST  # the largest of the other intervals
        for other in range(n_intervals):
            if other != interval:
                before = max(before, maxima[row, other])
        current = maxima[row, interval]
        for i in range(levels.shape[1]):
            if position == n_interval:
                maxima[row, interval] = current
                interval = (interval + 1) % n_intervals
                position = 0
                before = current = LOWEST
                for other in range(n_intervals):
                    if other != interval:
                        before = max(before, maxima[row, other])
            current = max(current, levels[row, i])
            levels[row, i] = max(current, before)
            position += 1
        maxima[row, interval] = current
        positions[row, 0] = interval
        positions[row, 1] = position


@compiled("the gain smoother")
def smooth_gains(gains: np.ndarray, falling: float, rising: float, states: np.ndarray) -> None:
    """Smooth gains in dB by two time constants.

    Parameters
    ----------
    gains : (rows, time) float32, changed
    falling, rising : float
        What is left after a sample of the distance to a lower and to a higher gain.
    states : (rows,) float64
        The last gain of each row; updated.
    """
    for row in range(len(gains)):
        gain = states[row]
        for i in range(gains.shape[1]):
            target = gains[row, i] - DENORMAL_GUARD
            downward = (target - falling * target) + falling * gain
            upward = (target - rising * target) + rising * gain
            gain = downward if gain > target else upward
            gains[row, i] = gain
        states[row] = gain


@compiled("the gate")
def gate_gains(levels: np.ndarray, open_db: float, close_db: float, range_db: float, states: np.ndarray) -> None:
    """Replace levels in dB by gains: 0 while the gate is open, ``-range_db`` while it is closed.

    Parameters
    ----------
    levels : (rows, time) float32, changed
    open_db, close_db : float
        The gate opens at the first level, and closes below the second.
    range_db : float
    states : (rows,) float64
        1 where the gate is open; updated.
    """
    for row in range(len(levels)):
        is_open = states[row] > 0.0
        for i in range(levels.shape[1]):
            is_open = levels[row, i] >= (close_db if is_open else open_db)
            levels[row, i] = 0.0 if is_open else -range_db
        states[row] = 1.0 if is_open else 0.0
