"""Oscillators, delay lines and all-pass filters, compiled by numba.

Oscillators are rotating phasors ``(cosine, sine)``: one complex product a sample, exact to 1e-6 after ten hours.
"""

from __future__ import annotations

import numpy as np

from ..compiled import compiled
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


@compiled("the modulated delays")
def modulated_delays(
    block: np.ndarray,
    lines: np.ndarray,
    position: int,
    rotation: np.ndarray,
    phasors: np.ndarray,
    delay: float,
    depth: float,
    feedback: float,
    dry: float,
    wet: float,
    output: np.ndarray,
) -> int:
    """Mix each channel with copies of it whose delays vary, interpolated by cubic Hermite splines.

    Parameters
    ----------
    block : (channels, time) float32
    lines : (channels, samples) float64, updated
        A power of two of samples, more than the longest delay and 3.
    position : int
        Where the next sample is written.
    rotation : (2,) float64
        Cosine and sine of a step of the oscillators.
    phasors : (channels, voices, 2) float64, updated
    delay, depth : float
        Mean delay and largest deviation in samples; their difference is at least 2.
    feedback : float
        Gain of the mean of the copies at the input of the line.
    dry, wet : float
        Gains of the block, and of the mean of the copies.
    output : (channels, time) float32, filled

    Returns
    -------
    int
        The position for the next block.
    """
    n_samples = block.shape[1]
    mask = lines.shape[1] - 1
    n_voices = phasors.shape[1]
    step_cosine, step_sine = rotation
    for channel in range(len(block)):
        for i in range(n_samples):
            now = position + i
            copies = 0.0
            for voice in range(n_voices):
                cosine, sine = phasors[channel, voice]
                phasors[channel, voice, 0] = cosine * step_cosine - sine * step_sine
                phasors[channel, voice, 1] = sine * step_cosine + cosine * step_sine
                samples_ago = delay + depth * sine
                whole = int(samples_ago)
                t = samples_ago - whole
                newest = lines[channel, (now - whole + 1) & mask]
                newer = lines[channel, (now - whole) & mask]
                older = lines[channel, (now - whole - 1) & mask]
                oldest = lines[channel, (now - whole - 2) & mask]
                slope = 0.5 * (older - newest)
                cubic = 1.5 * (newer - older) + 0.5 * (oldest - newest)
                square = newest - 2.5 * newer + 2.0 * older - 0.5 * oldest
                copies += ((cubic * t + square) * t + slope) * t + newer
            copies /= n_voices
            lines[channel, now & mask] = block[channel, i] + DENORMAL_GUARD + feedback * copies
            output[channel, i] = dry * block[channel, i] + wet * copies
    end: int = (position + n_samples) & mask
    return end


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
