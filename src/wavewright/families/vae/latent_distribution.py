"""Distribution of the training clips' latents: fit, samples, and the nearest training clips of a latent vector."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...base.errors import BadModel

MIN_ACTIVE_NATS = 0.01  # mean divergence of an active latent dimension
MIN_ACTIVE_VARIANCE = 0.01  # variance of an active dimension's mean over clips
MAX_CLIPS = 5_000  # training clips whose latents are stored
MIN_STD = 1e-3  # of a latent dimension, in distances


@dataclass(frozen=True)
class LatentDistribution:
    """Gaussian of the latents of each label, and the latents of the training clips."""

    mean: np.ndarray  # ``(labels, d)``; one row for a model without labels
    cholesky: np.ndarray  # lower triangular factor of the covariance, ``(labels, d, d)``
    autocorrelation: np.ndarray
    """Correlation of consecutive latents of a sequence after whitening, ``(d,)``; 0 for a model of clips."""
    clip_latents: np.ndarray  # latents of the training clips, ``(n, d)``; for sequences the mean over time
    clip_labels: np.ndarray  # label index of each training clip, ``(n,)`` int64
    clip_names: tuple[str, ...]  # file name of each training clip

    @classmethod
    def fit(
        cls, means: np.ndarray, variances: np.ndarray, labels: np.ndarray, n_labels: int, names: Sequence[str]
    ) -> LatentDistribution:
        """Fit a Gaussian to the aggregated posterior of each label.

        The aggregated posterior is the mixture of the encoder's Gaussians of all clips; its covariance is that of their
        means plus the mean of their variances. With few clips, covariances between dimensions are shrunk towards zero.

        - ``means``, ``variances``: of the encoder's Gaussians, ``(n, latents, d)``.

        References
        ----------
        J. Tomczak, M. Welling, "VAE with a VampPrior", 2018.
        """
        n, _, d = means.shape
        mean = np.zeros((n_labels, d))
        cholesky = np.zeros((n_labels, d, d))
        for label in range(n_labels):
            chosen = labels == label if (labels == label).any() else np.ones(n, bool)  # all, for one without clips
            rows = means[chosen].reshape(-1, d).astype(np.float64)
            mean[label] = rows.mean(axis=0)
            covariance = np.cov(rows.T, bias=True).reshape(d, d) if len(rows) > 1 else np.zeros((d, d))
            shrinkage = d / (d + chosen.sum())
            covariance = (1 - shrinkage) * covariance + shrinkage * np.diag(np.diag(covariance))
            posterior_variance = variances[chosen].reshape(-1, d).mean(axis=0)
            cholesky[label] = np.linalg.cholesky(covariance + np.diag(posterior_variance) + 1e-6 * np.eye(d))
        stored = stored_clips(n)
        return cls(
            mean.astype(np.float32),
            cholesky.astype(np.float32),
            _autocorrelation(means, mean, cholesky, labels),
            means.mean(axis=1)[stored].astype(np.float32),
            labels[stored].astype(np.int64),
            tuple(names[index] for index in stored),
        )

    def sample(self, rng: np.random.Generator, label: int, n_latents: int, temperature: float = 1.0) -> np.ndarray:
        """Draw the latents ``(n_latents, d)`` of a clip; ``temperature`` multiplies the standard deviation.

        A sequence is a first-order autoregression, AR(1), of whitened vectors by ``autocorrelation``.
        """
        white = rng.standard_normal((n_latents, self.mean.shape[1]), dtype=np.float32)
        innovation = np.sqrt(1 - self.autocorrelation**2)
        for index in range(1, n_latents):
            white[index] = self.autocorrelation * white[index - 1] + innovation * white[index]
        latents: np.ndarray = self.mean[label] + temperature * white @ self.cholesky[label].T
        return latents.astype(np.float32)

    @property
    def centre(self) -> np.ndarray:
        """Mean of the labels' means, each label with the same weight, ``(d,)``."""
        centre: np.ndarray = self.mean.mean(axis=0)
        return centre

    @property
    def clip_std(self) -> np.ndarray:
        """Standard deviation of each dimension over the training clips, ``(d,)``."""
        std: np.ndarray = np.maximum(self.clip_latents.std(axis=0), MIN_STD)
        return std

    def distances(self, others: np.ndarray, latent: np.ndarray) -> np.ndarray:
        """Return the root mean square distance ``(n,)`` of latents ``(n, d)`` from one, in units of `clip_std`."""
        distances: np.ndarray = np.sqrt(np.square((others - latent) / self.clip_std).mean(axis=1))
        return distances

    def nearest(self, latent: np.ndarray, k: int) -> list[tuple[int, float]]:
        """Return the indices of the ``k`` training clips nearest to ``latent (d,)``, each with its distance."""
        distances = self.distances(self.clip_latents, latent)
        return [(int(index), float(distances[index])) for index in np.argsort(distances, kind="stable")[:k]]

    def label_fractions(self, latent: np.ndarray, k: int) -> np.ndarray:
        """Return the fraction of each label, ``(labels,)``, among the ``k`` clips nearest to ``latent (d,)``."""
        labels = [self.clip_labels[index] for index, _ in self.nearest(latent, k)]
        return np.bincount(labels, minlength=len(self.mean)) / max(len(labels), 1)

    def tensors(self) -> dict[str, np.ndarray]:
        """Return the tensors of the model folder; the names of the clips are the bytes of a JSON list."""
        # Names of format 1: factor is the Cholesky factor, persistence the autocorrelation, points the clips' latents.
        return {
            "mean": self.mean,
            "factor": self.cholesky,
            "persistence": self.autocorrelation,
            "points": self.clip_latents,
            "point_labels": self.clip_labels,
            "names": np.frombuffer(json.dumps(self.clip_names).encode(), np.uint8),
        }

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, np.ndarray], n_labels: int, latent_size: int) -> LatentDistribution:
        """Check and adopt the tensors of a model folder, which are those that :meth:`tensors` returns.

        Raises BadModel if a tensor is missing, has another shape, or contains NaN or infinite values.
        """
        n, d = len(tensors.get("points", ())), latent_size
        shapes = {
            "mean": (n_labels, d),
            "factor": (n_labels, d, d),
            "persistence": (d,),
            "points": (n, d),
            "point_labels": (n,),
        }
        for name, shape in shapes.items():
            if name not in tensors or tensors[name].shape != shape or not np.isfinite(tensors[name]).all():
                raise BadModel(
                    f"The latents of the training clips have no {name} of shape {shape}; copy the model again."
                )
        try:
            names = tuple(map(str, json.loads(bytes(tensors.get("names", np.zeros(0, np.uint8))))))
        except ValueError as error:
            raise BadModel(
                f"The names of the training clips cannot be read ({error}); copy the model again."
            ) from error
        if len(names) != n:
            raise BadModel(f"There are {len(names)} names and {n} latents of training clips; copy the model again.")
        labels = tensors["point_labels"]
        if labels.dtype.kind not in "iu" or (n and not (labels.min() >= 0 and labels.max() < n_labels)):
            raise BadModel("The labels of the training clips are not those of the model; copy the model again.")
        floats = {name: np.asarray(tensors[name], np.float32) for name in ("mean", "factor", "persistence", "points")}
        return cls(floats["mean"], floats["factor"], floats["persistence"], floats["points"], labels, names)


