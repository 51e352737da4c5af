"""All metrics of two sets of clips at equal counts of every label, with whole groups and merged near-duplicates.

What `evaluate` prints of them is in `report.py`, and what has a threshold in `criteria.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..base.errors import BadSetting
from .bins import NdbResult, ndb
from .clips import EmbeddedClips
from .copying import CopyReport, merge_by_group, merge_near_duplicates, nearest_training_distance
from .distances import diversity_ratio, one_nn_accuracy
from .frechet import MIN_ROWS, FrechetInfinity, frechet_distance_infinity
from .kernel import kernel_distance
from .prdc import NEAREST_K, PrecisionRecall, precision_recall_density_coverage
from .relative_frechet import RelativeFrechet, relative_frechet
from .sampling import draw_equal_counts, draw_one_per_cluster
from .scores import am_score, inception_score, label_agreement, modified_inception_score

TakesFrom = Literal["distance", "group"]
"""Recordings that count as takes of one sound: those within the near-duplicate distance, or also those of a group."""

MAX_CLIPS = 4_000
"""Kernels and nearest clips compare every pair of clips; of a larger set this many clips are drawn."""


@dataclass(frozen=True)
class DistributionDistances:
    """Distances between two distributions in one embedding; Frechet distances are in embedding units squared.

    Attributes
    ----------
    relative_frechet : RelativeFrechet
        Frechet distance, and its ratio to the one between halves of the recordings.
    frechet_infinity : FrechetInfinity or None
        Extrapolation to infinite samples, None with fewer than 16 clips in a set.
    kernel_rbf, kernel_polynomial : float
        Squared maximum mean discrepancy.
    ndb : NdbResult
        Number of statistically different bins.
    """

    relative_frechet: RelativeFrechet
    frechet_infinity: FrechetInfinity | None
    kernel_rbf: float
    kernel_polynomial: float
    ndb: NdbResult


@dataclass(frozen=True)
class LabelMetrics:
    """Sample-level metrics within one label; None where the label has too few clips.

    Attributes
    ----------
    n_reference, n_clusters, n_estimate : int
        Numbers of recordings, of clusters of takes among them, and of generated clips.
    diversity, one_nn_accuracy : float or None
        See :class:`SampleMetrics`.
    copying : CopyReport or None
        Distances to the nearest recording.
    """

    n_reference: int
    n_clusters: int
    n_estimate: int
    diversity: float | None
    one_nn_accuracy: float | None
    copying: CopyReport | None


@dataclass(frozen=True)
class SampleMetrics:
    """Sample-level metrics: fidelity, diversity and copying.

    Attributes
    ----------
    precision_recall : PrecisionRecall or None
        Precision, recall, density and coverage over all clips; None with fewer than six different sounds.
    diversity, one_nn_accuracy : float
        Ratio of mean pairwise distances, and 1-NN two-sample accuracy: means over the labels.
    fraction_no_closer : float
        Fraction of generated clips that are no closer to a recording than different recordings are to each other.
    labels : dict of str to LabelMetrics
        Metrics within each label.
    """

    precision_recall: PrecisionRecall | None
    diversity: float
    one_nn_accuracy: float
    fraction_no_closer: float
    labels: dict[str, LabelMetrics]


@dataclass(frozen=True)
class ClassifierScores:
    """Scores on a classifier's probabilities of the generated clips, and of the recordings (``reference_``)."""

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


def distribution_distances(reference: EmbeddedClips, estimate: EmbeddedClips, seed: int = 0) -> DistributionDistances:
    """Compute the distances between the distributions of two sets of clips.

    All but the relative Frechet distance are of at most ``MAX_CLIPS`` clips.

    Raises BadSetting if the dimensions differ or a set has too few clips.

    Parameters
    ----------
    reference, estimate : EmbeddedClips
        Recordings and generated clips; both are reduced to equal counts of every label.
    seed : int
        Seed of the draws.

    Returns
    -------
    DistributionDistances
        The distances.
    """
    rng = np.random.default_rng(seed)
    rows, estimate_rows = draw_equal_counts(
        reference.labels, estimate.labels, rng, at_most=_max_counts(reference.labels)
    )
    recorded, generated = reference.embeddings[rows], estimate.embeddings[estimate_rows]
    has_enough = len(recorded) >= MIN_ROWS
    return DistributionDistances(
        relative_frechet=relative_frechet(reference, estimate, seed=seed),
        frechet_infinity=frechet_distance_infinity(recorded, generated, seed=seed) if has_enough else None,
        kernel_rbf=kernel_distance(recorded, generated),
        kernel_polynomial=kernel_distance(recorded, generated, kernel="polynomial"),
        ndb=ndb(recorded, generated, seed=seed),
    )


