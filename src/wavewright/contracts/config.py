"""The base of every family's configuration of its network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ..ranges import check_names, check_ranges

TEMPERATURE_RANGE = (0.0, 2.0)
"""Smallest and largest temperature of models that draw step by step; 1 draws as learned, 0 what is most probable."""


@dataclass(frozen=True)
class ModelConfig:
    """Configuration of a network: everything that inference needs to know, stored on the card of a model.

    A family derives its own dataclass, gives every number a range in `RANGES` and extends ``__post_init__`` by what
    its numbers must fulfil together.

    Raises
    ------
    BadSetting
        If a number is out of its range, or a label is empty, occurs twice or cannot be part of a file name.
    """

    RANGES: ClassVar[Mapping[str, tuple[float, float]]] = {}
    """Smallest and largest value of each number whose range does not depend on other fields."""

    sample_rate: int = 16_000
    labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_ranges(self, self.RANGES)
        check_names(labels=self.labels)
