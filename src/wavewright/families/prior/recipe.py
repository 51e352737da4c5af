"""Recipes of the prior: settings of each size and of fine-tuning, and the data of a training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from ...contracts.recipe import Batch, Prepared, Recipe, split_rows
from ...contracts.sequence_recipe import FINE_TUNING_STEPS, SEQUENCE_TRAINING, SequenceDataSettings
from ...contracts.settings import TrainingSettings
from ...data.entry import Entry
from ...data.sequences import load_sequences
from ...errors import BadFolder, BadSetting
from ...metrics.copying import smallest_distance
from ...metrics.embeddings import LogMelEmbedding
from .batches import CodeBatches
from .codec import open_codec
from .codes import CodedClips, encode_clips
from .config import METRICS, SIZES, PriorConfig
from .sampling import draw_duration

if TYPE_CHECKING:
    from ...models.folder import ModelFolder
    from ..codec.runtime import CodecRuntime

MAX_LIMIT_CLIPS = 200  # of a label, from which the limit against copies is computed


@dataclass(frozen=True)
class PriorDataSettings(SequenceDataSettings):
    """Selection, cropping and variation of recordings."""

    RANGES: ClassVar[Mapping[str, tuple[float, float]]] = {
        **SequenceDataSettings.RANGES,
        "start_fraction": (0.0, 1.0),
        "n_variants": (1, 100),
        "gain_range_db": (0.0, 40.0),
    }

    crop_seconds: float = 4.0  # of a training example, where clips are endless
    sample_seconds: float = 4.0  # of an endless clip that is generated at an evaluation
    start_fraction: float = 0.2  # of the crops that start where their clip starts
    n_variants: int = 4  # codes of each clip: as it is, then delayed within a frame and attenuated
    gain_range_db: float = 6.0  # largest attenuation of a variant


@dataclass(frozen=True)
class PriorRecipe(Recipe):
    """Complete description of the training of a prior."""

    TITLE = "a prior"
    VALIDATION_METRICS = METRICS

    model: PriorConfig = field(default_factory=PriorConfig)
    data: PriorDataSettings = field(default_factory=PriorDataSettings)
    training: TrainingSettings = field(default_factory=TrainingSettings)


def recipe(size: str) -> PriorRecipe:
    """Return the recipe of a size: ``tiny`` for trials, ``small`` for a laptop, ``base`` for hours of recordings."""
    return PriorRecipe(model=SIZES[size], training=replace(SEQUENCE_TRAINING, warmup_steps=100, metric="valid/bits"))


def fine_tuning(base: ModelFolder) -> PriorRecipe:
    """Return the recipe to train ``base`` further, on other labels and speakers."""
    model = replace(base.config(PriorConfig), labels=(), speakers=())
    return PriorRecipe(
        model=model, training=recipe("small").training.for_fine_tuning(FINE_TUNING_STEPS, evaluate_every=250)
    )


@dataclass(frozen=True)
class PriorPrepared(Prepared):
    """A recipe with its data.

    Attributes
    ----------
    batches
        Batches of the training clips.
    valid
        Batches of the validation clips.
    durations
        Quantiles of the durations in frames, ``(labels, speakers, quantiles)`` float32.
    codec
        The codec, open for inference.
    """

    recipe: PriorRecipe
    batches: CodeBatches
    valid: tuple[Batch, ...]
    durations: np.ndarray
    codec: CodecRuntime

    def draw_sample_frames(self, label: int, speaker: int, rng: np.random.Generator) -> int:
        """Return the length of a sample in frames: a drawn duration, or a fixed one for endless clips."""
        model = self.recipe.model
        if model.duration == "drawn":
            return draw_duration(self.durations, model, label, speaker, rng)
        return round(self.recipe.data.sample_seconds * model.frame_rate)

    @cached_property
    def training_embeddings(self) -> dict[str, np.ndarray]:
        """``embeddings (n, d)`` of the training clips as the codec decodes them, and the ``limits`` of each label.

        They serve the search for copies (``rejection.py``). Each clip is embedded in its full length.
        """
        sample_rate, clips = self.recipe.model.sample_rate, self.batches.clips
        rows = []
        for codes in clips.unvaried:
            wave = self.codec.decode(codes)
            rows.append(LogMelEmbedding(sample_rate, max(wave.shape[-1] / sample_rate, 0.1))(wave, sample_rate)[0])
        embeddings = np.stack(rows).astype(np.float32)
        limits = np.zeros(max(len(self.recipe.model.labels), 1), np.float32)
        for label in range(len(limits)):
            members = np.flatnonzero(clips.labels == label)
            if len(members) > MAX_LIMIT_CLIPS:
                members = np.sort(np.random.default_rng(0).choice(members, MAX_LIMIT_CLIPS, replace=False))
            if len(members):
                limits[label] = smallest_distance(
                    embeddings[members], LogMelEmbedding.near_duplicate_distance, clips.groups[members]
                )
        return {"embeddings": embeddings, "limits": limits}


def prepare(recipe: PriorRecipe, entries: Sequence[Entry], cache_folder: Path | None = None) -> PriorPrepared:
    """Split, decode and encode recordings.

    The labels and speakers that occur become those of the model, unless the recipe names its own. Raises BadModel if
    the codec is missing, BadSetting for more codebooks than it has, BadFolder if too little is left to train on.
    """
    data = recipe.data
    codec = open_codec(recipe.model, "A prior")
    model = _with_codec(recipe.model, codec)
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
    recipe = replace(recipe, model=replace(model, labels=clips.label_names, speakers=clips.speaker_names))
    recipe = recipe if valid else recipe.with_metric("")
    coded = encode_clips(clips, codec, model.n_codebooks, data.n_variants, data.gain_range_db)
    lengths = np.array([codes.shape[1] for codes in coded.unvaried])
    return PriorPrepared(
        recipe,
        tuple(clips.entries[row] for row in train),
        clips.problems,
        _batches(coded.subset(train), recipe),
        _batches(coded.subset(valid), recipe).all() if valid else (),
        clips.duration_quantiles(lengths, train),
        codec,
    )


def _batches(clips: CodedClips, recipe: PriorRecipe) -> CodeBatches:
    """Return the batches of clips, cropped if they are endless."""
    model, data, training = recipe.model, recipe.data, recipe.training
    crop_frames = max(2, round(data.crop_seconds * model.frame_rate)) if model.duration == "endless" else None
    return CodeBatches(clips, model, training.batch_size, training.seed, crop_frames, data.start_fraction)


def _with_codec(model: PriorConfig, codec: CodecRuntime) -> PriorConfig:
    """Return the model with what its codec determines; raise BadSetting if it has more codebooks than the codec."""
    if model.n_codebooks > codec.n_codebooks:
        raise BadSetting(
            f"n_codebooks is {model.n_codebooks}; {codec.card.name} has {codec.n_codebooks} codebooks: use as many or "
            "fewer."
        )
    return replace(
        model,
        codec_hash=codec.codes_hash,
        sample_rate=codec.sample_rate,
        hop_length=codec.hop_length,
        codebook_size=codec.codebook_size,
    )
