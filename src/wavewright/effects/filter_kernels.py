"""Second-order sections, compiled by numba."""

from __future__ import annotations

import numpy as np

from ..dsp.compiled import compiled, inlined

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
def _filter_last(
    section: np.ndarray, states: np.ndarray, inputs: np.ndarray, outputs: np.ndarray, n_samples: int
) -> None:
    """Filter one or two channels by the last section: a processor does one while it waits for the other.

    The recursion of the states is written with the outputs replaced, which makes its cycle shorter.
    """
    b0, b1, b2, _, a1, a2 = section
    c1, c2 = b1 - a1 * b0, b2 - a2 * b0
    first, second = states[0, -1]
    third, fourth = states[-1, -1]
    left, right = inputs[0], inputs[-1]
    left_output, right_output = outputs[0], outputs[-1]
    if len(states) == 2:
        for i in range(n_samples):
            sample, other = left[i] + DENORMAL_GUARD, right[i] + DENORMAL_GUARD
            left_output[i] = b0 * sample + first
            right_output[i] = b0 * other + third
            next_first = (c1 * sample + second) - a1 * first
            next_third = (c1 * other + fourth) - a1 * third
            second = c2 * sample - a2 * first
            fourth = c2 * other - a2 * third
            first, third = next_first, next_third
        states[-1, -1, 0] = third
        states[-1, -1, 1] = fourth
    else:
        for i in range(n_samples):
            sample = left[i] + DENORMAL_GUARD
            left_output[i] = b0 * sample + first
            next_first = (c1 * sample + second) - a1 * first
            second = c2 * sample - a2 * first
            first = next_first
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
        if len(sections) == 1:
            _filter_last(sections[0], states[channel:end], block[channel:end], output[channel:end], n_samples)
            continue
        used = scratch[: end - channel]
        for start in range(0, n_samples, scratch.shape[1]):
            n = min(scratch.shape[1], n_samples - start)
            filtered = output[channel:end, start : start + n]
            for row in range(len(used)):
                for i in range(n):
                    used[row, i] = block[channel + row, start + i] + DENORMAL_GUARD
                for section in range(0, len(sections) - 1, 2):
                    _filter_pair(sections, section, states[channel + row], used[row], n)
            if len(sections) % 2:
                _filter_last(sections[-1], states[channel:end], used, filtered, n)
            else:
                filtered[:] = used[:, :n]
