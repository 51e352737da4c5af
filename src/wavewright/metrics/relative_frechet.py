"""Relative Frechet distance: generated to recorded clips, in units of one half of the recordings to the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..base.errors import BadSetting
from .checks import checked_pair
from .clips import EmbeddedClips
from .frechet import frechet_distance
from .sampling import Interval, bootstrap_rows, draw_equal_counts, split_in_halves


@dataclass(frozen=True)
class HalfToHalf:
    """The Frechet distance between two halves of the recordings.

    Attributes
    ----------
    distance : Interval
        Mean over the splits with the 2.5 and 97.5 percentiles.
    n_clips : int
        Mean number of clips in a half.
    repeats : int
        Number of splits.
    """

    distance: Interval
    n_clips: int
    repeats: int


@dataclass(frozen=True)
class RelativeFrechet:
    """Frechet distances at equal counts, and their ratio.

    The distances are means over the splits with the 2.5 and 97.5 percentiles.

    Attributes
    ----------
    generated, half_to_half : Interval
        Distance from the recordings to the generated clips, and between halves of the recordings.
    ratio : Interval
        Ratio of the means with its 95 % bootstrap interval.
    n_clips, repeats : int
        Mean number of clips in a set, and number of splits.
    """

    generated: Interval
    half_to_half: Interval
    ratio: Interval
    n_clips: int
    repeats: int


def half_to_half(
    reference: np.ndarray,
    groups: np.ndarray | None = None,
    labels: np.ndarray | None = None,
    repeats: int = 20,
    seed: int = 0,
) -> HalfToHalf:
    """Compute the Frechet distance between two halves of the recordings.

    The halves have no group in common and the same number of clips of every label.

    Raises BadSetting if no half of two clips can be made.

    Parameters
    ----------
    reference : np.ndarray
        Embeddings, ``(n, d)``.
    groups, labels : np.ndarray, optional
        Group and label of each clip, ``(n,)``. By default each clip is a group of its own and all have one label.
    repeats : int
        Number of random splits, at least 1.
    seed : int
        Seed of the splits.

    Returns
    -------
    HalfToHalf
        The mean distance over the splits.
    """
    clips = EmbeddedClips.of(reference, labels, groups)
    rng = np.random.default_rng(seed)
    splits = [split_in_halves(clips.groups, clips.labels, rng) for _ in range(_checked_repeats(repeats))]
    _check_halves([first for first, _ in splits])
    distances = [frechet_distance(clips.embeddings[first], clips.embeddings[second]) for first, second in splits]
    return HalfToHalf(Interval.of_repeats(distances), _mean_count([first for first, _ in splits]), repeats)


def relative_frechet(
    reference: EmbeddedClips, estimate: EmbeddedClips, repeats: int = 20, bootstrap_repeats: int = 100, seed: int = 0
) -> RelativeFrechet:
    """Compute the Frechet distance from reference to estimate, divided by that between halves of the reference.

    For each split in halves (whole groups, equal counts of every label), as many clips of every label as a half holds
    are drawn from the whole reference and from the estimate. All four sets have equal counts, so the bias of small
    samples cancels in the ratio. The bootstrap resamples the groups of the reference and the clips of the estimate,
    with one split a draw in which the copies of a group stay in one half; the interval is shifted as in
    :meth:`~wavewright.metrics.sampling.Interval.recentred`. Labels that a set lacks drop out.

    Raises BadSetting if no half of two clips can be made or the dimensions differ.

    Parameters
    ----------
    reference, estimate : EmbeddedClips
        Recordings and generated clips.
    repeats : int
        Number of random splits, at least 1.
    bootstrap_repeats : int
        Number of bootstrap draws.
    seed : int
        Seed of the splits and draws.

    Returns
    -------
    RelativeFrechet
        Both distances and their ratio; 1 means that the generated clips are as close as recordings are.
    """
    checked_pair(reference.embeddings, estimate.embeddings, at_least=2)
    rng = np.random.default_rng(seed)
    splits = [_equal_sets(reference, estimate, rng) for _ in range(_checked_repeats(repeats))]
    _check_halves([sets[0] for sets in splits])
    pairs = np.array([_distances(reference, estimate, sets) for sets in splits])
    ratios = []
    for _ in range(bootstrap_repeats):
        resampled_reference = reference.select(bootstrap_rows(reference.groups, rng))
        resampled_estimate = estimate.select(rng.integers(len(estimate), size=len(estimate)))
        sets = _equal_sets(resampled_reference, resampled_estimate, rng)
        if len(sets[0]) >= 2:  # a draw of few groups may leave nothing to split
            ratios.append(_ratio(*_distances(resampled_reference, resampled_estimate, sets)))
    ratio = Interval.recentred(_ratio(*pairs.mean(axis=0)), ratios)
    return RelativeFrechet(
        generated=Interval.of_repeats(pairs[:, 0]),
        half_to_half=Interval.of_repeats(pairs[:, 1]),
        ratio=Interval(ratio.value, max(ratio.low, 0.0), ratio.high),
        n_clips=_mean_count([sets[0] for sets in splits]),
        repeats=repeats,
    )


def frechet_at_equal_counts(
    reference: EmbeddedClips, estimate: EmbeddedClips, repeats: int = 20, seed: int = 0
) -> Interval:
    """Compute the Frechet distance from reference to estimate with equal counts of every label.

    Raises BadSetting if a set has fewer than two clips of common labels.

    Parameters
    ----------
    reference, estimate : EmbeddedClips
        Two sets of clips.
    repeats, seed : int
        Number of random draws, at least 1, and their seed.

    Returns
    -------
    Interval
        Mean over the draws with the 2.5 and 97.5 percentiles.
    """
    rng = np.random.default_rng(seed)
    distances = []
    for _ in range(_checked_repeats(repeats)):
        drawn, estimate_drawn = draw_equal_counts(reference.labels, estimate.labels, rng)
        distances.append(frechet_distance(reference.embeddings[drawn], estimate.embeddings[estimate_drawn]))
    return Interval.of_repeats(distances)


_Sets = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""Row indices of two halves of the reference, of a draw from all of it, and of a draw from the estimate."""


