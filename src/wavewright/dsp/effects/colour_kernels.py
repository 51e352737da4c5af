"""FIR filters and noise shaping, compiled by numba."""

from __future__ import annotations

import numpy as np

from ..compiled import compiled


@compiled("the FIR filter")
def add_filtered(extended: np.ndarray, taps: np.ndarray, output: np.ndarray) -> None:
    """Add the correlation of a signal ``(taps - 1 + time,)`` with ``taps`` to ``output (time,)``, all float32."""
    for tap in range(len(taps)):
        weight = taps[tap]
        if weight != 0.0:
            for i in range(len(output)):
                output[i] += weight * extended[tap + i]


@compiled("the noise shaper")
def requantise(
    block: np.ndarray, noise: np.ndarray, step: float, taps: np.ndarray, errors: np.ndarray, output: np.ndarray
) -> None:
    """Round samples and noise to steps, and feed the error back.

    Parameters
    ----------
    block : (channels, time) float32
    noise : (channels, time) float32
        In steps.
    step : float
    taps : (order,) float64
        Weights of the last errors, the latest first.
    errors : (channels, order) float64, updated
        The last errors in steps, the latest first.
    output : (channels, time) float32, filled
        Multiples of the step from -1 to ``1 - step``.
    """
    highest = 1.0 / step
    for channel in range(len(block)):
        for i in range(block.shape[1]):
            target = block[channel, i] * highest
            for tap in range(len(taps)):
                target -= taps[tap] * errors[channel, tap]
            rounded = np.floor(target + noise[channel, i] + 0.5)
            for tap in range(len(taps) - 1, 0, -1):
                errors[channel, tap] = errors[channel, tap - 1]
            if len(taps):
                errors[channel, 0] = rounded - target
            output[channel, i] = min(max(rounded, -highest), highest - 1.0) * step
