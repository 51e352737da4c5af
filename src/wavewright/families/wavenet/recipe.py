"""Recipes of the WaveNet: settings of each size and of fine-tuning, and the data of a training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from ...base.errors import BadSetting
from ...contracts.recipe import Batch, PreparedOf, RecipeOf, fine_tuned, split_rows
from ...contracts.settings import COSINE_SETTINGS
from ...data.durations import duration_quantiles
from ...data.entry import Entry
from ...data.preparation import Preparation
from ...data.sequences import SequenceClips, load_sequences
from .batches import SampleBatches, WaveNetDataSettings
from .config import SIZES, WaveNetConfig

VALID_CROPS = 64


@dataclass(frozen=True)
class WaveNetRecipe(RecipeOf[WaveNetConfig, WaveNetDataSettings]):
    """Complete description of the training of a WaveNet; raises BadSetting if its settings do not fit each other."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.data.crop_samples % self.model.hop_length:
            raise BadSetting(
                f"crop_samples is {self.data.crop_samples}; it must be a multiple of hop_length "
                f"({self.model.hop_length})."
            )


@dataclass(frozen=True, kw_only=True)
class WaveNetPrepared(PreparedOf[WaveNetRecipe, SampleBatches]):
    """A recipe with its data."""

    valid: tuple[Batch, ...]  # batches of the validation clips, without noise
    durations: np.ndarray  # quantiles in seconds, ``(max(labels, 1), quantiles)``


TRAINING = replace(COSINE_SETTINGS, weight_decay=0.0, ema_decay=0.998, metric="valid/bits")


def recipe(size: str) -> WaveNetRecipe:
    """Return the recipe of a size: ``tiny`` for trials, ``small`` for a laptop, ``base`` and ``full`` for a GPU."""
    return WaveNetRecipe(SIZES[size], WaveNetDataSettings(), TRAINING)


fine_tuning = partial(fine_tuned, recipe("small"))
"""Return the recipe to train a base further, on other labels and speakers."""


def prepare(recipe: WaveNetRecipe, entries: Sequence[Entry], cache_folder: Path | None = None) -> WaveNetPrepared:
    """Split and decode recordings.

    The labels and speakers that occur become those of the model, unless the recipe names its own; a vocoder has none.
    Raises BadFolder if nothing is left to train on.
    """
    model, data, training = recipe.model, recipe.data, recipe.training
    clips = load_sequences(
        entries,
        model.sample_rate,
        labels=model.labels,
        speakers=model.speakers,
        is_named=model.condition != "mel",
        valid_fraction=data.valid_fraction,
        preparation=Preparation("crop", level="peak" if data.level else "none"),
        cache_folder=cache_folder,
    )
    train, valid = split_rows(clips.entries)
    model = replace(model, labels=clips.label_names, speakers=clips.speaker_names)
    recipe = replace(recipe, model=model)
    valid_batches: tuple[Batch, ...] = ()
    if valid:
        noiseless = replace(recipe, data=replace(data, input_noise=0.0), training=replace(training, seed=0))
        measured = SampleBatches(clips, valid, noiseless)
        valid_batches = tuple(measured(step) for step in range(-(-VALID_CROPS // training.batch_size)))
    return WaveNetPrepared(
        recipe=recipe if valid else recipe.without_valid_metric(),
        train_entries=tuple(clips.entries[row] for row in train),
        problems=clips.problems,
        batches=SampleBatches(clips, train, recipe),
        valid=valid_batches,
        durations=_durations(clips, train, model),
    )


def _durations(clips: SequenceClips, rows: Sequence[int], model: WaveNetConfig) -> np.ndarray:
    """Return the quantiles of the durations of each label in seconds, ``(max(labels, 1), quantiles)``."""
    seconds = np.array([clips.store.lengths[row] for row in rows]) / model.sample_rate
    any_speaker = np.zeros(len(rows), np.int64)
    return duration_quantiles(seconds, clips.labels[rows], any_speaker, max(len(model.labels), 1), 1)[:, 0]