def stored_clips(n: int) -> np.ndarray:
    """Return the indices of the clips, of ``n``, whose latents are stored: at most MAX_CLIPS, equally spaced."""
    return np.linspace(0, n - 1, min(n, MAX_CLIPS)).round().astype(int)


def active_fraction(means: np.ndarray, nats: np.ndarray) -> float:
    """Return the fraction of active latent dimensions.

    - ``means``: of the encoder's Gaussians, ``(n, latents, d)``.
    - ``nats``: their Kullback-Leibler divergence from a standard normal distribution, the same shape.
    - returns: 0 to 1. A dimension is active if its divergence and the variance of its mean over clips exceed
      MIN_ACTIVE_NATS and MIN_ACTIVE_VARIANCE.

    References
    ----------
    Y. Burda, R. Grosse, R. Salakhutdinov, "Importance Weighted Autoencoders", 2016.
    """
    rows = means.reshape(-1, means.shape[-1])
    mean_nats = nats.reshape(rows.shape).mean(axis=0)
    return float(((mean_nats > MIN_ACTIVE_NATS) & (rows.var(axis=0) > MIN_ACTIVE_VARIANCE)).mean())


def _autocorrelation(means: np.ndarray, mean: np.ndarray, cholesky: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the lag-1 autocorrelation of whitened sequences ``means (n, latents, d)``, ``(d,)``; 0 for one latent."""
    if means.shape[1] < 2:
        return np.zeros(means.shape[2], np.float32)
    white = np.stack(
        [
            np.linalg.solve(cholesky[label], (sequence - mean[label]).T).T
            for sequence, label in zip(means, labels, strict=True)
        ]
    )
    covariance = (white[:, 1:] * white[:, :-1]).mean(axis=(0, 1))
    variance = np.maximum(np.square(white).mean(axis=(0, 1)), 1e-6)
    correlation: np.ndarray = np.clip(covariance / variance, 0.0, 0.999)
    return correlation.astype(np.float32)
