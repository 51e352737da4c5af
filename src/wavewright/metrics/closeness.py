"""How close generated clips are to the recordings, in units of how close one half of the recordings is to the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import BadSetting
from .clips import EmbeddedClips
from .distances import checked_pair
from .frechet import frechet_distance
from .sampling import Interval, drawn_again, equal_counts, split_in_halves

Distance = Callable[[np.ndarray, np.ndarray], float]
"""A distance between reference ``(n, d)`` and estimate ``(m, d)``."""


@dataclass(frozen=True)
class HalfToHalf:
    """The distance between two halves of the recordings: mean over splits with their 2.5 and 97.5 percentiles."""

    distance: Interval
    n_clips: int
    repeats: int


@dataclass(frozen=True)
class Closeness:
    """Generated-to-real and half-to-half distance at the same counts, and their ratio with its bootstrap interval."""

    generated: Interval
    half_to_half: Interval
    ratio: Interval
    n_clips: int
    repeats: int


def half_to_half(
    reference: np.ndarray,
    groups: np.ndarray | None = None,
    labels: np.ndarray | None = None,
    distance: Distance = frechet_distance,
    repeats: int = 20,
    seed: int = 0,
) -> HalfToHalf:
    """Distance between two halves of reference ``(n, d)`` that share no group and hold equally many clips of every label.

    Each of ``repeats`` splits is drawn from ``seed``. Without ``groups`` ``(n,)`` each clip is its own group; without
    ``labels`` ``(n,)`` all are alike. Raises BadSetting where no half of two clips can be made.
    """
    clips = EmbeddedClips.of(reference, labels, groups)
    rng = np.random.default_rng(seed)
    splits = [split_in_halves(clips.groups, clips.labels, rng) for _ in range(_checked_repeats(repeats))]
    if any(len(first) < 2 for first, _ in splits):
        raise BadSetting(_NO_HALVES)
    distances = [distance(clips.embeddings[first], clips.embeddings[second]) for first, second in splits]
    return HalfToHalf(_over_splits(distances), _mean_count(splits), repeats)


def closeness(
    reference: EmbeddedClips,
    estimate: EmbeddedClips,
    distance: Distance = frechet_distance,
    repeats: int = 20,
    bootstrap_repeats: int = 100,
    seed: int = 0,
) -> Closeness:
    """Distance from reference to estimate over the distance of one half of the reference to the other.

    For each of ``repeats`` splits in halves (groups whole, equal counts of every label) as many clips of every label as a half
    holds are drawn from the whole reference and from the estimate: all four sets have equal counts, so the bias of small
    samples cancels. Value: ratio of the mean distances. Its 95 % interval draws the reference's groups and the estimate's clips
    again, one split a draw, copies of a group staying in one half, and is moved as in
    :func:`~wavewright.metrics.sampling.bootstrap_interval`. Labels that a side lacks drop out. Raises BadSetting where no half
    of two clips can be made or the sides do not match.
    """
    checked_pair(reference.embeddings, estimate.embeddings, at_least=2)
    rng = np.random.default_rng(seed)
    splits = [_equal_sets(reference, estimate, rng) for _ in range(_checked_repeats(repeats))]
    if any(len(sets[0]) < 2 for sets in splits):
        raise BadSetting(_NO_HALVES)
    pairs = np.array([_distances(reference, estimate, sets, distance) for sets in splits])
    ratios = []
    for _ in range(bootstrap_repeats):
        again = (
            reference.take(drawn_again(reference.groups, rng)),
            estimate.take(rng.integers(len(estimate), size=len(estimate))),
        )
        sets = _equal_sets(*again, rng)
        if len(sets[0]) >= 2:  # a draw of few groups may leave nothing to split
            ratios.append(_ratio(*_distances(*again, sets, distance)))
    ratio = Interval.recentred(_ratio(*pairs.mean(axis=0)), ratios)
    ratio = Interval(ratio.value, max(ratio.low, 0.0), ratio.high)
    return Closeness(_over_splits(pairs[:, 0]), _over_splits(pairs[:, 1]), ratio, _mean_count(splits), repeats)


def equal_distance(
    reference: EmbeddedClips,
    estimate: EmbeddedClips,
    distance: Distance = frechet_distance,
    repeats: int = 20,
    seed: int = 0,
) -> Interval:
    """Distance from reference to estimate at equal counts of every label: mean over ``repeats`` draws, with their percentiles.

    Raises BadSetting where the sides have fewer than two clips of common labels.
    """
    rng = np.random.default_rng(seed)
    everything = np.arange(len(reference)), np.arange(len(estimate))
    distances = []
    for _ in range(_checked_repeats(repeats)):
        rows, estimate_rows = equal_counts(reference.labels, everything[0], estimate.labels, everything[1], rng)
        distances.append(distance(reference.embeddings[rows], estimate.embeddings[estimate_rows]))
    return _over_splits(distances)


_NO_HALVES = (
    "The recordings cannot be split in two halves that share no group and hold the same labels; "
    "give recordings of more groups (kits, speakers), at least two for each label."
)

_Sets = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""Indices of two halves of the reference, of a draw from the whole reference and of a draw from the estimate."""


def _equal_sets(reference: EmbeddedClips, estimate: EmbeddedClips, rng: np.random.Generator) -> _Sets:
    """Four sets with the same number of clips of every label."""
    first, second = split_in_halves(reference.groups, reference.labels, rng)
    everything = np.arange(len(reference))
    most = _counts(reference.labels[first])
    drawn, estimate_drawn = equal_counts(
        reference.labels, everything, estimate.labels, np.arange(len(estimate)), rng, most
    )
    # where the estimate has fewer clips of a label than a half, the halves must not have more
    first, second = equal_counts(
        reference.labels, first, reference.labels, second, rng, _counts(reference.labels[drawn])
    )
    return first, second, drawn, estimate_drawn


def _distances(
    reference: EmbeddedClips, estimate: EmbeddedClips, sets: _Sets, distance: Distance
) -> tuple[float, float]:
    """Distance from reference to estimate, and from half to half."""
    first, second, drawn, estimate_drawn = sets
    return (
        distance(reference.embeddings[drawn], estimate.embeddings[estimate_drawn]),
        distance(reference.embeddings[first], reference.embeddings[second]),
    )


def _counts(labels: np.ndarray) -> dict[str, int]:
    names, counts = np.unique(labels, return_counts=True)
    return dict(zip(names.tolist(), counts.tolist(), strict=True))


def _ratio(to_estimate: float, apart: float) -> float:
    return float(to_estimate / apart) if apart > 0 else np.inf


def _mean_count(splits: Sequence[tuple[np.ndarray, ...]]) -> int:
    return round(float(np.mean([len(sets[0]) for sets in splits])))


def _over_splits(values: Sequence[float] | np.ndarray) -> Interval:
    low, high = np.percentile(values, [2.5, 97.5])
    return Interval(float(np.mean(values)), float(low), float(high))


def _checked_repeats(repeats: int) -> int:
    if repeats < 1:
        raise BadSetting(f"repeats is {repeats}; it must be at least 1.")
    return repeats
