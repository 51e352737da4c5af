"""Two-dimensional embeddings of points: t-SNE, and the principal components that it starts from."""

from __future__ import annotations

import numpy as np

from ..base.errors import BadSetting

ITERATIONS = 400
EXAGGERATION_ITERATIONS, EXAGGERATION = 100, 8.0  # early iterations, in which affinities are multiplied
MIN_TSNE_POINTS, MAX_TSNE_POINTS = 5, 5_000  # t-SNE computes all pairs of distances


def pca_2d(points: np.ndarray) -> np.ndarray:
    """Return the first two principal components of ``points (n, d)``, the same on every machine.

    The result is ``(n, 2)`` float64, with variance 1 along the first axis.
    """
    centred = np.asarray(points, np.float64) - np.mean(points, axis=0)
    _, values, axes = np.linalg.svd(centred, full_matrices=False)
    n_axes = min(2, len(values))
    signs = np.where(axes[:n_axes].sum(axis=1, keepdims=True) < 0, -1.0, 1.0)  # of an axis, which SVD leaves open
    components = np.zeros((len(points), 2))
    components[:, :n_axes] = centred @ (axes[:n_axes] * signs).T
    return components / max(float(components[:, 0].std()), 1e-12)


def tsne_2d(points: np.ndarray, perplexity: float = 15.0) -> np.ndarray:
    """Embed points in two dimensions by t-SNE, the same at every call.

    It starts from principal components [2]_, which preserves the global structure. Fewer than MIN_TSNE_POINTS points,
    or more than MAX_TSNE_POINTS, are embedded by principal components alone.

    - ``points``: ``(n, d)``.
    - ``perplexity``: effective number of neighbors of each point.
    - returns: ``(n, 2)`` float32, in the square from -1 to 1.

    Raises BadSetting if the points are not rows of finite numbers.

    References
    ----------
    .. [1] L. van der Maaten, G. Hinton, "Visualizing Data using t-SNE", 2008.
    .. [2] D. Kobak, P. Berens, "The art of using t-SNE for single-cell transcriptomics", 2019.
    """
    points = np.asarray(points, np.float64)
    if points.ndim != 2 or not len(points) or not np.isfinite(points).all():
        raise BadSetting(
            f"The points have shape {points.shape}; an embedding needs rows of finite numbers (n, d), at least one."
        )
    embedding = pca_2d(points)
    if MIN_TSNE_POINTS <= len(points) <= MAX_TSNE_POINTS and np.ptp(points) > 0:
        affinities = _tsne_affinities(points, min(perplexity, (len(points) - 1) / 3))
        embedding = _tsne_descent(affinities, 1e-2 * embedding)
    centred = embedding - (embedding.max(axis=0) + embedding.min(axis=0)) / 2
    scaled: np.ndarray = centred / max(float(np.abs(centred).max()), 1e-12)
    return scaled.astype(np.float32)


def _tsne_affinities(points: np.ndarray, perplexity: float) -> np.ndarray:
    """Return the joint probabilities of pairs of points, ``(n, n)``: Gaussians whose widths match the perplexity."""
    squares = np.square(points).sum(axis=1)
    distances = np.maximum(squares[:, None] + squares - 2 * points @ points.T, 0.0)
    distances /= max(float(distances.mean()), 1e-12)
    np.fill_diagonal(distances, np.inf)
    nearest = distances.min(axis=1, keepdims=True)
    low, high = np.zeros(len(points)), np.full(len(points), np.inf)
    precision = np.ones(len(points))
    for _ in range(50):  # bisection on the entropy of each row
        weights = np.exp(-precision[:, None] * (distances - nearest))
        conditional = weights / weights.sum(axis=1, keepdims=True)
        entropy = -(conditional * np.log(np.maximum(conditional, 1e-300))).sum(axis=1)
        is_wide = entropy > np.log(perplexity)
        low, high = np.where(is_wide, precision, low), np.where(is_wide, high, precision)
        precision = np.where(np.isinf(high), precision * 2, (low + high) / 2)
    joint: np.ndarray = (conditional + conditional.T) / (2 * len(points))
    return joint


def _tsne_descent(affinities: np.ndarray, embedding: np.ndarray) -> np.ndarray:
    """Return an embedding ``(n, 2)`` after gradient descent with momentum and gains, section 3.4 of the paper."""
    n = len(embedding)
    velocity = np.zeros_like(embedding)
    gains = np.ones_like(embedding)
    rate = max(n / EXAGGERATION / 4, 50.0)
    for iteration in range(ITERATIONS):
        is_early = iteration < EXAGGERATION_ITERATIONS
        squares = np.square(embedding).sum(axis=1)
        kernel = 1 / (1 + np.maximum(squares[:, None] + squares - 2 * embedding @ embedding.T, 0.0))
        np.fill_diagonal(kernel, 0.0)
        target = affinities * (EXAGGERATION if is_early else 1.0)
        forces = (target - kernel / kernel.sum()) * kernel
        gradient = 4 * (forces.sum(axis=1)[:, None] * embedding - forces @ embedding)
        gains = np.maximum(np.where(np.sign(gradient) != np.sign(velocity), gains + 0.2, gains * 0.8), 0.01)
        velocity = (0.5 if is_early else 0.8) * velocity - rate * gains * gradient
        embedding = embedding + velocity
        embedding -= embedding.mean(axis=0)
    return embedding
