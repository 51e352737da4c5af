"""Scores on the class probabilities of a classifier: inception, modified inception and AM score, label agreement.

All raise BadSetting where the rows of the probabilities are not distributions.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..base.errors import BadSetting
from .checks import checked_per_clip

MIN_PROBABILITY = 1e-12
"""Lower bound of probabilities inside logarithms, so that a confident classifier gives finite divergences."""


def inception_score(probabilities: np.ndarray) -> float:
    """Compute the inception score ``exp(E_x KL(p(y|x) || p(y)))``, with ``p(y)`` the mean over the clips.

    Higher is better. It rewards confident predictions and equally frequent classes, and ignores how alike the clips of
    one class are.

    Raises BadSetting if the array is not ``(n, classes)`` or its rows are not probability distributions: negative, or
    with sums other than 1.

    Parameters
    ----------
    probabilities : np.ndarray of shape ``(n, classes)``
        Class probabilities of the generated clips.

    Returns
    -------
    float
        The score, from 1 to the number of classes.

    References
    ----------
    T. Salimans et al., "Improved techniques for training GANs", 2016.
    """
    probabilities = _checked_probabilities("probabilities", probabilities)
    return float(np.exp(_kl_divergence(probabilities, probabilities.mean(axis=0)).mean()))


def modified_inception_score(probabilities: np.ndarray, labels: np.ndarray | None = None) -> float:
    """Compute the modified inception score ``exp(E_x E_x' KL(p(y|x) || p(y|x')))`` over all pairs of clips.

    Higher is better. With ``labels`` the pairs are of one class and the score is the mean over the classes, as in the
    paper; without them the pairs are of the whole set, as in the published SC09 tables. The mean over the pairs is
    exact: ``E_x E_x' KL = E_x sum_y p log p - sum_y E_x[p] E_x[log p]``.

    Raises BadSetting if the rows are not probability distributions or there is not one label for each.

    Parameters
    ----------
    probabilities : np.ndarray
        Class probabilities of the generated clips, ``(n, classes)``.
    labels : np.ndarray, optional
        Label of each clip, ``(n,)``.

    Returns
    -------
    float
        The score, at least 1.

    References
    ----------
    S. Gurumurthy et al., "DeLiGAN: generative adversarial networks for diverse and limited data", 2017.
    Z. Kong et al., "DiffWave: a versatile diffusion model for audio synthesis", 2021 (SC09).
    K. Goel et al., "It's raw! Audio generation with state-space models", 2022 (SC09).
    """
    probabilities = _checked_probabilities("probabilities", probabilities)
    if labels is None:
        return _pair_score(probabilities)
    labels = checked_per_clip("labels", labels, len(probabilities))
    return float(np.mean([_pair_score(probabilities[labels == label]) for label in np.unique(labels)]))


def am_score(reference_probabilities: np.ndarray, probabilities: np.ndarray) -> float:
    """Compute the AM score ``KL(p_reference(y) || p(y)) + E_x H(p(y|x))``.

    Lower is better: the classes are as frequent as in the reference, and the predictions are confident.

    Raises BadSetting if the rows are not probability distributions over the same classes.

    Parameters
    ----------
    reference_probabilities : np.ndarray
        Class probabilities of the recordings, ``(n, classes)``.
    probabilities : np.ndarray
        Class probabilities of the generated clips, ``(m, classes)``.

    Returns
    -------
    float
        The score in nats, at least 0.

    References
    ----------
    Z. Zhou et al., "Activation maximization generative adversarial nets", 2018.
    """
    reference = _checked_probabilities("reference probabilities", reference_probabilities)
    probabilities = _checked_probabilities("probabilities", probabilities)
    if reference.shape[1] != probabilities.shape[1]:
        raise BadSetting(
            f"The reference has {reference.shape[1]} classes, the estimate {probabilities.shape[1]}; "
            "use one classifier."
        )
    balance = _kl_divergence(reference.mean(axis=0)[None], probabilities.mean(axis=0)).item()
    entropy = -(probabilities * _log(probabilities)).sum(axis=1).mean()
    return float(balance + entropy)


def label_agreement(probabilities: np.ndarray, labels: np.ndarray, classes: Sequence[str]) -> float:
    """Compute the fraction of clips whose most probable class is their label.

    A label that the classifier does not know counts as a disagreement.

    Raises BadSetting if the rows are not probability distributions, or labels or classes are not one for each row or
    column.

    Parameters
    ----------
    probabilities : np.ndarray
        Class probabilities of the clips, ``(n, classes)``.
    labels : np.ndarray
        Label of each clip, ``(n,)``.
    classes : sequence of str
        Name of each column of ``probabilities``.

    Returns
    -------
    float
        Fraction from 0 to 1.
    """
    probabilities = _checked_probabilities("probabilities", probabilities)
    labels = checked_per_clip("labels", labels, len(probabilities))
    if len(classes) != probabilities.shape[1]:
        raise BadSetting(
            f"There are {probabilities.shape[1]} columns of probabilities and {len(classes)} class names; "
            "give one for each."
        )
    return float(np.mean(np.asarray(classes)[probabilities.argmax(axis=1)] == labels))


def _pair_score(probabilities: np.ndarray) -> float:
    logs = _log(probabilities)
    return float(np.exp((probabilities * logs).sum(axis=1).mean() - probabilities.mean(axis=0) @ logs.mean(axis=0)))


def _kl_divergence(probabilities: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the Kullback-Leibler divergence of each row of ``(n, classes)`` from ``other`` ``(classes,)``, in nats."""
    return np.asarray((probabilities * (_log(probabilities) - _log(other))).sum(axis=1))


def _log(probabilities: np.ndarray) -> np.ndarray:
    return np.asarray(np.log(np.maximum(probabilities, MIN_PROBABILITY)))


def _checked_probabilities(name: str, probabilities: np.ndarray) -> np.ndarray:
    probabilities = np.asarray(probabilities, dtype=np.float64)
    if probabilities.ndim != 2 or probabilities.size == 0:
        raise BadSetting(
            f"The {name} have shape {probabilities.shape}; they must be (n, classes), one row for each clip."
        )
    if not (probabilities >= 0).all() or not np.allclose(probabilities.sum(axis=1), 1.0, atol=1e-3):
        raise BadSetting(f"The {name} must be at least 0 and sum to 1 in each row; give the output of a softmax.")
    return probabilities
