"""Recipes of the WaveNet: settings of each size and of fine-tuning, and the data of a training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ...base.errors import BadSetting
from ...base.ranges import RangedSettings, ranged
from ...base.units import db_to_gain
from ...contracts.recipe import Batch, PreparedOf, RecipeOf, split_rows
from ...contracts.settings import COSINE_SETTINGS
from ...data.entry import Entry
from ...data.preparation import Preparation
from ...data.sequences import SequenceClips, duration_quantiles, load_sequences
from ...dsp.mel import features_to_mel, mel_to_features, power_to_log
from .config import SIZES, WaveNetConfig
from .contours import ContourSet, crop_contour, measure_contour
from .prediction import mel_to_prediction
from .signal import mel_power, position_features, samples_to_frames, signal_to_classes, wave_to_signal


@dataclass(frozen=True)
class WaveNetDataSettings(RangedSettings):
    """Cropping and variation of recordings; raises BadSetting for a number out of its range."""

    crop_samples: int = ranged(8_192, 64, 1_000_000)  # of a training example
    valid_fraction: float = ranged(0.1, 0.0, 0.9)  # of the clips (or groups), unless a manifest names splits
    gain_range_db: float = ranged(0.0, 0.0, 40.0)  # largest attenuation of a crop, for vocoders of other levels
    start_fraction: float = ranged(0.3, 0.0, 1.0)  # of the crops that start where their clip starts
    input_noise: float = ranged(0.0, 0.0, 0.5)  # largest deviation of noise on past samples, against growing errors
    level: bool = True  # normalise the peak of every clip to 0.95


class SampleBatches:
    """Batches of crops; the batch of a step is a pure function of the step.

    Clips are drawn in proportion to their length, a clip shorter than a crop counting as one.
    """

    def __init__(
        self, clips: SequenceClips, rows: Sequence[int], recipe: RecipeOf[WaveNetConfig, WaveNetDataSettings]
    ) -> None:
        self.store = clips.store
        self.rows = np.array(rows)
        self.recipe = recipe
        self.lengths = np.array([clips.store.lengths[row] for row in rows])
        weights = np.maximum(self.lengths, recipe.data.crop_samples)
        self._probabilities = weights / weights.sum()
        self._labels, self._speakers = clips.labels, clips.speakers
        # Cached, since computing them takes longer than a step on a GPU.
        self._powers: dict[int, np.ndarray] = {}
        self._contours: dict[int, np.ndarray] = {}

    def __call__(self, step: int) -> Batch:
        """Return the batch of a step.

        - returns: ``signal (batch, crop_samples)`` float32, ``mask`` of the same shape (1 in the clip, 0 after its
          end), ``inputs`` of the same shape if noise is added to the past samples, ``target`` int64 for mu-law,
          ``frames (batch, n_frames, features)``, and ``label`` and ``speaker (batch,)`` int64 if the model has them.
        """
        rng = np.random.default_rng([self.recipe.training.seed, step])
        indices = rng.choice(len(self.rows), self.recipe.training.batch_size, p=self._probabilities)
        crops = [self._crop(int(index), rng) for index in indices]
        return {name: np.stack([crop[name] for crop in crops]) for name in crops[0]}

    def _crop(self, index: int, rng: np.random.Generator) -> Batch:
        """Return one crop; it starts on a frame, so that the frames of the clip are those of the crop."""
        config, data = self.recipe.model, self.recipe.data
        row, length = int(self.rows[index]), int(self.lengths[index])
        latest = max(0, -(-(length - data.crop_samples) // config.hop_length))  # includes the last sample
        start = 0 if rng.random() < data.start_fraction else int(rng.integers(latest + 1)) * config.hop_length
        gain = np.float32(db_to_gain(-rng.uniform(0, data.gain_range_db)))
        n_past = max(config.prediction_order, 1)  # samples before the crop that emphasis or prediction use
        lead = min(start, n_past)
        wave = gain * self.store.crop(row, start - lead, lead + data.crop_samples)[0]
        conditioning = self._conditioning(row, start, length, gain)
        if config.prediction_order:
            prediction = mel_to_prediction(features_to_mel(conditioning["frames"]), config)
            signal = wave_to_signal(np.pad(wave, (n_past - lead, 0)), config, prediction)
        else:
            signal = wave_to_signal(wave, config)[lead:]
        mask = (np.arange(data.crop_samples) < length - start).astype(np.float32)
        crop = {"signal": signal, "mask": mask}
        if config.head == "mu-law":
            crop["target"] = signal_to_classes(signal)
        if data.input_noise:
            deviation = data.input_noise * rng.random() ** 2  # mostly small
            noise = deviation * rng.standard_normal(len(signal))
            crop["inputs"] = np.clip(signal + noise, -1.0, 1.0).astype(np.float32)
        return crop | conditioning

    def _conditioning(self, row: int, start: int, length: int, gain: np.float32) -> Batch:
        """Return frames, label and speaker of a crop."""
        config = self.recipe.model
        n_frames = samples_to_frames(self.recipe.data.crop_samples, config)
        first = start // config.hop_length
        frames = np.zeros((n_frames, 0), np.float32)
        if config.condition == "mel":
            power = np.zeros((config.n_mels, n_frames), np.float32)
            clip_power = self._mel_power(row)[:, first : first + n_frames]
            power[:, : clip_power.shape[1]] = gain**2 * clip_power
            frames = mel_to_features(power_to_log(power))
        elif config.condition == "position":
            frames = position_features(n_frames, length, config, start)
        if config.contour:
            frames = np.concatenate([frames, crop_contour(self.contour(row), n_frames, first)], axis=1)
        conditioning: Batch = {"frames": frames}
        if config.labels:
            conditioning["label"] = self._labels[row]
        if config.speakers:
            conditioning["speaker"] = self._speakers[row]
        return conditioning

    def contour(self, row: int) -> np.ndarray:
        """Return the contour of a whole clip, ``(frames, CONTOUR_FEATURES)``."""
        if row not in self._contours:
            self._contours[row] = measure_contour(self.store[row][0], self.recipe.model)
        return self._contours[row]

    def contours(self) -> ContourSet:
        """Return the contours of all clips."""
        contours = [self.contour(int(row)) for row in self.rows]
        return ContourSet.of_clips(contours, self.lengths, self._labels[self.rows], self._speakers[self.rows])

    def _mel_power(self, row: int) -> np.ndarray:
        """Return the power in mel bands of a whole clip, ``(n_mels, frames)``."""
        if row not in self._powers:
            self._powers[row] = mel_power(self.store[row][0], self.recipe.model)
        return self._powers[row]


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
        failed=clips.failed,
        batches=SampleBatches(clips, train, recipe),
        valid=valid_batches,
        durations=_durations(clips, train, model),
    )


def _durations(clips: SequenceClips, rows: Sequence[int], model: WaveNetConfig) -> np.ndarray:
    """Return the quantiles of the durations of each label in seconds, ``(max(labels, 1), quantiles)``."""
    seconds = np.array([clips.store.lengths[row] for row in rows]) / model.sample_rate
    any_speaker = np.zeros(len(rows), np.int64)
    return duration_quantiles(seconds, clips.labels[rows], any_speaker, max(len(model.labels), 1), 1)[:, 0]
