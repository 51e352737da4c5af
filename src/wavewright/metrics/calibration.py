"""Calibration of a classifier: temperature, reliability, and the threshold that a rate of errors allows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..base.errors import BadSetting

LOG_SCALES = (-5.0, 5.0)  # range of the logarithm of 1 / temperature
HALVINGS = 50


@dataclass(frozen=True)
class Reliability:
    """Confidence against accuracy, in bins of equal width.

    Attributes
    ----------
    confidence, accuracy
        Mean confidence, and fraction of correct predictions, of each bin with at least one prediction.
    counts
        Predictions in these bins.
    error
        Expected calibration error: mean distance of the two, weighted by the counts.

    References
    ----------
    C. Guo et al., "On Calibration of Modern Neural Networks", 2017, equation 3.
    """

    confidence: tuple[float, ...]
    accuracy: tuple[float, ...]
    counts: tuple[int, ...]
    error: float


def fit_temperature(logits: np.ndarray, targets: np.ndarray) -> float:
    """Return the temperature that minimises the cross-entropy of ``logits / temperature``.

    The cross-entropy is convex in 1 / temperature, so the sign of its derivative locates the minimum by bisection.

    Raises BadSetting if the shapes do not match.

    Parameters
    ----------
    logits : np.ndarray of shape ``(n, labels)``
    targets : np.ndarray
        Indices of the true labels ``(n,)``: a softmax over the labels; or 0 and 1 ``(n, labels)``: a sigmoid for each.

    Returns
    -------
    float
        Between ``exp(-5)`` and ``exp(5)``; 1 without clips.

    References
    ----------
    C. Guo et al., "On Calibration of Modern Neural Networks", 2017, section 4.2.
    """
    logits, targets = np.asarray(logits, np.float64), np.asarray(targets)
    if logits.ndim != 2 or len(targets) != len(logits) or (targets.ndim == 2 and targets.shape != logits.shape):
        raise BadSetting(
            f"The logits have shape {logits.shape} and the targets {targets.shape}; they must be (n, labels), and (n,) "
            "or (n, labels)."
        )
    if not logits.size:
        return 1.0
    low, high = LOG_SCALES
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if _slope(logits, targets, float(np.exp(middle))) < 0:
            low = middle
        else:
            high = middle
    return float(np.exp(-(low + high) / 2))


def _slope(logits: np.ndarray, targets: np.ndarray, scale: float) -> float:
    """Return the derivative of the cross-entropy of ``scale * logits`` with respect to ``scale``."""
    if targets.ndim == 2:
        return float((logits * (sigmoid(scale * logits) - targets)).sum())
    expected = (softmax(scale * logits) * logits).sum(axis=1)
    return float((expected - logits[np.arange(len(targets)), targets]).sum())


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return the probabilities ``(n, labels)`` of logits ``(n, labels)``; each row sums to 1."""
    exponentials: np.ndarray = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities: np.ndarray = exponentials / exponentials.sum(axis=1, keepdims=True)
    return probabilities


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """Return ``1 / (1 + exp(-logits))``, without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * logits)))


def reliability(confidence: np.ndarray, is_correct: np.ndarray, n_bins: int = 10) -> Reliability:
    """Compare confidence with accuracy.

    Parameters
    ----------
    confidence : np.ndarray
        Probabilities of the predicted labels, ``(n,)``.
    is_correct : np.ndarray
        Booleans ``(n,)``.
    n_bins : int
        Bins of equal width between 0 and 1.

    Returns
    -------
    Reliability
        Without predictions it has no bins and the error 0.
    """
    confidence, is_correct = np.asarray(confidence, np.float64), np.asarray(is_correct, bool)
    bins = np.clip((confidence * n_bins).astype(int), 0, n_bins - 1)
    counts = np.bincount(bins, minlength=n_bins)
    filled = np.flatnonzero(counts)
    means = np.bincount(bins, confidence, n_bins)[filled] / counts[filled]
    accuracy = np.bincount(bins, is_correct, n_bins)[filled] / counts[filled]
    error = float((counts[filled] * np.abs(means - accuracy)).sum() / max(len(confidence), 1))
    return Reliability(tuple(means.tolist()), tuple(accuracy.tolist()), tuple(counts[filled].tolist()), error)


def fit_score(logits: np.ndarray) -> np.ndarray:
    """Return how well clips fit any of the labels: ``log(sum(exp(logits)))``, ``(n,)`` of ``(n, labels)``.

    References
    ----------
    W. Liu et al., "Energy-based Out-of-distribution Detection", 2020.
    """
    logits = np.asarray(logits, np.float64)
    largest = logits.max(axis=1, keepdims=True)
    scores: np.ndarray = np.log(np.exp(logits - largest).sum(axis=1)) + largest[:, 0]
    return scores
