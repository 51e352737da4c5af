"""Kernel distance between two sets of embeddings: the unbiased squared maximum mean discrepancy (MMD)."""

from __future__ import annotations

from typing import Literal

import numpy as np

from ..base.errors import BadSetting
from .checks import checked_pair
from .distances import distances_among, pairwise_distances

Kernel = Literal["rbf", "polynomial"]
"""``rbf``: ``exp(-|a - b|^2 / (2 bandwidth^2))``, as in KAD; ``polynomial``: ``(a.b / d + 1)^3``, as in KID."""


def kernel_distance(
    reference: np.ndarray, estimate: np.ndarray, kernel: Kernel = "rbf", bandwidth: float | None = None
) -> float:
    """Compute the unbiased squared maximum mean discrepancy between two sets of embeddings.

    ``mean k(r, r') + mean k(e, e') - 2 mean k(r, e)`` over pairs of different rows. Its expectation is 0 where both
    sets come from one distribution, for any counts, so single values may be slightly negative.

    Raises BadSetting if a set has fewer than two rows, the dimensions differ, or kernel or bandwidth are invalid.

    Parameters
    ----------
    reference, estimate : np.ndarray
        Embeddings, ``(n, d)`` and ``(m, d)``, at least two rows each.
    kernel : {"rbf", "polynomial"}
        Gaussian kernel (KAD, which is printed as 100 times this value), or cubic polynomial (KID).
    bandwidth : float, optional
        Bandwidth of the Gaussian kernel; the median distance between reference rows by default.

    Returns
    -------
    float
        Squared MMD.

    References
    ----------
    A. Gretton et al., "A kernel two-sample test", 2012.
    Y. Chung et al., "KAD: no more FAD! An effective and efficient evaluation metric for audio generation", 2025.
    M. Binkowski et al., "Demystifying MMD GANs", 2018 (KID).
    """
    reference, estimate = checked_pair(reference, estimate, at_least=2)
    if kernel == "polynomial":
        if bandwidth is not None:
            raise BadSetting("The polynomial kernel has no bandwidth; leave it out or choose the kernel 'rbf'.")
        within_reference = _cubic(reference, reference)
        within_estimate = _cubic(estimate, estimate)
        between = _cubic(reference, estimate)
    elif kernel == "rbf":
        reference_distances = distances_among(reference)
        scale = 2.0 * _bandwidth(reference_distances, bandwidth) ** 2
        within_reference = np.exp(-(reference_distances**2) / scale)
        within_estimate = np.exp(-(distances_among(estimate) ** 2) / scale)
        between = np.exp(-(pairwise_distances(reference, estimate) ** 2) / scale)
    else:
        raise BadSetting(f"The kernel is {kernel!r}; it must be 'rbf' or 'polynomial'.")
    return float(_mean_off_diagonal(within_reference) + _mean_off_diagonal(within_estimate) - 2.0 * between.mean())


def _cubic(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the polynomial kernel ``(n, m)`` between rows ``(n, d)`` and ``(m, d)``."""
    return np.asarray((first @ second.T / first.shape[1] + 1.0) ** 3)


def _bandwidth(reference_distances: np.ndarray, bandwidth: float | None) -> float:
    """Return ``bandwidth``, or the median of the distances ``(n, n)``; raise BadSetting where it is not above 0."""
    if bandwidth is None:
        upper_triangle = np.triu_indices(len(reference_distances), k=1)
        bandwidth = float(np.median(reference_distances[upper_triangle]))
        if bandwidth <= 0:
            raise BadSetting(
                "More than half of the reference clips are equal, so they give no bandwidth; merge them or give one."
            )
    if bandwidth <= 0:
        raise BadSetting(f"The bandwidth is {bandwidth}; it must be above 0.")
    return bandwidth


def _mean_off_diagonal(matrix: np.ndarray) -> float:
    n = len(matrix)
    return float((matrix.sum() - np.trace(matrix)) / (n * (n - 1)))
