"""Recipes of codecs: the settings of each size and of fine-tuning, and the preparation of recordings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ...base.units import seconds_to_samples
from ...contracts.recipe import PreparedOf, RecipeOf, split_rows
from ...contracts.settings import ADVERSARIAL_SETTINGS
from ...data.entry import Entry
from ...data.preparation import Preparation
from ...data.splits import assign_splits
from ...data.store import ClipStore
from ...models.folder import ModelFolder
from .batches import CodecBatches, CodecDataSettings
from .config import SIZES, CodecConfig

FINE_TUNING_STEPS = 5_000
FINE_TUNING_ADVERSARIAL_FROM = 2_500
FINE_TUNING_ENCODER_FROM = 4_000
N_VALID_CLIPS = 64
VALID_SECONDS = 2.0
N_SAMPLE_CLIPS = 4
FREQUENCY_SECONDS = 300.0  # of the recordings that the frequencies of codes are counted in
CONTEXT_SECONDS = 6 * 3_600.0  # of the recordings that the context model is trained on


CodecRecipe = RecipeOf[CodecConfig, CodecDataSettings]


@dataclass(frozen=True, kw_only=True)
class CodecPrepared(PreparedOf[CodecRecipe, CodecBatches]):
    """A recipe with its data."""

    valid: np.ndarray  # held-out clips ``(clips, time)``, empty without any
    sample_clips: np.ndarray  # ``(clips, time)``, of training recordings if none are held out
    evaluated_codebooks: tuple[int, ...]  # numbers of codebooks that clips are evaluated with

    def training_clips(self, seconds: float) -> Iterator[np.ndarray]:
        """Yield training recordings ``(time,)`` of whole frames, in random order, until they are so many seconds."""
        n_left = seconds_to_samples(seconds, self.recipe.model.sample_rate)
        for row in np.random.default_rng(0).permutation(self.batches.rows):
            clip = self.batches.whole(int(row))
            yield clip
            n_left -= len(clip)
            if n_left <= 0:
                return


TRAINING = replace(ADVERSARIAL_SETTINGS, batch_size=10)


def recipe(size: str) -> CodecRecipe:
    """Return the recipe of a size: ``tiny`` to try things out, ``small`` for speech, ``music`` for any audio."""
    return CodecRecipe(SIZES[size], CodecDataSettings(), TRAINING)


def fine_tuning(base: ModelFolder) -> CodecRecipe:
    """Return the recipe of a training that starts from ``base``: quantised at once, with critics from half on."""
    model = replace(
        base.config(CodecConfig),
        unquantised_steps=0,
        adversarial_from=FINE_TUNING_ADVERSARIAL_FROM,
        encoder_from=FINE_TUNING_ENCODER_FROM,
    )
    return CodecRecipe(model, CodecDataSettings(), TRAINING.for_fine_tuning(FINE_TUNING_STEPS, evaluate_every=500))


def prepare(recipe: CodecRecipe, entries: Sequence[Entry], cache_folder: Path | None = None) -> CodecPrepared:
    """Split, decode and prepare recordings; raise BadFolder if none is left to train on."""
    model = recipe.model
    with_splits = assign_splits(entries, by="group", valid=recipe.data.valid_fraction, test=0.0)
    store = ClipStore.build(
        [entry for entry in with_splits if entry.split != "test"],
        model.sample_rate,
        None,
        Preparation("crop", level="peak"),
        cache_folder,
    )
    train, valid = split_rows(store.entries)
    recipe = recipe if valid else recipe.without_valid_metric()
    batches = CodecBatches(store, train, recipe)
    clips = _evaluation_clips(batches, valid or train)
    return CodecPrepared(
        recipe=recipe,
        train_entries=tuple(store.entries[row] for row in train),
        problems=store.problems,
        batches=batches,
        valid=clips if valid else clips[:0],
        sample_clips=clips[:N_SAMPLE_CLIPS],
        evaluated_codebooks=tuple(sorted({max(model.n_codebooks // divisor, 1) for divisor in (4, 2, 1)})),
    )


def _evaluation_clips(batches: CodecBatches, rows: Sequence[int]) -> np.ndarray:
    """Return the start of random recordings, ``(clips, time)`` of whole frames; only long ones if there are any."""
    model = batches.recipe.model
    n_samples = seconds_to_samples(VALID_SECONDS, model.sample_rate) // model.hop_length * model.hop_length
    long_enough = [row for row in rows if batches.store.lengths[row] >= n_samples]
    chosen = np.random.default_rng(0).permutation(long_enough or rows)[:N_VALID_CLIPS]
    return np.stack([batches.crop(int(row), 0, n_samples) for row in chosen])
