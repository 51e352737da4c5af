"""Metrics of nearest neighbours: precision, recall, density, coverage, real/fake accuracy, and the spread of a set."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import BadSetting
from .distances import checked_pair, distances_among, pairwise_distances


@dataclass(frozen=True)
class PrecisionRecall:
    """Precision, recall and coverage lie in [0, 1]; density is 1 where the distributions are equal and may be more."""

    precision: float
    recall: float
    density: float
    coverage: float


def precision_recall_density_coverage(
    reference: np.ndarray, estimate: np.ndarray, n_neighbours: int = 5
) -> PrecisionRecall:
    """How much of the estimate ``(m, d)`` looks real, and how much of the reference ``(n, d)`` was found.

    Around each clip lies a ball that reaches its ``n_neighbours``-th nearest neighbour of the same side. Precision: share of
    estimates inside any reference ball; recall: share of references inside any estimate ball (Kynkaanniemi et al., 2019).
    Density: mean number of reference balls around an estimate over ``n_neighbours``; coverage: share of reference balls with an
    estimate inside (Naeem et al., 2020). Equal distributions and counts give a coverage near ``1 - 2 ** -n_neighbours``. Give
    both sides equal counts. Raises BadSetting where a side has no more than ``n_neighbours`` rows or the sides do not match.
    """
    if n_neighbours < 1:
        raise BadSetting(f"n_neighbours is {n_neighbours}; it must be at least 1.")
    reference, estimate = checked_pair(reference, estimate, at_least=n_neighbours + 1)
    reference_radius, estimate_radius = _radius(reference, n_neighbours), _radius(estimate, n_neighbours)
    between = pairwise_distances(reference, estimate)  # (n, m)
    in_reference_ball = between <= reference_radius[:, None]
    in_estimate_ball = between <= estimate_radius[None, :]
    return PrecisionRecall(
        precision=float(in_reference_ball.any(axis=0).mean()),
        recall=float(in_estimate_ball.any(axis=1).mean()),
        density=float(in_reference_ball.sum(axis=0).mean() / n_neighbours),
        coverage=float(in_reference_ball.any(axis=1).mean()),
    )


def nearest_neighbour_accuracy(reference: np.ndarray, estimate: np.ndarray, seed: int = 0) -> float:
    """Accuracy of telling reference ``(n, d)`` from estimate ``(m, d)`` by each clip's nearest other clip: 0.5 is ideal, 1 told
    apart.

    Leave-one-out 1-nearest-neighbour two-sample test: Lopez-Paz and Oquab, "Revisiting classifier two-sample tests", 2017. The
    larger side is cut to the count of the smaller by a draw from ``seed``; a tie between the sides counts one half. Well below
    0.5 means that each generated clip has its own real clip beside it: copies. Merge near-duplicates of the reference first, or
    they count as tells. Raises BadSetting where a side has fewer than two rows or the sides do not match.
    """
    reference, estimate = checked_pair(reference, estimate, at_least=2)
    rng = np.random.default_rng(seed)
    count = min(len(reference), len(estimate))
    reference, estimate = (side[np.sort(rng.choice(len(side), count, replace=False))] for side in (reference, estimate))
    between = pairwise_distances(reference, estimate)
    to_reference = distances_among(reference, own=np.inf).min(axis=1)  # from each reference clip to its own side
    to_estimate = distances_among(estimate, own=np.inf).min(axis=1)
    return float((_won(to_reference, between.min(axis=1)) + _won(to_estimate, between.min(axis=0))) / 2)


def mean_distance(rows: np.ndarray) -> float:
    """Mean distance between different rows of ``(n, d)``, ``n`` at least 2: the spread of a set."""
    n = len(rows)
    return float(distances_among(rows).sum() / (n * (n - 1)))


def diversity_ratio(reference: np.ndarray, estimate: np.ndarray) -> float:
    """Mean distance between clips of the estimate ``(m, d)`` over that of the reference ``(n, d)``; give the clips of one
    class.

    1 is as varied as the recordings, 0 one sound again and again. Raises BadSetting where a side has fewer than two rows or all
    reference clips are equal.
    """
    reference, estimate = checked_pair(reference, estimate, at_least=2)
    spread = mean_distance(reference)
    if spread == 0:
        raise BadSetting(
            "All clips of the reference are equal, so diversity has no measure; give different recordings."
        )
    return mean_distance(estimate) / spread


def _radius(rows: np.ndarray, n_neighbours: int) -> np.ndarray:
    """Distance of each row of ``(n, d)`` to its ``n_neighbours``-th nearest other row."""
    return np.partition(distances_among(rows, own=np.inf), n_neighbours - 1, axis=1)[:, n_neighbours - 1]


def _won(own_side: np.ndarray, other_side: np.ndarray) -> float:
    """Share of clips whose nearest clip is of their own side, ties counting one half."""
    return float(np.mean(own_side < other_side) + 0.5 * np.mean(own_side == other_side))
