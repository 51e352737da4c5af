"""Loops of the procedures: curves, partials, engines and thunder, compiled by numba."""

from __future__ import annotations

import math

import numpy as np

from ...dsp.compiled import compiled

HIGHEST_OF_RATE = 0.45
"""Highest frequency of a resonator, times the sample rate; those above are silent."""


@compiled("the moving gains")
def add_scaled(wave: np.ndarray, level: np.ndarray, output: np.ndarray) -> None:
    """Add a wave times a gain.

    Parameters
    ----------
    wave : (time,) float32
    level : (points,)
        Gain at equally spaced points from the first to after the last sample; linear between them.
    output : (time,) float32, added to
    """
    n_samples = len(wave)
    n_pieces = len(level) - 1
    for piece in range(n_pieces):
        start = piece * n_samples // n_pieces
        end = (piece + 1) * n_samples // n_pieces
        gain = np.float32(level[piece])
        step = np.float32((level[piece + 1] - level[piece]) / max(1, end - start))
        for i in range(end - start):
            output[start + i] += (gain + np.float32(i) * step) * wave[start + i]


@compiled("the moving resonators")
def resonate(
    wave: np.ndarray,
    frequency_hz: np.ndarray,
    level: np.ndarray,
    quality: float,
    sample_rate: int,
    state: np.ndarray,
    output: np.ndarray,
) -> None:
    """Add a wave filtered by a band-pass of unit peak gain: a state-variable filter in the trapezoidal form.

    Parameters
    ----------
    wave : (time,) float32
    frequency_hz, level : (points,)
        Centre and gain at equally spaced points from the first to after the last sample; linear between them.
    quality : float
        Centre over bandwidth.
    sample_rate : int, in Hz
    state : (2,) float64, updated
    output : (time,) float32, added to
    """
    n_samples = len(wave)
    n_pieces = len(frequency_hz) - 1
    damping = 1.0 / quality
    first, second = state
    for piece in range(n_pieces):
        start = piece * n_samples // n_pieces
        end = (piece + 1) * n_samples // n_pieces
        if end == start:
            continue
        highest = HIGHEST_OF_RATE * sample_rate
        is_audible = frequency_hz[piece] < highest and frequency_hz[piece + 1] < highest
        warped = math.tan(math.pi * min(frequency_hz[piece], highest) / sample_rate)
        warped_step = (math.tan(math.pi * min(frequency_hz[piece + 1], highest) / sample_rate) - warped) / (end - start)
        gain = level[piece] * is_audible
        gain_step = level[piece + 1] * is_audible / (end - start) - gain / (end - start)
        for i in range(start, end):
            scale = 1.0 / (1.0 + warped * (warped + damping))
            high = wave[i] - (damping + warped) * first - second
            band = warped * high * scale + first
            first = warped * high * scale + band
            low = warped * band + second
            second = warped * band + low
            output[i] += gain * damping * band
            warped += warped_step
            gain += gain_step
    state[0] = first
    state[1] = second


DECAY_NEPERS = 7.0
"""A partial ends when it has fallen by this much, 61 dB."""


