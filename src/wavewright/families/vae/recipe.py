"""Recipe of the VAE: settings of the data and of the training, recipe of each size, fine-tuning, prepared data."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ...base.errors import BadSetting
from ...base.ranges import ranged
from ...contracts.family import exported_weights, rows_by_name
from ...contracts.recipe import PreparedOf, RecipeOf
from ...contracts.settings import COSINE_SETTINGS
from ...data.crops import CropBatches, FixedCrops
from ...data.entry import Entry
from ...data.one_shots import OneShotBatches, OneShots, OneShotSettings, check_batch_size
from ...data.preparation import Preparation
from ...data.selection import select_entries, unique_labels
from ...data.splits import assign_splits
from ...data.store import ClipStore
from ...metrics.reference import Reference
from ...models.folder import ModelFolder
from .conditioning import CENTRE_PITCH, pitch_features
from .config import PITCH_FEATURES, SIZES, VaeConfig

CONDITIONING_WEIGHT, CONDITIONING_BIAS = "decoder.condition.weight", "decoder.condition.bias"
CONDITIONED_LAYERS = ("decoder.unfold", "decoder.broadcast")  # their inputs are latents, then the embedded conditioning


def initial_weights(base: ModelFolder, config: VaeConfig) -> dict[str, np.ndarray]:
    """Return the state of a :class:`.SpectralAutoencoder` that starts from ``base``.

    The column of a new label is the mean of those of the base's labels; it is zero only if the base has no labels, so
    that labels have no effect at the start. Without labels in ``config``, the decoder becomes that of a clip whose
    label is dropped. A pitch that the base does not have starts without effect; without pitch in ``config``, the
    decoder becomes that of CENTRE_PITCH.
    """
    state = {
        f"{module}.{name}": array
        for module in ("encoder", "decoder")
        for name, array in exported_weights(base, [f"{module}.{module}."]).items()
    }
    if CONDITIONING_WEIGHT not in state:
        return _with_conditioning(state, config) if config.n_condition_inputs else state
    known = base.config(VaeConfig).labels
    weight = state[CONDITIONING_WEIGHT]  # (condition_size, labels + pitch features)
    of_labels, of_pitch = weight[:, : len(known)], weight[:, len(known) :]
    if config.pitched and not of_pitch.size:
        of_pitch = np.zeros((len(weight), PITCH_FEATURES), np.float32)
    elif of_pitch.size and not config.pitched:
        state[CONDITIONING_BIAS] = state[CONDITIONING_BIAS] + of_pitch @ pitch_features(np.array(CENTRE_PITCH))
        of_pitch = of_pitch[:, :0]
    if not config.n_condition_inputs:
        return _without_conditioning(state, config)
    if not known:
        of_labels = np.zeros((len(weight), len(config.labels)), np.float32)
    elif config.labels:
        of_labels = rows_by_name(of_labels, config.labels, known, axis=1)
    else:
        of_labels = of_labels[:, :0]
    state[CONDITIONING_WEIGHT] = np.concatenate([of_labels, of_pitch], axis=1)
    return state


def _with_conditioning(state: dict[str, np.ndarray], config: VaeConfig) -> dict[str, np.ndarray]:
    """Return a state with a random embedding of the conditioning, on which nothing depends yet."""
    shape = (config.condition_size, config.n_condition_inputs)
    state[CONDITIONING_WEIGHT] = np.random.default_rng(0).normal(0.0, 0.3, shape).astype(np.float32)
    state[CONDITIONING_BIAS] = np.zeros(config.condition_size, np.float32)
    for layer in CONDITIONED_LAYERS:
        state[f"{layer}.weight"] = np.pad(state[f"{layer}.weight"], ((0, 0), (0, config.condition_size)))
    return state


def _without_conditioning(state: dict[str, np.ndarray], config: VaeConfig) -> dict[str, np.ndarray]:
    """Return a state whose biases contain the conditioning of a dropped label, and of CENTRE_PITCH."""
    del state[CONDITIONING_WEIGHT]
    dropped = state.pop(CONDITIONING_BIAS)
    for layer in CONDITIONED_LAYERS:
        weight = state[f"{layer}.weight"]
        state[f"{layer}.weight"] = weight[:, : config.latent_size]
        state[f"{layer}.bias"] = state[f"{layer}.bias"] + weight[:, config.latent_size :] @ dropped
    return state


def new_tables(base: ModelFolder, config: VaeConfig) -> tuple[str, ...]:
    """Return the names of the weights with columns that ``base`` does not have.

    Training starts these columns from a mean, from zeros or at random. ``training.base_weight`` would pull them back to
    that start, which no model has learned, so the exported weights keep what the training learned.
    """
    known = base.config(VaeConfig)
    if config.n_condition_inputs and not known.n_condition_inputs:
        return (CONDITIONING_WEIGHT, CONDITIONING_BIAS, *(f"{layer}.weight" for layer in CONDITIONED_LAYERS))
    has_new = not set(config.labels) <= set(known.labels) or (config.pitched and not known.pitched)
    return (CONDITIONING_WEIGHT,) if has_new else ()


FINE_STEPS = 3_000  # of fine-tuning
FINE_LEARNING_RATE = 5e-4
FINE_ADVERSARIAL_FROM = 300


@dataclass(frozen=True)
class VaeDataSettings(OneShotSettings):
    """Settings of the data; speeds, classes and augmentation concern one-shots only."""

    slowest: float = ranged(0.75, 0.1, 10.0)
    fastest: float = ranged(1.35, 0.1, 10.0)
    class_exponent: float = ranged(0.5, 0.0, 1.0)
    varied_fraction: float = ranged(0.5, 0.0, 1.0)
    gain_range_db: float = ranged(9.0, 0.0, 60.0)  # largest attenuation of a clip, so that the latents represent levels


@dataclass(frozen=True)
class VaeRecipe(RecipeOf[VaeConfig, VaeDataSettings]):
    """Complete description of a training run; raises BadSetting for a batch of one-shots with incomplete groups."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.model.latent == "clip":
            check_batch_size(self.training.batch_size)


