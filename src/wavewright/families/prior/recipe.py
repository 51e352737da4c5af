"""How a prior is trained: the codes of recordings, which of them stand in a batch, settings of each size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ...contracts.recipe import Prepared, Recipe
from ...contracts.settings import TrainingSettings
from ...data.durations import duration_quantiles, exclude_long
from ...data.entry import Entry, Problem
from ...data.preparation import Preparation
from ...data.selection import select_labels_and_speakers
from ...data.splits import assign_splits, without_speaker_groups
from ...data.store import ClipStore
from ...dsp.position import position_features
from ...errors import BadFolder, BadSetting
from ...metrics.copying import smallest_distance
from ...metrics.embeddings import LogMelEmbedding
from ...ranges import check_ranges
from .coded import Coded, Variation, encoded
from .config import METRICS, SIZES, PriorConfig
from .runtime import open_codec
from .sampling import draw_duration
from .symbols import to_symbols

POOL = 8  # batches whose clips are sorted by length, so that those of one batch are about equally long
MOST_VALID_FRAMES = 20_000
LARGEST_REFERENCE = 200  # clips of a label that say how close its sounds lie to each other
DATA_RANGES = {
    "valid_fraction": (0.0, 0.9),
    "smallest_class": (1, 1_000_000),
    "crop_seconds": (0.1, 60.0),
    "start_fraction": (0.0, 1.0),
    "longest_seconds": (0.1, 60.0),
    "heard_seconds": (0.1, 60.0),
    "n_variants": (1, 100),
    "gain_range_db": (0.0, 40.0),
}


@dataclass(frozen=True)
class PriorDataSettings:
    """What becomes of a recording before the network sees its codes."""

    valid_fraction: float = 0.1  # of the clips (of the groups, where groups are known), kept for validation
    smallest_class: int = 4  # training clips; a label with fewer is left out
    crop_seconds: float = 4.0  # of endless sounds, seen at a time
    start_fraction: float = 0.2  # of the crops of a longer sound begin where it begins
    longest_seconds: float = 10.0  # of whole sounds; longer ones are left out
    heard_seconds: float = 4.0  # of endless sounds that are made to be listened to
    n_variants: int = 4  # codes of each training clip: as it is, then beginning within a frame and quieter
    gain_range_db: float = 6.0  # the other variants are made quieter by up to this

    def __post_init__(self) -> None:
        check_ranges(self, DATA_RANGES)


@dataclass(frozen=True)
class PriorRecipe(Recipe):
    """A complete description of a training run; raises BadSetting where its parts do not fit."""

    TITLE = "a prior"
    VALIDATION_METRICS = METRICS

    model: PriorConfig = field(default_factory=PriorConfig)
    data: PriorDataSettings = field(default_factory=PriorDataSettings)
    training: TrainingSettings = field(default_factory=TrainingSettings)


def recipe(size: str) -> PriorRecipe:
    """The recipe of a size: ``tiny`` to try things out, ``small`` for a laptop, ``base`` for hours of recordings."""
    training = TrainingSettings(
        batch_size=32,
        learning_rate=2e-3,
        weight_decay=0.01,
        schedule="cosine",
        final_fraction=0.02,
        warmup_steps=100,
        clip_norm=1.0,
        ema_decay=0.995,
        evaluate_every=500,
        metric="valid/bits",
    )
    return PriorRecipe(model=SIZES[size], training=training)


@dataclass(frozen=True)
class PriorPrepared(Prepared):
    """A recipe with its data: what the loop draws batches from, and the codes that measure the network.

    ``codec`` is the runtime of the codec; ``durations (labels, speakers, quantiles)`` float32 are frames.
    """

    recipe: PriorRecipe
    batches: CodeBatches
    valid: tuple[dict[str, np.ndarray], ...]
    durations: np.ndarray
    codec: Any

    def draw_frames_to_hear(self, label: int, speaker: int, rng: np.random.Generator) -> int:
        """How many frames of a sound are listened to: a drawn duration, or the same of every endless sound."""
        model = self.recipe.model
        if model.duration == "drawn":
            return draw_duration(self.durations, model, label, speaker, rng)
        return round(self.recipe.data.heard_seconds * model.frame_rate)

    @cached_property
    def training_sounds(self) -> dict[str, np.ndarray]:
        """Where the training clips lie, as the codec plays them, for the search for copies: ``embeddings (n, d)`` and the ``limits`` of
        each label, see ``tasks/rejection.py``. Each clip is looked at from its beginning to its end, however long it is.
        """
        rate, clips = self.recipe.model.sample_rate, self.batches.clips
        rows = []
        for codes in clips.as_they_are:
            wave = self.codec.decode(codes)
            rows.append(LogMelEmbedding(rate, max(wave.shape[-1] / rate, 0.1))(wave, rate)[0])
        embeddings = np.stack(rows).astype(np.float32)
        limits = np.zeros(max(len(self.recipe.model.labels), 1), np.float32)
        for label in range(len(limits)):
            members = np.flatnonzero(clips.labels == label)
            if len(members) > LARGEST_REFERENCE:
                members = np.sort(np.random.default_rng(0).choice(members, LARGEST_REFERENCE, replace=False))
            if len(members):
                limits[label] = smallest_distance(
                    embeddings[members], LogMelEmbedding.near_duplicate_distance, clips.groups[members]
                )
        return {"embeddings": embeddings, "limits": limits}


def prepare(recipe: PriorRecipe, entries: Sequence[Entry], cache_folder: Path | None = None) -> PriorPrepared:
    """Split, decode and encode ``entries``; the labels and speakers that occur become the model's, unless the recipe names its own.

    Raises BadModel for a codec that is not there, BadSetting for more levels than it has, BadFolder where too little is left to train on.
    """
    data = recipe.data
    codec = open_codec(recipe.model, "A prior")
    divided = assign_splits(without_speaker_groups(entries), by="group", valid=data.valid_fraction, test=0.0)
    too_long: list[Problem] = []
    if recipe.model.duration == "drawn":
        divided, too_long = exclude_long(divided, data.longest_seconds)
    named = select_labels_and_speakers(divided, recipe.model.labels, recipe.model.speakers, data.smallest_class)
    if len(named.entries) < 2:
        raise BadFolder(
            f"{len(named.entries)} clips are left to train on; at least 2 are needed, and minutes of sound make sense."
        )
    model = _with_codec(replace(recipe.model, labels=named.labels, speakers=named.speakers), codec)
    store = ClipStore.build(named.entries, model.sample_rate, None, Preparation("crop"), cache_folder)
    train, valid = (
        [row for row, entry in enumerate(store.entries) if entry.split == split] for split in ("train", "valid")
    )
    if not train:
        raise BadFolder("No clip is left to train on; lower data.valid_fraction, or add recordings.")
    clips = encoded(store, codec, model, Variation(data.n_variants, data.gain_range_db))
    recipe = replace(recipe, model=model, training=recipe.training if valid else replace(recipe.training, metric=""))
    batches = CodeBatches(clips.take(train), recipe)
    return PriorPrepared(
        recipe,
        tuple(store.entries[row] for row in train),
        (*too_long, *named.problems, *store.problems),
        batches,
        CodeBatches(clips.take(valid), recipe).all() if valid else (),
        _durations(batches),
        codec,
    )


def _with_codec(model: PriorConfig, codec: Any) -> PriorConfig:
    """The model with what its codec says; raises BadSetting where it has fewer levels."""
    if model.n_levels > codec.n_codebooks:
        raise BadSetting(
            f"n_levels is {model.n_levels}; {codec.card.name} has {codec.n_codebooks} levels: take as many or fewer."
        )
    return replace(
        model,
        codec_hash=codec.codes_hash,
        sample_rate=codec.sample_rate,
        hop_length=codec.hop_length,
        codebook_size=codec.codebook_size,
    )


def _durations(batches: CodeBatches) -> np.ndarray:
    """Quantiles of the durations in frames of each label's sounds by each speaker."""
    clips, model = batches.clips, batches.model
    n_labels, n_speakers = max(len(model.labels), 1), max(len(model.speakers), 1)
    return duration_quantiles(batches.lengths, clips.labels, clips.speakers, n_labels, n_speakers)


