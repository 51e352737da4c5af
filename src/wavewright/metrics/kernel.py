"""Kernel distance between two sets of embeddings: the unbiased estimate of the squared maximum mean discrepancy."""

from __future__ import annotations

from typing import Literal

import numpy as np

from ..errors import BadSetting
from .distances import checked_pair, distances_among, pairwise_distances

Kernel = Literal["rbf", "polynomial"]
"""``rbf``: ``exp(-|a - b|^2 / (2 bandwidth^2))``, as in KAD; ``polynomial``: ``(a.b / d + 1)^3``, as in KID."""


def kernel_distance(
    reference: np.ndarray, estimate: np.ndarray, kernel: Kernel = "rbf", bandwidth: float | None = None
) -> float:
    """Unbiased squared maximum mean discrepancy between reference ``(n, d)`` and estimate ``(m, d)``.

    ``mean k(r, r') + mean k(e, e') - 2 mean k(r, e)`` over pairs of different rows: Gretton et al., "A kernel two-sample test",
    2012. Its mean is 0 where both sides come from one distribution, for any counts, so single values may be
    slightly negative. ``bandwidth`` of the RBF kernel is the median distance between reference rows if not given: Chung et al.,
    "KAD", 2025, who print 100 times this value. The polynomial kernel is that of Binkowski et al., "Demystifying MMD GANs",
    2018 (KID). Raises BadSetting where a side has fewer than two rows, the sides do not match, or a setting is impossible.
    """
    reference, estimate = checked_pair(reference, estimate, at_least=2)
    if kernel == "polynomial":
        if bandwidth is not None:
            raise BadSetting("The polynomial kernel has no bandwidth; leave it out or choose the kernel 'rbf'.")
        within_reference, within_estimate, between = (
            (first @ second.T / first.shape[1] + 1.0) ** 3
            for first, second in ((reference, reference), (estimate, estimate), (reference, estimate))
        )
    elif kernel == "rbf":
        among_reference = distances_among(reference)
        scale = 2.0 * _bandwidth(among_reference, bandwidth) ** 2
        within_reference = np.exp(-(among_reference**2) / scale)
        within_estimate = np.exp(-(distances_among(estimate) ** 2) / scale)
        between = np.exp(-(pairwise_distances(reference, estimate) ** 2) / scale)
    else:
        raise BadSetting(f"The kernel is {kernel!r}; it must be 'rbf' or 'polynomial'.")
    return float(_mean_off_diagonal(within_reference) + _mean_off_diagonal(within_estimate) - 2.0 * between.mean())


def _bandwidth(among_reference: np.ndarray, bandwidth: float | None) -> float:
    """The given bandwidth, or the median distance between reference rows; raises BadSetting where it is not above 0."""
    if bandwidth is None:
        bandwidth = float(np.median(among_reference[np.triu_indices(len(among_reference), k=1)]))
        if bandwidth <= 0:
            raise BadSetting(
                "More than half of the reference clips are equal, so they give no bandwidth; merge them or give one."
            )
    if bandwidth <= 0:
        raise BadSetting(f"The bandwidth is {bandwidth}; it must be above 0.")
    return bandwidth


def _mean_off_diagonal(matrix: np.ndarray) -> float:
    n = len(matrix)
    return (matrix.sum() - np.trace(matrix)) / (n * (n - 1))
