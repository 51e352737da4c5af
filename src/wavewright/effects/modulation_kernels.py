"""Oscillators, delay lines and all-pass filters, compiled by numba.

Oscillators are phasors ``(cosine, sine)`` that rotate every 64 samples, one complex product each, exact to 1e-6 after
ten hours; the samples between are products with a table, several at once.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np

from ..dsp.compiled import compiled, inlined
from .filter_kernels import DENORMAL_GUARD

HALF, THREE_HALVES, TWO, FIVE_HALVES = np.float32(0.5), np.float32(1.5), np.float32(2.0), np.float32(2.5)
"""Numbers that leave single precision as it is."""

Number: TypeAlias = float | np.floating

LONGEST_LEAP = 128.0  # samples
ROUNDING = 1e-9  # of delays in samples


@compiled("the oscillator")
def oscillate(rotation: np.ndarray, phasor: np.ndarray, cosines: np.ndarray, sines: np.ndarray) -> None:
    """Fill the next cosines and sines ``(time,)`` of an oscillator.

    Parameters
    ----------
    rotation : (2, 1 + steps) float64
        Cosines and sines of the phases of 0 to so many samples.
    phasor : (3,) float64, updated
        Cosine and sine of the last rotation, and the samples since.
    cosines, sines : (time,), filled
    """
    n_steps = rotation.shape[1] - 1
    cosine, sine = phasor[0], phasor[1]
    step = int(phasor[2])
    start = 0
    while start < len(cosines):
        n = min(n_steps - step, len(cosines) - start)
        run_cosines, run_sines = cosines[start : start + n], sines[start : start + n]
        step_cosines, step_sines = rotation[0, step : step + n], rotation[1, step : step + n]
        for i in range(n):
            run_cosines[i] = cosine * step_cosines[i] - sine * step_sines[i]
            run_sines[i] = sine * step_cosines[i] + cosine * step_sines[i]
        start += n
        step += n
        if step == n_steps:
            step = 0
            last_cosine, last_sine = rotation[0, n_steps], rotation[1, n_steps]
            cosine, sine = cosine * last_cosine - sine * last_sine, sine * last_cosine + cosine * last_sine
    phasor[0] = cosine
    phasor[1] = sine
    phasor[2] = step


@compiled("the delay")
def delay_lines(
    block: np.ndarray,
    lines: np.ndarray,
    position: int,
    n_delay: int,
    feedback: float,
    mix: float,
    output: np.ndarray,
) -> int:
    """Delay each channel, with feedback.

    Parameters
    ----------
    block : (channels, time) float32
    lines : (channels, samples) float64, updated
        At least as long as the delay.
    position : int
        Of the oldest sample in the lines, which the next one replaces.
    n_delay : int
        Samples of the delay.
    feedback, mix : float
    output : (channels, time) float32, filled

    Returns
    -------
    int
        The position for the next block.
    """
    size = lines.shape[1]
    end = position
    for channel in range(len(block)):
        end = position
        oldest = position - n_delay if position >= n_delay else position - n_delay + size
        for i in range(block.shape[1]):
            delayed = lines[channel, oldest]
            lines[channel, end] = block[channel, i] + DENORMAL_GUARD + feedback * delayed
            output[channel, i] = (1.0 - mix) * block[channel, i] + mix * delayed
            end = end + 1 if end + 1 < size else 0
            oldest = oldest + 1 if oldest + 1 < size else 0
    return end


@inlined
def _interpolated(after: Number, at: Number, before: Number, earlier: Number, t: Number) -> Number:
    """Return what lies ``t`` samples before a sample, by a cubic Hermite spline."""
    slope = HALF * (before - after)
    cubic = THREE_HALVES * (at - before) + HALF * (earlier - after)
    square = after - FIVE_HALVES * at + TWO * before - HALF * earlier
    return ((cubic * t + square) * t + slope) * t + at


@inlined
def _add_copy(line: np.ndarray, first: int, samples_ago: np.ndarray, bend: float, copies: np.ndarray) -> None:
    """Add the copy with the given delays to the copies; index ``first`` of the line is their first sample.

    The slope of the delays changes by at most ``bend`` within ``LONGEST_LEAP`` samples.
    """
    n_samples = len(copies)
    start = 0
    while start < n_samples:  # in runs of the same whole number of samples, which a processor computes at once
        whole = np.floor(samples_ago[start])
        end = start + 1
        while end < n_samples and whole <= samples_ago[end] < whole + 1.0:
            margin = min(samples_ago[end] - whole, whole + 1.0 - samples_ago[end])
            slope = abs(samples_ago[end] - samples_ago[end - 1])
            end += 1 + int(min(margin / (slope + bend), LONGEST_LEAP))  # the samples between are inside
        end = min(end, n_samples)
        n_run = end - start
        delayed = line[first + start - int(whole) - 2 :]
        after, at, before = delayed[3 : 3 + n_run], delayed[2 : 2 + n_run], delayed[1 : 1 + n_run]
        delays, total = samples_ago[start:end], copies[start:end]
        for i in range(n_run):
            total[i] += _interpolated(after[i], at[i], before[i], delayed[i], np.float32(delays[i] - whole))
        start = end


@compiled("the modulated delays")
def modulated_delays(
    block: np.ndarray,
    lines: np.ndarray,
    rotation: np.ndarray,
    phasor: np.ndarray,
    offsets: np.ndarray,
    scratch: np.ndarray,
    delay: float,
    depth: float,
    feedback: float,
    dry: float,
    wet: float,
    output: np.ndarray,
) -> None:
    """Mix each channel with copies of it whose delays vary, interpolated by cubic Hermite splines.

    Parameters
    ----------
    block : (channels, time) float32
    lines : (channels, samples), updated
        The last samples: the longest delay and 3, and then room for those of the scratch memory. float64 where there
        is feedback, else float32.
    rotation, phasor
        The oscillator, see :func:`oscillate`.
    offsets : (channels, voices, 2) float64
        Cosine and sine of the phases by which the oscillators of the voices are ahead.
    scratch : (4, samples) float64
        Memory for the oscillator, the delays and the copies, of any length.
    delay, depth : float
        Mean delay and largest deviation in samples; their difference is at least 2.
    feedback : float
        Gain of the copy at the input of the line, 0 unless there is one voice.
    dry, wet : float
        Gains of the block, and of the mean of the copies.
    output : (channels, time) float32, filled
    """
    n_samples = block.shape[1]
    n_voices = offsets.shape[1]
    first = lines.shape[1] - scratch.shape[1]
    gain = wet / n_voices
    bend = depth * np.square(math.atan2(rotation[1, 1], rotation[0, 1])) * (LONGEST_LEAP + 1.0) + ROUNDING
    for start in range(0, n_samples, scratch.shape[1]):
        n = min(scratch.shape[1], n_samples - start)
        cosines, sines, samples_ago, copies = scratch[0, :n], scratch[1, :n], scratch[2, :n], scratch[3, :n]
        oscillate(rotation, phasor, cosines, sines)
        for channel in range(len(block)):
            line = lines[channel]
            copies[:] = 0.0
            for i in range(n):
                line[first + i] = block[channel, start + i] + DENORMAL_GUARD
            for voice in range(n_voices):
                ahead_cosine, ahead_sine = depth * offsets[channel, voice, 0], depth * offsets[channel, voice, 1]
                for i in range(n):
                    samples_ago[i] = delay + sines[i] * ahead_cosine + cosines[i] * ahead_sine
                if feedback == 0.0:
                    _add_copy(line, first, samples_ago, bend, copies)
                else:
                    for i in range(n):
                        whole = int(samples_ago[i])
                        newer = first + i - whole
                        copies[i] = _interpolated(
                            line[newer + 1], line[newer], line[newer - 1], line[newer - 2], samples_ago[i] - whole
                        )
                        line[first + i] += feedback * copies[i]
            for i in range(n):
                output[channel, start + i] = dry * block[channel, start + i] + gain * copies[i]
            for i in range(first):
                line[i] = line[i + n]


@inlined
def _fill_coefficients(sines: np.ndarray, series: np.ndarray, scratch: np.ndarray, coefficients: np.ndarray) -> None:
    """Sum a Chebyshev series at each sine by Clenshaw's recursion."""
    later = scratch
    coefficients[:] = 0.0
    later[:] = 0.0
    for index in range(len(series) - 1, 0, -1):
        weight = series[index]
        for i in range(len(sines)):
            summed = weight + 2.0 * sines[i] * coefficients[i] - later[i]
            later[i] = coefficients[i]
            coefficients[i] = summed
    for i in range(len(sines)):
        coefficients[i] = series[0] + sines[i] * coefficients[i] - later[i]


