"""FIR filters, dither and noise shaping, compiled by numba."""

from __future__ import annotations

import numpy as np

from ..dsp.compiled import compiled, inlined

GOLDEN, FIRST_FACTOR, SECOND_FACTOR = (
    np.uint64(each) for each in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
)
"""Constants of SplitMix64 (G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators", 2014)."""

LOW_BITS = np.uint64(0xFFFFFFFF)
SCALE = 2.0**-32


@compiled("the FIR filter")
def add_filtered(extended: np.ndarray, taps: np.ndarray, output: np.ndarray) -> None:
    """Add the correlation of a signal ``(taps - 1 + time,)`` with ``taps`` to ``output (time,)``, all float32."""
    for tap in range(len(taps)):
        weight = taps[tap]
        if weight != 0.0:
            for i in range(len(output)):
                output[i] += weight * extended[tap + i]


@inlined
def _triangular(counter: int) -> float:
    """Return noise with a triangular density from -1 to 1, the same for the same counter.

    It is the difference of the two halves of a 64-bit hash, the finaliser of SplitMix64.
    """
    mixed = np.uint64(counter) * GOLDEN
    mixed = (mixed ^ (mixed >> np.uint64(30))) * FIRST_FACTOR
    mixed = (mixed ^ (mixed >> np.uint64(27))) * SECOND_FACTOR
    mixed ^= mixed >> np.uint64(31)
    return (np.float64(mixed >> np.uint64(32)) - np.float64(mixed & LOW_BITS)) * SCALE


@compiled("the dither")
def requantise(
    block: np.ndarray,
    keys: np.ndarray,
    n_before: int,
    step: float,
    taps: np.ndarray,
    errors: np.ndarray,
    output: np.ndarray,
) -> None:
    """Round samples and noise to steps, and feed the error back.

    Parameters
    ----------
    block : (channels, time) float32
    keys : (channels,) uint64
        Starts of the counters of the noise.
    n_before : int
        Samples before the block.
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
        samples, rounded_samples = block[channel], output[channel]
        key = keys[channel] + np.uint64(n_before)
        if len(taps) == 0:
            for i in range(len(samples)):
                rounded = np.floor(samples[i] * highest + _triangular(key + np.uint64(i)) + 0.5)
                rounded_samples[i] = min(max(rounded, -highest), highest - 1.0) * step
        else:
            for i in range(len(samples)):
                target = samples[i] * highest
                for tap in range(len(taps)):
                    target -= taps[tap] * errors[channel, tap]
                rounded = np.floor(target + _triangular(key + np.uint64(i)) + 0.5)
                for tap in range(len(taps) - 1, 0, -1):
                    errors[channel, tap] = errors[channel, tap - 1]
                errors[channel, 0] = rounded - target
                rounded_samples[i] = min(max(rounded, -highest), highest - 1.0) * step
