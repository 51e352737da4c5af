"""Is it copying? Nearest-training-clip distances, beside those of the training clips among each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import BadSetting
from .distances import checked_pair, checked_rows, distances_among, pairwise_distances


@dataclass(frozen=True)
class CopyReport:
    """Distances to the nearest training clip, and the limit below which a generated clip counts as too close.

    ``training`` has one distance for each training sound (near-duplicates merged), ``estimate`` one for each generated clip.
    """

    share_no_closer: float
    limit: float
    percentile: float
    training: np.ndarray
    estimate: np.ndarray


def merge_near_duplicates(
    reference: np.ndarray, threshold: float | None = None, groups: np.ndarray | None = None
) -> np.ndarray:
    """The sound that each row of reference ``(n, d)`` belongs to, as numbers ``(n,)`` from 0 in order of first appearance.

    Rows of one group are one sound (the velocity layers of a drum), and so are rows no farther apart than ``threshold``,
    directly or through others. Raises BadSetting where neither is given, the threshold is negative or there is not one group
    for each row.
    """
    reference = checked_rows("reference", reference)
    if threshold is None and groups is None:
        raise BadSetting("Nothing says which clips are near-duplicates; give a threshold, groups, or both.")
    if threshold is not None and threshold < 0:
        raise BadSetting(f"The threshold is {threshold}; it must be at least 0.")
    touching = np.eye(len(reference), dtype=bool)
    if groups is not None:
        groups = np.asarray(groups)
        if groups.shape != (len(reference),):
            raise BadSetting(
                f"There are {len(reference)} clips and groups of shape {groups.shape}; give one group for each clip."
            )
        touching |= groups[:, None] == groups[None, :]
    if threshold is not None:
        touching |= distances_among(reference) <= threshold
    return _components(touching)


def nearest_training_distance(
    training: np.ndarray, estimate: np.ndarray, sounds: np.ndarray | None = None, percentile: float = 0.0
) -> CopyReport:
    """Distances of estimate ``(m, d)`` to the nearest clip of training ``(n, d)``, judged by those among training.

    Give the clips of one label. ``sounds`` ``(n,)`` from :func:`merge_near_duplicates` says which training clips are one sound.
    The yardstick is one distance for each sound: from its most central clip to the nearest clip of any other sound. The limit
    is the ``percentile`` of these, the smallest by default: a clip below it lies closer to a training clip than any two
    training sounds lie to each other. Merge near-duplicates by distance first, or one pair of them makes a limit that copies
    pass. A higher percentile asks more than 99 % can give: of new sounds from the same source 2 in ``n + 1`` fall below the
    smallest of ``n`` anyway, and 1 % below the first percentile. Raises BadSetting where there are fewer than two sounds, no
    estimate, or the sides do not match.
    """
    training, estimate = checked_pair(training, estimate)
    if not 0 <= percentile <= 100:
        raise BadSetting(f"The percentile is {percentile}; it must lie between 0 and 100.")
    sounds = np.arange(len(training)) if sounds is None else np.asarray(sounds)
    if sounds.shape != (len(training),):
        raise BadSetting(
            f"There are {len(training)} training clips and sounds of shape {sounds.shape}; give one for each clip."
        )
    if len(np.unique(sounds)) < 2:
        raise BadSetting(
            "The training clips are one sound, so nothing says how far apart they may be; give at least two sounds."
        )
    among = distances_among(training)
    to_others = np.where(sounds[:, None] == sounds[None, :], np.inf, among).min(axis=1)
    yardstick = to_others[[_most_central(among, np.flatnonzero(sounds == sound)) for sound in np.unique(sounds)]]
    limit = float(np.percentile(yardstick, percentile))
    nearest = pairwise_distances(training, estimate).min(axis=0)
    return CopyReport(float(np.mean(nearest >= limit)), limit, percentile, yardstick, nearest)


def merge_drums(training: np.ndarray, sounds: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Merge the clips of each group, such as the velocity layers of a drum, into one sound.

    Merging can only raise the limit of :func:`nearest_training_distance`: where one sound would remain, or the limit
    would fall, ``sounds`` are returned unchanged.

    Parameters
    ----------
    training : np.ndarray
        Clips of one label, ``(n, d)``.
    sounds : np.ndarray
        From :func:`merge_near_duplicates`, ``(n,)``. Without them, one pair of near-duplicates filed as two drums would
        lower the limit so far that copies pass.
    groups : np.ndarray
        The drum that each clip is a recording of, ``(n,)``.
    """
    merged = _components((sounds[:, None] == sounds[None, :]) | (groups[:, None] == groups[None, :]))
    if merged.max() == 0:
        return sounds
    limits = [nearest_training_distance(training, training[:1], candidate).limit for candidate in (sounds, merged)]
    return merged if limits[1] >= limits[0] else sounds


def smallest_distance(training: np.ndarray, threshold: float | None, groups: np.ndarray | None = None) -> float:
    """Return the smallest distance between different sounds of training ``(n, d)``, 0 where all are one sound.

    Clips no farther apart than ``threshold`` are one sound, and so are those of one of the ``groups`` ``(n,)``, see
    :func:`merge_drums`. Raises BadSetting where the threshold is None.
    """
    sounds = merge_near_duplicates(training, threshold)
    if len(np.unique(sounds)) < 2:
        return 0.0
    if groups is not None:
        sounds = merge_drums(training, sounds, groups)
    return nearest_training_distance(training, training[:1], sounds).limit


def _most_central(among: np.ndarray, members: np.ndarray) -> int:
    """The member with the smallest mean distance to the other members."""
    return int(members[among[np.ix_(members, members)].mean(axis=1).argmin()])


def _components(touching: np.ndarray) -> np.ndarray:
    """Connected components of a symmetric relation ``(n, n)``, as numbers ``(n,)`` from 0 in order of first appearance."""
    component = np.full(len(touching), -1)
    n_components = 0
    for start in range(len(touching)):
        if component[start] >= 0:
            continue
        reached = np.zeros(len(touching), dtype=bool)
        frontier = np.zeros(len(touching), dtype=bool)
        frontier[start] = True
        while frontier.any():
            reached |= frontier
            frontier = touching[frontier].any(axis=0) & ~reached
        component[reached] = n_components
        n_components += 1
    return component
