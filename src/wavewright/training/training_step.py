"""A step of a training, as its callback receives it; needs no PyTorch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class TrainingStep:
    """A step of a training that was done.

    Attributes
    ----------
    step, steps
        Steps done and planned.
    minutes
        Of training, over all calls.
    losses
        Of the step, by name.
    metrics
        Of the last evaluation, by name; empty before the first.
    """

    step: int
    steps: int
    minutes: float
    losses: Mapping[str, float]
    metrics: Mapping[str, float]
