"""Seconds of a sound that carry a mark which was detected in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from .carrier import carrier_wave
from .payload import CHIP_RATE_HZ, Payload

STEP_S = 0.25
WINDOW_STEPS = 8
"""Steps of the windows in which the mark is looked for, 2 s."""

MIN_SCORE = 3.5
"""Score of a whole window from which on it is marked; one of 4,000 unmarked windows has it."""

RELATIVE_SCORE = 0.5
"""Least score in units of that of the clearly marked windows: that of windows which are half marked."""

CLEAR_PERCENTILE = 80
MAX_GAP_S = 1.0
OVERSAMPLING = 4


@dataclass(frozen=True)
class MarkedSegment:
    """A part of a sound that carries the mark, with an error of about half a second at both ends.

    - ``start_s``, ``end_s``: its times in seconds.
    """

    start_s: float
    end_s: float


def marked_segments(
    segments: Iterable[np.ndarray], key: str, payload: Payload, position: int, speed: float
) -> tuple[MarkedSegment, ...]:
    """Return the parts that carry a mark.

    - ``segments``: whitened sound in pieces ``(time,)`` of whole steps at CHIP_RATE_HZ; the last one may be shorter.
    - ``key``, ``payload``, ``position``, ``speed``: the mark; the position is that of a period at the first sample, in
      samples at CHIP_RATE_HZ.
    """
    carrier = carrier_wave(OVERSAMPLING * CHIP_RATE_HZ, key, payload)
    n_step = round(STEP_S * CHIP_RATE_HZ)
    products: list[np.ndarray] = []
    energies: list[np.ndarray] = []
    n_before = 0
    for segment in segments:
        times = (n_before + np.arange(len(segment))) * speed - position
        reference = carrier[np.rint(OVERSAMPLING * times).astype(np.int64) % len(carrier)]
        starts = np.arange(0, len(segment), n_step)
        products.append(np.add.reduceat(segment * reference, starts))
        energies.append(np.add.reduceat(segment**2, starts))
        n_before += len(segment)
    is_marked = _marked_steps(np.concatenate(products), np.concatenate(energies))
    return _joined(is_marked, n_before / CHIP_RATE_HZ)


def _marked_steps(products: np.ndarray, energies: np.ndarray) -> np.ndarray:
    """Return where the windows around the steps have a high score ``(steps,)``."""
    half = WINDOW_STEPS // 2
    index = np.arange(len(products))
    first, last = np.maximum(index - half, 0), np.minimum(index + half, len(products))
    product_sums, energy_sums = (np.append(0.0, np.cumsum(each)) for each in (products, energies))
    energy = energy_sums[last] - energy_sums[first]
    scores = (product_sums[last] - product_sums[first]) / np.sqrt(np.maximum(energy, 1e-12))
    whole = scores / np.sqrt((last - first) / WINDOW_STEPS)  # as if the windows at the ends were whole
    return np.asarray(whole >= max(MIN_SCORE, RELATIVE_SCORE * float(np.percentile(whole, CLEAR_PERCENTILE))))


def _joined(is_marked: np.ndarray, seconds: float) -> tuple[MarkedSegment, ...]:
    """Return runs of marked steps, joined over short gaps."""
    changes = np.flatnonzero(np.diff(np.concatenate([[False], is_marked, [False]]).astype(int)))
    runs: list[MarkedSegment] = []
    for start, end in (changes.reshape(-1, 2) * STEP_S).tolist():
        if runs and start - runs[-1].end_s <= MAX_GAP_S:
            runs[-1] = MarkedSegment(runs[-1].start_s, min(end, seconds))
        else:
            runs.append(MarkedSegment(start, min(end, seconds)))
    return tuple(runs)
