"""N-shaped pressure waves, compiled by numba."""

from __future__ import annotations

import math

import numpy as np

from ...dsp.compiled import compiled


@compiled("the waves of thunder")
def add_n_waves(
    onsets: np.ndarray, lengths: np.ndarray, rises: np.ndarray, gains: np.ndarray, output: np.ndarray
) -> None:
    """Add waves that jump up, fall linearly through zero, and jump back; the jumps take their rise time.

    Parameters
    ----------
    onsets, lengths, rises : (waves,) float64, in samples
    gains : (waves,) float64
    output : (time,) float32, added to; waves that end behind it are cut
    """
    for i in range(len(onsets)):
        first = math.ceil(onsets[i])
        end = min(len(output), int(onsets[i] + lengths[i]))
        for sample in range(first, end):
            t = sample - onsets[i]
            edge = min(1.0, min(t, lengths[i] - t) / rises[i])
            output[sample] += gains[i] * edge * (1.0 - 2.0 * t / lengths[i])
