"""Number of statistically different bins (NDB): regions that the estimate visits more or less than the reference."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from ..base.errors import BadSetting
from .checks import checked_pair
from .distances import pairwise_distances


@dataclass(frozen=True)
class NdbResult:
    """The distribution of two sets of clips over bins.

    Attributes
    ----------
    n_bins : int
        Number of bins, ``k``.
    different : int
        Number of bins whose fractions differ significantly, NDB.
    js_divergence : float
        Jensen-Shannon divergence of the fractions in nats, 0 (equal) to 0.693 (disjoint).
    reference_fractions, estimate_fractions : tuple of float
        Fraction of the clips in each bin.
    """

    n_bins: int
    different: int
    js_divergence: float
    reference_fractions: tuple[float, ...]
    estimate_fractions: tuple[float, ...]

    @property
    def different_fraction(self) -> float:
        """NDB/k; about the significance level where the distributions are equal."""
        return self.different / self.n_bins


def ndb(
    reference: np.ndarray, estimate: np.ndarray, n_bins: int | None = None, significance: float = 0.05, seed: int = 0
) -> NdbResult:
    """Compute the number of bins whose fractions of reference and estimate differ.

    K-means on the reference defines the bins; each clip belongs to the nearest centre. Every bin is tested by a
    two-proportion z-test with pooled variance.

    Raises BadSetting if a set has fewer than two rows, the dimensions differ or a setting is out of range.

    Parameters
    ----------
    reference, estimate : np.ndarray
        Embeddings, ``(n, d)`` and ``(m, d)``, at least two rows each.
    n_bins : int, optional
        Number of bins, 2 to ``n``; 100 by default, or ``n / 10`` if that is smaller, so that a bin holds ten clips.
    significance : float
        Significance level of the tests, between 0 and 1.
    seed : int
        Seed of k-means.

    Returns
    -------
    NdbResult
        The number of different bins, and the fractions.

    References
    ----------
    E. Richardson and Y. Weiss, "On GANs and GMMs", 2018.
    """
    reference, estimate = checked_pair(reference, estimate, at_least=2)
    if n_bins is None:
        n_bins = min(100, max(2, len(reference) // 10))
    if not 2 <= n_bins <= len(reference):
        raise BadSetting(f"n_bins is {n_bins}; it must lie between 2 and the {len(reference)} clips of the reference.")
    if not 0 < significance < 1:
        raise BadSetting(f"The significance is {significance}; it must lie between 0 and 1.")
    centres = kmeans(reference, n_bins, seed)
    reference_counts = np.bincount(_nearest_centre(centres, reference), minlength=len(centres))
    estimate_counts = np.bincount(_nearest_centre(centres, estimate), minlength=len(centres))
    p, q = reference_counts / len(reference), estimate_counts / len(estimate)
    pooled = (reference_counts + estimate_counts) / (len(reference) + len(estimate))
    standard_error = np.sqrt(pooled * (1 - pooled) * (1 / len(reference) + 1 / len(estimate)))
    critical_z = NormalDist().inv_cdf(1 - significance / 2)
    different = int((np.abs(p - q) > critical_z * standard_error).sum())
    return NdbResult(n_bins, different, _js_divergence(p, q), tuple(p.tolist()), tuple(q.tolist()))


def kmeans(rows: np.ndarray, n_centres: int, seed: int = 0, max_iterations: int = 100) -> np.ndarray:
    """Cluster rows by Lloyd's algorithm with k-means++ initialisation.

    Parameters
    ----------
    rows : np.ndarray
        Points, ``(n, d)``.
    n_centres : int
        Number of clusters, at most ``n``.
    seed : int
        Seed of the initialisation.
    max_iterations : int
        Largest number of iterations of Lloyd's algorithm.

    Returns
    -------
    np.ndarray
        Cluster centres, ``(n_centres, d)``.

    References
    ----------
    D. Arthur and S. Vassilvitskii, "k-means++: the advantages of careful seeding", 2007.
    """
    rng = np.random.default_rng(seed)
    centres = rows[rng.integers(len(rows), size=1)]
    nearest_squared = np.full(len(rows), np.inf)
    while len(centres) < n_centres:
        nearest_squared = np.minimum(nearest_squared, ((rows - centres[-1]) ** 2).sum(axis=1))
        total = nearest_squared.sum()
        # where every row equals a centre, only copies of the centres are left to choose
        chosen = rng.choice(len(rows), p=nearest_squared / total) if total > 0 else rng.integers(len(rows))
        centres = np.concatenate([centres, rows[chosen][None]])
    assignment = _nearest_centre(centres, rows)
    for _ in range(max_iterations):
        for index in range(n_centres):
            if (assignment == index).any():
                centres[index] = rows[assignment == index].mean(axis=0)
        updated = _nearest_centre(centres, rows)
        if (updated == assignment).all():
            break
        assignment = updated
    return centres


def _nearest_centre(centres: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the index of the nearest centre of each row, ``(n,)``."""
    return np.asarray(pairwise_distances(centres, rows).argmin(axis=0))


def _js_divergence(p: np.ndarray, q: np.ndarray) -> float:
    """Return the Jensen-Shannon divergence of two distributions ``(k,)`` in nats."""
    mixture = (p + q) / 2
    # p log p is 0 in the limit of p = 0
    divergences = [np.sum(side[side > 0] * np.log(side[side > 0] / mixture[side > 0])) for side in (p, q)]
    return float(0.5 * sum(divergences))
