"""Noise of the colours of patches, compiled by numba."""

from __future__ import annotations

import numpy as np

from ..dsp.compiled import compiled, inlined
from .patch import NOISE_COLOURS

WHITE, PINK, BROWN, BLUE, VIOLET = range(len(NOISE_COLOURS))
N_NOISE_STATES = 5
PINK_SCALE, BROWN_SCALE, BLUE_SCALE, VIOLET_SCALE = 0.27, 0.0633, 0.39, 0.7071
"""They give each colour the power of the white noise."""


@inlined(_nrt=False)
def noise_sample(seed: int, number: int) -> float:
    """Return a number in [-1, 1) that seed and number determine (P. Evensen's variant of MurmurHash3's mixer)."""
    mixed = np.uint64(number) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(seed)
    mixed = (mixed ^ (mixed >> np.uint64(32))) * np.uint64(0xD6E8FEB86659FD93)
    mixed = (mixed ^ (mixed >> np.uint64(32))) * np.uint64(0xD6E8FEB86659FD93)
    return float(np.int32(mixed >> np.uint64(32))) * (1.0 / 2147483648.0)


@inlined(_nrt=False)
def coloured_sample(colour: int, white: float, states: np.ndarray) -> float:
    """Return the next sample of coloured noise; pink by three one-pole filters, P. Kellet's approximation."""
    if colour == WHITE:
        return white
    if colour == VIOLET:
        difference = white - states[3]
        states[3] = white
        return float(VIOLET_SCALE * difference)
    if colour == BROWN:
        states[0] = 0.998 * states[0] + white
        return float(BROWN_SCALE * states[0])
    states[0] = 0.99765 * states[0] + white * 0.0990460
    states[1] = 0.96300 * states[1] + white * 0.2965164
    states[2] = 0.57000 * states[2] + white * 1.0526913
    pink = states[0] + states[1] + states[2] + white * 0.1848
    if colour == PINK:
        return float(PINK_SCALE * pink)
    difference = pink - states[4]
    states[4] = pink
    return float(BLUE_SCALE * difference)


@compiled("the noise of the synthesiser", _nrt=False)
def add_noise(
    colour: int, seed: int, first: int, states: np.ndarray, position: int, gain: float, step: float, output: np.ndarray
) -> None:
    """Add noise to an output.

    - ``colour``: WHITE, PINK, BROWN, BLUE or VIOLET.
    - ``first``: number of the first sample in the noise.
    - ``position``: position of the first sample in the block of the gain.
    - ``gain``, ``step``: gain at the start of the block and its change from sample to sample.
    """
    for i in range(len(output)):
        sample = coloured_sample(colour, noise_sample(seed, first + i), states)
        output[i] += np.float32((gain + step * (position + i)) * sample)
