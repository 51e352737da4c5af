"""Spaces in which clips are compared: the latents of an autoencoder, or an embedding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ...base.errors import BadModel
from ...contracts.runtime import Autoencoder, Classifier, Encoder, ModelIdentity, identity
from ...dsp.embedding_2d import tsne_2d
from ...families import loading
from ...metrics.embeddings import Embedding, LogMelEmbedding, ModelEmbedding

LOG_MEL_SECONDS = 1.0  # of the beginning of a clip
SMALLEST_DEVIATION = 0.01  # of a number of an embedding, as a fraction of the largest


class ClipSpace(Protocol):
    """A space of clips: latents of a clip, distances, and a map."""

    @property
    def sample_rate(self) -> int:
        """Sample rate of the waves, Hz."""

    @property
    def identity(self) -> ModelIdentity:
        """Name and hash of the model; the hash is empty for an embedding without weights."""

    def encode_clip(self, wave: np.ndarray) -> np.ndarray:
        """Return the latents of a wave ``(time,)``."""

    def distances(self, latents: np.ndarray, others: Sequence[np.ndarray]) -> np.ndarray:
        """Return the distance of each of several other clips, ``(n,)``."""

    def embedding_2d(self, latents: Sequence[np.ndarray]) -> np.ndarray:
        """Return a map ``(n, 2)`` in [-1, 1] of the latents of ``n`` clips."""


@dataclass(frozen=True)
class LatentSpace:
    """The latents of an autoencoder."""

    runtime: Autoencoder

    @property
    def sample_rate(self) -> int:
        """Sample rate of the model, Hz."""
        return self.runtime.sample_rate

    @property
    def identity(self) -> ModelIdentity:
        """Name and hash of the model."""
        return identity(self.runtime)

    def encode_clip(self, wave: np.ndarray) -> np.ndarray:
        """Return the latents of a wave ``(time,)``, from its onset on."""
        return self.runtime.encode(self.runtime.align(wave).wave)

    def distances(self, latents: np.ndarray, others: Sequence[np.ndarray]) -> np.ndarray:
        """Return the distance of each of several other clips, ``(n,)``."""
        return self.runtime.distances(latents, others)

    def embedding_2d(self, latents: Sequence[np.ndarray]) -> np.ndarray:
        """Return a map ``(n, 2)`` in [-1, 1] of the latents of ``n`` clips."""
        return self.runtime.embedding_2d(latents)


@dataclass(frozen=True)
class EmbeddingSpace:
    """An embedding.

    Distances by a model are root mean square differences, each number in standard deviations over the other clips.
    Those of an embedding without weights are its own.
    """

    embedding: Embedding
    identity: ModelIdentity

    @property
    def sample_rate(self) -> int:
        """Sample rate of the embedding's input, Hz."""
        return self.embedding.sample_rate

    def encode_clip(self, wave: np.ndarray) -> np.ndarray:
        """Return the embedding ``(d,)`` of a wave ``(time,)``."""
        row: np.ndarray = self.embedding(wave[None], self.sample_rate)[0]
        return row

    def distances(self, latents: np.ndarray, others: Sequence[np.ndarray]) -> np.ndarray:
        """Return the distance of each of several other clips, ``(n,)``."""
        rows = np.stack(others)
        distances: np.ndarray = np.linalg.norm((rows - latents) * self._scales(rows), axis=1)
        return distances

    def embedding_2d(self, latents: Sequence[np.ndarray]) -> np.ndarray:
        """Return a map ``(n, 2)`` in [-1, 1] of the embeddings of ``n`` clips, by t-SNE."""
        rows = np.stack(latents)
        return tsne_2d(rows * self._scales(rows))

    def _scales(self, rows: np.ndarray) -> np.ndarray:
        """Return the factor of each number of an embedding in distances, ``(d,)``."""
        if not isinstance(self.embedding, ModelEmbedding):
            return np.ones(rows.shape[1])
        deviations: np.ndarray = rows.std(0)
        largest = float(deviations.max())
        if not largest:
            return np.ones(rows.shape[1])
        scales: np.ndarray = 1 / (np.maximum(deviations, SMALLEST_DEVIATION * largest) * np.sqrt(rows.shape[1]))
        return scales


def open_space(model: str, embedding: str | None) -> ClipSpace:
    """Open an embedding by its name or path, or else the latents of an autoencoder; raises as the two do."""
    if embedding is None:
        return LatentSpace(loading.load_autoencoder(model))
    opened = open_embedding(embedding, LogMelEmbedding(seconds=LOG_MEL_SECONDS))
    if isinstance(opened, ModelEmbedding):
        return EmbeddingSpace(opened, identity(loading.load(embedding)))
    return EmbeddingSpace(opened, ModelIdentity(model=opened.name, model_hash=""))


def open_embedding(name: str, log_mel: LogMelEmbedding) -> Embedding:
    """Open an encoder or a classifier as an embedding, or ``log_mel`` for the name ``log-mel``.

    Raises BadModel if there is no such model, it is damaged or of another family.
    """
    if name == log_mel.name:
        return log_mel
    model = loading.load(name)
    if isinstance(model, Encoder | Classifier):
        return ModelEmbedding(model)
    raise BadModel(
        f"{name} is of the family {model.card.family}, which makes no embeddings; give {log_mel.name}, an encoder "
        "(of `wavewright pretrain`) or a classifier."
    )
