"""Calibration of a classifier, which its model folder stores."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

OutputKind = Literal["softmax", "sigmoid", "frames"]
"""``softmax``: a clip has one label; ``sigmoid``: it has any number; ``frames``: so has every frame of it."""

BACKGROUND = "_"
"""First character of labels that are recognised but no events: noise, other words, silence."""


@dataclass(frozen=True)
class Calibration:
    """Numbers fitted on validation clips, by which logits become confidences.

    Attributes
    ----------
    temperature
        Logits are divided by it.
    min_fit
        Smallest ``log(sum(exp(logits)))`` of a clip that fits one of the labels.
    n_clips
        Validation clips; 0: nothing was fitted.
    """

    temperature: float = 1.0
    min_fit: float = -math.inf
    n_clips: int = 0


def is_background(label: str) -> bool:
    """Return True for a label that begins with an underscore, such as ``_noise``."""
    return label.startswith(BACKGROUND)
