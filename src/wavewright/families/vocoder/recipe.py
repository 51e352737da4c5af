"""Recipes of vocoders: the settings of each size and of fine-tuning, and the preparation of recordings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ...base.errors import BadSetting
from ...base.units import seconds_to_samples
from ...contracts.recipe import PreparedOf, RecipeOf, split_rows
from ...contracts.settings import VOICE_SETTINGS
from ...data.entry import Entry, Problem
from ...data.preparation import Preparation
from ...data.splits import assign_splits
from ...data.store import ClipStore
from ...models.folder import ModelFolder
from .batches import VocoderBatches, VocoderDataSettings, stack_crops
from .config import SIZES, VocoderConfig
from .mel_files import with_mel_files

FINE_TUNING_STEPS = 3_000
FINE_TUNING_ADVERSARIAL_FROM = 300
MIN_COMPARED_HOPS = 4  # of a crop, without the ends that losses leave out; the longest window of a loss
MAX_VALID_CLIPS = 40
VALID_SECONDS = 2.0
N_EXAMPLES = 4


VocoderRecipe = RecipeOf[VocoderConfig, VocoderDataSettings]


@dataclass(frozen=True, kw_only=True)
class VocoderPrepared(PreparedOf[VocoderRecipe, VocoderBatches]):
    """A recipe with its data."""

    valid: dict[str, np.ndarray]  # crops of held-out recordings as one batch, empty without any
    examples: dict[str, np.ndarray]  # a few crops for samples, of training recordings if none are held out


def recipe(size: str) -> VocoderRecipe:
    """Return the recipe of a size: ``tiny`` to try things out, ``small`` for a CPU, ``base`` for a GPU.

    The training settings of all sizes are the same. ``training.steps`` is 0: a run has as many steps as fit into
    ``--max-minutes``. No metric is named, so the averaged weights of the last step are exported, with matrices
    of 8 bits.
    """
    return VocoderRecipe(SIZES[size], VocoderDataSettings(), VOICE_SETTINGS)


def fine_tuning(base: ModelFolder) -> VocoderRecipe:
    """Return the recipe of a training that starts from ``base``: a low learning rate, and critics.

    It starts from the exported weights of ``base``: averaged, and by default with matrices rounded to 8 bits. The data
    settings are those of any training; ``data.mel_files=true`` trains on predicted mel frames.
    """
    model = replace(base.config(VocoderConfig), adversarial_from=FINE_TUNING_ADVERSARIAL_FROM)
    return VocoderRecipe(model, VocoderDataSettings(), VOICE_SETTINGS.for_fine_tuning(FINE_TUNING_STEPS))


def prepare(recipe: VocoderRecipe, entries: Sequence[Entry], cache_folder: Path | None = None) -> VocoderPrepared:
    """Split, decode and prepare recordings.

    Raises BadFolder if none is left to train on, BadSetting for crops that are too short for the filters.
    """
    data = recipe.data
    check_crop_length(recipe)
    entries = assign_splits(entries, by="group", valid=data.valid_fraction, test=0.0)
    entries = [entry for entry in entries if entry.split != "test"]
    problems: tuple[Problem, ...] = ()
    preparation = Preparation("crop", trim=True, level="peak")
    if data.mel_files:
        entries, problems = with_mel_files(entries)
        preparation = Preparation("crop", trim=False, level="none")  # mel files are of the unchanged recording
    store = ClipStore.build(entries, recipe.model.sample_rate, None, preparation, cache_folder)
    train, valid = split_rows(store.entries)
    recipe = recipe if valid else recipe.without_valid_metric()
    batches = VocoderBatches(store, train, recipe)
    rows = np.random.default_rng(0).permutation(valid or train)[:MAX_VALID_CLIPS]
    n_intervals = seconds_to_samples(VALID_SECONDS, recipe.model.sample_rate) // recipe.model.hop_length
    crops = stack_crops([batches.crop(int(row), 0, n_intervals) for row in rows])
    return VocoderPrepared(
        recipe=recipe,
        train_entries=tuple(store.entries[row] for row in train),
        problems=(*problems, *store.problems),
        batches=batches,
        valid=crops if valid else {},
        examples={name: array[:N_EXAMPLES] for name, array in crops.items()},
    )


def check_crop_length(recipe: VocoderRecipe) -> None:
    """Raise BadSetting if the losses would leave out too much of a crop, see `VocoderConfig.transient`."""
    model, crop_frames = recipe.model, recipe.data.crop_frames
    shortest = MIN_COMPARED_HOPS + -(-(model.transient + model.delay) // model.hop_length)
    if crop_frames < shortest:
        raise BadSetting(
            f"crop_frames is {crop_frames}; with n_subframes {model.n_subframes} and fft_subframes "
            f"{model.fft_subframes} it must be at least {shortest}."
        )
