"""The description of a training run, and a recipe with its data; what recipes over frame sequences share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Generic, Self, TypeVar

from ..base.errors import BadFamily, BadFolder, BadSetting
from ..base.ranges import RangedSettings, ranged
from .config import ModelConfig, SequenceConfig
from .settings import COSINE_SETTINGS, TrainingSettings

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from ..base.result import Failed
    from ..data.entry import Entry
    from ..data.sequences import SequenceClips
    from ..models.folder import ModelFolder

Batch = dict[str, "np.ndarray"]
"""One batch of training data: arrays by name, the batch dimension first."""

ConfigT = TypeVar("ConfigT", bound=ModelConfig, covariant=True)
DataT = TypeVar("DataT", covariant=True)

FINE_TUNING_STEPS = 1_000
NOTHING_TO_TRAIN_ON = (
    "None of the recordings to train on can be used; `wavewright data inspect` says what is wrong with them."
)


FOLDER_OF_RECORDINGS = "folder of recordings"


def other_recordings() -> str:
    """Return a dataclass field for a folder or manifest of further recordings; none by default.

    The card of a model names it among the sources.
    """
    return field(default="", metadata={FOLDER_OF_RECORDINGS: True})


def settings_of_recordings(data: object) -> list[str]:
    """Return the names of the data settings that :func:`other_recordings` declares."""
    return [each.name for each in fields(data) if FOLDER_OF_RECORDINGS in each.metadata] if is_dataclass(data) else []


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


SequenceRecipeT = TypeVar("SequenceRecipeT", bound="RecipeOf[SequenceConfig, SequenceDataSettings]")

SEQUENCE_TRAINING = replace(COSINE_SETTINGS, batch_size=32, warmup_steps=50, ema_decay=0.995)
"""Training of a recurrent network over frames."""


@dataclass(frozen=True)
class SequenceDataSettings(RangedSettings):
    """Selection and cropping of recordings of any length; raises BadSetting for a number out of its range."""

    valid_fraction: float = ranged(0.1, 0.0, 0.9)  # of the clips (or groups, where they are known), for validation
    smallest_class: int = ranged(4, 1, 1_000_000)  # training clips; a label with fewer is left out
    crop_seconds: float = ranged(2.0, 0.1, 60.0)  # of a training example, where clips are endless
    longest_seconds: float = ranged(10.0, 0.1, 60.0)  # of a whole clip; longer ones are left out
    sample_seconds: float = ranged(2.0, 0.1, 60.0)  # of an endless clip that is generated at an evaluation


def load_clips(
    recipe: SequenceRecipeT, entries: Sequence[Entry], cache_folder: Path | None
) -> tuple[SequenceRecipeT, SequenceClips]:
    """Split, select and decode recordings.

    Raises BadFolder if fewer than two clips are left, or none to train on.

    Returns
    -------
    recipe
        The recipe with the labels and speakers of the clips, unless it names its own.
    clips
        Whole clips.
    """
    from ..data.sequences import load_sequences

    model, data = recipe.model, recipe.data
    clips = load_sequences(
        entries,
        model.sample_rate,
        labels=model.labels,
        speakers=model.speakers,
        smallest_class=data.smallest_class,
        valid_fraction=data.valid_fraction,
        longest_seconds=None if model.duration == "endless" else data.longest_seconds,
        cache_folder=cache_folder,
    )
    if len(clips.entries) < 2:
        raise BadFolder("A single clip is left to train on; at least 2 are needed, and minutes of sound make sense.")
    return replace(recipe, model=replace(model, labels=clips.label_names, speakers=clips.speaker_names)), clips
