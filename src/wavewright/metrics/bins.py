"""Number of statistically different bins: which regions of the reference are visited too rarely or too often."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from ..errors import BadSetting
from .distances import checked_pair, pairwise_distances


@dataclass(frozen=True)
class NdbResult:
    """How the clips fall into bins: ``share`` is NDB/k, ``js_divergence`` is in nats (0 equal, 0.693 disjoint)."""

    n_bins: int
    different: int
    js_divergence: float
    reference_share: tuple[float, ...]
    estimate_share: tuple[float, ...]

    @property
    def share(self) -> float:
        """NDB/k: the share of bins that differ; about the significance level where the distributions are equal."""
        return self.different / self.n_bins


def ndb(
    reference: np.ndarray, estimate: np.ndarray, n_bins: int | None = None, significance: float = 0.05, seed: int = 0
) -> NdbResult:
    """Bins whose share of reference ``(n, d)`` and of estimate ``(m, d)`` differ by a two-proportion z-test.

    Richardson and Weiss, "On GANs and GMMs", 2018: k-means on the reference, each clip to its nearest centre, pooled-variance
    test of each bin at ``significance``, and the Jensen-Shannon divergence of the shares. ``n_bins`` is 100, or a tenth of the
    reference if that is smaller, so that a bin holds ten clips. Raises BadSetting where a setting is impossible or the sides do
    not match.
    """
    reference, estimate = checked_pair(reference, estimate, at_least=2)
    if n_bins is None:
        n_bins = min(100, max(2, len(reference) // 10))
    if not 2 <= n_bins <= len(reference):
        raise BadSetting(f"n_bins is {n_bins}; it must lie between 2 and the {len(reference)} clips of the reference.")
    if not 0 < significance < 1:
        raise BadSetting(f"The significance is {significance}; it must lie between 0 and 1.")
    centres = kmeans(reference, n_bins, seed)
    reference_counts = np.bincount(_nearest(centres, reference), minlength=len(centres))
    estimate_counts = np.bincount(_nearest(centres, estimate), minlength=len(centres))
    p, q = reference_counts / len(reference), estimate_counts / len(estimate)
    pooled = (reference_counts + estimate_counts) / (len(reference) + len(estimate))
    error = np.sqrt(pooled * (1 - pooled) * (1 / len(reference) + 1 / len(estimate)))
    limit = NormalDist().inv_cdf(1 - significance / 2)
    different = int((np.abs(p - q) > limit * error).sum())
    return NdbResult(n_bins, different, _js_divergence(p, q), tuple(p.tolist()), tuple(q.tolist()))


def kmeans(rows: np.ndarray, n_centres: int, seed: int = 0, max_rounds: int = 100) -> np.ndarray:
    """Centres ``(n_centres, d)`` of ``rows`` ``(n, d)``: Lloyd's rounds from k-means++ (Arthur and Vassilvitskii, 2007)."""
    rng = np.random.default_rng(seed)
    centres = rows[rng.integers(len(rows), size=1)]
    nearest_squared = np.full(len(rows), np.inf)
    while len(centres) < n_centres:
        nearest_squared = np.minimum(nearest_squared, ((rows - centres[-1]) ** 2).sum(axis=1))
        total = nearest_squared.sum()
        # where every row lies on a centre already, what is left to choose is one of the copies
        chosen = rng.choice(len(rows), p=nearest_squared / total) if total > 0 else rng.integers(len(rows))
        centres = np.concatenate([centres, rows[chosen][None]])
    owner = _nearest(centres, rows)
    for _ in range(max_rounds):
        for index in range(n_centres):
            if (owner == index).any():
                centres[index] = rows[owner == index].mean(axis=0)
        moved = _nearest(centres, rows)
        if (moved == owner).all():
            break
        owner = moved
    return centres


def _nearest(centres: np.ndarray, rows: np.ndarray) -> np.ndarray:
    return pairwise_distances(centres, rows).argmin(axis=0)


def _js_divergence(p: np.ndarray, q: np.ndarray) -> float:
    middle = (p + q) / 2
    # terms of p = 0 are 0 in the limit
    halves = [np.sum(side[side > 0] * np.log(side[side > 0] / middle[side > 0])) for side in (p, q)]
    return float(0.5 * sum(halves))
