"""Predictions against labels: confusion matrix, precision, recall and F1 of each label with intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .sampling import Interval

DRAWS = 1_000
PERCENTILES = (2.5, 97.5)


@dataclass(frozen=True)
class LabelScores:
    """Precision, recall and F1 of a label, each with a 95 % interval, and the number of its clips."""

    label: str
    n_clips: int
    precision: Interval
    recall: Interval
    f1: Interval


def confusion_matrix(truth: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Count predictions.

    Parameters
    ----------
    truth, predicted : np.ndarray
        0 and 1, ``(n, labels)``: the labels that a clip has, and those that were recognised.

    Returns
    -------
    np.ndarray
        ``(labels, labels)`` integers: clips with the label of the row in which that of the column was recognised.
    """
    counts: np.ndarray = np.asarray(truth, np.int64).T @ np.asarray(predicted, np.int64)
    return counts


def label_scores(truth: np.ndarray, predicted: np.ndarray, labels: tuple[str, ...], seed: int = 0) -> list[LabelScores]:
    """Compute precision, recall and F1 of each label.

    Parameters
    ----------
    truth, predicted : np.ndarray
        0 and 1, ``(n, labels)``: the labels that a clip has, and those that were recognised.
    labels : tuple of str
        Names of the columns.
    seed : int
        Of the bootstrap over the clips.

    Returns
    -------
    list of LabelScores
        A ratio without a denominator is 0.
    """
    truth, predicted = np.asarray(truth, bool), np.asarray(predicted, bool)
    n_clips = len(truth)
    rng = np.random.default_rng(seed)
    weights = rng.multinomial(n_clips, np.full(n_clips, 1 / n_clips), DRAWS) if n_clips else np.zeros((DRAWS, 0))
    # hits, false alarms and misses of each label, for all clips and for each draw: (1 + draws, labels)
    weights = np.concatenate([np.ones((1, n_clips)), weights])
    hits, alarms, misses = (weights @ each for each in (truth & predicted, ~truth & predicted, truth & ~predicted))
    precision, recall = _ratio(hits, hits + alarms), _ratio(hits, hits + misses)
    f1 = _ratio(2 * hits, 2 * hits + alarms + misses)
    return [
        LabelScores(label, int(truth[:, k].sum()), *(_interval(values[:, k]) for values in (precision, recall, f1)))
        for k, label in enumerate(labels)
    ]


def wilson_interval(n_hits: int, n_all: int) -> Interval:
    """Return a proportion with its 95 % interval; 0 to 1 without observations.

    References
    ----------
    E. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", 1927.
    """
    if not n_all:
        return Interval(0.0, 0.0, 1.0)
    z, value = 1.959964, n_hits / n_all
    centre = (value + z**2 / (2 * n_all)) / (1 + z**2 / n_all)
    half = z / (1 + z**2 / n_all) * np.sqrt(value * (1 - value) / n_all + z**2 / (4 * n_all**2))
    return Interval(value, max(0.0, float(centre - half)), min(1.0, float(centre + half)))


def _ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    ratio: np.ndarray = np.divide(
        numerator, denominator, out=np.zeros_like(numerator, dtype=np.float64), where=denominator > 0
    )
    return ratio


def _interval(values: np.ndarray) -> Interval:
    """Return the first value with the percentiles of the others."""
    low, high = np.percentile(values[1:], PERCENTILES)
    return Interval(float(values[0]), float(low), float(high))
