"""Dials: the settings of a family that a search may change, and the ranges in which it looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ..base.errors import BadFamily

if TYPE_CHECKING:
    from .recipe import Recipe

Scale = Literal["linear", "log"]
Choice = bool | int | float | str


@dataclass(frozen=True)
class Dial:
    """A setting that a search may change: a range, relative or absolute, or a few choices.

    Parameters
    ----------
    name
        ``section.field`` of the recipe.
    low, high
        Range; with ``is_relative`` factors of the value in the recipe. Of a whole number the range is rounded.
    scale
        ``"log"`` where factors count, ``"linear"`` where differences do.
    is_relative
        Range around the value of the recipe.
    choices
        Values to choose from instead of a range; the value of the recipe is always one of them.
    """

    name: str
    low: float = 0.0
    high: float = 0.0
    scale: Scale = "linear"
    is_relative: bool = False
    choices: tuple[Choice, ...] = ()

    def default(self, recipe: Recipe) -> Choice:
        """Return the value in a recipe; raise BadFamily if the recipe has no such setting."""
        section, _, field = self.name.partition(".")
        try:
            value: Choice = getattr(getattr(recipe, section), field)
        except AttributeError as error:
            raise BadFamily(f"The dial {self.name} is no setting of {type(recipe).__name__}.") from error
        return value

    def range_in(self, recipe: Recipe) -> tuple[float, float]:
        """Return the smallest and largest value for a recipe, whose own value is always between them."""
        default = float(self.default(recipe))
        low, high = (default * self.low, default * self.high) if self.is_relative else (self.low, self.high)
        if self.is_whole(recipe):
            low, high = max(1, round(low)), max(1, round(high))
        return min(low, default), max(high, default)

    def choices_in(self, recipe: Recipe) -> tuple[Choice, ...]:
        """Return the choices for a recipe, its own value first."""
        default = self.default(recipe)
        return (default, *(choice for choice in self.choices if choice != default))

    def is_whole(self, recipe: Recipe) -> bool:
        """Return True if the setting is a whole number."""
        value = self.default(recipe)
        return isinstance(value, int) and not isinstance(value, bool)


LEARNING_RATE = Dial("training.learning_rate", 0.2, 5.0, "log", is_relative=True)
BATCH_SIZE = Dial("training.batch_size", 0.5, 2.0, "log", is_relative=True)
WEIGHT_DECAY = Dial("training.weight_decay", choices=(0.0, 0.01, 0.05, 0.2))
AVERAGING = Dial("training.ema_decay", choices=(0.98, 0.99, 0.995, 0.998, 0.999))

TRAINING_DIALS: Sequence[Dial] = (LEARNING_RATE, BATCH_SIZE, WEIGHT_DECAY, AVERAGING)
"""Dials that every family has."""