@inlined(fastmath={"contract"})
def _pass_pair(sample: float, a: float, state: float, next_state: float) -> tuple[float, float, float]:
    """Return the output of two all-pass filters and their new states; what is added last is soonest needed."""
    between = a * sample + state
    passed = (a * a) * sample + (a * state + next_state)
    return passed, sample - a * between, between - a * passed


@compiled("the phaser")
def phase(
    block: np.ndarray,
    rotation: np.ndarray,
    phasors: np.ndarray,
    series: np.ndarray,
    scratch: np.ndarray,
    states: np.ndarray,
    feedback: float,
    mix: float,
    output: np.ndarray,
) -> None:
    """Mix each channel with itself through a chain of all-pass filters of first order, whose frequency varies.

    Parameters
    ----------
    block : (channels, time) float32
    rotation : (2, 1 + steps) float64
        Of all oscillators, see :func:`oscillate`.
    phasors : (channels, 3) float64, updated
    series : (degree + 1,) float64
        Chebyshev series of the filter coefficient as a function of the oscillator.
    scratch : (5, samples) float64
        Memory for the oscillators and filter coefficients, of any length.
    states : (channels, 1 + stages) float64, updated
        The last output of the chain, and the state of each filter. These and the phasors have an even number of
        channels: of an odd one, the last is computed twice.
    feedback, mix : float
    output : (channels, time) float32, filled
    """
    n_channels, n_samples = block.shape
    n_stages = states.shape[1] - 1
    dry = 1.0 - mix
    for first in range(0, n_channels, 2):  # two at a time: a processor does one while it waits for the other
        second = min(first + 1, n_channels - 1)
        for start in range(0, n_samples, scratch.shape[1]):
            n = min(scratch.shape[1], n_samples - start)
            for row in range(2):
                oscillate(rotation, phasors[first + row], scratch[0, :n], scratch[1, :n])
                _fill_coefficients(scratch[1, :n], series, scratch[2, :n], scratch[3 + row, :n])
            left, right = block[first, start : start + n], block[second, start : start + n]
            left_output, right_output = output[first, start : start + n], output[second, start : start + n]
            left_states, right_states = states[first], states[first + 1]
            phased, other = left_states[0], right_states[0]
            for i in range(n):
                a, b = scratch[3, i], scratch[4, i]
                phased = (left[i] + DENORMAL_GUARD) + feedback * phased
                other = (right[i] + DENORMAL_GUARD) + feedback * other
                for stage in range(1, n_stages, 2):
                    phased, left_states[stage], left_states[stage + 1] = _pass_pair(
                        phased, a, left_states[stage], left_states[stage + 1]
                    )
                    other, right_states[stage], right_states[stage + 1] = _pass_pair(
                        other, b, right_states[stage], right_states[stage + 1]
                    )
                if n_stages % 2:
                    passed, other_passed = a * phased + left_states[-1], b * other + right_states[-1]
                    left_states[-1] = phased - a * passed
                    right_states[-1] = other - b * other_passed
                    phased, other = passed, other_passed
                left_output[i] = dry * left[i] + mix * phased
                right_output[i] = dry * right[i] + mix * other
            left_states[0], right_states[0] = phased, other
