"""Oscillators, delay lines and all-pass filters, compiled by numba.

Oscillators are rotating phasors ``(cosine, sine)``: one complex product a sample, exact to 1e-6 after ten hours.
"""

from __future__ import annotations

import numpy as np

from ..compiled import compiled, inlined
from .filter_kernels import DENORMAL_GUARD


@compiled("the oscillator")
def oscillate(rotation: np.ndarray, phasor: np.ndarray, cosines: np.ndarray, sines: np.ndarray) -> None:
    """Fill the next cosines and sines ``(time,)`` of an oscillator.

    ``rotation`` and ``phasor`` are ``(2,)`` float64: cosine and sine of a step, and of the next sample; updated.
    """
    step_cosine, step_sine = rotation
    cosine, sine = phasor
    for i in range(len(cosines)):
        cosines[i] = cosine
        sines[i] = sine
        cosine, sine = cosine * step_cosine - sine * step_sine, sine * step_cosine + cosine * step_sine
    phasor[0] = cosine
    phasor[1] = sine


@compiled("the delay")
def delay_lines(
    block: np.ndarray, lines: np.ndarray, position: int, feedback: float, mix: float, output: np.ndarray
) -> int:
    """Delay each channel by the length of its line, with feedback.

    Parameters
    ----------
    block : (channels, time) float32
    lines : (channels, samples) float64, updated
    position : int
        Of the oldest sample in the lines.
    feedback, mix : float
    output : (channels, time) float32, filled

    Returns
    -------
    int
        The position for the next block.
    """
    n_delay = lines.shape[1]
    end = position
    for channel in range(len(block)):
        end = position
        for i in range(block.shape[1]):
            delayed = lines[channel, end]
            lines[channel, end] = block[channel, i] + DENORMAL_GUARD + feedback * delayed
            output[channel, i] = (1.0 - mix) * block[channel, i] + mix * delayed
            end = end + 1 if end + 1 < n_delay else 0
    return end


@inlined
def _interpolated(after: float, at: float, before: float, earlier: float, t: float) -> float:
    """Return what lies ``t`` samples before a sample, by a cubic Hermite spline."""
    slope = 0.5 * (before - after)
    cubic = 1.5 * (at - before) + 0.5 * (earlier - after)
    square = after - 2.5 * at + 2.0 * before - 0.5 * earlier
    return ((cubic * t + square) * t + slope) * t + at


@inlined
def _add_copy(line: np.ndarray, first: int, samples_ago: np.ndarray, copies: np.ndarray) -> None:
    """Add the copy with the given delays to the copies; index ``first`` of the line is their first sample."""
    n_samples = len(copies)
    start = 0
    while start < n_samples:  # in runs of the same whole number of samples, which a processor computes at once
        whole = np.floor(samples_ago[start])
        end = start + 1
        while end < n_samples and whole <= samples_ago[end] < whole + 1.0:
            end += 1
        n_run = end - start
        delayed = line[first + start - int(whole) - 2 :]
        after, at, before = delayed[3 : 3 + n_run], delayed[2 : 2 + n_run], delayed[1 : 1 + n_run]
        delays, total = samples_ago[start:end], copies[start:end]
        for i in range(n_run):
            total[i] += _interpolated(after[i], at[i], before[i], delayed[i], delays[i] - whole)
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
    lines : (channels, samples) float64, updated
        The last samples: the longest delay and 3, and then room for those of the scratch memory.
    rotation : (2,) float64
        Cosine and sine of a step of the oscillator.
    phasor : (2,) float64, updated
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
                    _add_copy(line, first, samples_ago, copies)
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


@compiled("the phaser")
def phase(
    block: np.ndarray,
    rotation: np.ndarray,
    phasors: np.ndarray,
    coefficients: np.ndarray,
    states: np.ndarray,
    feedback: float,
    mix: float,
    output: np.ndarray,
) -> None:
    """Mix each channel with itself through a chain of all-pass filters of first order, whose frequency varies.

    Parameters
    ----------
    block : (channels, time) float32
    rotation : (2,) float64
        Cosine and sine of a step of the oscillator.
    phasors : (channels, 2) float64, updated
    coefficients : (steps,) float64
        Filter coefficients for equal steps of the oscillator from -1 to 1.
    states : (channels, 1 + stages) float64, updated
        The last output of the chain, and the state of each filter.
    feedback, mix : float
    output : (channels, time) float32, filled
    """
    step_cosine, step_sine = rotation
    n_stages = states.shape[1] - 1
    half = 0.5 * (len(coefficients) - 1)
    for channel in range(len(block)):
        cosine, sine = phasors[channel]
        phased = states[channel, 0]
        for i in range(block.shape[1]):
            where = min(max(half + half * sine, 0.0), 2.0 * half)
            index = min(int(where), len(coefficients) - 2)
            t = where - index
            a = (1.0 - t) * coefficients[index] + t * coefficients[index + 1]
            cosine, sine = cosine * step_cosine - sine * step_sine, sine * step_cosine + cosine * step_sine
            phased = block[channel, i] + DENORMAL_GUARD + feedback * phased
            for stage in range(1, n_stages + 1):
                passed = a * phased + states[channel, stage]
                states[channel, stage] = phased - a * passed
                phased = passed
            output[channel, i] = (1.0 - mix) * block[channel, i] + mix * phased
        phasors[channel, 0] = cosine
        phasors[channel, 1] = sine
        states[channel, 0] = phased
