"""What is known of the latents of the training sounds: how they are distributed, and where each of them lies."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...errors import BadModel

SMALLEST_NATS = 0.01  # mean divergence of a number of the latent that still says something
SMALLEST_VARIANCE = (
    0.01  # of its means over sounds: Burda, Grosse and Salakhutdinov, "Importance Weighted Autoencoders", 2016
)
MOST_POINTS = 5_000  # training sounds whose places are remembered


@dataclass(frozen=True)
class Latents:
    """For each label (or one for all) a Gaussian of its latents, and the places of training sounds.

    ``mean (labels, d)``, ``factor (labels, d, d)`` with the covariance ``factor @ factor.T``, ``persistence (d,)``: the correlation of
    neighbours in a sequence of latents, after whitening; ``points (n, d)`` (means over a sequence), ``point_labels (n,)`` and their
    ``names``.
    """

    mean: np.ndarray
    factor: np.ndarray
    persistence: np.ndarray
    points: np.ndarray
    point_labels: np.ndarray
    names: tuple[str, ...]

    @classmethod
    def fit(
        cls, means: np.ndarray, variances: np.ndarray, labels: np.ndarray, n_labels: int, names: Sequence[str]
    ) -> Latents:
        """From what the encoder says of ``n`` sounds: ``means`` and ``variances (n, latents, d)``, ``labels (n,)``.

        A sum of the encoder's Gaussians has the covariance of their means plus the mean of their variances (J. Tomczak and M. Welling,
        "VAE with a VampPrior", 2018, call it the aggregated posterior). What few sounds say of covariances is drawn towards zero.
        """
        n, _, d = means.shape
        mean, factor = np.zeros((n_labels, d)), np.zeros((n_labels, d, d))
        for label in range(n_labels):
            chosen = labels == label if (labels == label).any() else np.ones(n, bool)
            rows = means[chosen].reshape(-1, d).astype(np.float64)
            mean[label] = rows.mean(axis=0)
            spread = np.cov(rows.T, bias=True).reshape(d, d) if len(rows) > 1 else np.zeros((d, d))
            shrunk = d / (d + chosen.sum())
            spread = (1 - shrunk) * spread + shrunk * np.diag(np.diag(spread))
            own = variances[chosen].reshape(-1, d).mean(axis=0)
            factor[label] = np.linalg.cholesky(spread + np.diag(own) + 1e-6 * np.eye(d))
        kept = np.linspace(0, n - 1, min(n, MOST_POINTS)).round().astype(int)
        return cls(
            mean.astype(np.float32),
            factor.astype(np.float32),
            _persistence(means, mean, factor, labels),
            means.mean(axis=1)[kept].astype(np.float32),
            labels[kept].astype(np.int64),
            tuple(names[index] for index in kept),
        )

    def draw(self, rng: np.random.Generator, label: int, n_latents: int, temperature: float = 1.0) -> np.ndarray:
        """Latents of a label, ``(n_latents, d)`` float32, their deviation multiplied by ``temperature``."""
        white = rng.standard_normal((n_latents, self.mean.shape[1]), dtype=np.float32)
        fresh = np.sqrt(1 - self.persistence**2)
        for index in range(1, n_latents):
            white[index] = self.persistence * white[index - 1] + fresh * white[index]
        return (self.mean[label] + temperature * white @ self.factor[label].T).astype(np.float32)

    @property
    def scale(self) -> np.ndarray:
        """The deviation of each number of the latents over the training sounds, ``(d,)``."""
        return np.maximum(self.points.std(axis=0), 1e-3)

    def distances(self, points: np.ndarray, point: np.ndarray) -> np.ndarray:
        """How far each of ``points (n, d)`` lies from ``point (d,)``, ``(n,)``, in deviations of the training sounds."""
        return np.sqrt(np.square((points - point) / self.scale).mean(axis=1))

    def nearest(self, point: np.ndarray, k: int) -> list[tuple[int, float]]:
        """The ``k`` training sounds nearest to ``point (d,)``, each with its distance in deviations of the training sounds."""
        distances = self.distances(self.points, point)
        return [(int(index), float(distances[index])) for index in np.argsort(distances, kind="stable")[:k]]

    def tensors(self) -> dict[str, np.ndarray]:
        """What goes into the model folder; the names as the bytes of a JSON list."""
        return {
            "mean": self.mean,
            "factor": self.factor,
            "persistence": self.persistence,
            "points": self.points,
            "point_labels": self.point_labels,
            "names": np.frombuffer(json.dumps(self.names).encode(), np.uint8),
        }

    @classmethod
    def of(cls, tensors: Mapping[str, np.ndarray], n_labels: int, latent_size: int) -> Latents:
        """What :meth:`tensors` gave; raises BadModel for anything else."""
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
                    f"What the model knows of its latents has no {name} of shape {shape}; copy the model again."
                )
        try:
            names = tuple(map(str, json.loads(bytes(tensors.get("names", np.zeros(0, np.uint8))))))
        except ValueError as error:
            raise BadModel(
                f"The names of the model's training sounds cannot be read ({error}); copy the model again."
            ) from error
        if len(names) != n:
            raise BadModel(
                f"The model knows the names of {len(names)} training sounds and the places of {n}; copy it again."
            )
        floats = {name: np.asarray(tensors[name], np.float32) for name in ("mean", "factor", "persistence", "points")}
        return cls(**floats, point_labels=tensors["point_labels"], names=names)


def active_share(means: np.ndarray, nats: np.ndarray) -> float:
    """The share of a latent's numbers that say something, from ``means`` and ``nats (n, latents, d)`` of their divergence."""
    of_sounds = means.reshape(-1, means.shape[-1])
    says = (nats.reshape(of_sounds.shape).mean(axis=0) > SMALLEST_NATS) & (of_sounds.var(axis=0) > SMALLEST_VARIANCE)
    return float(says.mean())


def _persistence(means: np.ndarray, mean: np.ndarray, factor: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The correlation of neighbours in sequences ``means (n, latents, d)`` after whitening, ``(d,)``; 0 where there are no neighbours."""
    if means.shape[1] < 2:
        return np.zeros(means.shape[2], np.float32)
    white = np.stack(
        [np.linalg.solve(factor[label], (each - mean[label]).T).T for each, label in zip(means, labels, strict=True)]
    )
    products = (white[:, 1:] * white[:, :-1]).mean(axis=(0, 1))
    return np.clip(products / np.maximum(np.square(white).mean(axis=(0, 1)), 1e-6), 0.0, 0.999).astype(np.float32)