def near_duplicate_clusters(
    reference: EmbeddedClips, takes_from: TakesFrom, near_duplicate_distance: float | None
) -> np.ndarray:
    """Cluster the takes of one sound; clips of different labels are in different clusters.

    Raises BadSetting if ``takes_from`` is unknown, or is ``distance`` and the near-duplicate distance is None.

    Parameters
    ----------
    reference : EmbeddedClips
        Recordings.
    takes_from : {"distance", "group"}
        Which recordings are takes of one sound, see :data:`TakesFrom`.
    near_duplicate_distance : float or None
        Distance up to which recordings are takes of one sound, None where it is not known.

    Returns
    -------
    np.ndarray
        Cluster of each recording, ``(n,)`` int64 from 0.
    """
    if takes_from not in ("distance", "group"):
        raise BadSetting(f"takes_from is {takes_from!r}; it must be 'distance' or 'group'.")
    if takes_from == "distance" and near_duplicate_distance is None:
        raise BadSetting(
            "This embedding has no distance between takes of one sound; merge them by group: takes_from='group'."
        )
    clusters = np.empty(len(reference), dtype=np.int64)
    n_clusters = 0
    for label in np.unique(reference.labels):
        rows = reference.rows_of_label(label)
        groups = reference.groups[rows] if takes_from == "group" else None
        of_label = merge_near_duplicates(reference.embeddings[rows], near_duplicate_distance, groups)
        clusters[rows] = of_label + n_clusters
        n_clusters += of_label.max() + 1
    return clusters


def sample_metrics(
    reference: EmbeddedClips,
    estimate: EmbeddedClips,
    clusters: np.ndarray,
    repeats: int = 10,
    seed: int = 0,
    merge_groups: bool = True,
) -> SampleMetrics:
    """Compute fidelity, diversity and copying of a set of generated clips.

    Precision to coverage and the 1-NN accuracy are means over draws of one take of each sound and as many generated
    clips of the same label. Diversity compares all clips of a label.

    Raises BadSetting if no label can be measured or the dimensions differ.

    Parameters
    ----------
    reference, estimate : EmbeddedClips
        Recordings and generated clips.
    clusters : np.ndarray
        Sound that each recording is a take of, ``(n,)``, from :func:`near_duplicate_clusters`.
    repeats : int
        Number of draws.
    seed : int
        Seed of the draws.
    merge_groups : bool
        Whether the recordings of a group count as one sound in the limit against copies, see
        :func:`~wavewright.metrics.copying.merge_by_group`.

    Returns
    -------
    SampleMetrics
        Metrics over all clips and within each label.
    """
    rng = np.random.default_rng(seed)
    names = [str(label) for label in np.intersect1d(reference.labels, estimate.labels)]
    precision_recalls: list[PrecisionRecall] = []
    accuracies: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(repeats):
        one_per_cluster = draw_one_per_cluster(clusters, rng)
        rows, estimate_rows = draw_equal_counts(
            reference.labels,
            estimate.labels,
            rng,
            reference_rows=one_per_cluster,
            at_most=_max_counts(reference.labels),
        )
        recorded, generated = reference.embeddings[rows], estimate.embeddings[estimate_rows]
        if len(rows) > NEAREST_K:
            precision_recalls.append(precision_recall_density_coverage(recorded, generated))
        for name in names:
            of_label = reference.labels[rows] == name  # the estimate's rows have the same labels in the same order
            if of_label.sum() >= 2:
                accuracies[name].append(one_nn_accuracy(recorded[of_label], generated[of_label]))
    merged = _merged_groups(reference, clusters) if merge_groups else clusters
    labels = {name: _label_metrics(name, reference, estimate, clusters, merged, accuracies[name]) for name in names}
    copy_reports = [metrics.copying for metrics in labels.values() if metrics.copying is not None]
    if not copy_reports:
        raise BadSetting(
            "The recordings of every label are takes of one sound, so copies have no limit; give more sounds."
        )
    no_closer = np.concatenate([report.estimate >= report.limit for report in copy_reports])
    return SampleMetrics(
        precision_recall=_mean_precision_recall(precision_recalls) if precision_recalls else None,
        diversity=_mean_over_labels([metrics.diversity for metrics in labels.values()]),
        one_nn_accuracy=_mean_over_labels([metrics.one_nn_accuracy for metrics in labels.values()]),
        fraction_no_closer=float(np.mean(no_closer)),
        labels=labels,
    )


