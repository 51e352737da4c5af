"""Metrics of generated one-shots during training, compared with the training clips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ..base.errors import BadFolder, BadSetting
from ..base.units import gain_to_db
from .copying import smallest_distance
from .distances import distances_among, diversity_ratio, pairwise_distances
from .embeddings import LogMelEmbedding
from .kernel import kernel_distance

MAX_REFERENCE_CLIPS = 200  # of a class
BATCH_CLIPS = 200  # embedded at once
METRICS = ("distance", "diversity", "copying", "level_db")  # see Reference.measure


class LabelledClips(Protocol):
    """Clips of one length, such as :class:`.OneShots`."""

    @property
    def labels(self) -> Sequence[int]:
        """Label index of each clip."""

    @property
    def groups(self) -> Sequence[str]:
        """Group of each clip; clips of one group are takes of one sound."""

    def wave(self, index: int, n_samples: int) -> np.ndarray:
        """Return clip ``index``, ``(n_samples,)``."""


@dataclass(frozen=True)
class Reference:
    """Embeddings of the training clips, and the limits against copies.

    Attributes
    ----------
    embedding : LogMelEmbedding
        The embedding of all clips.
    all_embeddings : np.ndarray of shape ``(n, d)``
        Embeddings of all training clips, float32.
    limits : np.ndarray of shape ``(max(classes, 1),)``
        For each class, float32, the distance below which a clip is closer to a training clip than any two clusters of
        its class are to each other (the velocity layers of a drum are one cluster, see
        :func:`~wavewright.metrics.copying.smallest_distance`); 0 where a class is one sound.
    embeddings : dict of int to np.ndarray
        Embeddings of at most MAX_REFERENCE_CLIPS clips of each class, ``(m, d)``, which metrics compare with.
    """

    embedding: LogMelEmbedding
    all_embeddings: np.ndarray
    limits: np.ndarray
    embeddings: dict[int, np.ndarray]

    @classmethod
    def of(
        cls,
        clips: LabelledClips,
        label_names: Sequence[str],
        sample_rate: int,
        n_samples: int,
        min_limits: Sequence[float] = (),
    ) -> Reference:
        """Embed the training clips.

        Raises BadFolder or BadSetting if too few clips of a class differ, or there is not one lower bound for each
        class.

        Parameters
        ----------
        clips : LabelledClips
            The training clips.
        label_names : sequence of str
            Names of the classes; empty without labels.
        sample_rate, n_samples : int
            In Hz, and the length of a clip.
        min_limits : sequence of float, optional
            Lower bound of the limit of each class.

        Returns
        -------
        Reference
            The embeddings and limits; the clips of large classes are drawn with a fixed seed.
        """
        if min_limits and len(min_limits) != max(len(label_names), 1):
            raise BadSetting(
                f"There are {len(min_limits)} minimum limits for {len(label_names)} labels; give one for each, or none."
            )
        labels = clips.labels
        embedding = LogMelEmbedding(sample_rate, seconds=n_samples / sample_rate)
        batches = (
            np.stack([clips.wave(index, n_samples) for index in range(start, min(start + BATCH_CLIPS, len(labels)))])
            for start in range(0, len(labels), BATCH_CLIPS)
        )
        rows = np.concatenate([embedding(batch, sample_rate) for batch in batches])
        embeddings = {}
        limits = np.zeros(max(len(label_names), 1), np.float32)
        for label in sorted(set(labels)):
            members = np.array([index for index, other in enumerate(labels) if other == label])
            if len(members) > MAX_REFERENCE_CLIPS:
                members = np.sort(np.random.default_rng(0).choice(members, MAX_REFERENCE_CLIPS, replace=False))
            embeddings[label] = rows[members]
            if not _differ(rows[members]):
                name = f" with the label {label_names[label]!r}" if label_names else ""
                raise BadFolder(
                    f"Of the clips{name} too few differ; add different ones, or remove copies, "
                    "which `wavewright data inspect` lists."
                )
            member_groups = np.array([clips.groups[index] for index in members])
            limits[label] = smallest_distance(rows[members], embedding.near_duplicate_distance, member_groups)
        if min_limits:
            limits = np.maximum(limits, np.array(min_limits, np.float32))
        return cls(embedding, rows.astype(np.float32), limits, embeddings)

    def measure(self, waves: Mapping[int, np.ndarray], sample_rate: int) -> dict[str, float]:
        """Compute the metrics of generated clips, each the mean over the classes.

        Parameters
        ----------
        waves : mapping of int to np.ndarray
            Generated clips of each class, ``(n, time)``.
        sample_rate : int
            Sample rate in hertz.

        Returns
        -------
        dict of str to float
            ``distance``: 100 times the kernel distance to the training clips, 0 where both come from one distribution.
            ``diversity``: mean distance within a class relative to that of the training clips.
            ``copying``: fraction of clips closer to a training clip of their class than the limit.
            ``level_db``: mean peak level in dB of full scale.
        """
        values: dict[str, list[float]] = {name: [] for name in METRICS}
        for label, generated in waves.items():
            reference, estimate = self.embeddings[label], self.embedding(generated, sample_rate)
            values["distance"].append(100 * kernel_distance(reference, estimate))
            values["diversity"].append(diversity_ratio(reference, estimate))
            values["level_db"].append(float(np.mean(gain_to_db(np.abs(generated).max(1)))))
            if self.limits[label] > 0:
                nearest = pairwise_distances(reference, estimate).min(axis=0)
                values["copying"].append(float(np.mean(nearest < self.limits[label])))
        return {name: float(np.mean(of_classes)) for name, of_classes in values.items() if of_classes}


def _differ(rows: np.ndarray) -> bool:
    """Return whether the median distance between different rows of ``(n, d)`` is above 0."""
    if len(rows) < 2:
        return False
    return float(np.median(distances_among(rows)[np.triu_indices(len(rows), k=1)])) > 0