PreparedClips = OneShots | FixedCrops
"""Clips for evaluation, by index: one-shots, or fixed crops of clips of any length."""


@dataclass(frozen=True, kw_only=True)
class VaePrepared(PreparedOf[VaeRecipe, OneShotBatches | CropBatches]):
    """A recipe with its data."""

    train: PreparedClips  # clips at fixed positions
    valid: PreparedClips | None  # the same of the validation clips
    reference: Reference  # embeddings of the training clips, for the metrics of generation

    def waves(self, clips: PreparedClips) -> np.ndarray:
        """Return all of the clips, ``(n, n_samples)``."""
        return np.stack([clips.wave(index, self.recipe.model.n_samples) for index in range(len(clips))])

    @property
    def names(self) -> list[str]:
        """Paths of the training clips below their common folder."""
        paths = [self.train.entry(index).path for index in range(len(self.train))]
        try:
            folder = Path(os.path.commonpath([path.absolute().parent for path in paths]))
        except ValueError:  # on several drives
            return [path.name for path in paths]
        return [path.absolute().relative_to(folder).as_posix() for path in paths]


TRAINING = replace(
    COSINE_SETTINGS, learning_rate=1.5e-3, betas=(0.8, 0.99), final_fraction=0.03, ema_decay=0.995, metric="valid/mel"
)


def recipe(size: str) -> VaeRecipe:
    """Return the recipe of a size: ``tiny`` for tests, ``small`` for a laptop, ``base`` for the bundled models.

    The sizes differ in their networks alone; the settings of data and training are the same.
    """
    return VaeRecipe(SIZES[size], VaeDataSettings(), TRAINING)


