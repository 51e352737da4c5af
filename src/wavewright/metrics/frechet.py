"""Frechet distance between the Gaussians that two sets of embeddings would be, and its value for endless samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import BadSetting
from .distances import checked_pair


def frechet_distance(reference: np.ndarray, estimate: np.ndarray) -> float:
    """Squared Frechet distance between Gaussians fitted to reference ``(n, d)`` and estimate ``(m, d)``, in embedding units
    squared.

    ``|mu_r - mu_e|^2 + tr(S_r + S_e - 2 (S_r S_e)^(1/2))`` with unbiased covariances: Dowson and Landau, "The Frechet distance
    between multivariate normal distributions", 1982; as a measure of generated data Heusel et al., 2017 (FID), Kilgour et al.,
    2019 (FAD). With ``S = A^T A`` the last trace is the sum of the singular values of ``A_r A_e^T``, which is real, never
    negative and exact where there are fewer clips than dimensions; no matrix square root is taken.

    The value grows as samples shrink: compare only values of equal counts, or use :func:`frechet_distance_infinity`.
    Raises BadSetting where a side has fewer than two rows or the sides do not match.
    """
    reference, estimate = checked_pair(reference, estimate, at_least=2)
    mean_difference = reference.mean(axis=0) - estimate.mean(axis=0)
    reference_root, estimate_root = _covariance_root(reference), _covariance_root(estimate)
    cross = np.linalg.svd(reference_root @ estimate_root.T, compute_uv=False).sum()
    spread = (reference_root**2).sum() + (estimate_root**2).sum() - 2.0 * cross
    return float(max(mean_difference @ mean_difference + spread, 0.0))


@dataclass(frozen=True)
class FrechetInfinity:
    """A Frechet distance extrapolated to endless samples, and the line that it was read from."""

    value: float
    slope: float
    r_squared: float
    sizes: tuple[int, ...]
    distances: tuple[float, ...]


def frechet_distance_infinity(
    reference: np.ndarray, estimate: np.ndarray, seed: int = 0, n_sizes: int = 8, repeats: int = 4
) -> FrechetInfinity:
    """The Frechet distance of reference ``(n, d)`` and estimate ``(m, d)`` where both samples would be endless.

    Distances of ``n_sizes`` sample sizes, from a quarter of the smaller side to all of it and evenly spaced in ``1 / size``,
    each the mean of ``repeats`` draws without replacement; a straight line over ``1 / size`` meets 0 at the value. Chong and
    Forsyth, "Effectively unbiased FID", 2020; for audio Gui et al., 2024. Unlike there both sides shrink, since here the
    reference is small too. The value is an extrapolation and may be slightly negative; with fewer clips than dimensions the
    line is not straight, which ``r_squared`` shows. Raises BadSetting where a side has fewer than 16 rows.
    """
    reference, estimate = checked_pair(reference, estimate, at_least=16)
    if n_sizes < 3 or repeats < 1:
        raise BadSetting(f"n_sizes is {n_sizes} and repeats {repeats}; a line needs at least 3 sizes and 1 repeat.")
    rng = np.random.default_rng(seed)
    largest = min(len(reference), len(estimate))
    inverse_sizes = np.linspace(4.0 / largest, 1.0 / largest, n_sizes)
    sizes = sorted({max(2, round(1.0 / inverse)) for inverse in inverse_sizes})
    means = []
    for size in sizes:
        drawn = [
            frechet_distance(
                reference[rng.choice(len(reference), size, replace=False)],
                estimate[rng.choice(len(estimate), size, replace=False)],
            )
            for _ in range(repeats)
        ]
        means.append(float(np.mean(drawn)))
    slope, value, r_squared = _line(1.0 / np.array(sizes), np.array(means))
    return FrechetInfinity(value, slope, r_squared, tuple(sizes), tuple(means))


def _covariance_root(rows: np.ndarray) -> np.ndarray:
    """``A`` of at most ``(min(n, d), d)`` with ``A^T A`` the unbiased covariance of ``rows`` ``(n, d)``."""
    centred = (rows - rows.mean(axis=0)) / np.sqrt(len(rows) - 1)
    return np.asarray(np.linalg.qr(centred, mode="r")) if len(rows) > rows.shape[1] else centred


def _line(inputs: np.ndarray, values: np.ndarray) -> tuple[float, float, float]:
    """Slope, value at 0 and R squared of the straight line of least squares through ``(inputs, values)``."""
    design = np.stack([inputs, np.ones_like(inputs)], axis=1)
    (slope, offset), *_ = np.linalg.lstsq(design, values, rcond=None)
    residual = ((values - design @ [slope, offset]) ** 2).sum()
    total = ((values - values.mean()) ** 2).sum()
    return float(slope), float(offset), float(1.0 - residual / total) if total > 0 else 1.0
