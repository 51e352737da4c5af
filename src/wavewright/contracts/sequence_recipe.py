"""Settings that the recipes of models of frame sequences have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ..ranges import check_ranges
from .settings import TrainingSettings

FINE_TUNING_STEPS = 1_000

SEQUENCE_TRAINING = TrainingSettings(
    batch_size=32,
    learning_rate=2e-3,
    weight_decay=0.01,
    schedule="cosine",
    final_fraction=0.02,
    warmup_steps=50,
    clip_norm=1.0,
    ema_decay=0.995,
    evaluate_every=500,
)
"""Training of a recurrent network over frames."""


@dataclass(frozen=True)
class SequenceDataSettings:
    """Selection and cropping of recordings of any length.

    Raises
    ------
    BadSetting
        If a number is out of its range.
    """

    RANGES: ClassVar[Mapping[str, tuple[float, float]]] = {
        "valid_fraction": (0.0, 0.9),
        "smallest_class": (1, 1_000_000),
        "crop_seconds": (0.1, 60.0),
        "longest_seconds": (0.1, 60.0),
        "sample_seconds": (0.1, 60.0),
    }
    """Smallest and largest value of each number."""

    valid_fraction: float = 0.1  # of the clips (of the groups, where groups are known), for validation
    smallest_class: int = 4  # training clips; a label with fewer is left out
    crop_seconds: float = 2.0  # of a training example, where clips are endless
    longest_seconds: float = 10.0  # of a whole clip; longer ones are left out
    sample_seconds: float = 2.0  # of an endless clip that is generated at an evaluation

    def __post_init__(self) -> None:
        check_ranges(self, self.RANGES)
