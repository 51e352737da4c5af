"""K-weighted energies, compiled by numba."""

from __future__ import annotations

import numpy as np

from .compiled import compiled

DENORMAL_GUARD = 1e-60
"""Added to the input: in silence the filters would decay into denormal numbers, which are slow."""


@compiled("the loudness meter")
def add_weighted_energies(
    sections: np.ndarray, wave: np.ndarray, states: np.ndarray, ends: np.ndarray, energies: np.ndarray
) -> None:
    """Filter each channel by two second-order sections, and add the squares to the energies of consecutive steps."""
    b0, b1, b2, _, a1, a2 = sections[0]
    c0, c1, c2, _, d1, d2 = sections[1]
    for channel in range(len(wave)):
        samples = wave[channel]
        first, second = states[channel, 0]
        third, fourth = states[channel, 1]
        start = 0
        for step in range(len(ends)):
            energy = energies[channel, step]
            for i in range(start, ends[step]):
                sample = samples[i] + DENORMAL_GUARD
                between = b0 * sample + first
                first = (b1 * sample + second) - a1 * between
                second = b2 * sample - a2 * between
                weighted = c0 * between + third
                third = (c1 * between + fourth) - d1 * weighted
                fourth = c2 * between - d2 * weighted
                energy += weighted * weighted
            energies[channel, step] = energy
            start = ends[step]
        states[channel, 0, 0] = first
        states[channel, 0, 1] = second
        states[channel, 1, 0] = third
        states[channel, 1, 1] = fourth
