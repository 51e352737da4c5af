"""Scores on a classifier's probabilities ``(n, classes)``: inception, modified inception and AM score, label agreement."""

from __future__ import annotations

import numpy as np

from ..errors import BadSetting

SMALLEST_PROBABILITY = 1e-12
"""Probabilities are raised to this inside logarithms, so that a sure classifier gives a large divergence, not infinity."""


def inception_score(probabilities: np.ndarray) -> float:
    """``exp(E_x KL(p(y|x) || p(y)))`` with ``p(y)`` the mean over the clips, between 1 and the number of classes; higher is
    better.

    Salimans et al., "Improved techniques for training GANs", 2016. It rewards sure and evenly used classes and is blind to how
    alike the clips of one class are. Raises BadSetting where ``probabilities`` ``(n, classes)`` are not distributions.
    """
    probabilities = _checked("probabilities", probabilities)
    return float(np.exp(_divergence(probabilities, probabilities.mean(axis=0)).mean()))


def modified_inception_score(probabilities: np.ndarray, labels: np.ndarray | None = None) -> float:
    """``exp(E_x E_x' KL(p(y|x) || p(y|x')))`` over all pairs of clips, at least 1; higher is better.

    Gurumurthy et al., "DeLiGAN", 2017: there the pairs are of one class and the score is the mean over classes, which
    ``labels`` ``(n,)`` gives; without labels the pairs are of the whole set, as in the published SC09 tables (Kong et al.,
    2021; Goel et al., 2022). The mean over pairs is computed in full: ``E_x E_x' KL = E_x sum_y p log p - sum_y E_x[p] E_x[log
    p]``. Raises BadSetting where ``probabilities`` ``(n, classes)`` are not distributions or there is not one label for each.
    """
    probabilities = _checked("probabilities", probabilities)
    if labels is None:
        return _pair_score(probabilities)
    labels = _checked_labels(labels, len(probabilities))
    return float(np.mean([_pair_score(probabilities[labels == label]) for label in np.unique(labels)]))


def am_score(reference_probabilities: np.ndarray, probabilities: np.ndarray) -> float:
    """``KL(p_reference(y) || p(y)) + E_x H(p(y|x))`` in nats, at least 0; lower is better.

    Zhou et al., "Activation maximization generative adversarial nets", 2018: the classes of the generated clips should be as
    frequent as in the reference, and each clip's class sure. Raises BadSetting where one is not ``(n, classes)`` of
    distributions.
    """
    reference = _checked("reference probabilities", reference_probabilities)
    probabilities = _checked("probabilities", probabilities)
    if reference.shape[1] != probabilities.shape[1]:
        raise BadSetting(
            f"The reference has {reference.shape[1]} classes, the estimate {probabilities.shape[1]}; use one classifier."
        )
    balance = _divergence(reference.mean(axis=0)[None], probabilities.mean(axis=0)).item()
    entropy = -(probabilities * _log(probabilities)).sum(axis=1).mean()
    return float(balance + entropy)


def label_agreement(probabilities: np.ndarray, labels: np.ndarray, classes: list[str]) -> float:
    """Share of clips whose most probable class is their label; ``classes`` names the columns of ``probabilities`` ``(n,
    classes)``.

    A label that the classifier does not know counts as a disagreement.
    """
    probabilities = _checked("probabilities", probabilities)
    labels = _checked_labels(labels, len(probabilities))
    if len(classes) != probabilities.shape[1]:
        raise BadSetting(
            f"There are {probabilities.shape[1]} columns of probabilities and {len(classes)} class names; give one for each."
        )
    return float(np.mean(np.asarray(classes)[probabilities.argmax(axis=1)] == labels))


def _pair_score(probabilities: np.ndarray) -> float:
    logs = _log(probabilities)
    return float(np.exp((probabilities * logs).sum(axis=1).mean() - probabilities.mean(axis=0) @ logs.mean(axis=0)))


def _divergence(probabilities: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Kullback-Leibler divergence in nats of each row of ``(n, classes)`` from ``other`` ``(classes,)``."""
    return (probabilities * (_log(probabilities) - _log(other))).sum(axis=1)


def _log(probabilities: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(probabilities, SMALLEST_PROBABILITY))


def _checked(name: str, probabilities: np.ndarray) -> np.ndarray:
    probabilities = np.asarray(probabilities, dtype=np.float64)
    if probabilities.ndim != 2 or probabilities.size == 0:
        raise BadSetting(
            f"The {name} have shape {probabilities.shape}; they must be (n, classes), one row for each clip."
        )
    if not (probabilities >= 0).all() or not np.allclose(probabilities.sum(axis=1), 1.0, atol=1e-3):
        raise BadSetting(f"The {name} must be at least 0 and sum to 1 in each row; give the output of a softmax.")
    return probabilities


def _checked_labels(labels: np.ndarray, n: int) -> np.ndarray:
    labels = np.asarray(labels)
    if labels.shape != (n,):
        raise BadSetting(
            f"There are {n} rows of probabilities and labels of shape {labels.shape}; give one label for each row."
        )
    return labels
