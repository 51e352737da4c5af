"""Diversity of a set of clips: the mean distance between them."""

from __future__ import annotations

import numpy as np

from ..base.errors import BadSetting
from .checks import checked_pair
from .distances import distances_among


def diversity_ratio(reference: np.ndarray, estimate: np.ndarray) -> float:
    """Compute the mean pairwise distance of the estimate divided by that of the reference.

    1 means as varied as the recordings, 0 that all clips are equal.

    Raises BadSetting if a set has fewer than two rows, the dimensions differ or all reference rows are equal.

    Parameters
    ----------
    reference, estimate : np.ndarray
        Embeddings of the clips of one class, ``(n, d)`` and ``(m, d)``, at least two rows each.

    Returns
    -------
    float
        The ratio, at least 0.
    """
    reference, estimate = checked_pair(reference, estimate, at_least=2)
    reference_spread = mean_distance(reference)
    if reference_spread == 0:
        raise BadSetting(
            "All clips of the reference are equal, so diversity has no measure; give different recordings."
        )
    return mean_distance(estimate) / reference_spread


def mean_distance(rows: np.ndarray) -> float:
    """Compute the mean distance between different rows of ``(n, d)``, ``n`` at least 2."""
    n = len(rows)
    return float(distances_among(rows).sum() / (n * (n - 1)))
