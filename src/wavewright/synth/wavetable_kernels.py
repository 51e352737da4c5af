"""Reads of wavetables, compiled by numba."""

from __future__ import annotations

import numpy as np

from ..dsp.compiled import compiled

CYCLE = 4_294_967_296.0
"""Steps of a phase in one period; phases are unsigned integers of 32 bits and wrap by themselves."""


@compiled("the wavetables", _nrt=False)
def add_wave(
    samples: np.ndarray,
    offset: int,
    shift: int,
    phase: int,
    increment: int,
    slope: int,
    position: int,
    gain: np.float32,
    gain_step: np.float32,
    output: np.ndarray,
) -> None:
    """Add a wave to an output, by cubic Lagrange interpolation in a table.

    Sample ``i`` is a function of ``position + i`` alone, so a block may be rendered in any pieces, and processors
    compute several samples at once.

    - ``offset``: index of the first sample of the period.
    - ``shift``: 32 minus the base-2 logarithm of the period's length.
    - ``phase``: phase at the start of the block in steps, see :data:`CYCLE`.
    - ``increment``: steps from the first sample of the block to the second.
    - ``slope``: change of the increment from sample to sample.
    - ``position``: position of the first sample of the output in the block.
    - ``gain``, ``gain_step``: gain at the start of the block and its change from sample to sample.
    """
    bits = np.uint32(shift)
    mask = np.uint32((1 << shift) - 1)
    scale = np.float32(1.0 / (1 << shift))
    first, step, bend = np.uint32(phase), np.uint32(increment), np.uint32(slope)
    sixth, third, half = np.float32(1.0 / 6.0), np.float32(1.0 / 3.0), np.float32(0.5)
    table = samples[offset - 1 :]
    for i in range(len(output)):
        n = np.uint32(position + i)
        at = np.uint32(
            first + np.uint32(n * step) + np.uint32(np.uint32(n * np.uint32(n - np.uint32(1))) >> np.uint32(1)) * bend
        )
        index = np.uint32(at >> bits)
        t = np.float32(np.int32(at & mask)) * scale
        before, here = table[index], table[index + 1]
        after, later = table[index + 2], table[index + 3]
        linear = after - third * before - half * here - sixth * later
        square = half * (before + after) - here
        cube = sixth * (later - before) + half * (here - after)
        value = ((cube * t + square) * t + linear) * t + here
        output[i] += (gain + gain_step * np.float32(np.int32(n))) * value