class CodeBatches:
    """Batches of symbols: crops of endless sounds, whole clips of others, each in a variant that is drawn.

    Calling it with a step gives a pure function of the step: ``symbols (batch, 1 + frames, n_levels)`` int64, which begin with the frame
    before the first (where that is the sound's own, with the symbol of what was before it), ``heard (batch, frames)`` float32 (1 for a
    frame, 0 for padding), ``label`` and ``speaker (batch,)``, and where the model is told it ``position (batch, frames, features)``.
    """

    def __init__(self, clips: Coded, recipe: PriorRecipe):
        self.clips, self.model, self.data = clips, recipe.model, recipe.data
        self.batch_size, self.seed = recipe.training.batch_size, recipe.training.seed
        self.crop_frames = max(2, round(recipe.data.crop_seconds * recipe.model.frame_rate))
        self.lengths = np.array([codes.shape[1] for codes in clips.as_they_are])  # frames
        # A long clip holds more to learn from; it is drawn accordingly.
        weights = self.lengths.astype(np.float64) if recipe.model.duration == "endless" else np.ones(len(self.lengths))
        self.shares = weights / weights.sum()

    def __call__(self, step: int) -> dict[str, np.ndarray]:
        draw = np.random.default_rng([self.seed, step])
        size = self.batch_size
        if self.model.duration == "endless":
            rows = draw.choice(len(self.lengths), size, p=self.shares)
            starts = draw.integers(0, np.maximum(self.lengths[rows] - self.crop_frames, 0) + 1)
            starts[draw.random(size) < self.data.start_fraction] = 0
        else:
            pool = draw.choice(len(self.lengths), POOL * size)
            pool = pool[np.argsort(self.lengths[pool], kind="stable")]
            rows, starts = pool[draw.integers(POOL) * size :][:size], np.zeros(size, np.int64)
        return self.of(rows, starts, draw.integers(0, self.data.n_variants, size))

    def all(self) -> tuple[dict[str, np.ndarray], ...]:
        """Every clip as it is, in crops that follow each other, about MOST_VALID_FRAMES frames in all, sorted by length."""
        order = np.random.default_rng(0).permutation(len(self.lengths))
        order = order[: int(np.searchsorted(np.cumsum(self.lengths[order]), MOST_VALID_FRAMES)) + 1]
        longest = self.crop_frames if self.model.duration == "endless" else int(self.lengths.max())
        crops = [(row, start) for row in order for start in range(0, int(self.lengths[row]), longest)]
        crops.sort(key=lambda crop: min(self.lengths[crop[0]] - crop[1], longest))
        pairs = np.array(crops, np.int64)
        chunks = [pairs[first : first + self.batch_size].T for first in range(0, len(pairs), self.batch_size)]
        return tuple(self.of(rows, starts, np.zeros_like(rows)) for rows, starts in chunks)

    def of(self, rows: np.ndarray, starts: np.ndarray, variants: np.ndarray) -> dict[str, np.ndarray]:
        """The batch of these clips from frame ``starts`` on."""
        parts = [self._part(*chosen) for chosen in zip(rows, starts, variants, strict=True)]
        n_frames = np.array([len(part) - 1 for part in parts])
        symbols = np.zeros((len(parts), n_frames.max() + 1, self.model.n_levels), np.int64)
        for place, part in enumerate(parts):
            symbols[place, : len(part)] = part
        batch = {
            "symbols": symbols,
            "heard": (np.arange(n_frames.max()) < n_frames[:, None]).astype(np.float32),
            "label": self.clips.labels[rows],
            "speaker": self.clips.speakers[rows],
        }
        if self.model.has_position:
            batch["position"] = np.stack([_padded(position_features(n), n_frames.max()) for n in n_frames])
        return batch

    def _part(self, row: int, start: int, variant: int) -> np.ndarray:
        """The symbols ``(1 + frames, n_levels)`` of a stretch of a clip, or of all of it, and what is before it."""
        codes = self.clips.variants[variant][row]
        longest = self.crop_frames if self.model.duration == "endless" else codes.shape[1]
        symbols = to_symbols(codes[:, max(start - 1, 0) : start + longest], self.model)
        before = np.full((1, self.model.n_levels), self.model.begin, np.int64)
        return symbols if start else np.concatenate([before, symbols])


def _padded(rows: np.ndarray, length: int) -> np.ndarray:
    """Zeros after the ``rows (n, size)``, ``(length, size)``."""
    return np.pad(rows, ((0, length - len(rows)), (0, 0)))
