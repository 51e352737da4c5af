"""Every metric of two sets of clips, fairly drawn: equal counts of every label, groups whole, near-duplicates merged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..errors import BadSetting
from .bins import NdbResult, ndb
from .clips import EmbeddedClips
from .closeness import Closeness, closeness
from .copying import CopyReport, merge_drums, merge_near_duplicates, nearest_training_distance
from .frechet import FrechetInfinity, frechet_distance_infinity
from .kernel import kernel_distance
from .neighbours import PrecisionRecall, diversity_ratio, nearest_neighbour_accuracy, precision_recall_density_coverage
from .sampling import equal_counts, one_of_each
from .scores import am_score, inception_score, label_agreement, modified_inception_score

TakesFrom = Literal["distance", "group"]
"""Which recordings count as takes of one sound when one take of each is drawn: those within the embedding's
near-duplicate distance, or those of one group as well."""

LARGEST_SIDE = 4_000
"""Kernels and neighbours compare every clip with every other; a larger side is drawn from."""


@dataclass(frozen=True)
class DistanceFigures:
    """Distances between two distributions; Frechet distances are in embedding units squared."""

    closeness: Closeness
    infinity: FrechetInfinity | None  # None with fewer than 16 clips a side
    kernel_rbf: float
    kernel_polynomial: float
    ndb: NdbResult


@dataclass(frozen=True)
class LabelFigures:
    """What is measured within one label; None where the label has too few clips for it."""

    n_reference: int
    n_sounds: int
    n_estimate: int
    diversity: float | None
    nearest_accuracy: float | None
    copying: CopyReport | None


@dataclass(frozen=True)
class NeighbourFigures:
    """Variety and honesty: over all clips, as means over the labels, and for each label."""

    manifold: PrecisionRecall
    diversity: float
    nearest_accuracy: float
    share_no_closer: float
    labels: dict[str, LabelFigures]


@dataclass(frozen=True)
class ScoreFigures:
    """Scores on a classifier's probabilities, each with the value of the reference beside it."""

    agreement: float
    inception: float
    modified_inception: float
    modified_inception_within: float
    am: float
    reference_agreement: float
    reference_inception: float
    reference_modified_inception: float
    reference_modified_inception_within: float
    reference_am: float


def distance_figures(reference: EmbeddedClips, estimate: EmbeddedClips, seed: int = 0) -> DistanceFigures:
    """Distances from reference to estimate; both sides are cut to equal counts of every label by a draw from ``seed``.

    Without those of :func:`closeness`, of at most ``LARGEST_SIDE`` clips. Raises BadSetting where the sides do not match or
    have too few clips.
    """
    rng = np.random.default_rng(seed)
    everything = np.arange(len(reference)), np.arange(len(estimate))
    rows, estimate_rows = equal_counts(
        reference.labels, everything[0], estimate.labels, everything[1], rng, _most_of_each(reference.labels)
    )
    real, made = reference.embeddings[rows], estimate.embeddings[estimate_rows]
    return DistanceFigures(
        closeness=closeness(reference, estimate, seed=seed),
        infinity=frechet_distance_infinity(real, made, seed=seed) if len(real) >= 16 else None,
        kernel_rbf=kernel_distance(real, made),
        kernel_polynomial=kernel_distance(real, made, kernel="polynomial"),
        ndb=ndb(real, made, seed=seed),
    )


def sounds_of(reference: EmbeddedClips, takes_from: TakesFrom, near_duplicate_distance: float | None) -> np.ndarray:
    """The sound that each reference clip is a take of, as numbers ``(n,)``; clips of different labels are different sounds.

    Raises BadSetting where ``takes_from`` is unknown, or is ``distance`` and the embedding has no near-duplicate distance.
    """
    if takes_from not in ("distance", "group"):
        raise BadSetting(f"takes_from is {takes_from!r}; it must be 'distance' or 'group'.")
    if takes_from == "distance" and near_duplicate_distance is None:
        raise BadSetting(
            "This embedding does not say how close takes of one sound lie; take them from groups: takes_from='group'."
        )
    sounds = np.empty(len(reference), dtype=np.int64)
    n_sounds = 0
    for label in np.unique(reference.labels):
        rows = reference.of_label(label)
        groups = reference.groups[rows] if takes_from == "group" else None
        own = merge_near_duplicates(reference.embeddings[rows], near_duplicate_distance, groups)
        sounds[rows] = own + n_sounds
        n_sounds += own.max() + 1
    return sounds


