"""The description of a training run, and a recipe with its data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Generic, Self, TypeVar

from ..base.errors import BadFamily, BadFolder, BadSetting
from .config import ModelConfig
from .settings import TrainingSettings

if TYPE_CHECKING:
    import numpy as np

    from ..base.result import Failed
    from ..data.entry import Entry
    from ..models.folder import ModelFolder

Batch = dict[str, "np.ndarray"]
"""One batch of training data: arrays by name, the batch dimension first."""

ConfigT = TypeVar("ConfigT", bound=ModelConfig, covariant=True)
DataT = TypeVar("DataT", covariant=True)

FINE_TUNING_STEPS = 1_000
NOTHING_TO_TRAIN_ON = (
    "None of the recordings to train on can be used; `wavewright data inspect` says what is wrong with them."
)


@dataclass(frozen=True)
class RecipeOf(Generic[ConfigT, DataT]):
    """Complete description of a training run: network, data and training.

    A family names its types, ``VocoderRecipe = RecipeOf[VocoderConfig, VocoderDataSettings]``, or derives a class that
    checks settings of several sections against each other.

    Raises BadSetting if ``training.metric`` is none of the model's metrics.
    """

    model: ConfigT
    data: DataT
    training: TrainingSettings = field(default_factory=TrainingSettings)

    def __post_init__(self) -> None:
        metrics = self.model.metrics
        if self.training.metric.removeprefix("-") not in ("", *metrics):
            raise BadSetting(
                f"metric is {self.training.metric!r}; {self.model.TITLE} is measured by {', '.join(metrics)} (with - "
                "in front where higher is better)."
            )

    def without_valid_metric(self, metric: str = "") -> Self:
        """Return this recipe for data without validation clips: another metric, or none, instead of ``valid/...``.

        Without a metric there is no patience.
        """
        if not self.training.metric.removeprefix("-").startswith("valid/"):
            return self
        patience = self.training.patience if metric else 0
        return replace(self, training=replace(self.training, metric=metric, patience=patience))


Recipe = RecipeOf[ModelConfig, object]
"""A recipe of any family."""

AnyRecipeT = TypeVar("AnyRecipeT", bound=Recipe)


def fine_tuned(recipe: AnyRecipeT, base: ModelFolder) -> AnyRecipeT:
    """Return a recipe that trains ``base`` further for FINE_TUNING_STEPS, on other labels and speakers."""
    model = base.config(type(recipe.model)).without_names()
    return replace(recipe, model=model, training=recipe.training.for_fine_tuning(FINE_TUNING_STEPS))


RecipeT = TypeVar("RecipeT", bound=Recipe, covariant=True)
BatchesT = TypeVar("BatchesT", bound="Callable[[int], Mapping[str, np.ndarray]]", covariant=True)


@dataclass(frozen=True, kw_only=True)
class PreparedOf(Generic[RecipeT, BatchesT]):
    """A recipe with its data.

    A family derives its own and adds what its network is measured by.

    Attributes
    ----------
    recipe
        The recipe, with the labels and speakers that occur in the data.
    train_entries
        The recordings that the network learns from.
    failed
        Recordings that were left out, with the reasons.
    batches
        The batch of a step, a pure function of the step.
    notes
        Sentences about the recordings that the run reports.
    """

    recipe: RecipeT
    train_entries: tuple[Entry, ...]
    failed: tuple[Failed, ...]
    batches: BatchesT
    notes: tuple[str, ...] = ()

    def match_base(self, base: ModelFolder) -> Self:
        """Return the data of a training that starts from ``base``, represented as its weights expect it.

        A family whose data depend on statistics that a model folder stores, such as a whitening, overrides this.
        """
        return self

    def labelled_clips(self) -> tuple[np.ndarray, list[str]]:
        """Return the beginnings of the training clips ``(n, n_samples)`` and the label of each.

        A recording with several labels counts for each of them. A family that recognises labels defines this for
        ``train --augment-with``; others raise BadFamily.
        """
        raise BadFamily(f"{type(self).__name__} defines no labelled_clips, which --augment-with needs of classifiers.")


Prepared = PreparedOf[Recipe, "Callable[[int], Mapping[str, np.ndarray]]"]
"""A recipe of any family with its data."""


def split_rows(entries: Sequence[Entry]) -> tuple[list[int], list[int]]:
    """Return the indices of the training and of the validation clips; raise BadFolder without training clips."""
    train, valid = ([i for i, entry in enumerate(entries) if entry.split == name] for name in ("train", "valid"))
    if not train:
        raise BadFolder(NOTHING_TO_TRAIN_ON)
    return train, valid
