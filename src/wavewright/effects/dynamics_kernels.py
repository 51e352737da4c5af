"""Level detection and gain smoothing, of true peaks and the limiter, too, compiled by numba."""

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


@compiled("the true peaks")
def true_peak_levels(extended: np.ndarray, phases: np.ndarray, fine: np.ndarray, peaks: np.ndarray) -> None:
    """Fill the largest magnitude of each sample and of the points between it and the next, of all channels.

    Parameters
    ----------
    extended : (channels, taps - 1 + time) float32
        The block, with the samples before and after it that the interpolation needs.
    phases : (points, taps) float64
        Filters that interpolate at the points between two samples.
    fine : (time,) float64
        Memory for the interpolated samples.
    peaks : (time,) float64, filled
    """
    n_taps = phases.shape[1]
    n_samples = len(peaks)
    centre = n_taps // 2 - 1
    for i in range(n_samples):
        peaks[i] = abs(extended[0, centre + i])
    for channel in range(len(extended)):
        for i in range(n_samples):
            peaks[i] = max(peaks[i], abs(extended[channel, centre + i]))
        for point in range(len(phases)):
            for i in range(n_samples):
                fine[i] = phases[point, 0] * extended[channel, i]
            for tap in range(1, n_taps):
                weight = phases[point, tap]
                for i in range(n_samples):
                    fine[i] += weight * extended[channel, tap + i]
            for i in range(n_samples):
                peaks[i] = max(peaks[i], abs(fine[i]))


@compiled("the limiter")
def limiter_gains(
    gains: np.ndarray,
    release: float,
    minima: np.ndarray,
    minima_at: np.ndarray,
    ring: np.ndarray,
    counters: np.ndarray,
    levels: np.ndarray,
) -> None:
    """Smooth the gains that peaks need: their sliding minimum, a release, and two moving averages.

    Parameters
    ----------
    gains : (time,) float64, changed
    release : float
        What is left after a sample of the distance to a higher gain.
    minima, minima_at : (window,) float64 and int64
        Queue of the samples that may become the minimum, and their times; updated.
    ring : (2, length) float64
        The last inputs of both averages; updated.
    counters : (3,) int64
        First entry and length of the queue, and the time; updated.
    levels : (3,) float64
        The released gain and the sums of both averages; updated.
    """
    n_window, n_average = len(minima), ring.shape[1]
    first, n_queued, time = counters
    released, first_sum, second_sum = levels
    slot = time % n_average
    for i in range(len(gains)):
        gain = gains[i]
        if n_queued and minima_at[first] <= time - n_window:
            first = first + 1 if first + 1 < n_window else 0
            n_queued -= 1
        last = first + n_queued - 1
        if last >= n_window:
            last -= n_window
        while n_queued and minima[last] >= gain:
            n_queued -= 1
            last = last - 1 if last else n_window - 1
        last = last + 1 if last + 1 < n_window else 0
        minima[last] = gain
        minima_at[last] = time
        n_queued += 1
        lowest = minima[first]
        released = lowest if lowest <= released else lowest + release * (released - lowest)
        first_sum += (1.0 - released) - ring[0, slot]
        ring[0, slot] = 1.0 - released
        average = first_sum / n_average
        second_sum += average - ring[1, slot]
        ring[1, slot] = average
        gains[i] = 1.0 - second_sum / n_average
        time += 1
        slot = slot + 1 if slot + 1 < n_average else 0
    counters[0] = first
    counters[1] = n_queued
    counters[2] = time
    levels[0] = released
    levels[1] = first_sum
    levels[2] = second_sum
