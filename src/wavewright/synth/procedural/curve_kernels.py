"""Gains and resonators that follow curves, compiled by numba."""

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
