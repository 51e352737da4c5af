"""How the GAN is trained: which clips stand in a batch, what it is measured by, which settings each size has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ...contracts.recipe import Prepared, Recipe
from ...contracts.settings import TrainingSettings
from ...data.entry import Entry
from ...data.one_shots import (
    CLIPS_PER_CLASS,
    ONE_SHOT_RANGES,
    OneShotBatches,
    OneShots,
    OneShotSettings,
)
from ...data.preparation import Preparation
from ...data.selection import select_entries, unique_labels
from ...data.splits import assign_splits
from ...data.store import ClipStore
from ...errors import BadSetting
from ...metrics.reference import Reference
from ...models.folder import ModelFolder
from ...ranges import check_ranges
from .config import METRICS, SIZES, GanConfig

DATA_RANGES = {
    **ONE_SHOT_RANGES,
    "valid_fraction": (0.0, 0.9),
    "smallest_class": (1, 1_000_000),
    "varied_fraction": (0.0, 1.0),
}
WEIGHT_PREFIX = "generator.generator."  # of the names of weights in a model folder
FINE_STEPS, FINE_LEARNING_RATE, FINE_CRITIC_WARMUP = 4_000, 2e-4, 200


@dataclass(frozen=True)
class GanDataSettings(OneShotSettings):
    """What becomes of a recording before the networks hear it."""

    align: bool = True  # let recordings start at their onset; not for speech, whose soft consonants would be cut off
    valid_fraction: float = 0.0  # of the clips (or groups) are kept out of training, to judge by them later
    smallest_class: int = 4  # clips; a label with fewer is left out
    varied_fraction: float = 0.0  # of the clips are varied as drums, rooms and microphones vary them
    least_limits_db: tuple[float, ...] = ()  # for each label, below which its limit against copies does not fall

    def __post_init__(self) -> None:
        super().__post_init__()
        check_ranges(self, DATA_RANGES)
        if not all(0 <= limit <= 100 for limit in self.least_limits_db):
            raise BadSetting(f"least_limits_db is {self.least_limits_db}; each limit must lie between 0 and 100 dB.")


@dataclass(frozen=True)
class GanRecipe(Recipe):
    """A complete description of a training run; raises BadSetting where the training does not fit a GAN."""

    TITLE = "a GAN"
    VALIDATION_METRICS = METRICS

    model: GanConfig = field(default_factory=GanConfig)
    data: GanDataSettings = field(default_factory=GanDataSettings)
    training: TrainingSettings = field(default_factory=TrainingSettings)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.training.batch_size % CLIPS_PER_CLASS:
            raise BadSetting(
                f"batch_size is {self.training.batch_size}; it must be a multiple of {CLIPS_PER_CLASS}, the clips of a class in a batch."
            )


def recipe(size: str) -> GanRecipe:
    """The recipe of a size: ``tiny`` to try things out, ``small`` for a laptop, ``base`` for the bundled models."""
    training = TrainingSettings(betas=(0.0, 0.99), learning_rate=3e-4, batch_size=8, metric="distance")
    return GanRecipe(model=SIZES[size], training=training)


def fine_tuning(base: ModelFolder) -> GanRecipe:
    """Return the recipe to fine-tune the generator of ``base``: a lower learning rate, new critics that train first."""
    model = replace(base.config(GanConfig), critic_warmup_steps=FINE_CRITIC_WARMUP)
    training = replace(recipe("small").training, steps=FINE_STEPS, learning_rate=FINE_LEARNING_RATE, evaluate_every=250)
    return GanRecipe(model=model, training=training)


def warm_start(base: ModelFolder, config: GanConfig) -> dict[str, np.ndarray]:
    """Return the generator's tensors of ``base`` by name; loading them checks that they fit ``config``."""
    stored = base.weights()
    return {name.removeprefix(WEIGHT_PREFIX): array for name, array in stored.items() if name.startswith(WEIGHT_PREFIX)}


@dataclass(frozen=True)
class WithRecordings:
    """Batches with the embeddings that generated clips must stay away from.

    Adds ``recordings (n, d)``, ``recording_labels (n,)`` and ``limits (labels,)``, the same arrays in every batch.
    """

    batches: OneShotBatches
    reference: Reference

    def __call__(self, step: int) -> dict[str, np.ndarray]:
        embeddings = self.reference.all_embeddings
        labels = np.array(self.batches.clips.labels, np.int64)
        return self.batches(step) | {
            "recordings": embeddings,
            "recording_labels": labels,
            "limits": self.reference.limits,
        }


@dataclass(frozen=True)
class GanPrepared(Prepared):
    """A recipe with its data: what the loop draws batches from, and what the generated clips are measured against."""

    recipe: GanRecipe
    batches: OneShotBatches | WithRecordings
    reference: Reference


def prepare(recipe: GanRecipe, entries: Sequence[Entry], cache_folder: Path | None = None) -> GanPrepared:
    """Split, decode and prepare ``entries``; the labels that occur become the model's, unless the recipe names its own.

    Raises BadFolder where too little is left to train on.
    """
    model, data = recipe.model, recipe.data
    divided = assign_splits(entries, by="group", valid=data.valid_fraction, test=0.0)
    train, problems = select_entries(
        [entry for entry in divided if entry.split == "train"], model.labels, data.smallest_class
    )
    model = replace(model, labels=model.labels or unique_labels(train))
    preparation = Preparation("one-shot", align=data.align)
    store = ClipStore.build(train, model.sample_rate, data.n_stored(model.n_samples), preparation, cache_folder)
    clips = OneShots.of(store, model.labels)
    recipe = replace(recipe, model=model)
    size = (model.sample_rate, model.n_samples)
    drawn = OneShotBatches(
        clips, data, *size, recipe.training.batch_size, recipe.training.seed, augment_probability=data.varied_fraction
    )
    reference = Reference.of(
        lambda index: clips.wave(index, model.n_samples),
        clips.labels,
        clips.groups,
        model.labels,
        *size,
        data.least_limits_db,
    )
    batches = WithRecordings(drawn, reference) if model.copy_weight else drawn
    return GanPrepared(recipe, tuple(store.entries), (*problems, *store.problems), batches, reference)