@compiled("the damped sinusoids")
def add_partials(
    onsets: np.ndarray,
    angles: np.ndarray,
    slopes: np.ndarray,
    decays: np.ndarray,
    gains: np.ndarray,
    output: np.ndarray,
) -> None:
    """Add ``gain * exp(-decay t) * sin(angle t + slope t**2 / 2)`` with ``t`` in samples from each onset on.

    Parameters
    ----------
    onsets : (partials,) float64
        Samples from the start of the output, at least 0, between samples too.
    angles, slopes : (partials,) float64
        Radians per sample, and per sample squared.
    decays : (partials,) float64
        Nepers per sample.
    gains : (partials, channels) float32
    output : (channels, time) float32, added to; partials that end behind it are cut
    """
    n_channels, n_samples = output.shape
    for i in range(len(onsets)):
        first = math.ceil(onsets[i])
        t = first - onsets[i]
        level = math.exp(-decays[i] * t)
        phase = angles[i] * t + 0.5 * slopes[i] * t * t
        real = level * math.cos(phase)
        imaginary = level * math.sin(phase)
        shrink = math.exp(-decays[i])
        angle = angles[i] + slopes[i] * (t + 0.5)
        turn_real = shrink * math.cos(angle)
        turn_imaginary = shrink * math.sin(angle)
        bend_real = math.cos(slopes[i])
        bend_imaginary = math.sin(slopes[i])
        end = min(n_samples, first + int(DECAY_NEPERS / decays[i]))
        left = gains[i, 0]
        right = gains[i, n_channels - 1]
        for sample in range(first, end):
            value = imaginary
            output[0, sample] += left * value
            if n_channels == 2:
                output[1, sample] += right * value
            imaginary = real * turn_imaginary + imaginary * turn_real
            real = real * turn_real - value * turn_imaginary
            if bend_imaginary != 0.0:
                bent = turn_real * bend_real - turn_imaginary * bend_imaginary
                turn_imaginary = turn_real * bend_imaginary + turn_imaginary * bend_real
                turn_real = bent


@compiled("the waves of thunder")
def add_n_waves(
    onsets: np.ndarray, lengths: np.ndarray, rises: np.ndarray, gains: np.ndarray, output: np.ndarray
) -> None:
    """Add waves that jump up, fall linearly through zero, and jump back; the jumps take their rise time.

    Parameters
    ----------
    onsets, lengths, rises : (waves,) float64, in samples
    gains : (waves,) float64
    output : (time,) float32, added to; waves that end behind it are cut
    """
    for i in range(len(onsets)):
        first = math.ceil(onsets[i])
        end = min(len(output), int(onsets[i] + lengths[i]))
        for sample in range(first, end):
            t = sample - onsets[i]
            edge = min(1.0, min(t, lengths[i] - t) / rises[i])
            output[sample] += gains[i] * edge * (1.0 - 2.0 * t / lengths[i])


N_STATES = 5


@compiled("the exhaust pipe")
def run_pipe(
    pulses: np.ndarray,
    noise: np.ndarray,
    noise_level: float,
    delay: float,
    reflection: float,
    cutoff: float,
    gain: float,
    flow_decay: float,
    line: np.ndarray,
    states: np.ndarray,
    output: np.ndarray,
) -> None:
    """Add what leaves an exhaust pipe: a comb filter with a low-pass filter in its loop, and a silencer after it.

    Parameters
    ----------
    pulses, noise : (time,) float32
        Pressure of the cylinders; gas noise, which the pulses modulate.
    noise_level : float
        Level of the noise.
    delay : float
        Travel time to the open end and back, in samples.
    reflection : float
        Reflected fraction; an open end is negative.
    cutoff : float
        Corner of the silencer over the sample rate.
    gain : float
        Level of the output.
    flow_decay : float
        Decay of the gas flow after a pulse, nepers per sample.
    line : (at least delay + 1,) float64
        The waves in the pipe, updated.
    states : (N_STATES,) float64, updated
    output : (time,) float32, added to
    """
    n_line = len(line)
    whole = int(delay)
    fraction = delay - whole
    keep_loop = math.exp(-2 * math.pi * min(0.45, 4.0 * cutoff))
    keep_pipe = math.exp(-2 * math.pi * min(0.45, cutoff))
    keep_flow = math.exp(-flow_decay)
    position = int(states[0])
    loop, first, second, flow = states[1], states[2], states[3], states[4]
    for i in range(len(pulses)):
        flow = max(abs(pulses[i]), flow * keep_flow)
        entering = pulses[i] + noise_level * noise[i] * (0.04 + flow)
        near = line[(position - whole) % n_line]
        far = line[(position - whole - 1) % n_line]
        returned = near + fraction * (far - near)
        loop = returned + keep_loop * (loop - returned)
        pressure = entering + reflection * loop
        line[position] = pressure
        position = (position + 1) % n_line
        first = pressure + keep_pipe * (first - pressure)
        second = first + keep_pipe * (second - first)
        output[i] += gain * second
    states[0] = position
    states[1] = loop
    states[2] = first
    states[3] = second
    states[4] = flow
