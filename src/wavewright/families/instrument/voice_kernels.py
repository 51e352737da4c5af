"""Compiled loops of voices: sines with interpolated amplitudes, and gains that follow controllers."""

from __future__ import annotations

import numpy as np

from ...dsp.compiled import compiled


@compiled("the partials of instruments")
def add_partials(
    phasors: np.ndarray,
    rotations: np.ndarray,
    start: np.ndarray,
    end: np.ndarray,
    position: int,
    hop: int,
    out: np.ndarray,
) -> None:
    """Add sines to ``out (time,)`` and advance their phasors.

    - ``phasors``, ``rotations``: ``(partials, 2)``, cosine and sine of each phase, and of its step; a step of (0, 0)
      leaves the partial out. Silent partials rest.
    - ``start``, ``end``: ``(partials,)``, amplitudes at the beginning and the end of the hop.
    - ``position``: first sample within the hop.
    """
    for k in range(len(phasors)):
        real, imaginary = phasors[k, 0], phasors[k, 1]
        cosine, sine = rotations[k, 0], rotations[k, 1]
        if (cosine == 0.0 and sine == 0.0) or (start[k] == 0.0 and end[k] == 0.0):
            continue
        slope = (end[k] - start[k]) / hop
        for i in range(len(out)):
            out[i] += imaginary * (start[k] + slope * (position + i))
            real, imaginary = real * cosine - imaginary * sine, real * sine + imaginary * cosine
        phasors[k, 0], phasors[k, 1] = real, imaginary


@compiled("the gains of instruments")
def add_with_gains(wave: np.ndarray, gains: np.ndarray, targets: np.ndarray, step: float, out: np.ndarray) -> None:
    """Add ``wave (time,)`` to ``out (2, time)``, times gains ``(2,)`` that approach targets by at most ``step``."""
    for side in range(2):
        gain, target = gains[side], targets[side]
        for i in range(len(wave)):
            gain += min(max(target - gain, -step), step)
            out[side, i] += gain * wave[i]
        gains[side] = gain