def neighbour_figures(
    reference: EmbeddedClips,
    estimate: EmbeddedClips,
    sounds: np.ndarray,
    repeats: int = 10,
    seed: int = 0,
    merge_groups: bool = True,
) -> NeighbourFigures:
    """Variety of the estimate, and whether it can be told from the reference or was copied from it.

    ``sounds`` ``(n,)`` comes from :func:`sounds_of`. Precision to coverage and the 1-nearest-neighbour accuracy are means over
    ``repeats`` draws of one take of each sound and as many estimates of the same label. Diversity compares all clips of a
    label. With ``merge_groups`` the limit against copies takes the recordings of a group for one sound, see
    :func:`merge_drums`. Raises BadSetting where no label can be measured or the sides do not match.
    """
    rng = np.random.default_rng(seed)
    names = [str(label) for label in np.intersect1d(reference.labels, estimate.labels)]
    manifolds: list[PrecisionRecall] = []
    accuracies: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(repeats):
        takes = one_of_each(sounds, rng)
        rows, estimate_rows = equal_counts(
            reference.labels, takes, estimate.labels, np.arange(len(estimate)), rng, _most_of_each(reference.labels)
        )
        manifolds.append(
            precision_recall_density_coverage(reference.embeddings[rows], estimate.embeddings[estimate_rows])
        )
        for name in names:
            own = reference.labels[rows] == name  # the estimate's rows have the same labels in the same order
            if own.sum() >= 2:
                pair = reference.embeddings[rows[own]], estimate.embeddings[estimate_rows[own]]
                accuracies[name].append(nearest_neighbour_accuracy(*pair))
    drums = _drums(reference, sounds) if merge_groups else sounds
    labels = {name: _label_figures(name, reference, estimate, sounds, drums, accuracies[name]) for name in names}
    values = np.array([[m.precision, m.recall, m.density, m.coverage] for m in manifolds])
    copies = [figures.copying for figures in labels.values() if figures.copying is not None]
    if not copies:
        raise BadSetting(
            "The recordings of every label are takes of one sound, so nothing says what a copy is; give more sounds."
        )
    return NeighbourFigures(
        manifold=PrecisionRecall(*values.mean(axis=0).tolist()),
        diversity=_mean_of([figures.diversity for figures in labels.values()]),
        nearest_accuracy=_mean_of([figures.nearest_accuracy for figures in labels.values()]),
        share_no_closer=float(np.mean(np.concatenate([report.estimate >= report.limit for report in copies]))),
        labels=labels,
    )


def score_figures(
    reference_probabilities: np.ndarray,
    reference_labels: np.ndarray,
    probabilities: np.ndarray,
    labels: np.ndarray,
    classes: list[str],
) -> ScoreFigures:
    """Scores of the estimate's ``probabilities`` ``(m, classes)`` and of the reference's ``(n, classes)``."""

    def of(rows: np.ndarray, names: np.ndarray) -> tuple[float, float, float, float, float]:
        return (
            label_agreement(rows, names, classes),
            inception_score(rows),
            modified_inception_score(rows),
            modified_inception_score(rows, names),
            am_score(reference_probabilities, rows),
        )

    return ScoreFigures(*of(probabilities, labels), *of(reference_probabilities, reference_labels))


def _most_of_each(labels: np.ndarray) -> dict[str, int]:
    """How many clips of each label keep a side at ``LARGEST_SIDE``."""
    names = np.unique(labels)
    return dict.fromkeys(names.tolist(), max(2, LARGEST_SIDE // len(names)))


def _label_figures(
    name: str,
    reference: EmbeddedClips,
    estimate: EmbeddedClips,
    sounds: np.ndarray,
    drums: np.ndarray,
    accuracies: list[float],
) -> LabelFigures:
    rows, estimate_rows = reference.of_label(name), estimate.of_label(name)
    real, made = reference.embeddings[rows], estimate.embeddings[estimate_rows]
    n_sounds = len(np.unique(sounds[rows]))
    return LabelFigures(
        n_reference=len(rows),
        n_sounds=n_sounds,
        n_estimate=len(estimate_rows),
        diversity=diversity_ratio(real, made) if n_sounds >= 2 and len(made) >= 2 else None,
        nearest_accuracy=float(np.mean(accuracies)) if accuracies else None,
        copying=nearest_training_distance(real, made, drums[rows]) if n_sounds >= 2 else None,
    )


def _drums(reference: EmbeddedClips, sounds: np.ndarray) -> np.ndarray:
    """Return the number ``(n,)`` of the drum in each reference clip; unlike ``sounds``, they repeat between labels."""
    drums = sounds.copy()
    for label in np.unique(reference.labels):
        rows = reference.of_label(label)
        if len(np.unique(sounds[rows])) >= 2:
            drums[rows] = merge_drums(reference.embeddings[rows], sounds[rows], reference.groups[rows])
    return drums


def _mean_of(values: list[float | None]) -> float:
    measured = [value for value in values if value is not None]
    if not measured:
        raise BadSetting("No label has two recordings and two generated clips; give more clips.")
    return float(np.mean(measured))
