"""A map: points of many dimensions laid out in a plane so that neighbours stay neighbours."""

from __future__ import annotations

import numpy as np

from ...errors import BadSetting

ITERATIONS = 400
EARLY, EXAGGERATION = 100, 8.0  # iterations in which neighbours attract each other more, and how much more
MOST_POINTS = 5_000  # the distances of all pairs are kept


def principal(points: np.ndarray) -> np.ndarray:
    """The two directions in which ``points (n, d)`` differ most: ``(n, 2)`` float64, of variance 1 along the first."""
    centred = np.asarray(points, np.float64) - np.mean(points, axis=0)
    _, values, axes = np.linalg.svd(centred, full_matrices=False)
    kept = np.zeros((len(points), 2))
    n_axes = min(2, len(values))
    axes = axes[:n_axes] * np.where(
        axes[:n_axes].sum(axis=1, keepdims=True) < 0, -1.0, 1.0
    )  # the same side on every machine
    kept[:, :n_axes] = centred @ axes.T
    return kept / max(float(kept[:, 0].std()), 1e-12)


def plane(points: np.ndarray, perplexity: float = 15.0) -> np.ndarray:
    """A place in the square from -1 to 1 for each of ``points (n, d)``: ``(n, 2)`` float32, the same at every call.

    L. van der Maaten and G. Hinton, "Visualizing Data using t-SNE", 2008, from a start by principal components (D. Kobak and P. Berens,
    2019), which keeps what is far apart so. ``perplexity`` is about how many neighbours count. Fewer than five points, or more than
    MOST_POINTS, are laid out by principal components alone. Raises BadSetting for points that are no rows of finite numbers.
    """
    points = np.asarray(points, np.float64)
    if points.ndim != 2 or not len(points) or not np.isfinite(points).all():
        raise BadSetting(
            f"The points have shape {points.shape}; a map needs rows of finite numbers (n, d), at least one."
        )
    start = principal(points)
    if 5 <= len(points) <= MOST_POINTS and np.ptp(points) > 0:
        start = _descended(_affinities(points, min(perplexity, (len(points) - 1) / 3)), 1e-2 * start)
    centred = start - (start.max(axis=0) + start.min(axis=0)) / 2
    return (centred / max(float(np.abs(centred).max()), 1e-12)).astype(np.float32)


def _affinities(points: np.ndarray, perplexity: float) -> np.ndarray:
    """How much each pair of points belongs together, ``(n, n)``, in all 1: Gaussians whose widths give each its perplexity."""
    squares = np.square(points).sum(axis=1)
    distances = np.maximum(squares[:, None] + squares - 2 * points @ points.T, 0.0)
    distances /= max(float(distances.mean()), 1e-12)
    np.fill_diagonal(distances, np.inf)
    low, high = np.zeros(len(points)), np.full(len(points), np.inf)
    precision = np.ones(len(points))
    nearest = distances.min(axis=1, keepdims=True)
    for _ in range(50):  # bisection on the entropy of each row
        weights = np.exp(-precision[:, None] * (distances - nearest))
        shares = weights / weights.sum(axis=1, keepdims=True)
        entropy = -(shares * np.log(np.maximum(shares, 1e-300))).sum(axis=1)
        too_wide = entropy > np.log(perplexity)
        low, high = np.where(too_wide, precision, low), np.where(too_wide, high, precision)
        precision = np.where(np.isinf(high), precision * 2, (low + high) / 2)
    return (shares + shares.T) / (2 * len(points))


def _descended(affinities: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Places ``(n, 2)`` after gradient descent with momentum and gains, as in the paper's section 3.4."""
    n = len(places)
    speed, gains = np.zeros_like(places), np.ones_like(places)
    rate = max(n / EXAGGERATION / 4, 50.0)
    for iteration in range(ITERATIONS):
        squares = np.square(places).sum(axis=1)
        closeness = 1 / (1 + np.maximum(squares[:, None] + squares - 2 * places @ places.T, 0.0))
        np.fill_diagonal(closeness, 0.0)
        wanted = affinities * (EXAGGERATION if iteration < EARLY else 1.0)
        forces = (wanted - closeness / closeness.sum()) * closeness
        gradient = 4 * (forces.sum(axis=1)[:, None] * places - forces @ places)
        gains = np.maximum(np.where(np.sign(gradient) != np.sign(speed), gains + 0.2, gains * 0.8), 0.01)
        speed = (0.5 if iteration < EARLY else 0.8) * speed - rate * gains * gradient
        places = places + speed
        places -= places.mean(axis=0)
    return places
