"""How the VAE is trained: which sounds stand in a batch, what it is measured by, which settings each size has."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ...contracts.recipe import Prepared, Recipe
from ...contracts.settings import TrainingSettings
from ...data.crops import CropBatches, FixedCrops
from ...data.entry import Entry, Problem
from ...data.one_shots import (
    CLIPS_PER_CLASS,
    ONE_SHOT_RANGES,
    OneShotBatches,
    OneShots,
    OneShotSettings,
)
from ...data.preparation import Preparation
from ...data.selection import select_entries, unique_labels
from ...data.splits import assign_splits
from ...data.store import ClipStore
from ...errors import BadSetting
from ...metrics.reconstruction import mel_distance, si_sdr, stft_distance
from ...metrics.reference import Reference
from ...models.folder import ModelFolder
from ...ranges import check_ranges
from .config import METRICS, SIZES, VaeConfig

VARIED_SHARE = 0.5  # of the one-shots of a run, unless it says otherwise
FINE_STEPS, FINE_ADVERSARIAL_FROM = 3_000, 300
PART_PREFIXES = (
    "encoder.encoder.",
    "decoder.decoder.",
)  # of the weights in a model folder; elsewhere are constants of graphs
CONDITION, CONDITION_BIAS = "decoder.condition.weight", "decoder.condition.bias"
GIVEN = ("decoder.unfold", "decoder.to_all")  # layers that are given latents, and the condition after them
DATA_RANGES = {
    **ONE_SHOT_RANGES,
    "varied_fraction": (0.0, 1.0),
    "valid_fraction": (0.0, 0.9),
    "smallest_class": (1, 1_000_000),
    "gain_range_db": (0.0, 60.0),
}


@dataclass(frozen=True)
class VaeDataSettings(OneShotSettings):
    """What becomes of a recording before the network hears it; speeds and classes are those of one-shots alone."""

    slowest: float = 0.75
    fastest: float = 1.35
    class_exponent: float = 0.5
    varied_fraction: float = 0.0  # of the one-shots, varied as drums, rooms and microphones vary them
    align: bool = True  # let one-shots start at their onset
    gain_range_db: float = 9.0  # each sound is turned down by up to this, so that the latents know of levels
    valid_fraction: float = 0.1  # of the clips (of the groups, where groups are known), kept for validation
    smallest_class: int = 4  # clips; a label with fewer is left out

    def __post_init__(self) -> None:
        super().__post_init__()
        check_ranges(self, DATA_RANGES)


@dataclass(frozen=True)
class VaeRecipe(Recipe):
    """A complete description of a training run; raises BadSetting where the training does not fit a VAE."""

    TITLE = "a VAE"
    VALIDATION_METRICS = METRICS

    model: VaeConfig = field(default_factory=VaeConfig)
    data: VaeDataSettings = field(default_factory=VaeDataSettings)
    training: TrainingSettings = field(default_factory=TrainingSettings)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.model.latent == "clip" and self.training.batch_size % CLIPS_PER_CLASS:
            raise BadSetting(
                f"batch_size is {self.training.batch_size}; it must be a multiple of {CLIPS_PER_CLASS}, the clips of a class in a batch."
            )


def recipe(size: str) -> VaeRecipe:
    """The recipe of a size: ``tiny`` to try things out, ``small`` for a laptop, ``base`` for the bundled models."""
    training = TrainingSettings(
        batch_size=8,
        learning_rate=1.5e-3,
        betas=(0.8, 0.99),
        weight_decay=0.01,
        schedule="cosine",
        final_fraction=0.03,
        warmup_steps=100,
        clip_norm=1.0,
        ema_decay=0.995,
        metric="valid/mel",
    )
    return VaeRecipe(model=SIZES[size], data=VaeDataSettings(varied_fraction=VARIED_SHARE), training=training)


def fine_tuning(base: ModelFolder) -> VaeRecipe:
    """The recipe that teaches ``base`` other sounds: its networks, in small steps, with critics where it learned from them, labels as they come."""
    known = base.config(VaeConfig)
    model = replace(
        known, labels=(), warmup_steps=0, adversarial_from=min(known.adversarial_from, FINE_ADVERSARIAL_FROM)
    )
    training = replace(recipe("base").training, steps=FINE_STEPS, learning_rate=5e-4)
    return VaeRecipe(model=model, data=VaeDataSettings(varied_fraction=VARIED_SHARE), training=training)


def warm_start(base: ModelFolder, config: VaeConfig) -> dict[str, np.ndarray]:
    """The state of an autoencoder as it begins from ``base``, tensors by name; whether it fits ``config`` shows where it is loaded.

    What the decoder makes of a label that the base did not know is the mean of those that it knew; where ``config`` has no labels, what the base
    makes of a sound whose label is withheld; where the base had none, labels say nothing yet.
    """
    stored = {name: array for name, array in base.weights().items() if name.startswith(PART_PREFIXES)}
    state = {name.partition(".")[2]: array for name, array in stored.items()}
    known, told = base.config(VaeConfig).labels, state.get(CONDITION)
    if told is not None and not config.n_condition:
        del state[CONDITION]
        withheld = state.pop(CONDITION_BIAS)
        for part in GIVEN:
            weight = state[f"{part}.weight"]
            state[f"{part}.weight"] = weight[:, : config.latent_size]
            state[f"{part}.bias"] = state[f"{part}.bias"] + weight[:, config.latent_size :] @ withheld
    elif told is None and config.n_condition:
        shape = (config.condition_size, config.n_condition)
        state[CONDITION] = np.random.default_rng(0).normal(0.0, 0.3, shape).astype(np.float32)
        state[CONDITION_BIAS] = np.zeros(config.condition_size, np.float32)
        for part in GIVEN:
            state[f"{part}.weight"] = np.pad(state[f"{part}.weight"], ((0, 0), (0, config.condition_size)))
    elif told is not None and known and known != config.labels:
        columns = [
            told[:, known.index(label)] if label in known else told[:, : len(known)].mean(axis=1)
            for label in config.labels
        ]
        state[CONDITION] = np.stack([*columns, *told[:, len(known) :].T], axis=1)
    return state


Sounds = OneShots | FixedCrops


@dataclass(frozen=True)
class VaePrepared(Prepared):
    """A recipe with its data: what the loop draws batches from, and what the network is measured by."""

    recipe: VaeRecipe
    batches: Callable[[int], dict[str, np.ndarray]]
    train: Sounds
    valid: Sounds | None
    reference: Reference

    def waves(self, sounds: Sounds) -> np.ndarray:
        """All of some sounds as the network would play them, ``(n, n_samples)``."""
        model = self.recipe.model
        return np.stack([sounds.wave(index, model.n_samples) for index in range(len(sounds))])

    @property
    def names(self) -> list[str]:
        """The files of the training sounds as their folder knows them, without the way to it."""
        paths = [self.train.entry(index).path for index in range(len(self.train))]
        try:
            folder = Path(os.path.commonpath([path.absolute().parent for path in paths]))
        except ValueError:  # on several drives
            return [path.name for path in paths]
        return [path.absolute().relative_to(folder).as_posix() for path in paths]


def prepare(recipe: VaeRecipe, entries: Sequence[Entry], cache_folder: Path | None = None) -> VaePrepared:
    """Split, decode and prepare ``entries``; the labels that occur become the model's, unless the recipe names its own.

    Raises BadFolder where too little is left to train on, BadSetting where pitches are asked for that a clip does not have.
    """
    divided = assign_splits(entries, by="group", valid=recipe.data.valid_fraction, test=0.0)
    train, problems = select_entries(
        [entry for entry in divided if entry.split == "train"], recipe.model.labels, recipe.data.smallest_class
    )
    labels = recipe.model.labels or unique_labels(train)
    valid = [entry for entry in divided if entry.split == "valid" and (not labels or entry.label in labels)]
    if recipe.model.pitched:
        _check_pitches([*train, *valid])
    training = (
        recipe.training
        if valid or not recipe.training.metric.startswith("valid")
        else replace(recipe.training, metric="")
    )
    recipe = replace(recipe, model=replace(recipe.model, labels=labels), training=training)
    fill = _one_shots if recipe.model.latent == "clip" else _crops
    return fill(recipe, train, valid, tuple(problems), cache_folder)


def _check_pitches(entries: Sequence[Entry]) -> None:
    without = [entry for entry in entries if entry.pitch is None]
    if without:
        raise BadSetting(
            f"{len(without)} clips have no pitch ({without[0].path.name}); give each a MIDI number as pitch in a manifest, or leave out "
            "model.pitched."
        )


def _one_shots(
    recipe: VaeRecipe, train: list[Entry], valid: list[Entry], problems: tuple[Problem, ...], cache_folder: Path | None
) -> VaePrepared:
    model, data, training = recipe.model, recipe.data, recipe.training
    preparation, n_stored = Preparation("one-shot", align=data.align), data.n_stored(model.n_samples)
    stores = [
        ClipStore.build(some, model.sample_rate, n_stored, preparation, cache_folder) for some in (train, valid) if some
    ]
    sounds = [OneShots.of(store, model.labels, model.pitched) for store in stores]
    size = (model.sample_rate, model.n_samples)
    batches = OneShotBatches(
        sounds[0], data, *size, training.batch_size, training.seed, data.gain_range_db, data.varied_fraction
    )
    return _prepared(recipe, stores, sounds, problems, batches)


def _crops(
    recipe: VaeRecipe, train: list[Entry], valid: list[Entry], problems: tuple[Problem, ...], cache_folder: Path | None
) -> VaePrepared:
    model, data, training = recipe.model, recipe.data, recipe.training
    stores = [
        ClipStore.build(some, model.sample_rate, None, Preparation("crop"), cache_folder)
        for some in (train, valid)
        if some
    ]
    sounds = [FixedCrops.of(store, range(len(store)), model.labels, model.n_samples, model.pitched) for store in stores]
    batches = CropBatches(
        stores[0],
        range(len(stores[0])),
        model.labels,
        model.n_samples,
        training.batch_size,
        training.seed,
        data.gain_range_db,
        model.pitched,
    )
    return _prepared(recipe, stores, sounds, problems, batches)


def _prepared(
    recipe: VaeRecipe,
    stores: Sequence[ClipStore],
    sounds: Sequence[Sounds],
    problems: tuple[Problem, ...],
    batches: Callable[[int], dict[str, np.ndarray]],
) -> VaePrepared:
    model, train = recipe.model, sounds[0]
    size = (model.sample_rate, model.n_samples)
    reference = Reference.of(
        lambda index: train.wave(index, model.n_samples), train.labels, train.groups, model.labels, *size
    )
    problems = (*problems, *(problem for store in stores for problem in store.problems))
    valid = sounds[1] if len(sounds) > 1 else None
    return VaePrepared(recipe, tuple(stores[0].entries), problems, batches, train, valid, reference)


def reconstruction_metrics(references: np.ndarray, estimates: np.ndarray, sample_rate: int) -> dict[str, float]:
    """``valid/mel``, ``valid/stft`` and ``valid/si_sdr`` (see metrics/reconstruction.py) of waves ``(n, time)``, each the mean."""
    pairs = list(zip(references, estimates, strict=True))
    return {
        "valid/mel": float(np.mean([mel_distance(real, made, sample_rate) for real, made in pairs])),
        "valid/stft": float(np.mean([stft_distance(real, made) for real, made in pairs])),
        "valid/si_sdr": float(np.mean([si_sdr(real, made) for real, made in pairs])),
    }
