"""Second-order sections, compiled by numba."""

from __future__ import annotations

import numpy as np

from ..compiled import compiled, inlined

DENORMAL_GUARD = 1e-60
"""Added to the input of recursions: in silence they would decay into denormal numbers, which are slow."""


@inlined
def _filter_pair(sections: np.ndarray, section: int, states: np.ndarray, scratch: np.ndarray, n_samples: int) -> None:
    """Filter by two sections at once: a processor does one while it waits for the other."""
    b0, b1, b2, _, a1, a2 = sections[section]
    c0, c1, c2, _, d1, d2 = sections[section + 1]
    first, second = states[section]
    third, fourth = states[section + 1]
    for i in range(n_samples):
        sample = scratch[i]
        between = b0 * sample + first
        first = (b1 * sample + second) - a1 * between
        second = b2 * sample - a2 * between
        filtered = c0 * between + third
        third = (c1 * between + fourth) - d1 * filtered
        fourth = c2 * between - d2 * filtered
        scratch[i] = filtered
    states[section, 0] = first
    states[section, 1] = second
    states[section + 1, 0] = third
    states[section + 1, 1] = fourth


@inlined
def _filter_last(sections: np.ndarray, states: np.ndarray, scratch: np.ndarray, n_samples: int) -> None:
    """Filter one or two channels by the last section: a processor does one while it waits for the other."""
    b0, b1, b2, _, a1, a2 = sections[-1]
    first, second = states[0, -1]
    third, fourth = states[-1, -1]
    left, right = scratch[0], scratch[-1]
    if len(states) == 2:
        for i in range(n_samples):
            sample, other = left[i], right[i]
            filtered = b0 * sample + first
            other_filtered = b0 * other + third
            first = (b1 * sample + second) - a1 * filtered
            third = (b1 * other + fourth) - a1 * other_filtered
            second = b2 * sample - a2 * filtered
            fourth = b2 * other - a2 * other_filtered
            left[i] = filtered
            right[i] = other_filtered
        states[-1, -1, 0] = third
        states[-1, -1, 1] = fourth
    else:
        for i in range(n_samples):
            sample = left[i]
            filtered = b0 * sample + first
            first = (b1 * sample + second) - a1 * filtered
            second = b2 * sample - a2 * filtered
            left[i] = filtered
    states[0, -1, 0] = first
    states[0, -1, 1] = second


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
    scratch : (2, samples) float64
        Memory for intermediate results of two channels, of any length.
    output : (channels, time) float32, filled
    """
    n_channels, n_samples = block.shape
    for channel in range(0, n_channels, 2):
        end = min(n_channels, channel + 2)
        used = scratch[: end - channel]
        for start in range(0, n_samples, scratch.shape[1]):
            n = min(scratch.shape[1], n_samples - start)
            for row in range(len(used)):
                for i in range(n):
                    used[row, i] = block[channel + row, start + i] + DENORMAL_GUARD
                for section in range(0, len(sections) - 1, 2):
                    _filter_pair(sections, section, states[channel + row], used[row], n)
            if len(sections) % 2:
                _filter_last(sections, states[channel:end], used, n)
            for row in range(len(used)):
                for i in range(n):
                    output[channel + row, start + i] = used[row, i]
