"""Euclidean distances between rows of embeddings."""

from __future__ import annotations

import numpy as np

ROUNDING = 1e-12
"""Squared distances below this fraction of the squared lengths are rounding errors of the expansion; they become 0."""

BLOCK_ROWS = 256


def pairwise_distances(reference: np.ndarray, estimate: np.ndarray) -> np.ndarray:
    """Compute the Euclidean distance of every reference row to every estimate row.

    Parameters
    ----------
    reference, estimate : np.ndarray
        Embeddings, ``(n, d)`` and ``(m, d)``.

    Returns
    -------
    np.ndarray
        Distances, ``(n, m)`` float64; exactly 0 between equal rows.
    """
    # A shift leaves the differences unchanged, and |a - b|^2 = |a|^2 + |b|^2 - 2 a.b is more precise near the origin.
    centre = reference.mean(axis=0)
    reference, estimate = reference - centre, estimate - centre
    lengths, estimate_lengths = (reference**2).sum(axis=1), (estimate**2).sum(axis=1)
    distances = np.empty((len(reference), len(estimate)))
    for start in range(0, len(reference), BLOCK_ROWS):  # in blocks, so that no second (n, m) array is needed
        rows = slice(start, start + BLOCK_ROWS)
        scale = lengths[rows, None] + estimate_lengths
        squared = scale - 2.0 * reference[rows] @ estimate.T
        distances[rows] = np.sqrt(np.where(squared > ROUNDING * scale, squared, 0.0))
    return distances


def distances_among(rows: np.ndarray, own: float = 0.0) -> np.ndarray:
    """Compute the Euclidean distances between the rows of one set ``(n, d)``, ``(n, n)`` float64.

    ``own`` is the value of the diagonal; infinity excludes each row from a search for the nearest row.
    """
    distances = pairwise_distances(rows, rows)
    np.fill_diagonal(distances, own)
    return distances


def nearest_distances(rows: np.ndarray, k: int = 1) -> np.ndarray:
    """Compute the distance of each row ``(n, d)`` to its ``k``-th nearest other row, ``k`` from 1 to ``n - 1``."""
    return np.asarray(np.partition(distances_among(rows, own=np.inf), k - 1, axis=1)[:, k - 1])
