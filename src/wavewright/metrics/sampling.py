"""Seeded draws that make two sets comparable (whole groups, equal counts), and bootstrap intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..base.errors import BadSetting


@dataclass(frozen=True)
class Interval:
    """A value with the bounds of its interval."""

    value: float
    low: float
    high: float

    @classmethod
    def recentred(cls, value: float, draws: Sequence[float], confidence: float = 0.95) -> Interval:
        """Return the percentile interval of bootstrap draws, shifted so that the mean of the draws is the value.

        Rows that are drawn twice bias distances upward; the shift removes that bias and keeps the width.

        Parameters
        ----------
        value : float
            The statistic of the sample.
        draws : sequence of float
            The statistic of each bootstrap draw. Without finite draws the interval is the value alone.
        confidence : float
            Probability mass of the interval, between 0 and 1.

        Returns
        -------
        Interval
            The value with the shifted percentiles.
        """
        if not len(draws) or not np.isfinite([value, *draws]).all():
            return cls(value, value, value)
        tail = 50.0 * (1.0 - confidence)
        low, high = np.percentile(draws, [tail, 100.0 - tail]) + value - np.mean(draws)
        return cls(value, float(low), float(high))

    @classmethod
    def of_repeats(cls, values: Sequence[float] | np.ndarray) -> Interval:
        """Return the mean of repeated measurements with their 2.5 and 97.5 percentiles."""
        low, high = np.percentile(values, [2.5, 97.5])
        return cls(float(np.mean(values)), float(low), float(high))


def bootstrap_interval(
    statistic: Callable[..., float],
    samples: Sequence[np.ndarray],
    groups: Sequence[np.ndarray | None] | None = None,
    confidence: float = 0.95,
    repeats: int = 200,
    seed: int = 0,
) -> Interval:
    """Compute a statistic with its bootstrap interval.

    The percentiles are shifted as in :meth:`Interval.recentred`.

    Raises BadSetting if ``confidence`` or ``repeats`` is out of range, or ``groups`` does not have one entry (or None)
    for each sample.

    Parameters
    ----------
    statistic : callable
        Function of one array for each sample.
    samples : sequence of np.ndarray
        Arrays whose rows are resampled with replacement.
    groups : sequence of np.ndarray or None, optional
        An entry for each sample: None, or the group of each row. Whole groups are resampled, because the clips of one
        kit or drum are not independent.
    confidence : float
        Probability mass of the interval, between 0 and 1.
    repeats : int
        Number of bootstrap draws, at least 2.
    seed : int
        Seed of the draws.

    Returns
    -------
    Interval
        ``statistic(*samples)`` with its interval.

    References
    ----------
    B. Efron, "Bootstrap methods: another look at the jackknife", 1979.
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
    row_groups = [np.arange(len(rows)) if group is None else group for rows, group in zip(samples, groups, strict=True)]
    draws = [
        float(statistic(*(rows[bootstrap_rows(group, rng)] for rows, group in zip(samples, row_groups, strict=True))))
        for _ in range(repeats)
    ]
    return Interval.recentred(float(statistic(*samples)), draws, confidence)


def bootstrap_rows(groups: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw whole groups ``(n,)`` with replacement, as many as there are; return the row indices.

    Their number varies with the sizes of the groups.
    """
    _, group_index = np.unique(groups, return_inverse=True)
    members = np.split(np.argsort(group_index, kind="stable"), np.cumsum(np.bincount(group_index))[:-1])
    return np.concatenate([members[drawn] for drawn in rng.integers(len(members), size=len(members))])


def split_in_halves(groups: np.ndarray, labels: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw two halves that have no group in common and the same number of clips of every label.

    The groups, in random order, each join the half that balances the counts better; then the larger half of each label
    loses random clips. A label of a single group has clips in one half only, so it drops out of both.

    Parameters
    ----------
    groups, labels : np.ndarray
        Group and label of each row, ``(n,)``.
    rng : np.random.Generator

    Returns
    -------
    tuple of np.ndarray
        Row indices of both halves, ordered by label.
    """
    group_names, group_index = np.unique(groups, return_inverse=True)
    label_names, label_index = np.unique(labels, return_inverse=True)
    counts = np.zeros((len(group_names), len(label_names)), dtype=np.int64)
    np.add.at(counts, (group_index, label_index), 1)
    surplus = np.zeros(len(label_names), dtype=np.int64)  # clips of each label in the first half minus the second
    half_of_group = np.empty(len(group_names), dtype=np.int64)
    for group in rng.permutation(len(group_names)):
        if_first = np.abs(surplus + counts[group]).sum()
        if_second = np.abs(surplus - counts[group]).sum()
        half_of_group[group] = rng.integers(2) if if_first == if_second else int(if_second < if_first)
        surplus += counts[group] if half_of_group[group] == 0 else -counts[group]
    first, second = (np.flatnonzero(half_of_group[group_index] == half) for half in (0, 1))
    return draw_equal_counts(labels, labels, rng, first, second)


def draw_equal_counts(
    reference_labels: np.ndarray,
    estimate_labels: np.ndarray,
    rng: np.random.Generator,
    reference_rows: np.ndarray | None = None,
    estimate_rows: np.ndarray | None = None,
    at_most: Mapping[str, int] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw rows from two sets so that both have the same number of clips of every label.

    Parameters
    ----------
    reference_labels, estimate_labels : np.ndarray
        Label of each row of a set, ``(n,)`` and ``(m,)``.
    rng : np.random.Generator
        Source of the draw, without replacement.
    reference_rows, estimate_rows : np.ndarray, optional
        Row indices to draw from; all rows by default.
    at_most : mapping of str to int, optional
        Largest number of clips of each label; labels without an entry drop out.

    Returns
    -------
    tuple of np.ndarray
        Row indices of both sets, ordered by label. Labels that one set lacks drop out.
    """
    if reference_rows is None:
        reference_rows = np.arange(len(reference_labels))
    if estimate_rows is None:
        estimate_rows = np.arange(len(estimate_labels))
    drawn: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    for label in np.intersect1d(reference_labels[reference_rows], estimate_labels[estimate_rows]):
        pools = (
            reference_rows[reference_labels[reference_rows] == label],
            estimate_rows[estimate_labels[estimate_rows] == label],
        )
        count = min(len(pools[0]), len(pools[1]))
        if at_most is not None:
            count = min(count, at_most.get(str(label), 0))
        for rows, pool in zip(drawn, pools, strict=True):
            rows.append(rng.choice(pool, count, replace=False))
    empty = np.empty(0, dtype=np.int64)
    return np.concatenate([empty, *drawn[0]]), np.concatenate([empty, *drawn[1]])


def draw_one_per_cluster(clusters: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw one row of every cluster ``(n,)``; return the sorted row indices, one for each cluster."""
    shuffled = rng.permutation(len(clusters))
    _, first = np.unique(clusters[shuffled], return_index=True)
    return np.sort(shuffled[first])
