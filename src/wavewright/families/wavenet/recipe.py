"""How a WaveNet is trained: which stretches of which clips stand in a batch, what it is measured by, settings of each size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ...contracts.recipe import Prepared, Recipe
from ...contracts.settings import TrainingSettings
from ...data.entry import Entry, Problem
from ...data.preparation import Preparation
from ...data.selection import select_labels_and_speakers
from ...data.splits import assign_splits, without_speaker_groups
from ...data.store import ClipStore
from ...dsp.speech_mel import features_to_mel, mel_to_features, power_to_log
from ...errors import BadFolder, BadSetting
from ...ranges import check_ranges
from ...units import db_to_gain
from .config import METRICS, SIZES, WaveNetConfig
from .contours import Contours, contour_of, covering
from .frames import frames_of, mel_power, position_features, targets, to_heard
from .prediction import prediction_of

DATA_RANGES = {
    "crop_samples": (64, 1_000_000),
    "valid_fraction": (0.0, 0.9),
    "gain_range_db": (0.0, 40.0),
    "start_fraction": (0.0, 1.0),
    "input_noise": (0.0, 0.5),
}
VALID_CROPS = 64
QUANTILES = 33  # of the durations of a label, that a model draws from


@dataclass(frozen=True)
class WaveNetDataSettings:
    """What becomes of a recording before the network hears it."""

    crop_samples: int = 8_192  # of a clip at once
    valid_fraction: float = 0.1  # of the clips (or groups) are kept out of training, where no manifest names them
    gain_range_db: float = 0.0  # each crop is made quieter by up to this, for vocoders that meet other levels
    start_fraction: float = 0.3  # of the crops of a clip that is longer than a crop begin where the clip begins
    input_noise: float = (
        0.0  # on what a crop hears of its past, up to this standard deviation, so that drawn errors do not add up
    )
    level: bool = True  # bring the loudest sample of every clip to 0.95

    def __post_init__(self) -> None:
        check_ranges(self, DATA_RANGES)


@dataclass(frozen=True)
class WaveNetRecipe(Recipe):
    """A complete description of a training run; raises BadSetting where its parts do not fit."""

    TITLE = "a WaveNet"
    VALIDATION_METRICS = METRICS

    model: WaveNetConfig = field(default_factory=WaveNetConfig)
    data: WaveNetDataSettings = field(default_factory=WaveNetDataSettings)
    training: TrainingSettings = field(default_factory=TrainingSettings)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.data.crop_samples % self.model.hop_length:
            raise BadSetting(
                f"crop_samples is {self.data.crop_samples}; it must be a multiple of hop_length ({self.model.hop_length})."
            )


def recipe(size: str) -> WaveNetRecipe:
    """The recipe of a size: ``tiny`` to try things out, ``small`` for a laptop, ``base`` and ``full`` for a GPU."""
    training = TrainingSettings(
        batch_size=8,
        learning_rate=2e-3,
        schedule="cosine",
        final_fraction=0.02,
        warmup_steps=100,
        clip_norm=1.0,
        ema_decay=0.998,
        evaluate_every=500,
        save_every=250,
        metric="valid/bits",
    )
    return WaveNetRecipe(model=SIZES[size], training=training)


@dataclass(frozen=True)
class WaveNetPrepared(Prepared):
    """A recipe with its data: what the loop draws batches from, and the stretches that measure the network.

    ``durations`` ``(max(labels, 1), QUANTILES)`` float32: how long the training clips of each label last, in seconds.
    """

    recipe: WaveNetRecipe
    batches: Stretches
    valid: tuple[dict[str, np.ndarray], ...]
    durations: np.ndarray


def prepare(recipe: WaveNetRecipe, entries: Sequence[Entry], cache_folder: Path | None = None) -> WaveNetPrepared:
    """Split, decode and prepare ``entries``; labels and speakers that occur become the model's, unless the recipe names its own.

    A vocoder (condition ``mel``) needs neither. Raises BadFolder where nothing is left to train on.
    """
    heard = entries if recipe.model.condition == "mel" else without_speaker_groups(entries)
    divided = assign_splits(heard, by="group", valid=recipe.data.valid_fraction, test=0.0)
    model, usable, problems = _named(recipe.model, divided)
    if not any(entry.split == "train" for entry in usable):
        raise BadFolder(
            f"None of the {len(entries)} clips is left to train on; check the labels and the splits of the folder."
        )
    preparation = Preparation("crop", level="peak" if recipe.data.level else "none")
    store = ClipStore.build(usable, model.sample_rate, None, preparation, cache_folder)
    train, valid = (
        [i for i, entry in enumerate(store.entries) if entry.split == split] for split in ("train", "valid")
    )
    if not train:
        raise BadFolder(
            "None of the clips to train on can be used; `wavewright data inspect` says what is wrong with them."
        )
    training = recipe.training if valid else replace(recipe.training, metric="")
    recipe = replace(recipe, model=model, training=training)
    batches = Stretches(store, train, recipe)
    unspoilt = replace(recipe, training=replace(training, seed=0), data=replace(recipe.data, input_noise=0.0))
    measured = Stretches(store, valid, unspoilt) if valid else None
    n_batches = -(-VALID_CROPS // recipe.training.batch_size)
    return WaveNetPrepared(
        recipe,
        tuple(store.entries[i] for i in train),
        (*problems, *store.problems),
        batches,
        tuple(measured(step) for step in range(n_batches)) if measured else (),
        _durations(store, train, model),
    )


def _named(
    model: WaveNetConfig, entries: Sequence[Entry]
) -> tuple[WaveNetConfig, Sequence[Entry], tuple[Problem, ...]]:
    """The model with the labels and speakers that it learns, the clips that have them and why others are left out."""
    if model.condition == "mel":
        return model, [entry for entry in entries if entry.split != "test"], ()
    named = select_labels_and_speakers(entries, model.labels, model.speakers)
    return replace(model, labels=named.labels, speakers=named.speakers), named.entries, named.problems


def _durations(store: ClipStore, rows: Sequence[int], model: WaveNetConfig) -> np.ndarray:
    """The quantiles of the durations of each label, ``(max(labels, 1), QUANTILES)``, seconds."""
    seconds = np.array([store.lengths[row] for row in rows]) / model.sample_rate
    labels = [store.entries[row].label for row in rows]
    of_labels = [seconds[[name == label for name in labels]] for label in model.labels] or [seconds]
    shares = np.linspace(0, 1, QUANTILES)
    return np.stack([np.quantile(some if len(some) else seconds, shares) for some in of_labels]).astype(np.float32)


class Stretches:
    """Batches of stretches of clips with what the condition says of them, a pure function of the step.

    Clips are drawn in proportion to their length, a clip shorter than a stretch counting as one. Gives ``heard (batch, crop_samples)``
    float32, ``counts`` of the same shape (1 within the clip, 0 after its end), ``past`` as ``heard`` where noise is added to what each
    sample is told from, for mu-law ``target`` int64, ``frames (batch, n_frames, features)``, and ``label`` and ``speaker`` ``(batch,)`` int64 where the model has them.
    """

    def __init__(self, store: ClipStore, rows: Sequence[int], recipe: WaveNetRecipe):
        self.store, self.rows, self.recipe = store, np.array(rows), recipe
        self.lengths = np.array([store.lengths[row] for row in rows])
        weights = np.maximum(self.lengths, recipe.data.crop_samples)
        self.shares = weights / weights.sum()
        self._powers: dict[
            int, np.ndarray
        ] = {}  # of the clips that were drawn; computing them takes longer than a step on a GPU
        self._contours: dict[int, np.ndarray] = {}

    def __call__(self, step: int) -> dict[str, np.ndarray]:
        draw = np.random.default_rng([self.recipe.training.seed, step])
        places = draw.choice(len(self.rows), self.recipe.training.batch_size, p=self.shares)
        stretches = [self._one(int(place), draw) for place in places]
        return {name: np.stack([stretch[name] for stretch in stretches]) for name in stretches[0]}

    def _one(self, place: int, draw: np.random.Generator) -> dict[str, np.ndarray]:
        """One stretch; it starts on a frame, so that the frames of the clip are those of the stretch."""
        model, data = self.recipe.model, self.recipe.data
        row, length = int(self.rows[place]), int(self.lengths[place])
        latest = max(0, -(-(length - data.crop_samples) // model.hop_length))  # so that the last sample is heard, too
        start = 0 if draw.random() < data.start_fraction else int(draw.integers(latest + 1)) * model.hop_length
        gain = np.float32(db_to_gain(-draw.uniform(0, data.gain_range_db)))
        n_before = max(model.prediction_order, 1)  # samples that emphasis or prediction look back to
        lead = min(start, n_before)
        wave = gain * self.store.crop(row, start - lead, lead + data.crop_samples)[0]
        condition = self._condition(row, start, length, gain)
        if model.prediction_order:
            prediction = prediction_of(features_to_mel(condition["frames"]), model)
            heard = to_heard(np.pad(wave, (n_before - lead, 0)), model, prediction)
        else:
            heard = to_heard(wave, model)[lead:]
        counts = (np.arange(data.crop_samples) < length - start).astype(np.float32)
        given = {"heard": heard, "counts": counts}
        if model.head == "mu-law":
            given["target"] = targets(heard)
        if data.input_noise:
            deviation = data.input_noise * draw.random() ** 2  # mostly little
            noise = deviation * draw.standard_normal(len(heard))
            given["past"] = np.clip(heard + noise, -1.0, 1.0).astype(np.float32)
        return given | condition

    def _condition(self, row: int, start: int, length: int, gain: np.float32) -> dict[str, np.ndarray]:
        model = self.recipe.model
        n_frames = frames_of(self.recipe.data.crop_samples, model)
        frames = np.zeros((n_frames, 0), np.float32)
        if model.condition == "mel":
            first = start // model.hop_length
            power = np.zeros((model.n_mels, n_frames), np.float32)
            of_clip = self._mel_power(row)[:, first : first + n_frames]
            power[:, : of_clip.shape[1]] = gain**2 * of_clip
            frames = mel_to_features(power_to_log(power))
        elif model.condition == "position":
            frames = position_features(n_frames, length, model, start)
        if model.contour:
            contour = covering(self.contour(row), n_frames, start // model.hop_length)
            frames = np.concatenate([frames, contour], axis=1)
        given: dict[str, np.ndarray] = {"frames": frames}
        entry = self.store.entries[row]
        if model.labels:
            given["label"] = np.array(model.labels.index(str(entry.label)), np.int64)
        if model.speakers:
            given["speaker"] = np.array(model.speakers.index(str(entry.speaker)), np.int64)
        return given

    def contour(self, row: int) -> np.ndarray:
        """The contour of a whole clip, ``(frames, CONTOUR_FEATURES)``."""
        if row not in self._contours:
            self._contours[row] = contour_of(self.store[row][0], self.recipe.model)
        return self._contours[row]

    def contours(self) -> Contours:
        """Those of all clips."""
        model, entries = self.recipe.model, [self.store.entries[row] for row in self.rows]
        return Contours.of(
            [self.contour(int(row)) for row in self.rows],
            self.lengths.tolist(),
            [model.labels.index(str(entry.label)) if model.labels else 0 for entry in entries],
            [model.speakers.index(str(entry.speaker)) if model.speakers else 0 for entry in entries],
        )

    def _mel_power(self, row: int) -> np.ndarray:
        """The power in mel bands of a whole clip, ``(n_mels, frames)``."""
        if row not in self._powers:
            self._powers[row] = mel_power(self.store[row][0], self.recipe.model)
        return self._powers[row]