def fine_tuning(base: ModelFolder) -> VaeRecipe:
    """Return the recipe to fine-tune ``base``: its network, fewer steps, a lower learning rate, labels from the data.

    The latents of the base are trained, so there is no KL ramp. Critics start early if the base was trained with
    critics, never if it was trained without.

    The autoencoder starts from :func:`initial_weights`. The critics, which are not exported, start from the
    base's last checkpoint if the base is a run folder, else from random weights. ``training.base_weight``, 0 by
    default, interpolates the exported weights towards the base (WiSE-FT), except :func:`new_tables`.
    """
    config = base.config(VaeConfig)
    adversarial_from = min(config.adversarial_from, FINE_ADVERSARIAL_FROM)  # 0 (never) stays 0
    model = replace(config, labels=(), warmup_steps=0, adversarial_from=adversarial_from)
    training = replace(TRAINING, steps=FINE_STEPS, learning_rate=FINE_LEARNING_RATE)
    return VaeRecipe(model, VaeDataSettings(), training)


def prepare(recipe: VaeRecipe, entries: Sequence[Entry], cache_folder: Path | None = None) -> VaePrepared:
    """Split, decode and prepare recordings; the labels that occur become the model's, unless the recipe has its own.

    Raises BadFolder if too little is left to train on, BadSetting if the model needs pitches and a clip has none.
    """
    divided = assign_splits(entries, by="group", valid=recipe.data.valid_fraction, test=0.0)
    train, failed = select_entries(
        [entry for entry in divided if entry.split == "train"], recipe.model.labels, recipe.data.smallest_class
    )
    labels = recipe.model.labels or unique_labels(train)
    valid = [entry for entry in divided if entry.split == "valid" and (not labels or entry.label in labels)]
    if recipe.model.pitched:
        _check_pitches([*train, *valid])
    model = replace(recipe.model, labels=labels)
    recipe = replace(recipe if valid else recipe.without_valid_metric(), model=model)
    splits = [entries for entries in (train, valid) if entries]
    stores = [_store(recipe, entries, cache_folder) for entries in splits]
    clips = [_clips(recipe, store) for store in stores]
    reference = Reference.of(clips[0], labels, model.sample_rate, model.n_samples)
    failed += [problem for store in stores for problem in store.failed]
    return VaePrepared(
        recipe=recipe,
        train_entries=tuple(stores[0].entries),
        failed=tuple(failed),
        batches=_batches(recipe, clips[0]),
        train=clips[0],
        valid=clips[1] if valid else None,
        reference=reference,
    )


def _check_pitches(entries: Sequence[Entry]) -> None:
    without = [entry for entry in entries if entry.pitch is None]
    if without:
        raise BadSetting(
            f"{len(without)} clips have no pitch ({without[0].path.name}); give each a MIDI number as pitch in a "
            "manifest, or leave out model.pitched."
        )


def _store(recipe: VaeRecipe, entries: Sequence[Entry], cache_folder: Path | None) -> ClipStore:
    """Decode and store one-shots at a fixed length, other clips as a whole."""
    model = recipe.model
    if model.latent == "frames":
        return ClipStore.build(entries, model.sample_rate, None, Preparation("crop"), cache_folder)
    preparation = Preparation("one-shot", align=recipe.data.align)
    return ClipStore.build(entries, model.sample_rate, recipe.data.n_stored(model.n_samples), preparation, cache_folder)


def _clips(recipe: VaeRecipe, store: ClipStore) -> PreparedClips:
    """Return the clips of a store for evaluation."""
    model = recipe.model
    if model.latent == "clip":
        return OneShots.of(store, model.labels, model.pitched)
    return FixedCrops.of(store, range(len(store)), model.labels, model.n_samples, model.pitched)


def _batches(recipe: VaeRecipe, clips: PreparedClips) -> OneShotBatches | CropBatches:
    """Return the training batches: augmented one-shots, or random crops."""
    model, data, training = recipe.model, recipe.data, recipe.training
    if isinstance(clips, OneShots):
        return OneShotBatches(
            clips,
            data,
            model.sample_rate,
            model.n_samples,
            training.batch_size,
            training.seed,
            gain_range_db=data.gain_range_db,
        )
    store = clips.store
    return CropBatches(
        store,
        range(len(store)),
        model.labels,
        model.n_samples,
        training.batch_size,
        training.seed,
        gain_range_db=data.gain_range_db,
        has_pitch=model.pitched,
    )
