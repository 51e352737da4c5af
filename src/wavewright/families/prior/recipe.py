"""Recipes of the prior: settings of each size and of fine-tuning, and the data of a training."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...base.errors import BadSetting
from ...base.ranges import ranged
from ...base.units import db_to_gain
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
from ...data.sequences import CropSampler
from ...dsp.position import position_features
from ...metrics.copying import smallest_distance
from ...metrics.embeddings import LogMelEmbedding
from .codec import codes_to_symbols, open_codec
from .config import SIZES, PriorConfig
from .sampling import draw_duration

if TYPE_CHECKING:
    from ...data.sequences import SequenceClips
    from ...data.store import ClipStore
    from ..codec.runtime import CodecRuntime

# --- Codes of recordings, each encoded several times: as it is, then delayed within a frame and quieter


@dataclass(frozen=True)
class CodedClips:
    """Codes of clips, several variants of each.

    - ``variants``: codes of each clip, ``(codebooks, frames)`` int16, for each variant; the first is the clip as it is.
    - ``labels``, ``speakers``: indices, ``(n,)``.
    - ``groups``: name of the sound that each clip is a take of, ``(n,)``.
    """

    variants: tuple[tuple[np.ndarray, ...], ...]
    labels: np.ndarray
    speakers: np.ndarray
    groups: np.ndarray

    @property
    def unvaried(self) -> tuple[np.ndarray, ...]:
        """Codes of each clip as it is."""
        return self.variants[0]

    def subset(self, rows: Sequence[int]) -> CodedClips:
        """Return the clips in these rows."""
        variants = tuple(tuple(codes[row] for row in rows) for codes in self.variants)
        return CodedClips(variants, self.labels[rows], self.speakers[rows], self.groups[rows])


def encode_clips(
    clips: SequenceClips, codec: CodecRuntime, n_codebooks: int, n_variants: int, gain_range_db: float
) -> CodedClips:
    """Encode clips, or read the cached codes: ``n_variants`` of each clip, of the coarse codebooks.

    All variants but the first are attenuated by up to ``gain_range_db``.
    """
    variants = []
    for variant in range(n_variants):
        gain = f"-{gain_range_db:g}dB" if variant else ""
        compute = functools.partial(_encode_variant, clips.store, codec, variant, gain_range_db)
        cached = clips.store.cached(f"codes-{codec.codes_hash}-{variant}{gain}", compute)
        codes = np.split(cached["codes"], np.cumsum(cached["n_frames"])[:-1], axis=1)
        variants.append(tuple(clip_codes[:n_codebooks] for clip_codes in codes))
    return CodedClips(tuple(variants), clips.labels, clips.speakers, clips.groups)


def _encode_variant(store: ClipStore, codec: CodecRuntime, variant: int, gain_range_db: float) -> dict[str, np.ndarray]:
    """Return ``codes (codebooks, frames)`` int16 of all clips in a row, and the ``n_frames`` of each."""
    codes = [
        codec.encode(_vary(store[row][0], codec.hop_length, gain_range_db, variant, row)) for row in range(len(store))
    ]
    return {
        "codes": np.ascontiguousarray(np.concatenate(codes, axis=1)),
        "n_frames": np.array([clip_codes.shape[1] for clip_codes in codes]),
    }


def _vary(wave: np.ndarray, hop_length: int, gain_range_db: float, variant: int, row: int) -> np.ndarray:
    """Return a clip ``(time,)``; every variant but the first is delayed by less than a frame and attenuated."""
    if not variant:
        return wave
    rng = np.random.default_rng([variant, row])
    delay = int(rng.integers(hop_length))
    gain = np.float32(db_to_gain(-rng.uniform(0, gain_range_db)))
    return np.asarray(np.pad(wave, (delay, 0)) * gain)


MAX_VALID_FRAMES = 20_000


@dataclass(frozen=True)
class CodeBatches:
    """Batches of symbols; the batch of a step is a pure function of the step."""

    clips: CodedClips
    config: PriorConfig
    batch_size: int
    seed: int
    crop_frames: int | None  # of endless clips; None for whole clips
    start_fraction: float  # of the crops that start where their clip starts

    @property
    def lengths(self) -> np.ndarray:
        """Frames of each clip, ``(n,)``."""
        return np.array([codes.shape[1] for codes in self.clips.unvaried])

    def __call__(self, step: int) -> Batch:
        """Return the batch of a step; see :meth:`batch_of`."""
        rng = np.random.default_rng([self.seed, step])
        rows, starts = CropSampler(self.lengths, self.batch_size, self.crop_frames).draw(rng)
        if self.crop_frames is not None:
            starts[rng.random(self.batch_size) < self.start_fraction] = 0
        return self.batch_of(rows, starts, rng.integers(0, len(self.clips.variants), self.batch_size))

    def all(self) -> tuple[Batch, ...]:
        """Return batches of unvaried clips in consecutive crops, about MAX_VALID_FRAMES frames, sorted by length."""
        lengths = self.lengths
        order = np.random.default_rng(0).permutation(len(lengths))
        order = order[: int(np.searchsorted(np.cumsum(lengths[order]), MAX_VALID_FRAMES)) + 1]
        crop_frames = self.crop_frames or int(lengths.max())
        crops = [(row, start) for row in order for start in range(0, int(lengths[row]), crop_frames)]
        crops.sort(key=lambda crop: min(lengths[crop[0]] - crop[1], crop_frames))
        pairs = np.array(crops, np.int64)
        chunks = [pairs[first : first + self.batch_size].T for first in range(0, len(pairs), self.batch_size)]
        return tuple(self.batch_of(rows, starts, np.zeros_like(rows)) for rows, starts in chunks)

    def batch_of(self, rows: np.ndarray, starts: np.ndarray, variants: np.ndarray) -> Batch:
        """Return a batch of clips.

        - ``rows``, ``starts``, ``variants``: row, first frame and variant of each clip or crop, ``(batch,)``.
        - returns: ``symbols (batch, 1 + frames, n_codebooks)`` int64, starting with the frame before the first, ``mask
          (batch, frames)`` float32 (1 for a frame, 0 for padding), ``label`` and ``speaker (batch,)``, and ``position
          (batch, frames, POSITION_FEATURES)`` if the network is conditioned on it.
        """
        crops = [self.crop(*chosen) for chosen in zip(rows, starts, variants, strict=True)]
        n_frames = np.array([len(crop) - 1 for crop in crops])
        longest = n_frames.max()
        symbols = np.zeros((len(crops), longest + 1, self.config.n_codebooks), np.int64)
        for index, crop in enumerate(crops):
            symbols[index, : len(crop)] = crop
        batch = {
            "symbols": symbols,
            "mask": (np.arange(longest) < n_frames[:, None]).astype(np.float32),
            "label": self.clips.labels[rows],
            "speaker": self.clips.speakers[rows],
        }
        if self.config.has_position:
            padding = [(0, longest - n) for n in n_frames]
            batch["position"] = np.stack(
                [np.pad(position_features(n), (pad, (0, 0))) for n, pad in zip(n_frames, padding, strict=True)]
            )
        return batch

    def crop(self, row: int, start: int, variant: int) -> np.ndarray:
        """Return the symbols ``(1 + frames, n_codebooks)`` of a crop, starting with the frame before it."""
        codes = self.clips.variants[variant][row]
        crop_frames = self.crop_frames or codes.shape[1]
        symbols = codes_to_symbols(codes[:, max(start - 1, 0) : start + crop_frames], self.config)
        before = np.full((1, self.config.n_codebooks), self.config.start_symbol, np.int64)
        return symbols if start else np.concatenate([before, symbols])


MAX_LIMIT_CLIPS = 200  # of a label, from which the limit against copies is computed


@dataclass(frozen=True)
class PriorDataSettings(SequenceDataSettings):
    """Selection, cropping and variation of recordings."""

    crop_seconds: float = ranged(4.0, 0.1, 60.0)
    sample_seconds: float = ranged(4.0, 0.1, 60.0)
    start_fraction: float = ranged(0.2, 0.0, 1.0)  # of the crops that start where their clip starts
    n_variants: int = ranged(4, 1, 100)  # codes of each clip: as it is, then delayed within a frame and attenuated
    gain_range_db: float = ranged(6.0, 0.0, 40.0)  # largest attenuation of a variant


PriorRecipe = RecipeOf[PriorConfig, PriorDataSettings]


@dataclass(frozen=True, kw_only=True)
class PriorPrepared(PreparedOf[PriorRecipe, CodeBatches]):
    """A recipe with its data."""

    valid: tuple[Batch, ...]  # batches of the validation clips
    durations: np.ndarray  # quantiles in frames, ``(labels, speakers, quantiles)`` float32
    codec: CodecRuntime  # open for inference

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


TRAINING = replace(SEQUENCE_TRAINING, warmup_steps=100, metric="valid/bits")


def recipe(size: str) -> PriorRecipe:
    """Return the recipe of a size: ``tiny`` for trials, ``small`` for a laptop, ``base`` for hours of recordings."""
    return PriorRecipe(SIZES[size], PriorDataSettings(), TRAINING)


def prepare(recipe: PriorRecipe, entries: Sequence[Entry], cache_folder: Path | None = None) -> PriorPrepared:
    """Split, decode and encode recordings.

    The labels and speakers that occur become those of the model, unless the recipe names its own. Raises BadModel if
    the codec is missing, BadSetting for more codebooks than it has, BadFolder if too little is left to train on.
    """
    codec = open_codec(recipe.model, "A prior")
    recipe, clips = load_clips(replace(recipe, model=_with_codec(recipe.model, codec)), entries, cache_folder)
    train, valid = split_rows(clips.entries)
    recipe = recipe if valid else recipe.without_valid_metric()
    model, data = recipe.model, recipe.data
    coded = encode_clips(clips, codec, model.n_codebooks, data.n_variants, data.gain_range_db)
    lengths = np.array([codes.shape[1] for codes in coded.unvaried])
    return PriorPrepared(
        recipe=recipe,
        train_entries=tuple(clips.entries[row] for row in train),
        failed=clips.failed,
        batches=_batches(coded.subset(train), recipe),
        valid=_batches(coded.subset(valid), recipe).all() if valid else (),
        durations=clips.duration_quantiles(lengths, train),
        codec=codec,
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
