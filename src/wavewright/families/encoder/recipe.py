"""The recipe of an encoder: settings of each size, further training, and the preparation of the recordings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ...base.errors import BadFolder
from ...contracts.recipe import PreparedOf, RecipeOf, fine_tuned, split_rows
from ...data.entry import Entry
from ...data.preparation import Preparation
from ...data.splits import assign_splits
from ...data.store import ClipStore
from ...models.folder import ModelFolder
from ..classifier.recipe import TRAINING as CLASSIFIER_TRAINING
from .batches import EncoderDataSettings, ViewBatches
from .config import SIZES, EncoderConfig

MIN_RECORDINGS = 2  # a recording differs from others
MAX_VALID_CLIPS = 128
VALID_SEED = 1


EncoderRecipe = RecipeOf[EncoderConfig, EncoderDataSettings]


@dataclass(frozen=True, kw_only=True)
class EncoderPrepared(PreparedOf[EncoderRecipe, ViewBatches]):
    """A recipe with its data.

    Attributes
    ----------
    valid
        Views of validation recordings as one batch, empty without any.
    """

    valid: dict[str, np.ndarray]


TRAINING = replace(CLASSIFIER_TRAINING, batch_size=64, learning_rate=3e-3, weight_decay=0.02, metric="")


def recipe(size: str) -> EncoderRecipe:
    """Return the recipe of a size: ``tiny`` for tests, ``small`` and ``base`` for hours of recordings."""
    return EncoderRecipe(SIZES[size], EncoderDataSettings(), TRAINING)


def fine_tuning(base: ModelFolder) -> EncoderRecipe:
    """Return the recipe to train ``base`` further, on other recordings."""
    return fine_tuned(EncoderRecipe(SIZES["small"], EncoderDataSettings(), TRAINING), base)


def prepare(recipe: EncoderRecipe, entries: Sequence[Entry], cache_folder: Path | None = None) -> EncoderPrepared:
    """Split and decode recordings; their labels are not used.

    Raises BadFolder if fewer than MIN_RECORDINGS are left to train on.
    """
    model, data = recipe.model, recipe.data
    divided = assign_splits(entries, by="group", valid=data.valid_fraction, test=0.0)
    used = [entry for entry in divided if entry.split != "test"]
    store = ClipStore.build(used, model.sample_rate, None, Preparation("crop"), cache_folder)
    train, valid = split_rows(store.entries)
    if len(train) < MIN_RECORDINGS:
        raise BadFolder(
            f"An encoder learns by what distinguishes recordings and needs {MIN_RECORDINGS} or more to train on, but "
            f"the folder has {len(train)}; add recordings, or split a long one with `wavewright split`."
        )
    recipe = recipe if valid else recipe.without_valid_metric()
    batches = ViewBatches(store, train, recipe)
    return EncoderPrepared(
        recipe=recipe,
        train_entries=tuple(store.entries[row] for row in train),
        problems=store.problems,
        batches=batches,
        valid=_valid_views(batches, valid) if len(valid) >= MIN_RECORDINGS else {},
    )


def _valid_views(batches: ViewBatches, rows: Sequence[int]) -> dict[str, np.ndarray]:
    """Return fixed views of validation recordings."""
    rng = np.random.default_rng(VALID_SEED)
    chosen = rng.permutation(rows)[:MAX_VALID_CLIPS]
    contexts = [batches.draw_context(int(row), rng) for row in chosen]
    return batches.views(contexts, contexts, (VALID_SEED,))
