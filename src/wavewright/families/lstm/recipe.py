"""Recipes of the recurrent model: settings of each size and of fine-tuning, and the data of a training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from ...contracts.recipe import PreparedOf, RecipeOf, fine_tuned, split_rows
from ...contracts.sequence_recipe import SEQUENCE_TRAINING, SequenceDataSettings, load_clips
from ...data.entry import Entry
from ...models.folder import ModelFolder
from .batches import FrameBatches, FrameClips
from .config import SIZES, LstmConfig
from .frames import wave_to_frames
from .reference import RecordingReference
from .statistics import MIN_FRAMES, N_STARTS, START_FRAMES, ClipStatistics, Whitening

LstmRecipe = RecipeOf[LstmConfig, SequenceDataSettings]


@dataclass(frozen=True, kw_only=True)
class LstmPrepared(PreparedOf[LstmRecipe, FrameBatches]):
    """A recipe with its data."""

    valid: FrameBatches | None  # batches of the validation clips
    statistics: ClipStatistics  # whitening and durations of the training clips
    reference: RecordingReference  # recordings that generated clips are compared with

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
            statistics=self.statistics.rewhitened(whitening),
        )


TRAINING = replace(SEQUENCE_TRAINING, metric="distance")


def recipe(size: str) -> LstmRecipe:
    """Return the recipe of a size: ``tiny`` for trials, ``small`` for a laptop, ``base`` for the bundled models."""
    return LstmRecipe(SIZES[size], SequenceDataSettings(), TRAINING)


fine_tuning = partial(fine_tuned, recipe("small"))
"""Return the recipe to train a base further, on other labels and speakers."""


SHORT_SECONDS = 2.0
"""Median length of recordings below which they are hardly textures."""


def prepare(recipe: LstmRecipe, entries: Sequence[Entry], cache_folder: Path | None = None) -> LstmPrepared:
    """Split and decode recordings and compute their frames.

    The labels and speakers that occur become those of the model, unless the recipe names its own. Raises BadFolder if
    too little is left to train on.
    """
    recipe, clips = load_clips(recipe, entries, cache_folder)
    train, valid = split_rows(clips.entries)
    recipe = recipe if valid else recipe.without_valid_metric("distance")
    model = recipe.model
    frames = [wave_to_frames(clips.store[row][0], model) for row in range(len(clips.store))]
    whitening = Whitening.fit([frames[row] for row in train], model.n_mels)
    whitened = FrameClips(tuple(whitening.whiten(clip) for clip in frames), clips.labels, clips.speakers)
    lengths = np.array([len(clip) for clip in frames])
    n_starts = N_STARTS if model.duration == "endless" else 0
    starts = whitened.subset(train).draw_excerpts(max(len(model.labels), 1), n_starts, START_FRAMES)
    return LstmPrepared(
        recipe=recipe,
        train_entries=tuple(clips.entries[row] for row in train),
        problems=clips.problems,
        notes=_notes(model, [clips.entries[row].seconds for row in train], recipe.data.sample_seconds),
        batches=_batches(whitened.subset(train), recipe),
        valid=_batches(whitened.subset(valid), recipe) if valid else None,
        statistics=ClipStatistics(whitening, clips.duration_quantiles(lengths, train), starts),
        reference=RecordingReference.of(clips, model.sample_rate, recipe.data.sample_seconds),
    )


def _notes(model: LstmConfig, seconds: Sequence[float], sample_seconds: float) -> tuple[str, ...]:
    """Return a note if short clips with an end, such as words, would come out as endless textures."""
    usual = float(np.median(seconds))
    if model.duration != "endless" or usual >= SHORT_SECONDS:
        return ()
    return (
        f"warning: the recordings last {usual:.2g} s in the median, and this model makes endless textures of them, by "
        f"default of {sample_seconds:g} s. For words and other sounds with an end give --set duration=drawn.",
    )


def _batches(clips: FrameClips, recipe: LstmRecipe) -> FrameBatches:
    """Return the batches of clips, cropped if they are endless."""
    model, training = recipe.model, recipe.training
    crop_frames = max(MIN_FRAMES, round(recipe.data.crop_seconds * model.frame_rate))
    is_cropped = model.duration == "endless"
    return FrameBatches(clips, model, training.batch_size, training.seed, crop_frames if is_cropped else None)
