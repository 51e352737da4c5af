"""Dynamic time warping within a band, compiled."""

from __future__ import annotations

import numpy as np

from ...dsp.compiled import compiled

N_CLASSES = 12


@compiled("the alignment of scores")
def warp(a: np.ndarray, b: np.ndarray, centres: np.ndarray, steps: np.ndarray, totals: np.ndarray) -> None:
    """Fill the steps by which the cheapest path reaches each pair of frames.

    The cost of a pair is one minus the product of their chroma, and the distance of their onsets; that of a diagonal
    step counts twice, so that all paths have one length.

    - ``a``, ``b``: float32 ``(frames, 24)``, chroma and onsets.
    - ``centres``: frame of ``b`` in the middle of the band of each frame of ``a``, rising.
    - ``steps``: uint8 ``(frames of a, width)``: 1 from the frame of ``a`` before, 3 from that of ``b``, 2 from both.
    - ``totals``: float64 ``(2, width)``, scratch memory.
    """
    width = steps.shape[1]
    half = width // 2
    for i in range(len(a)):
        row, before = i % 2, (i + 1) % 2
        shift = centres[i] - centres[i - 1] if i > 0 else 0
        for w in range(width):
            totals[row, w] = np.inf
            j = centres[i] - half + w
            if j < 0 or j >= len(b):
                continue
            product, distance = 0.0, 0.0
            for k in range(N_CLASSES):
                product += a[i, k] * b[j, k]
                difference = a[i, N_CLASSES + k] - b[j, N_CLASSES + k]
                distance += difference * difference
            cost = 1.0 - product + np.sqrt(distance)
            best, step = np.inf, 0
            if i == 0 and j == 0:
                best = cost
            u = w + shift
            if i > 0 and u < width and totals[before, u] + cost < best:
                best, step = totals[before, u] + cost, 1
            if i > 0 and 0 < u <= width and totals[before, u - 1] + 2.0 * cost < best:
                best, step = totals[before, u - 1] + 2.0 * cost, 2
            if w > 0 and totals[row, w - 1] + cost < best:
                best, step = totals[row, w - 1] + cost, 3
            totals[row, w] = best
            steps[i, w] = step


def warping_path(a: np.ndarray, b: np.ndarray, n_half: int) -> np.ndarray:
    """Return the cheapest path between two sequences of features, int64 ``(steps, 2)``: rows of frames of both.

    - ``a``, ``b``: float32 ``(frames, 24)``.
    - ``n_half``: frames of ``b`` that the path may be away from the straight line, on either side.
    """
    centres = np.round(np.linspace(0, len(b) - 1, len(a))).astype(np.int64)
    largest = int(np.diff(centres).max(initial=1))
    n_half = max(n_half, largest + 1)
    steps = np.zeros((len(a), 2 * n_half + 1), np.uint8)
    warp(a, b, centres, steps, np.full((2, 2 * n_half + 1), np.inf))
    i, j = len(a) - 1, len(b) - 1
    path = [(i, j)]
    while i or j:
        step = int(steps[i, j - int(centres[i]) + n_half])
        if not step:
            break
        i, j = i - (step != 3), j - (step != 1)
        path.append((i, j))
    return np.array(path[::-1], np.int64)