def classifier_scores(
    reference_probabilities: np.ndarray,
    reference_labels: np.ndarray,
    probabilities: np.ndarray,
    labels: np.ndarray,
    classes: Sequence[str],
) -> ClassifierScores:
    """Compute the scores on class probabilities, of the generated clips and of the recordings.

    Parameters
    ----------
    reference_probabilities, probabilities : np.ndarray
        Class probabilities of recordings ``(n, classes)`` and generated clips ``(m, classes)``.
    reference_labels, labels : np.ndarray
        Labels, ``(n,)`` and ``(m,)``.
    classes : sequence of str
        Name of each column of the probabilities.

    Returns
    -------
    ClassifierScores
        The scores of both sets.
    """

    def scores(rows: np.ndarray, row_labels: np.ndarray) -> tuple[float, float, float, float, float]:
        return (
            label_agreement(rows, row_labels, classes),
            inception_score(rows),
            modified_inception_score(rows),
            modified_inception_score(rows, row_labels),
            am_score(reference_probabilities, rows),
        )

    return ClassifierScores(*scores(probabilities, labels), *scores(reference_probabilities, reference_labels))


def _max_counts(labels: np.ndarray) -> dict[str, int]:
    """Return the largest number of clips of each label that keeps a set within ``MAX_CLIPS``."""
    names = np.unique(labels)
    return dict.fromkeys(names.tolist(), max(2, MAX_CLIPS // len(names)))


def _label_metrics(
    name: str,
    reference: EmbeddedClips,
    estimate: EmbeddedClips,
    clusters: np.ndarray,
    merged: np.ndarray,
    accuracies: list[float],
) -> LabelMetrics:
    """Compute the metrics of one label; ``merged`` are the clusters of the limit against copies."""
    rows, estimate_rows = reference.rows_of_label(name), estimate.rows_of_label(name)
    recorded, generated = reference.embeddings[rows], estimate.embeddings[estimate_rows]
    n_clusters = len(np.unique(clusters[rows]))
    return LabelMetrics(
        n_reference=len(rows),
        n_clusters=n_clusters,
        n_estimate=len(estimate_rows),
        diversity=diversity_ratio(recorded, generated) if n_clusters >= 2 and len(generated) >= 2 else None,
        one_nn_accuracy=float(np.mean(accuracies)) if accuracies else None,
        copying=nearest_training_distance(recorded, generated, merged[rows]) if n_clusters >= 2 else None,
    )


def _merged_groups(reference: EmbeddedClips, clusters: np.ndarray) -> np.ndarray:
    """Merge the clusters of each group, label by label; unlike ``clusters``, the result repeats between labels."""
    merged = clusters.copy()
    for label in np.unique(reference.labels):
        rows = reference.rows_of_label(label)
        if len(np.unique(clusters[rows])) >= 2:
            merged[rows] = merge_by_group(reference.embeddings[rows], clusters[rows], reference.groups[rows])
    return merged


def _mean_precision_recall(results: list[PrecisionRecall]) -> PrecisionRecall:
    values = np.array([[each.precision, each.recall, each.density, each.coverage] for each in results])
    return PrecisionRecall(*values.mean(axis=0).tolist())


def _mean_over_labels(values: list[float | None]) -> float:
    measured = [value for value in values if value is not None]
    if not measured:
        raise BadSetting("No label has two recordings and two generated clips; give more clips.")
    return float(np.mean(measured))