def _equal_sets(reference: EmbeddedClips, estimate: EmbeddedClips, rng: np.random.Generator) -> _Sets:
    """Draw four sets with the same number of clips of every label."""
    first, second = split_in_halves(reference.groups, reference.labels, rng)
    drawn, estimate_drawn = draw_equal_counts(
        reference.labels, estimate.labels, rng, at_most=_label_counts(reference.labels[first])
    )
    # where the estimate has fewer clips of a label than a half, the halves are reduced to as many
    first, second = draw_equal_counts(
        reference.labels, reference.labels, rng, first, second, at_most=_label_counts(reference.labels[drawn])
    )
    return first, second, drawn, estimate_drawn


def _distances(reference: EmbeddedClips, estimate: EmbeddedClips, sets: _Sets) -> tuple[float, float]:
    """Return the distance from reference to estimate, and from half to half."""
    first, second, drawn, estimate_drawn = sets
    return (
        frechet_distance(reference.embeddings[drawn], estimate.embeddings[estimate_drawn]),
        frechet_distance(reference.embeddings[first], reference.embeddings[second]),
    )


def _label_counts(labels: np.ndarray) -> dict[str, int]:
    names, counts = np.unique(labels, return_counts=True)
    return dict(zip(names.tolist(), counts.tolist(), strict=True))


def _ratio(to_estimate: float, half_to_half_distance: float) -> float:
    return float(to_estimate / half_to_half_distance) if half_to_half_distance > 0 else np.inf


def _mean_count(sets: Sequence[np.ndarray]) -> int:
    return round(float(np.mean([len(rows) for rows in sets])))


def _check_halves(halves: Sequence[np.ndarray]) -> None:
    """Raise BadSetting where a half has fewer than two clips."""
    if any(len(half) < 2 for half in halves):
        raise BadSetting(
            "The recordings cannot be split in two halves that have no group in common and the same labels; "
            "give recordings of more groups (kits, speakers), at least two for each label."
        )


def _checked_repeats(repeats: int) -> int:
    if repeats < 1:
        raise BadSetting(f"repeats is {repeats}; it must be at least 1.")
    return repeats
