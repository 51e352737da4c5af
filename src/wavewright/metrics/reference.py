"""The recordings that generated one-shots are measured by while a network trains."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import BadFolder, BadSetting
from ..units import gain_to_db
from .copying import smallest_distance
from .distances import distances_among, pairwise_distances
from .embeddings import LogMelEmbedding
from .kernel import kernel_distance
from .neighbours import diversity_ratio

LARGEST_REFERENCE = 200  # clips of a class that the generated ones are measured against
CLIPS_AT_ONCE = 200  # embedded
METRICS = ("distance", "diversity", "copying", "level_db")  # see Reference.measure


@dataclass(frozen=True)
class Reference:
    """The training clips as evaluations and the search for copies see them.

    ``all_embeddings`` ``(n, d)`` float32 are those of all clips; ``limits`` ``(max(classes, 1),)`` float32 the distance below which a clip
    of a class lies closer to one of them than any two different drums of its class lie to each other (velocity layers
    are one drum, see :func:`smallest_distance`), 0 where a class is one sound. Generated clips are compared with at
    most LARGEST_REFERENCE of each class, whose ``embeddings`` are ``(m, d)``.
    """

    embedding: LogMelEmbedding
    all_embeddings: np.ndarray
    limits: np.ndarray
    embeddings: dict[int, np.ndarray]

    @classmethod
    def of(
        cls,
        wave_of: Callable[[int], np.ndarray],
        labels: Sequence[int],
        groups: Sequence[str],
        label_names: Sequence[str],
        sample_rate: int,
        n_samples: int,
        least_limits: Sequence[float] = (),
    ) -> Reference:
        """Embed all clips, ``wave_of(index) (n_samples,)``, and choose by a fixed seed.

        ``labels`` index ``label_names``; clips with equal ``groups`` are takes of one sound; ``least_limits`` are lower
        bounds of the limits, one for each label. Raises BadFolder where the clips of a class cannot measure anything,
        BadSetting for another number of least limits.
        """
        if least_limits and len(least_limits) != max(len(label_names), 1):
            raise BadSetting(
                f"There are {len(least_limits)} least limits for {len(label_names)} labels; give one for each, or none."
            )
        embedding = LogMelEmbedding(sample_rate, seconds=n_samples / sample_rate)
        starts = range(0, len(labels), CLIPS_AT_ONCE)
        chunks = [range(start, min(start + CLIPS_AT_ONCE, len(labels))) for start in starts]
        rows = np.concatenate([embedding(np.stack([wave_of(i) for i in chunk]), sample_rate) for chunk in chunks])
        embeddings = {}
        limits = np.zeros(max(len(label_names), 1), np.float32)
        for label in sorted(set(labels)):
            members = np.array([index for index, other in enumerate(labels) if other == label])
            if len(members) > LARGEST_REFERENCE:
                members = np.sort(np.random.default_rng(0).choice(members, LARGEST_REFERENCE, replace=False))
            embeddings[label] = chosen = rows[members]
            if len(chosen) < 2 or np.median(distances_among(chosen)[np.triu_indices(len(chosen), k=1)]) == 0:
                name = f" with the label {label_names[label]!r}" if label_names else ""
                raise BadFolder(
                    f"Of the clips{name} too few differ; add different ones, or remove copies, which `wavewright data inspect` lists."
                )
            member_groups = np.array([groups[index] for index in members])
            limits[label] = smallest_distance(chosen, embedding.near_duplicate_distance, member_groups)
        if least_limits:
            limits = np.maximum(limits, np.array(least_limits, np.float32))
        return cls(embedding, rows.astype(np.float32), limits, embeddings)

    def measure(self, waves: dict[int, np.ndarray], sample_rate: int) -> dict[str, float]:
        """Metrics of generated ``{label: (n, time)}``, each the mean over the classes.

        ``distance``: 100 times the kernel distance to the training clips, 0 where they come from one distribution. ``diversity``:
        mean distance within a class over that of the training clips. ``copying``: fraction closer to a training clip of
        its class than the limit. ``level_db``: of the loudest sample.
        """
        rows: dict[str, list[float]] = {"distance": [], "diversity": [], "copying": [], "level_db": []}
        for label, generated in waves.items():
            real, made = self.embeddings[label], self.embedding(generated, sample_rate)
            rows["distance"].append(100 * kernel_distance(real, made))
            rows["diversity"].append(diversity_ratio(real, made))
            rows["level_db"].append(float(np.mean(gain_to_db(np.abs(generated).max(1)))))
            if self.limits[label] > 0:
                nearest = pairwise_distances(self.embeddings[label], made).min(axis=0)
                rows["copying"].append(float(np.mean(nearest < self.limits[label])))
        return {name: float(np.mean(values)) for name, values in rows.items() if values}
