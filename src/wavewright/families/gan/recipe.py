"""The recipe of a GAN: settings of data and training for each size, fine tuning, and the preparation of the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ...contracts.recipe import Prepared, Recipe
from ...contracts.settings import TrainingSettings
from ...data.entry import Entry
from ...data.one_shots import CLIPS_PER_CLASS, ONE_SHOT_RANGES, OneShotBatches, OneShots, OneShotSettings
from ...data.preparation import Preparation
from ...data.selection import select_entries, unique_labels
from ...data.splits import assign_splits
from ...data.store import ClipStore
from ...errors import BadSetting
from ...metrics.reference import Reference
from ...models.folder import ModelFolder
from ...ranges import check_ranges
from .batches import CopyLossBatches
from .config import METRICS, SIZES, GanConfig

DATA_RANGES = {
    **ONE_SHOT_RANGES,
    "valid_fraction": (0.0, 0.9),
    "smallest_class": (1, 1_000_000),
    "varied_fraction": (0.0, 1.0),
}
"""Smallest and largest value of each number of `GanDataSettings`."""

MAX_LIMIT_DB = 100.0
FINE_TUNING_STEPS = 4_000
FINE_TUNING_LEARNING_RATE = 2e-4
FINE_TUNING_CRITIC_WARMUP = 200  # steps: fresh critics would ruin a trained generator


@dataclass(frozen=True)
class GanDataSettings(OneShotSettings):
    """Selection, preparation and augmentation of the recordings.

    Raises
    ------
    BadSetting
        If a number is out of its range.
    """

    align: bool = True  # let recordings start at their onset; not for speech, whose soft consonants would be cut off
    valid_fraction: float = 0.0  # of the clips (or groups), left out of training for later tests
    smallest_class: int = 4  # clips; a label with fewer is left out
    varied_fraction: float = 0.0  # of the clips, augmented as drums, rooms and microphones vary them
    min_limits_db: tuple[float, ...] = ()  # lower bound of the limit against copies, one for each label

    def __post_init__(self) -> None:
        super().__post_init__()
        check_ranges(self, DATA_RANGES)
        if not all(0 <= limit <= MAX_LIMIT_DB for limit in self.min_limits_db):
            raise BadSetting(f"min_limits_db is {self.min_limits_db}; each limit must lie between 0 and 100 dB.")


@dataclass(frozen=True)
class GanRecipe(Recipe):
    """Complete description of the training of a GAN.

    Raises
    ------
    BadSetting
        If a batch is not made of whole groups of a class.
    """

    TITLE = "a GAN"
    VALIDATION_METRICS = METRICS

    model: GanConfig = field(default_factory=GanConfig)
    data: GanDataSettings = field(default_factory=GanDataSettings)
    training: TrainingSettings = field(default_factory=TrainingSettings)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.training.batch_size % CLIPS_PER_CLASS:
            raise BadSetting(
                f"batch_size is {self.training.batch_size}; it must be a multiple of {CLIPS_PER_CLASS}, the clips of a "
                "class in a batch."
            )


def recipe(size: str) -> GanRecipe:
    """Return the recipe of a size: ``tiny`` for tests, ``small`` for a laptop, ``base`` for the bundled models."""
    training = TrainingSettings(betas=(0.0, 0.99), learning_rate=3e-4, batch_size=8, metric="distance")
    return GanRecipe(model=SIZES[size], training=training)


def fine_tuning(base: ModelFolder) -> GanRecipe:
    """Return the recipe to train the generator of ``base`` further, on other labels, against new critics."""
    model = replace(base.config(GanConfig), labels=(), critic_warmup_steps=FINE_TUNING_CRITIC_WARMUP)
    training = replace(
        recipe("small").training, steps=FINE_TUNING_STEPS, learning_rate=FINE_TUNING_LEARNING_RATE, evaluate_every=250
    )
    return GanRecipe(model=model, training=training)


@dataclass(frozen=True)
class GanPrepared(Prepared):
    """A recipe with its data.

    Attributes
    ----------
    batches
        Batches of the training clips.
    reference
        Training clips that generated clips are compared with.
    """

    recipe: GanRecipe
    batches: OneShotBatches | CopyLossBatches
    reference: Reference


def prepare(recipe: GanRecipe, entries: Sequence[Entry], cache_folder: Path | None = None) -> GanPrepared:
    """Split, decode and prepare recordings.

    Parameters
    ----------
    recipe : GanRecipe
        The recipe; without labels, those that occur become the model's.
    entries : sequence of Entry
        The recordings.
    cache_folder : Path, optional
        As for :meth:`ClipStore.build`.

    Returns
    -------
    GanPrepared
        The recipe with its labels, and the data.

    Raises
    ------
    BadFolder
        If too few clips are left to train on, or too few of a label differ.
    """
    data, training = recipe.data, recipe.training
    split = assign_splits(entries, by="group", valid=data.valid_fraction, test=0.0)
    train_entries = [entry for entry in split if entry.split == "train"]
    train, problems = select_entries(train_entries, recipe.model.labels, data.smallest_class)
    model = replace(recipe.model, labels=recipe.model.labels or unique_labels(train))
    recipe = replace(recipe, model=model)
    preparation = Preparation("one-shot", align=data.align)
    store = ClipStore.build(train, model.sample_rate, data.n_stored(model.n_samples), preparation, cache_folder)
    clips = OneShots.of(store, model.labels)
    reference = Reference.of(
        lambda index: clips.wave(index, model.n_samples),
        clips.labels,
        clips.groups,
        model.labels,
        model.sample_rate,
        model.n_samples,
        data.min_limits_db,
    )
    one_shots = OneShotBatches(
        clips,
        data,
        model.sample_rate,
        model.n_samples,
        training.batch_size,
        training.seed,
        augment_probability=data.varied_fraction,
    )
    batches = CopyLossBatches(one_shots, reference) if model.copy_weight else one_shots
    return GanPrepared(recipe, tuple(store.entries), (*problems, *store.problems), batches, reference)
