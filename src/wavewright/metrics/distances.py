"""Euclidean distances between rows of embeddings, diversity, and the two-sample test by the nearest neighbour."""

from __future__ import annotations

import numpy as np

from ..base.errors import BadSetting
from .checks import checked_pair

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


def one_nn_accuracy(reference: np.ndarray, estimate: np.ndarray, seed: int = 0) -> float:
    """Compute the leave-one-out accuracy of a 1-NN classifier that separates reference from estimate.

    0.5 is ideal: the two sets cannot be separated. 1 means that they are separate. Values well below 0.5 mean that each
    generated clip is next to a recording of its own, so they are copies. Merge near-duplicates of the reference first,
    because they are classified correctly for a reason that has nothing to do with the estimate.

    Raises BadSetting if a set has fewer than two rows, another shape or values that are not finite, or the dimensions
    of the two sets differ.

    Parameters
    ----------
    reference, estimate : np.ndarray
        Embeddings, ``(n, d)`` and ``(m, d)``, at least two rows each. The larger set is reduced to the size of the
        smaller one.
    seed : int
        Seed of the draw that reduces the larger set.

    Returns
    -------
    float
        Accuracy from 0 to 1; a tie between the sets counts one half.

    References
    ----------
    D. Lopez-Paz and M. Oquab, "Revisiting classifier two-sample tests", 2017.
    """
    reference, estimate = checked_pair(reference, estimate, at_least=2)
    rng = np.random.default_rng(seed)
    count = min(len(reference), len(estimate))
    reference = reference[np.sort(rng.choice(len(reference), count, replace=False))]
    estimate = estimate[np.sort(rng.choice(len(estimate), count, replace=False))]
    between = pairwise_distances(reference, estimate)
    reference_accuracy = _accuracy(nearest_distances(reference), between.min(axis=1))
    estimate_accuracy = _accuracy(nearest_distances(estimate), between.min(axis=0))
    return float((reference_accuracy + estimate_accuracy) / 2)


def _accuracy(to_own_set: np.ndarray, to_other_set: np.ndarray) -> float:
    """Return the fraction of clips whose nearest clip is of their own set; ties count one half."""
    return float(np.mean(to_own_set < to_other_set) + 0.5 * np.mean(to_own_set == to_other_set))


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
