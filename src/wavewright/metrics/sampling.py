"""Seeded draws that make two sets comparable: whole groups, equal counts, one clip a drum; and bootstrap intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import BadSetting


@dataclass(frozen=True)
class Interval:
    """A value with the ends of its interval."""

    value: float
    low: float
    high: float

    @classmethod
    def recentred(cls, value: float, draws: Sequence[float], confidence: float = 0.95) -> Interval:
        """The percentiles of bootstrap draws, moved by the difference between the value and the mean of the draws.

        Rows that are drawn twice shift distances upward; the move takes the shift out and keeps the width. Without finite draws
        the interval is the value alone.
        """
        if not len(draws) or not np.isfinite([value, *draws]).all():
            return cls(value, value, value)
        tail = 50.0 * (1.0 - confidence)
        low, high = np.percentile(draws, [tail, 100.0 - tail]) + value - np.mean(draws)
        return cls(value, float(low), float(high))


def bootstrap_interval(
    statistic: Callable[..., float],
    samples: Sequence[np.ndarray],
    groups: Sequence[np.ndarray | None] | None = None,
    confidence: float = 0.95,
    repeats: int = 200,
    seed: int = 0,
) -> Interval:
    """``statistic(*samples)`` with its bootstrap interval (Efron, 1979); each sample is an array whose rows are drawn again.

    ``groups`` has an entry for each sample: ``None``, or an array that names the group of each row; then whole groups are
    drawn, since the clips of one kit or drum are not independent. The percentiles are moved as :meth:`Interval.recentred` says.
    Raises BadSetting where a setting is impossible.
    """
    if not 0 < confidence < 1 or repeats < 2:
        raise BadSetting(
            f"The confidence is {confidence} and repeats {repeats}; they must lie between 0 and 1, and be at least 2."
        )
    if groups is None:
        groups = [None] * len(samples)
    if len(groups) != len(samples):
        raise BadSetting(
            f"There are {len(samples)} samples and {len(groups)} entries of groups; give one (or None) for each sample."
        )
    rng = np.random.default_rng(seed)
    named = [np.arange(len(rows)) if group is None else group for rows, group in zip(samples, groups, strict=True)]
    draws = [
        float(statistic(*(rows[drawn_again(group, rng)] for rows, group in zip(samples, named, strict=True))))
        for _ in range(repeats)
    ]
    return Interval.recentred(float(statistic(*samples)), draws, confidence)


def drawn_again(groups: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Indices of a bootstrap draw of whole ``groups`` ``(n,)``, with replacement, as many groups as there are."""
    _, owner = np.unique(groups, return_inverse=True)
    members = np.split(np.argsort(owner, kind="stable"), np.cumsum(np.bincount(owner))[:-1])
    return np.concatenate([members[drawn] for drawn in rng.integers(len(members), size=len(members))])


def split_in_halves(groups: np.ndarray, labels: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Indices of two halves that share no group and hold equally many clips of every label.

    The groups, in a drawn order, each join the half that they leave more even; then the fuller half of each label loses drawn
    clips. A label of a single group has clips in one half only and drops out of both. ``groups`` and ``labels`` are ``(n,)``.
    """
    names, owner = np.unique(groups, return_inverse=True)
    classes, label_of = np.unique(labels, return_inverse=True)
    counts = np.zeros((len(names), len(classes)), dtype=np.int64)
    np.add.at(counts, (owner, label_of), 1)
    surplus = np.zeros(len(classes), dtype=np.int64)  # clips of each label that the first half has more than the second
    side = np.empty(len(names), dtype=np.int64)
    for group in rng.permutation(len(names)):
        if_first, if_second = np.abs(surplus + counts[group]).sum(), np.abs(surplus - counts[group]).sum()
        side[group] = rng.integers(2) if if_first == if_second else int(if_second < if_first)
        surplus += counts[group] if side[group] == 0 else -counts[group]
    halves = [np.flatnonzero(side[owner] == half) for half in (0, 1)]
    return equal_counts(labels, halves[0], labels, halves[1], rng)


def equal_counts(
    first_labels: np.ndarray,
    first: np.ndarray,
    second_labels: np.ndarray,
    second: np.ndarray,
    rng: np.random.Generator,
    at_most: dict[str, int] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Drawn indices out of ``first`` and ``second`` with equally many clips of every label, ``at_most`` so many of each.

    ``first_labels[first]`` are the labels on offer on one side, ``second_labels[second]`` on the other. Labels that one side
    lacks, or that ``at_most`` does not name, drop out. The result is ordered by label.
    """
    chosen: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    for label in np.intersect1d(first_labels[first], second_labels[second]):
        pools = first[first_labels[first] == label], second[second_labels[second] == label]
        count = min(len(pools[0]), len(pools[1]))
        if at_most is not None:
            count = min(count, at_most.get(str(label), 0))
        for side, pool in zip(chosen, pools, strict=True):
            side.append(rng.choice(pool, count, replace=False))
    empty = np.empty(0, dtype=np.int64)
    return np.concatenate([empty, *chosen[0]]), np.concatenate([empty, *chosen[1]])


def one_of_each(clusters: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Index of one drawn row of every cluster; ``clusters`` ``(n,)`` names the cluster of each row."""
    shuffled = rng.permutation(len(clusters))
    _, first = np.unique(clusters[shuffled], return_index=True)
    return np.sort(shuffled[first])
