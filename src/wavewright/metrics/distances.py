"""Distances between rows of embeddings, and the checks that every metric makes of what it is given."""

from __future__ import annotations

import numpy as np

from ..errors import BadSetting

ROUNDING = 1e-12
"""Squared distances below this share of the squared lengths are rounding of the expanded square, and count as 0."""

BLOCK_ROWS = 256


def checked_rows(name: str, rows: np.ndarray, at_least: int = 1) -> np.ndarray:
    """``rows`` as a float64 array ``(n, d)``.

    Raises BadSetting where it has another shape, fewer than ``at_least`` rows, or a number that is not finite.
    """
    rows = np.asarray(rows, dtype=np.float64)
    if rows.ndim != 2 or rows.shape[1] < 1:
        raise BadSetting(f"The {name} has shape {rows.shape}; it must be (n, d), one row for each clip.")
    if len(rows) < at_least:
        raise BadSetting(f"The {name} has {len(rows)} row(s); this metric needs at least {at_least}: give more clips.")
    if not np.isfinite(rows).all():
        raise BadSetting(f"The {name} holds numbers that are not finite; leave out the clips they come from.")
    return rows


def checked_pair(reference: np.ndarray, estimate: np.ndarray, at_least: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Reference ``(n, d)`` and estimate ``(m, d)`` as float64; raises BadSetting as ``checked_rows`` or where ``d`` differs."""
    reference, estimate = checked_rows("reference", reference, at_least), checked_rows("estimate", estimate, at_least)
    if reference.shape[1] != estimate.shape[1]:
        raise BadSetting(
            f"The reference has {reference.shape[1]} dimensions and the estimate {estimate.shape[1]}; "
            "embed both with the same embedding."
        )
    return reference, estimate


def pairwise_distances(reference: np.ndarray, estimate: np.ndarray) -> np.ndarray:
    """Euclidean distances ``(n, m)`` between rows of reference ``(n, d)`` and estimate ``(m, d)``, exactly 0 for equal rows."""
    centre = reference.mean(
        axis=0
    )  # differences do not see it, and the expanded square loses less precision near the origin
    reference, estimate = reference - centre, estimate - centre
    lengths, estimate_lengths = (reference**2).sum(axis=1), (estimate**2).sum(axis=1)
    distances = np.empty((len(reference), len(estimate)))
    for start in range(0, len(reference), BLOCK_ROWS):  # in blocks, so that the result is all the memory it takes
        rows = slice(start, start + BLOCK_ROWS)
        scale = lengths[rows, None] + estimate_lengths
        squared = scale - 2.0 * reference[rows] @ estimate.T
        distances[rows] = np.sqrt(np.where(squared > ROUNDING * scale, squared, 0.0))
    return distances


def distances_among(rows: np.ndarray, own: float = 0.0) -> np.ndarray:
    """Euclidean distances ``(n, n)`` between the rows of ``(n, d)``, with ``own`` for each row's distance to itself."""
    distances = pairwise_distances(rows, rows)
    np.fill_diagonal(distances, own)
    return distances
