"""The base of every family's recipe, and of a recipe with its data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar, Self

from ..errors import BadFolder, BadSetting
from .config import ModelConfig
from .settings import TrainingSettings

if TYPE_CHECKING:
    import numpy as np

    from ..data.entry import Entry, Problem
    from ..models.folder import ModelFolder

Batch = dict[str, "np.ndarray"]
"""One batch of training data: arrays by name, the batch dimension first."""

NOTHING_TO_TRAIN_ON = (
    "None of the recordings to train on can be used; `wavewright data inspect` says what is wrong with them."
)


@dataclass(frozen=True)
class Recipe:
    """Complete description of a training run: network, data and training.

    A family derives its own, with its types of ``model`` and ``data``.

    Raises
    ------
    BadSetting
        If ``training.metric`` is none of the family's metrics.
    """

    TITLE: ClassVar[str] = "a model"
    """A model of the family with its article, for messages: ``"a vocoder"``."""
    VALIDATION_METRICS: ClassVar[Sequence[str]] = ()
    """Names of the validation metrics of the family."""

    model: ModelConfig = field(default_factory=ModelConfig)
    data: object = None
    training: TrainingSettings = field(default_factory=TrainingSettings)

    def __post_init__(self) -> None:
        metrics = self.metrics()
        if self.training.metric.removeprefix("-") not in ("", *metrics):
            raise BadSetting(
                f"metric is {self.training.metric!r}; {self.TITLE} is measured by {', '.join(metrics)} (with - in "
                "front where higher is better)."
            )

    def metrics(self) -> Sequence[str]:
        """Return the names of the validation metrics, any of which may choose the best checkpoint."""
        return self.VALIDATION_METRICS

    def with_metric(self, metric: str) -> Self:
        """Return this recipe with another metric that chooses the best checkpoint, ``""`` for none."""
        return replace(self, training=replace(self.training, metric=metric))


@dataclass(frozen=True)
class Prepared:
    """A recipe with its data.

    A family derives its own and adds what its network is measured by.

    Attributes
    ----------
    recipe
        The recipe, with the labels and speakers that occur in the data.
    train_entries
        The recordings that the network learns from.
    problems
        Recordings that were left out, with the reasons.
    batches
        The batch of a step, a pure function of the step.
    """

    recipe: Recipe
    train_entries: tuple[Entry, ...]
    problems: tuple[Problem, ...]
    batches: Callable[[int], Mapping[str, np.ndarray]]

    def match_base(self, base: ModelFolder) -> Self:
        """Return the data of a training that starts from ``base``, represented as its weights expect it.

        A family whose data depend on statistics that a model folder stores, such as a whitening, overrides this.
        """
        return self


def split_rows(entries: Sequence[Entry]) -> tuple[list[int], list[int]]:
    """Return the indices of the training and of the validation clips; raise BadFolder without training clips."""
    train, valid = ([i for i, entry in enumerate(entries) if entry.split == name] for name in ("train", "valid"))
    if not train:
        raise BadFolder(NOTHING_TO_TRAIN_ON)
    return train, valid
