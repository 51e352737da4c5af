"""The contract of models that say how well they predict or reconstruct a recording."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np


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
        """Return the loss of a recording; lower is more probable, or closer.

        Parameters
        ----------
        wave
            ``(time,)`` at the sample rate of the model.
        label, speaker
            Required if the model has labels or speakers.

        Raises
        ------
        BadAudio
            For a wave of another shape, integers, no samples, NaN or infinite values.
        BadSetting
            Without a label or speaker that the model needs.
        """
