"""Recipes of the transcriber: settings of each size, and recordings with the notes in them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ...base.errors import BadFolder, BadScore, ScoreWarning
from ...base.result import Failed
from ...contracts.recipe import PreparedOf, RecipeOf, split_rows
from ...contracts.settings import COSINE_SETTINGS
from ...data.entry import Entry
from ...data.preparation import Preparation
from ...data.splits import assign_splits
from ...data.store import ClipStore
from ...music.formats import READABLE, read_score
from .batches import Example, TranscriberBatches, TranscriberDataSettings
from .config import LOWEST_PITCH, N_PITCHES, SIZES, TranscriberConfig
from .features import levels_of

TranscriberRecipe = RecipeOf[TranscriberConfig, TranscriberDataSettings]

TRAINING = replace(
    COSINE_SETTINGS,
    batch_size=6,
    learning_rate=4e-3,
    ema_decay=0.995,
    evaluate_every=500,
    save_every=100,
    metric="valid/loss",
    precision="float32",
)


@dataclass(frozen=True, kw_only=True)
class TranscriberPrepared(PreparedOf[TranscriberRecipe, TranscriberBatches]):
    """A recipe with its data, and the validation recordings."""

    valid: tuple[Example, ...]


def recipe(size: str) -> TranscriberRecipe:
    """Return the recipe of a size: ``tiny`` for tests, ``small`` for a core, ``base`` for more."""
    return TranscriberRecipe(SIZES[size], TranscriberDataSettings(), TRAINING)


def prepare(
    recipe: TranscriberRecipe, entries: Sequence[Entry], cache_folder: Path | None = None
) -> TranscriberPrepared:
    """Read the recordings, and the score beside each; raise BadFolder if none has one."""
    split = assign_splits(entries, valid=recipe.data.valid_fraction, test=0.0)
    scores = {entry.path: score_beside(entry.path) for entry in split if entry.split != "test"}
    failed = [
        Failed(path, f"it has no score {path.stem}.mid beside it") for path, score in scores.items() if score is None
    ]
    usable = [entry for entry in split if scores.get(entry.path) is not None]
    if not usable:
        raise BadFolder(
            f"None of the {len(entries)} recordings has a score beside it; a transcriber learns from pairs such as "
            "take.flac and take.mid, whose times are the same."
        )
    preparation = Preparation("crop", trim=False, level="none")  # scores are of the unchanged recording
    store = ClipStore.build(usable, recipe.model.sample_rate, None, preparation, cache_folder)
    examples: list[Example] = []
    known: list[Entry] = []
    model = recipe.model
    key = f"levels-1-{model.hop_length}-{model.longest_window}"
    levels = store.cached(key, lambda: {str(row): levels_of(store[row][0], model) for row in range(len(store))})
    for row, entry in enumerate(store.entries):
        try:
            notes = notes_beside(scores[entry.path], entry, model.frame_seconds)
        except BadScore as error:
            failed.append(Failed(entry.path, str(error)))
            continue
        examples.append(Example(levels[str(row)], notes))
        known.append(entry)
    train, valid = split_rows(known)
    training = recipe.training
    batches = TranscriberBatches(
        [examples[row] for row in train], model, recipe.data, training.batch_size, training.seed
    )
    return TranscriberPrepared(
        recipe=recipe if valid else recipe.without_valid_metric(),
        train_entries=tuple(known[row] for row in train),
        failed=(*store.failed, *failed),
        batches=batches,
        valid=tuple(examples[row] for row in valid),
    )


def score_beside(path: Path) -> Path | None:
    """Return the score of the same name beside a recording, MIDI first."""
    candidates = (path.with_suffix(suffix) for suffix in (".mid", *READABLE))
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def notes_beside(score: Path | None, entry: Entry, frame_seconds: float) -> np.ndarray:
    """Return the notes of a score: onset and end in frames, index of the pitch, velocity, ``(notes, 4)`` float32."""
    if score is None:
        raise BadScore(f"{entry.path} has no score beside it.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ScoreWarning)
        read = read_score(score)
    tracks = [track.notes for track in read.tracks if not track.is_drum]
    notes = np.concatenate(tracks) if tracks else np.zeros(0, read.tracks[0].notes.dtype)
    start = read.tempo_map.seconds(notes["start"]) - entry.offset_seconds
    end = read.tempo_map.seconds(notes["start"] + notes["duration"]) - entry.offset_seconds
    pitch = notes["pitch"].astype(np.float64) - LOWEST_PITCH
    rows = np.stack([start / frame_seconds, end / frame_seconds, pitch, notes["velocity"] / 127], axis=1)
    is_known = (pitch >= 0) & (pitch < N_PITCHES)
    return rows[is_known].astype(np.float32)
