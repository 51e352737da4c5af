"""Precision, recall, density and coverage: fidelity and diversity of samples by balls around each clip."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..base.errors import BadSetting
from .checks import checked_pair
from .distances import nearest_distances, pairwise_distances

NEAREST_K = 5
"""Neighbour to which the ball of a clip reaches."""


@dataclass(frozen=True)
class PrecisionRecall:
    """Precision, recall and coverage in [0, 1]; density, which is 1 for equal distributions and may exceed it."""

    precision: float
    recall: float
    density: float
    coverage: float


def precision_recall_density_coverage(
    reference: np.ndarray, estimate: np.ndarray, nearest_k: int = NEAREST_K
) -> PrecisionRecall:
    """Compute how realistic the estimate is, and how much of the reference it covers.

    The ball of a clip reaches to its ``nearest_k``-th nearest clip of the same set.

    - Precision: fraction of estimates inside any reference ball.
    - Recall: fraction of references inside any estimate ball.
    - Density: mean number of reference balls around an estimate, divided by ``nearest_k``.
    - Coverage: fraction of reference balls that contain an estimate; near ``1 - 2 ** -nearest_k`` for equal
      distributions and counts.

    Give both sets equal counts: all four depend on them.

    Raises BadSetting if a set has too few rows, the dimensions differ or ``nearest_k`` is below 1.

    Parameters
    ----------
    reference, estimate : np.ndarray
        Embeddings, ``(n, d)`` and ``(m, d)``, at least ``nearest_k + 1`` rows each.
    nearest_k : int
        Rank of the clip that the radius of a ball is measured to, at least 1.

    Returns
    -------
    PrecisionRecall
        The four values.

    References
    ----------
    T. Kynkaanniemi et al., "Improved precision and recall metric for assessing generative models", 2019.
    M. F. Naeem et al., "Reliable fidelity and diversity metrics for generative models", 2020 (density, coverage).
    """
    if nearest_k < 1:
        raise BadSetting(f"nearest_k is {nearest_k}; it must be at least 1.")
    reference, estimate = checked_pair(reference, estimate, at_least=nearest_k + 1)
    reference_radius = nearest_distances(reference, nearest_k)
    estimate_radius = nearest_distances(estimate, nearest_k)
    between = pairwise_distances(reference, estimate)  # (n, m)
    in_reference_ball = between <= reference_radius[:, None]
    in_estimate_ball = between <= estimate_radius[None, :]
    return PrecisionRecall(
        precision=float(in_reference_ball.any(axis=0).mean()),
        recall=float(in_estimate_ball.any(axis=1).mean()),
        density=float(in_reference_ball.sum(axis=0).mean() / nearest_k),
        coverage=float(in_reference_ball.any(axis=1).mean()),
    )
