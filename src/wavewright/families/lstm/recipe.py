"""Recipes of the recurrent model: settings of each size and of fine-tuning, and the data of a training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ...base.errors import BadFolder
from ...base.units import gain_to_db
from ...contracts.recipe import (
    SEQUENCE_TRAINING,
    Batch,
    PreparedOf,
    RecipeOf,
    SequenceDataSettings,
    load_clips,
    split_rows,
)
from ...data.entry import Entry
from ...data.sequences import CropSampler, SequenceClips
from ...dsp.position import POSITION_FEATURES, position_features
from ...metrics.distances import diversity_ratio
from ...metrics.embeddings import LogMelEmbedding
from ...metrics.kernel import kernel_distance
from ...models.folder import ModelFolder
from .config import SIZES, LstmConfig
from .frames import wave_to_frames
from .statistics import MIN_FRAMES, N_STARTS, START_FRAMES, ClipStatistics, Whitening

MAX_CLIPS = 60  # of a label


@dataclass(frozen=True)
class RecordingReference:
    """Embeddings of the start of some recordings of each label."""

    embedding: LogMelEmbedding  # embedding of a clip of ``n_samples``
    n_samples: int  # length of what is embedded
    embeddings: dict[int, np.ndarray]  # at most MAX_CLIPS embeddings ``(n, d)`` of each label, by its index

    @classmethod
    def of(cls, clips: SequenceClips, sample_rate: int, seconds: float) -> RecordingReference:
        """Return the reference of these clips; a fixed seed draws those of a label that has many."""
        embedding = LogMelEmbedding(sample_rate, seconds)
        n_samples = round(seconds * sample_rate)
        labels = clips.labels
        embeddings = {}
        for label in np.unique(labels):
            rows = np.flatnonzero(labels == label)
            if len(rows) > MAX_CLIPS:
                rows = np.sort(np.random.default_rng(0).choice(rows, MAX_CLIPS, replace=False))
            waves = np.stack([clips.store.crop(int(row), 0, n_samples)[0] for row in rows])
            embeddings[int(label)] = embedding(waves, sample_rate)
        return cls(embedding, n_samples, embeddings)

    def measure(self, waves: Mapping[int, Sequence[np.ndarray]], sample_rate: int) -> dict[str, float]:
        """Return the metrics of generated clips.

        - ``waves``: clips ``(time,)`` of each label, by its index.
        - returns: means over the labels with two different recordings or more. ``distance``: 100 times the kernel
          distance to the recordings, 0 for equal distributions. ``diversity``: mean distance within a label over that
          of the recordings. ``level_db``: peak level.

        Raises BadFolder if no label has two different recordings.
        """
        distances, diversities, levels_db = [], [], []
        for label, clips in waves.items():
            real = self.embeddings[label]
            if len(real) < 2 or np.ptp(real, axis=0).max() == 0:
                continue
            equally_long = [np.pad(wave[: self.n_samples], (0, max(0, self.n_samples - len(wave)))) for wave in clips]
            generated = self.embedding(np.stack(equally_long), sample_rate)
            distances.append(100 * kernel_distance(real, generated))
            diversities.append(diversity_ratio(real, generated))
            levels_db.append(float(np.mean(gain_to_db(np.array([np.abs(wave).max() for wave in clips])))))
        if not distances:
            raise BadFolder("The recordings of every label are one and the same sound; add different ones.")
        return {
            "distance": float(np.mean(distances)),
            "diversity": float(np.mean(diversities)),
            "level_db": float(np.mean(levels_db)),
        }


@dataclass(frozen=True)
class FrameClips:
    """Whitened frames of clips, ``(frames, n_features)`` each, with their label and speaker indices ``(n,)``."""

    whitened: tuple[np.ndarray, ...]
    labels: np.ndarray
    speakers: np.ndarray

    def subset(self, rows: Sequence[int]) -> FrameClips:
        """Return the clips in these rows."""
        return FrameClips(tuple(self.whitened[row] for row in rows), self.labels[rows], self.speakers[rows])

    def rewhitened(self, old: Whitening, new: Whitening) -> FrameClips:
        """Return the same clips, whitened by ``new`` instead of ``old``."""
        whitened = tuple(new.whiten(old.unwhiten(clip)) for clip in self.whitened)
        return FrameClips(whitened, self.labels, self.speakers)

    def draw_excerpts(self, n_labels: int, count: int, n_frames: int) -> np.ndarray:
        """Return excerpts of each label at random positions, ``(n_labels, count, n_frames, n_features)``.

        The last frame of a clip that is shorter is repeated.
        """
        rng = np.random.default_rng(0)
        lengths = np.array([len(clip) for clip in self.whitened])
        excerpts = np.zeros((n_labels, count, n_frames, self.whitened[0].shape[1]), np.float32)
        for label in range(n_labels):
            own = np.flatnonzero(self.labels == label)
            rows, starts = CropSampler(lengths[own], count, n_frames).draw(rng)
            for index, (row, start) in enumerate(zip(own[rows], starts, strict=True)):
                excerpt = self.whitened[row][start : start + n_frames]
                excerpts[label, index] = np.pad(excerpt, ((0, n_frames - len(excerpt)), (0, 0)), mode="edge")
        return excerpts


@dataclass(frozen=True)
class FrameBatches:
    """Batches of frames; the batch of a step is a pure function of the step."""

    clips: FrameClips
    config: LstmConfig
    batch_size: int
    seed: int
    crop_frames: int | None  # of endless clips; None for whole clips

    @property
    def lengths(self) -> np.ndarray:
        """Frames of each clip, ``(n,)``."""
        return np.array([len(clip) for clip in self.clips.whitened])

    def __call__(self, step: int) -> Batch:
        """Return the batch of a step; see :meth:`batch_of`."""
        rng = np.random.default_rng([self.seed, step])
        rows, starts = CropSampler(self.lengths, self.batch_size, self.crop_frames).draw(rng)
        return self.batch_of(rows, starts)

    def all(self) -> list[Batch]:
        """Return batches with every clip once (the first crop of an endless one), sorted by length."""
        order = np.argsort(self.lengths, kind="stable")
        chunks = [order[start : start + self.batch_size] for start in range(0, len(order), self.batch_size)]
        return [self.batch_of(rows, np.zeros(len(rows), np.int64)) for rows in chunks]

    def batch_of(self, rows: np.ndarray, starts: np.ndarray) -> Batch:
        """Return a batch of clips.

        - ``rows``, ``starts``: row and first frame of each clip or crop, ``(batch,)``.
        - returns: ``frames (batch, frames, n_features)`` float32, padded with zeros, ``position (batch, frames,
          POSITION_FEATURES)``, ``mask (batch, frames)`` (1 for a frame, 0 for padding), ``label`` and ``speaker
          (batch,)``.
        """
        crops = [self.clips.whitened[row][start:][: self.crop_frames] for row, start in zip(rows, starts, strict=True)]
        size = (len(crops), max(len(crop) for crop in crops))
        frames = np.zeros((*size, self.config.n_features), np.float32)
        position = np.zeros((*size, POSITION_FEATURES), np.float32)
        mask = np.zeros(size, np.float32)
        for index, crop in enumerate(crops):
            frames[index, : len(crop)] = crop
            position[index, : len(crop)] = position_features(len(crop))
            mask[index, : len(crop)] = 1.0
        return {
            "frames": frames,
            "position": position,
            "mask": mask,
            "label": self.clips.labels[rows].astype(np.int64),
            "speaker": self.clips.speakers[rows].astype(np.int64),
        }


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
        failed=clips.failed,
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
