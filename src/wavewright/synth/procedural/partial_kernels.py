"""Exponentially damped sinusoids, compiled by numba."""

from __future__ import annotations

import math

import numpy as np

from ...dsp.compiled import compiled

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
