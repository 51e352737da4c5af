"""Two-sample test by the 1-NN classifier, which tries to separate reference and estimate."""

from __future__ import annotations

import numpy as np

from .checks import checked_pair
from .distances import nearest_distances, pairwise_distances


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
