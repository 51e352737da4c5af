"""Second-order sections, compiled by numba."""

from __future__ import annotations

import numpy as np

from ..compiled import compiled

DENORMAL_GUARD = 1e-60
"""Added to the input of recursions: in silence they would decay into denormal numbers, which are slow."""


@compiled("the filters")
def filter_sections(
    sections: np.ndarray, block: np.ndarray, states: np.ndarray, scratch: np.ndarray, output: np.ndarray
) -> None:
    """Filter each channel by second-order sections in transposed direct form II.

    Parameters
    ----------
    sections : (sections, 6) float64, normalised to ``a0 = 1``
    block : (channels, time) float32
    states : (channels, sections, 2) float64, updated
    scratch : (samples,) float64
        Memory for intermediate results, of any length.
    output : (channels, time) float32, filled
    """
    n_channels, n_samples = block.shape
    for channel in range(n_channels):
        for start in range(0, n_samples, len(scratch)):
            n = min(len(scratch), n_samples - start)
            for i in range(n):
                scratch[i] = block[channel, start + i] + DENORMAL_GUARD
            for section in range(len(sections)):
                b0, b1, b2, _, a1, a2 = sections[section]
                first, second = states[channel, section]
                for i in range(n):
                    sample = scratch[i]
                    filtered = b0 * sample + first
                    first = (b1 * sample + second) - a1 * filtered
                    second = b2 * sample - a2 * filtered
                    scratch[i] = filtered
                states[channel, section, 0] = first
                states[channel, section, 1] = second
            for i in range(n):
                output[channel, start + i] = scratch[i]
