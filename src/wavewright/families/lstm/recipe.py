"""Recipes of the recurrent model: settings of each size and of fine-tuning, and the data of a training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ...contracts.recipe import Prepared, Recipe, split_rows
from ...contracts.sequence_recipe import FINE_TUNING_STEPS, SEQUENCE_TRAINING, SequenceDataSettings
from ...contracts.settings import TrainingSettings
from ...data.entry import Entry
from ...data.sequences import load_sequences
from ...errors import BadFolder
from ...models.folder import ModelFolder
from .batches import FrameBatches, FrameClips
from .config import METRICS, SIZES, LstmConfig
from .frames import wave_to_frames
from .reference import RecordingReference
from .statistics import SHORTEST_FRAMES, ClipStatistics, Whitening


@dataclass(frozen=True)
class LstmRecipe(Recipe):
    """Complete description of the training of a recurrent model."""

    TITLE = "a recurrent model"
    VALIDATION_METRICS = METRICS

    model: LstmConfig = field(default_factory=LstmConfig)
    data: SequenceDataSettings = field(default_factory=SequenceDataSettings)
    training: TrainingSettings = field(default_factory=TrainingSettings)

    def metrics(self) -> Sequence[str]:
        """Return the metrics of the output: a mixture has a likelihood, a mean an error."""
        unmeasured = "valid/mse" if self.model.output == "mixture" else "valid/nll"
        return [name for name in METRICS if name != unmeasured]


def recipe(size: str) -> LstmRecipe:
    """Return the recipe of a size: ``tiny`` for trials, ``small`` for a laptop, ``base`` for the bundled models."""
    return LstmRecipe(model=SIZES[size], training=replace(SEQUENCE_TRAINING, metric="distance"))


def fine_tuning(base: ModelFolder) -> LstmRecipe:
    """Return the recipe to train ``base`` further, on other labels and speakers."""
    model = replace(base.config(LstmConfig), labels=(), speakers=())
    return LstmRecipe(
        model=model, training=recipe("base").training.for_fine_tuning(FINE_TUNING_STEPS, evaluate_every=250)
    )


@dataclass(frozen=True)
class LstmPrepared(Prepared):
    """A recipe with its data.

    Attributes
    ----------
    batches, valid
        Batches of the training clips, and of the validation clips if there are any.
    statistics
        Whitening and durations of the training clips.
    reference
        Recordings that generated clips are compared with.
    """

    recipe: LstmRecipe
    batches: FrameBatches
    valid: FrameBatches | None
    statistics: ClipStatistics
    reference: RecordingReference

    def match_base(self, base: ModelFolder) -> LstmPrepared:
        """Return the data with the frames whitened as ``base`` whitens them, since its weights depend on it."""
        own, whitening = self.statistics.whitening, ClipStatistics.read(base, base.config(LstmConfig)).whitening
        if own.mean.shape != whitening.mean.shape:  # of other frames, whose weights do not fit either
            return self

        def rewhitened(batches: FrameBatches) -> FrameBatches:
            return replace(batches, clips=batches.clips.rewhitened(own, whitening))

        return replace(
            self,
            batches=rewhitened(self.batches),
            valid=None if self.valid is None else rewhitened(self.valid),
            statistics=replace(self.statistics, whitening=whitening),
        )


def prepare(recipe: LstmRecipe, entries: Sequence[Entry], cache_folder: Path | None = None) -> LstmPrepared:
    """Split and decode recordings and compute their frames.

    The labels and speakers that occur become those of the model, unless the recipe names its own. Raises BadFolder if
    too little is left to train on.
    """
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
    train, valid = split_rows(clips.entries)
    model = replace(model, labels=clips.label_names, speakers=clips.speaker_names)
    recipe = replace(recipe, model=model)
    if not valid and recipe.training.metric.startswith("valid"):
        recipe = recipe.with_metric("distance")
    frames = [wave_to_frames(clips.store[row][0], model) for row in range(len(clips.store))]
    whitening = Whitening.fit([frames[row] for row in train], model.n_mels)
    whitened = FrameClips(tuple(whitening.whiten(clip) for clip in frames), clips.labels, clips.speakers)
    lengths = np.array([len(clip) for clip in frames])
    return LstmPrepared(
        recipe,
        tuple(clips.entries[row] for row in train),
        clips.problems,
        _batches(whitened.subset(train), recipe),
        _batches(whitened.subset(valid), recipe) if valid else None,
        ClipStatistics(whitening, clips.duration_quantiles(lengths, train)),
        RecordingReference.of(clips, model.sample_rate, data.sample_seconds),
    )


def _batches(clips: FrameClips, recipe: LstmRecipe) -> FrameBatches:
    """Return the batches of clips, cropped if they are endless."""
    model, training = recipe.model, recipe.training
    crop_frames = max(SHORTEST_FRAMES, round(recipe.data.crop_seconds * model.frame_rate))
    is_cropped = model.duration == "endless"
    return FrameBatches(clips, model, training.batch_size, training.seed, crop_frames if is_cropped else None)
