"""Recipes of the WaveNet: settings of each size and of fine-tuning, and the data of a training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ...contracts.recipe import Batch, Prepared, Recipe, split_rows
from ...contracts.sequence_recipe import FINE_TUNING_STEPS
from ...contracts.settings import TrainingSettings
from ...data.durations import duration_quantiles
from ...data.entry import Entry
from ...data.preparation import Preparation
from ...data.sequences import SequenceClips, load_sequences
from ...errors import BadSetting
from ...models.folder import ModelFolder
from .batches import SampleBatches, WaveNetDataSettings
from .config import METRICS, SIZES, WaveNetConfig

VALID_CROPS = 64


@dataclass(frozen=True)
class WaveNetRecipe(Recipe):
    """Complete description of the training of a WaveNet; raises BadSetting if its settings do not fit each other."""

    TITLE = "a WaveNet"
    VALIDATION_METRICS = METRICS

    model: WaveNetConfig = field(default_factory=WaveNetConfig)
    data: WaveNetDataSettings = field(default_factory=WaveNetDataSettings)
    training: TrainingSettings = field(default_factory=TrainingSettings)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.data.crop_samples % self.model.hop_length:
            raise BadSetting(
                f"crop_samples is {self.data.crop_samples}; it must be a multiple of hop_length "
                f"({self.model.hop_length})."
            )


def recipe(size: str) -> WaveNetRecipe:
    """Return the recipe of a size: ``tiny`` for trials, ``small`` for a laptop, ``base`` and ``full`` for a GPU."""
    training = TrainingSettings(
        batch_size=8,
        learning_rate=2e-3,
        schedule="cosine",
        final_fraction=0.02,
        warmup_steps=100,
        clip_norm=1.0,
        ema_decay=0.998,
        evaluate_every=500,
        metric="valid/bits",
    )
    return WaveNetRecipe(model=SIZES[size], training=training)


def fine_tuning(base: ModelFolder) -> WaveNetRecipe:
    """Return the recipe to train ``base`` further, on other labels and speakers."""
    model = replace(base.config(WaveNetConfig), labels=(), speakers=())
    return WaveNetRecipe(
        model=model, training=recipe("small").training.for_fine_tuning(FINE_TUNING_STEPS, evaluate_every=250)
    )


@dataclass(frozen=True)
class WaveNetPrepared(Prepared):
    """A recipe with its data.

    Attributes
    ----------
    batches
        Batches of the training clips.
    valid
        Batches of the validation clips, without noise.
    durations
        Quantiles of the durations of the training clips of each label in seconds, ``(max(labels, 1), quantiles)``.
    """

    recipe: WaveNetRecipe
    batches: SampleBatches
    valid: tuple[Batch, ...]
    durations: np.ndarray


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
        noiseless = replace(data, input_noise=0.0)
        measured = SampleBatches(clips, valid, model, noiseless, training.batch_size, seed=0)
        valid_batches = tuple(measured(step) for step in range(-(-VALID_CROPS // training.batch_size)))
    return WaveNetPrepared(
        recipe if valid else recipe.with_metric(""),
        tuple(clips.entries[row] for row in train),
        clips.problems,
        SampleBatches(clips, train, model, data, training.batch_size, training.seed),
        valid_batches,
        _durations(clips, train, model),
    )


def _durations(clips: SequenceClips, rows: Sequence[int], model: WaveNetConfig) -> np.ndarray:
    """Return the quantiles of the durations of each label in seconds, ``(max(labels, 1), quantiles)``."""
    seconds = np.array([clips.store.lengths[row] for row in rows]) / model.sample_rate
    any_speaker = np.zeros(len(rows), np.int64)
    return duration_quantiles(seconds, clips.labels[rows], any_speaker, max(len(model.labels), 1), 1)[:, 0]
