"""The contracts of models that say how well they predict or reconstruct a recording, or predict a score."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

import numpy as np

if TYPE_CHECKING:
    from ..music.score import Score


class RecordingScorer(ABC):
    """A model with a loss of recordings, which may be lower for those of its training.

    Attributes
    ----------
    loss_name
        What the loss is, with its unit.
    """

    loss_name: ClassVar[str]

    @abstractmethod
    def loss_of(self, wave: np.ndarray, label: str | None = None, speaker: str | None = None) -> float:
        """Return the loss of a recording: from 0 for one that is predicted exactly; lower is more probable, or closer.

        The wave ``(time,)`` has the sample rate of the model and is prepared as in its training. Raises BadAudio for a
        wave of another shape, integers, no samples, NaN or infinite values; BadSetting without a label or speaker that
        the model needs.
        """


class ScoreScorer(ABC):
    """A composer with a loss of scores, which may be lower for those of its training.

    Attributes
    ----------
    loss_name
        What the loss is, with its unit.
    """

    loss_name: ClassVar[str]

    @abstractmethod
    def loss_of_score(self, score: Score) -> float:
        """Return the loss of a score: from 0 for one that is predicted exactly; lower is more probable.

        Raises BadSetting if the score has nothing that the model composes, or is too long; BadModel if the model
        produces NaN or infinite values.
        """
