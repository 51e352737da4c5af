"""Frechet distance between Gaussians fitted to two sets of embeddings, and its limit for infinite samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..base.errors import BadSetting
from .checks import checked_pair

MIN_ROWS = 16
"""Rows of a set that an extrapolation needs."""


def frechet_distance(reference: np.ndarray, estimate: np.ndarray) -> float:
    """Compute the squared Frechet distance between Gaussians fitted to two sets of embeddings.

    ``|mu_r - mu_e|^2 + tr(S_r + S_e - 2 (S_r S_e)^(1/2))`` with unbiased covariances ``S``. With ``S = A^T A`` the last
    trace is the sum of the singular values of ``A_r A_e^T``. That sum is real, never negative, and exact where there
    are fewer clips than dimensions; no matrix square root is needed.

    The value grows as samples shrink: compare only values of equal counts, or use :func:`frechet_distance_infinity`.

    Raises BadSetting if a set has fewer than two rows or the dimensions differ.

    Parameters
    ----------
    reference, estimate : np.ndarray
        Embeddings, ``(n, d)`` and ``(m, d)``, at least two rows each.

    Returns
    -------
    float
        The distance in embedding units squared, at least 0.

    References
    ----------
    D. C. Dowson and B. V. Landau, "The Frechet distance between multivariate normal distributions", 1982.
    M. Heusel et al., "GANs trained by a two time-scale update rule converge to a local Nash equilibrium", 2017 (FID).
    K. Kilgour et al., "Frechet audio distance", 2019 (FAD).
    """
    reference, estimate = checked_pair(reference, estimate, at_least=2)
    mean_difference = reference.mean(axis=0) - estimate.mean(axis=0)
    reference_root, estimate_root = _covariance_root(reference), _covariance_root(estimate)
    cross = np.linalg.svd(reference_root @ estimate_root.T, compute_uv=False).sum()
    spread = (reference_root**2).sum() + (estimate_root**2).sum() - 2.0 * cross
    return float(max(mean_difference @ mean_difference + spread, 0.0))


@dataclass(frozen=True)
class FrechetInfinity:
    """A Frechet distance extrapolated to infinite samples, and the fitted line.

    Attributes
    ----------
    value : float
        Intercept of the line: the distance at ``1 / size = 0``.
    slope, r_squared : float
        Slope of the line over ``1 / size``, and its coefficient of determination.
    sizes : tuple of int
        Sample sizes.
    distances : tuple of float
        Mean distance at each size.
    """

    value: float
    slope: float
    r_squared: float
    sizes: tuple[int, ...]
    distances: tuple[float, ...]


def frechet_distance_infinity(
    reference: np.ndarray, estimate: np.ndarray, seed: int = 0, n_sizes: int = 8, repeats: int = 4
) -> FrechetInfinity:
    """Extrapolate the Frechet distance to infinite samples of both sets.

    The distance is computed at ``n_sizes`` sample sizes, from a quarter of the smaller set to all of it, equally spaced
    in ``1 / size``. A line over ``1 / size`` is fitted by least squares; its intercept is the value. Unlike in the
    paper both sets shrink, because here the reference is small too. The value may be slightly negative. With fewer
    clips than dimensions the relation is not linear, which ``r_squared`` shows.

    Raises BadSetting if a set has fewer than 16 rows, the dimensions differ or a number is out of range.

    Parameters
    ----------
    reference, estimate : np.ndarray
        Embeddings, ``(n, d)`` and ``(m, d)``, at least 16 rows each.
    seed : int
        Seed of the draws.
    n_sizes : int
        Number of sample sizes, at least 3.
    repeats : int
        Draws without replacement at each size, at least 1.

    Returns
    -------
    FrechetInfinity
        The intercept, and the line.

    References
    ----------
    M. J. Chong and D. Forsyth, "Effectively unbiased FID and inception score and where to find them", 2020.
    A. Gui et al., "Adapting Frechet audio distance for generative music evaluation", 2024.
    """
    reference, estimate = checked_pair(reference, estimate, at_least=MIN_ROWS)
    if n_sizes < 3 or repeats < 1:
        raise BadSetting(f"n_sizes is {n_sizes} and repeats {repeats}; a line needs at least 3 sizes and 1 repeat.")
    rng = np.random.default_rng(seed)
    largest = min(len(reference), len(estimate))
    inverse_sizes = np.linspace(4.0 / largest, 1.0 / largest, n_sizes)
    sizes = sorted({max(2, round(1.0 / inverse)) for inverse in inverse_sizes})
    means = []
    for size in sizes:
        distances = [
            frechet_distance(
                reference[rng.choice(len(reference), size, replace=False)],
                estimate[rng.choice(len(estimate), size, replace=False)],
            )
            for _ in range(repeats)
        ]
        means.append(float(np.mean(distances)))
    slope, intercept, r_squared = _fit_line(1.0 / np.array(sizes), np.array(means))
    return FrechetInfinity(intercept, slope, r_squared, tuple(sizes), tuple(means))


def _covariance_root(rows: np.ndarray) -> np.ndarray:
    """Return ``A`` of at most ``(min(n, d), d)`` with ``A^T A`` the unbiased covariance of ``rows`` ``(n, d)``."""
    centred = (rows - rows.mean(axis=0)) / np.sqrt(len(rows) - 1)
    return np.asarray(np.linalg.qr(centred, mode="r")) if len(rows) > rows.shape[1] else centred


def _fit_line(inputs: np.ndarray, values: np.ndarray) -> tuple[float, float, float]:
    """Return slope, intercept and R squared of the least-squares line through ``(inputs, values)``."""
    design = np.stack([inputs, np.ones_like(inputs)], axis=1)
    (slope, intercept), *_ = np.linalg.lstsq(design, values, rcond=None)
    residual = ((values - design @ [slope, intercept]) ** 2).sum()
    total = ((values - values.mean()) ** 2).sum()
    return float(slope), float(intercept), float(1.0 - residual / total) if total > 0 else 1.0
