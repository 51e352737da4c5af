"""A recogniser of two kinds of recordings by their features: a balanced least-squares support vector machine.

References
----------
Suykens and Vandewalle, "Least Squares Support Vector Machine Classifiers", 1999.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wavewright.base.errors import BadSetting
from wavewright.base.ranges import RangedSettings, ranged

SMALLEST_DEVIATION = 1e-9


@dataclass(frozen=True)
class KernelSettings(RangedSettings):
    """Settings of the recogniser.

    Attributes
    ----------
    width
        Of the Gaussian kernel, in the root of the number of features, after these are standardised.
    regularisation
        Larger values give smoother boundaries.
    """

    width: float = ranged(0.8, 0.05, 100.0)
    regularisation: float = ranged(0.3, 1e-6, 1e6)


class KernelRecogniser:
    """Learns from features of recordings, of which each is positive or not; both kinds count alike.

    Parameters
    ----------
    features
        ``(n, d)``.
    is_positive
        ``(n,)``, true for abnormal recordings, for example.
    settings
        See :class:`KernelSettings`.

    Raises
    ------
    BadSetting
        If the shapes differ, or all recordings are of one kind.
    """

    def __init__(self, features: np.ndarray, is_positive: np.ndarray, settings: KernelSettings | None = None) -> None:
        settings = settings or KernelSettings()
        is_positive = np.asarray(is_positive, dtype=bool)
        if features.ndim != 2 or is_positive.shape != features.shape[:1]:
            raise BadSetting(
                f"There are features of shape {features.shape} and {is_positive.shape} labels; give (n, d) and (n,)."
            )
        if is_positive.all() or not is_positive.any():
            raise BadSetting("All recordings are of one kind; give recordings of both.")
        self.mean = features.mean(axis=0)
        self.deviation = np.maximum(features.std(axis=0), SMALLEST_DEVIATION)
        self.scale = settings.width * np.sqrt(features.shape[1])
        self.points = self._standardised(features)
        kernel = self._kernel(self.points)
        fraction = np.where(is_positive, is_positive.mean(), 1 - is_positive.mean())  # of the recordings of its kind
        kernel[np.diag_indices_from(kernel)] += 2 * settings.regularisation * fraction
        self.weights = np.linalg.solve(kernel, np.where(is_positive, 1.0, -1.0))

    def decision(self, features: np.ndarray) -> np.ndarray:
        """Return the score of each recording ``(n,)``, above 0 for positive ones."""
        scores: np.ndarray = self._kernel(self._standardised(features)) @ self.weights
        return scores

    def _standardised(self, features: np.ndarray) -> np.ndarray:
        standardised: np.ndarray = (features - self.mean) / self.deviation
        return standardised

    def _kernel(self, rows: np.ndarray) -> np.ndarray:
        """Return the similarity to each point of the training, plus a constant, ``(n, points)``."""
        squares = (rows**2).sum(1)[:, None] + (self.points**2).sum(1) - 2 * rows @ self.points.T
        kernel: np.ndarray = np.exp(-0.5 * np.maximum(squares, 0) / self.scale**2) + 1.0
        return kernel
