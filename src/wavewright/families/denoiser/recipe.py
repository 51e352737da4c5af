"""Recipes of denoisers: the settings of each size and of fine-tuning, and the preparation of recordings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ...base.errors import BadFolder
from ...contracts.recipe import NOTHING_TO_TRAIN_ON, PreparedOf, RecipeOf, fine_tuned, split_rows
from ...contracts.settings import COSINE_SETTINGS
from ...data.entry import Entry
from ...data.folder import scan
from ...data.preparation import Preparation
from ...data.splits import assign_splits
from ...data.store import ClipStore
from ...models.folder import ModelFolder
from .batches import MUSIC, NOISE, SPEECH, DenoiserBatches, DenoiserDataSettings, SoundSource
from .config import SIZES, DenoiserConfig
from .echo_batches import EchoBatches

N_VALID_MIXTURES = 48
N_EXAMPLES = 4
VALID_SEED = 1
NOISE_EXPONENT = 0.5  # of the total length of a group of noises in the probability to be drawn

DenoiserRecipe = RecipeOf[DenoiserConfig, DenoiserDataSettings]

TRAINING = replace(
    COSINE_SETTINGS,
    optimizer="muon",
    batch_size=12,
    learning_rate=2e-3,
    weight_decay=0.01,
    final_fraction=0.02,
    warmup_steps=200,
    clip_norm=3.0,
    ema_decay=0.998,
    evaluate_every=500,
)
"""Settings of the training, shared by all sizes."""


@dataclass(frozen=True, kw_only=True)
class DenoiserPrepared(PreparedOf[DenoiserRecipe, DenoiserBatches]):
    """A recipe with its data."""

    valid: dict[str, np.ndarray]  # mixtures of held-out recordings as one batch, empty without any
    examples: dict[str, np.ndarray]  # a few mixtures for samples


def recipe(size: str) -> DenoiserRecipe:
    """Return the recipe of a size: ``tiny`` for a noise of one's own, ``small`` for real time, ``best`` for files."""
    return DenoiserRecipe(SIZES[size], DenoiserDataSettings(), TRAINING)


def fine_tuning(base: ModelFolder) -> DenoiserRecipe:
    """Return the recipe to train ``base`` further, on other speech and noise."""
    return fine_tuned(recipe("small"), base)


def prepare(recipe: DenoiserRecipe, entries: Sequence[Entry], cache_folder: Path | None = None) -> DenoiserPrepared:
    """Split and decode speech and noise; raise BadFolder if one of them is missing.

    Recordings are speech, noise or music by their label, noise with any other one or without. To them come those of the
    folder ``data.speech``, as speech. Without held-out recordings of both kinds there are no validation mixtures.
    """
    data = recipe.data
    kinds = _kinds(entries)
    if data.speech:
        kinds[SPEECH] += scan(Path(data.speech)).entries
    for kind in (SPEECH, NOISE):
        if not kinds[kind]:
            raise BadFolder(
                f"There are no recordings of {kind} among the {len(entries)}; a denoiser learns from speech and noise: "
                f"name folders {SPEECH} and {NOISE}, or give a folder of noise, and one of speech with --speech."
            )
    entries = [
        replace(entry, label=kind)
        for kind, members in kinds.items()
        for entry in assign_splits(members, by="group", valid=data.valid_fraction, test=0.0)
        if entry.split != "test"
    ]
    store = ClipStore.build(entries, recipe.model.sample_rate, None, Preparation("crop", level="peak"), cache_folder)
    train, valid = split_rows(store.entries)
    batches = _batches(store, train, recipe)
    if batches is None:
        raise BadFolder(NOTHING_TO_TRAIN_ON)
    held_out = _batches(store, valid, recipe)
    if held_out is None:
        recipe = recipe.without_valid_metric()
    mixtures = (held_out or batches).mixtures([VALID_SEED], N_VALID_MIXTURES)
    return DenoiserPrepared(
        recipe=recipe,
        train_entries=tuple(store.entries[row] for row in train),
        problems=store.problems,
        batches=batches,
        valid=mixtures if held_out else {},
        examples={name: array[:N_EXAMPLES] for name, array in mixtures.items()},
    )


def _kinds(entries: Sequence[Entry]) -> dict[str, list[Entry]]:
    """Return the recordings of each kind by their labels."""
    kinds: dict[str, list[Entry]] = {SPEECH: [], NOISE: [], MUSIC: []}
    for entry in entries:
        kinds.get(entry.label or NOISE, kinds[NOISE]).append(entry)
    return kinds


def _batches(store: ClipStore, rows: Sequence[int], recipe: DenoiserRecipe) -> DenoiserBatches | None:
    """Return the batches of some rows, None without speech or without noise."""
    kinds = {kind: [row for row in rows if store.entries[row].label == kind] for kind in (SPEECH, NOISE, MUSIC)}
    if not kinds[SPEECH] or not kinds[NOISE]:
        return None
    music = SoundSource.of(store, kinds[MUSIC]) if kinds[MUSIC] else None
    speech = SoundSource.of(store, kinds[SPEECH], recipe.data.speaker_exponent)
    kind = DenoiserBatches if recipe.model.removes == "noise" else EchoBatches
    return kind(speech, SoundSource.of(store, kinds[NOISE], NOISE_EXPONENT), music, recipe)
