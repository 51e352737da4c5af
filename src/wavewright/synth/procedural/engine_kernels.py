"""Exhaust pipe, compiled by numba."""

from __future__ import annotations

import math

import numpy as np

from ...dsp.compiled import compiled

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
