"""Copy detection: distances to the nearest training clip, compared with those among the training clips."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..base.errors import BadSetting
from .checks import checked_pair, checked_per_clip, checked_rows
from .distances import distances_among, pairwise_distances


@dataclass(frozen=True)
class CopyReport:
    """Distances to the nearest training clip, and the limit below which a generated clip counts as a copy.

    Attributes
    ----------
    fraction_no_closer : float
        Fraction of generated clips at or beyond the limit.
    limit : float
        The ``percentile`` of ``training``.
    percentile : float
        0 for the smallest distance.
    training : np.ndarray of shape ``(clusters,)``
        Distance of each training cluster to the nearest clip of any other.
    estimate : np.ndarray of shape ``(m,)``
        Distance of each generated clip to the nearest training clip.
    """

    fraction_no_closer: float
    limit: float
    percentile: float
    training: np.ndarray
    estimate: np.ndarray


def merge_near_duplicates(
    reference: np.ndarray, threshold: float | None = None, groups: np.ndarray | None = None
) -> np.ndarray:
    """Cluster the recordings of one sound by single linkage.

    Raises BadSetting if neither threshold nor groups are given, the threshold is negative or there is not one group for
    each row.

    Parameters
    ----------
    reference : np.ndarray
        Embeddings, ``(n, d)``.
    threshold : float, optional
        Distance up to which two clips are recordings of one sound, directly or through others; at least 0.
    groups : np.ndarray, optional
        Group of each clip, ``(n,)``; clips of one group, such as the velocity layers of a drum, are one cluster.

    Returns
    -------
    np.ndarray
        Cluster of each row, ``(n,)``, numbered from 0 in order of first appearance.
    """
    reference = checked_rows("reference", reference)
    if threshold is None and groups is None:
        raise BadSetting("Near-duplicates are not defined; give a threshold, groups, or both.")
    if threshold is not None and threshold < 0:
        raise BadSetting(f"The threshold is {threshold}; it must be at least 0.")
    linked = np.eye(len(reference), dtype=bool)
    if groups is not None:
        linked |= _same(checked_per_clip("groups", groups, len(reference)))
    if threshold is not None:
        linked |= distances_among(reference) <= threshold
    return _connected_components(linked)


def nearest_training_distance(
    training: np.ndarray, estimate: np.ndarray, clusters: np.ndarray | None = None, percentile: float = 0.0
) -> CopyReport:
    """Compare the distances of generated clips to the training clips with those among the training clips.

    Each training cluster contributes one distance: from its medoid to the nearest clip of any other cluster. The limit
    is the ``percentile`` of these, by default the smallest: a generated clip below it is closer to a training clip than
    any two training clusters are to each other. Of new clips from the same source, 2 in ``n + 1`` fall below the
    smallest of ``n`` distances, and 1 % below their first percentile, so a higher percentile rejects more than 1 % of a
    perfect generator's clips. Merge near-duplicates by distance first: one pair of them would set a limit that copies
    pass.

    Raises BadSetting if there are fewer than two clusters or no estimate, or the dimensions differ.

    Parameters
    ----------
    training, estimate : np.ndarray
        Embeddings of the clips of one label, ``(n, d)`` and ``(m, d)``.
    clusters : np.ndarray, optional
        Sound that each training clip is a recording of, ``(n,)``, from :func:`merge_near_duplicates`. By default each
        clip is a sound of its own.
    percentile : float
        Percentile of the training distances that is the limit, 0 to 100.

    Returns
    -------
    CopyReport
        The distances, the limit, and the fraction of clips that reach it.
    """
    training, estimate = checked_pair(training, estimate)
    if not 0 <= percentile <= 100:
        raise BadSetting(f"The percentile is {percentile}; it must lie between 0 and 100.")
    if clusters is None:
        clusters = np.arange(len(training))
    clusters = checked_per_clip("clusters", clusters, len(training))
    if len(np.unique(clusters)) < 2:
        raise BadSetting(
            "The training clips are all of one sound, so there is no distance to compare with; give two sounds or more."
        )
    distances = distances_among(training)
    to_other_clusters = np.where(_same(clusters), np.inf, distances).min(axis=1)
    medoids = [_medoid(distances, np.flatnonzero(clusters == cluster)) for cluster in np.unique(clusters)]
    training_distances = to_other_clusters[medoids]
    limit = float(np.percentile(training_distances, percentile))
    nearest = pairwise_distances(training, estimate).min(axis=0)
    return CopyReport(float(np.mean(nearest >= limit)), limit, percentile, training_distances, nearest)


def merge_by_group(training: np.ndarray, clusters: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Merge the clusters that have a group in common, such as the velocity layers of a drum.

    Merging can only raise the limit of :func:`nearest_training_distance`: where one cluster would remain, or the limit
    would fall, ``clusters`` are returned unchanged.

    Parameters
    ----------
    training : np.ndarray
        Clips of one label, ``(n, d)``.
    clusters : np.ndarray
        From :func:`merge_near_duplicates`, ``(n,)``. Without them, one pair of near-duplicates filed as two drums would
        lower the limit so far that copies pass.
    groups : np.ndarray
        The drum that each clip is a recording of, ``(n,)``.

    Returns
    -------
    np.ndarray
        Cluster of each clip, ``(n,)``.
    """
    merged = _connected_components(_same(clusters) | _same(groups))
    if merged.max() == 0:
        return clusters
    limit, merged_limit = (
        nearest_training_distance(training, training[:1], candidate).limit for candidate in (clusters, merged)
    )
    return merged if merged_limit >= limit else clusters


def smallest_distance(training: np.ndarray, threshold: float | None, groups: np.ndarray | None = None) -> float:
    """Compute the smallest distance between different clusters of one label.

    Raises BadSetting if the threshold is None.

    Parameters
    ----------
    training : np.ndarray
        Embeddings of the clips, ``(n, d)``.
    threshold : float
        Distance up to which clips are recordings of one sound.
    groups : np.ndarray, optional
        Group of each clip, ``(n,)``; clips of one group are recordings of one sound, see :func:`merge_by_group`.

    Returns
    -------
    float
        The distance, 0 where all clips are one sound.
    """
    clusters = merge_near_duplicates(training, threshold)
    if len(np.unique(clusters)) < 2:
        return 0.0
    if groups is not None:
        clusters = merge_by_group(training, clusters, groups)
    return nearest_training_distance(training, training[:1], clusters).limit


def _same(names: np.ndarray) -> np.ndarray:
    """Return whether two rows have the same name, ``(n, n)`` bool."""
    return np.asarray(names[:, None] == names[None, :])


def _medoid(distances: np.ndarray, members: np.ndarray) -> int:
    """Return the member with the smallest mean distance to the other members."""
    return int(members[distances[np.ix_(members, members)].mean(axis=1).argmin()])


def _connected_components(linked: np.ndarray) -> np.ndarray:
    """Return the component of each node of a graph ``(n, n)``, numbered from 0 in order of first appearance."""
    component = np.full(len(linked), -1)
    n_components = 0
    for start in range(len(linked)):
        if component[start] >= 0:
            continue
        reached = np.zeros(len(linked), dtype=bool)
        frontier = np.zeros(len(linked), dtype=bool)
        frontier[start] = True
        while frontier.any():
            reached |= frontier
            frontier = linked[frontier].any(axis=0) & ~reached
        component[reached] = n_components
        n_components += 1
    return component
