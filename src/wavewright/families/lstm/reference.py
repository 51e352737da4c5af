"""The recordings that generated clips are compared with at an evaluation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...base.errors import BadFolder
from ...base.units import gain_to_db
from ...data.sequences import SequenceClips
from ...metrics.diversity import diversity_ratio
from ...metrics.embeddings import LogMelEmbedding
from ...metrics.kernel import kernel_distance

MAX_CLIPS = 60  # of a label


@dataclass(frozen=True)
class RecordingReference:
    """Embeddings of the start of some recordings of each label.

    Attributes
    ----------
    embedding
        Embedding of a clip of ``n_samples``.
    n_samples
        Length of what is embedded.
    embeddings
        At most MAX_CLIPS embeddings ``(n, d)`` of each label, by its index.
    """

    embedding: LogMelEmbedding
    n_samples: int
    embeddings: dict[int, np.ndarray]

    @classmethod
    def of(cls, clips: SequenceClips, sample_rate: int, seconds: float) -> RecordingReference:
        """Return the reference of these clips; a fixed seed draws those of a label that has many."""
        embedding = LogMelEmbedding(sample_rate, seconds)
        n_samples = round(seconds * sample_rate)
        labels = clips.labels
        embeddings = {}
        for label in np.unique(labels):
            rows = np.flatnonzero(labels == label)
            if len(rows) > MAX_CLIPS:
                rows = np.sort(np.random.default_rng(0).choice(rows, MAX_CLIPS, replace=False))
            waves = np.stack([clips.store.crop(int(row), 0, n_samples)[0] for row in rows])
            embeddings[int(label)] = embedding(waves, sample_rate)
        return cls(embedding, n_samples, embeddings)

    def measure(self, waves: Mapping[int, Sequence[np.ndarray]], sample_rate: int) -> dict[str, float]:
        """Return the metrics of generated clips.

        Parameters
        ----------
        waves
            Clips ``(time,)`` of each label, by its index.
        sample_rate
            In hertz.

        Returns
        -------
        dict
            Means over the labels with two different recordings or more. ``distance``: 100 times the kernel distance to
            the recordings, 0 for equal distributions. ``diversity``: mean distance within a label over that of the
            recordings. ``level_db``: peak level.

        Raises
        ------
        BadFolder
            If no label has two different recordings.
        """
        distances, diversities, levels_db = [], [], []
        for label, clips in waves.items():
            real = self.embeddings[label]
            if len(real) < 2 or np.ptp(real, axis=0).max() == 0:
                continue
            equally_long = [np.pad(wave[: self.n_samples], (0, max(0, self.n_samples - len(wave)))) for wave in clips]
            generated = self.embedding(np.stack(equally_long), sample_rate)
            distances.append(100 * kernel_distance(real, generated))
            diversities.append(diversity_ratio(real, generated))
            levels_db.append(float(np.mean(gain_to_db(np.array([np.abs(wave).max() for wave in clips])))))
        if not distances:
            raise BadFolder("The recordings of every label are one and the same sound; add different ones.")
        return {
            "distance": float(np.mean(distances)),
            "diversity": float(np.mean(diversities)),
            "level_db": float(np.mean(levels_db)),
        }
