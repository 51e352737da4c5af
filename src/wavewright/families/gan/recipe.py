"""The recipe of a GAN: settings of data and training for each size, fine tuning, and the preparation of the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ...base.errors import BadSetting
from ...base.ranges import ranged
from ...contracts.recipe import PreparedOf, RecipeOf
from ...contracts.settings import TrainingSettings
from ...data.entry import Entry
from ...data.one_shots import OneShotBatches, OneShots, OneShotSettings, check_batch_size
from ...data.preparation import Preparation
from ...data.selection import select_entries, unique_labels
from ...data.splits import assign_splits
from ...data.store import ClipStore
from ...metrics.reference import Reference
from ...models.folder import ModelFolder
from .config import SIZES, GanConfig


@dataclass(frozen=True)
class CopyLossBatches:
    """Batches of one-shots with the embeddings that generated clips have to stay away from."""

    batches: OneShotBatches  # the batches without embeddings
    reference: Reference  # embeddings of the training clips and the limit of each label

    def __call__(self, step: int) -> dict[str, np.ndarray]:
        """Return the batch of :class:`OneShotBatches` with the embeddings, which are the same in every batch.

        Those are ``recordings (n, d)``, ``recording_labels (n,)`` and ``limits (labels,)``.
        """
        recordings = {
            "recordings": self.reference.all_embeddings,
            "recording_labels": np.array(self.batches.clips.labels, np.int64),
            "limits": self.reference.limits,
        }
        return self.batches(step) | recordings


MAX_LIMIT_DB = 100.0
FINE_TUNING_STEPS = 4_000
FINE_TUNING_LEARNING_RATE = 2e-4
FINE_TUNING_CRITIC_WARMUP = 200  # steps: new critics would ruin a trained generator


@dataclass(frozen=True)
class GanDataSettings(OneShotSettings):
    """Selection, preparation and augmentation of the recordings, and the limits against copies."""

    valid_fraction: float = ranged(0.0, 0.0, 0.9)  # of the clips (or groups), left out of training for later tests
    min_limits_db: tuple[float, ...] = ()  # lower bound of the limit against copies, one for each label

    def __post_init__(self) -> None:
        super().__post_init__()
        if not all(0 <= limit <= MAX_LIMIT_DB for limit in self.min_limits_db):
            raise BadSetting(f"min_limits_db is {self.min_limits_db}; each limit must lie between 0 and 100 dB.")


@dataclass(frozen=True)
class GanRecipe(RecipeOf[GanConfig, GanDataSettings]):
    """Complete description of the training of a GAN; raises BadSetting for a batch with incomplete groups."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_batch_size(self.training.batch_size)


@dataclass(frozen=True, kw_only=True)
class GanPrepared(PreparedOf[GanRecipe, OneShotBatches | CopyLossBatches]):
    """A recipe with its data; ``reference`` are the training clips that generated clips are compared with."""

    reference: Reference


TRAINING = TrainingSettings(betas=(0.0, 0.99), metric="distance")


def recipe(size: str) -> GanRecipe:
    """Return the recipe of a size: ``tiny`` for tests, ``small`` for a laptop, ``base`` for the bundled models."""
    return GanRecipe(SIZES[size], GanDataSettings(), TRAINING)


def fine_tuning(base: ModelFolder) -> GanRecipe:
    """Return the recipe to train the generator of ``base`` further, on other labels.

    The critics start from the last checkpoint of ``base`` where its folder has one, else they are new; in both cases
    they train alone for the first steps.
    """
    model = replace(base.config(GanConfig), labels=(), critic_warmup_steps=FINE_TUNING_CRITIC_WARMUP)
    training = replace(TRAINING, steps=FINE_TUNING_STEPS, learning_rate=FINE_TUNING_LEARNING_RATE, evaluate_every=250)
    return GanRecipe(model, GanDataSettings(), training)


def prepare(recipe: GanRecipe, entries: Sequence[Entry], cache_folder: Path | None = None) -> GanPrepared:
    """Split, decode and prepare recordings; the labels that occur become the model's, unless the recipe has its own.

    Raises BadFolder if too few clips are left to train on, or too few of a label differ.
    """
    data, training = recipe.data, recipe.training
    if training.steps:
        recipe.model.check_steps(training.steps)
    split = assign_splits(entries, by="group", valid=data.valid_fraction, test=0.0)
    train_entries = [entry for entry in split if entry.split == "train"]
    train, failed = select_entries(train_entries, recipe.model.labels, data.smallest_class)
    model = replace(recipe.model, labels=recipe.model.labels or unique_labels(train))
    recipe = replace(recipe, model=model)
    preparation = Preparation("one-shot", align=data.align)
    store = ClipStore.build(train, model.sample_rate, data.n_stored(model.n_samples), preparation, cache_folder)
    clips = OneShots.of(store, model.labels)
    reference = Reference.of(clips, model.labels, model.sample_rate, model.n_samples, data.min_limits_db)
    one_shots = OneShotBatches(clips, data, model.sample_rate, model.n_samples, training.batch_size, training.seed)
    batches = CopyLossBatches(one_shots, reference) if model.copy_weight else one_shots
    return GanPrepared(
        recipe=recipe,
        train_entries=tuple(store.entries),
        failed=(*failed, *store.failed),
        batches=batches,
        reference=reference,
    )
