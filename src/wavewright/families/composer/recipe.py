"""Recipes of the composer: settings of each size, and the data of a training."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ...base.errors import BadFolder, BadScore, BadSetting, ScoreWarning
from ...contracts.recipe import Batch, PreparedOf, RecipeOf, fine_tuned, split_rows
from ...contracts.settings import COSINE_SETTINGS
from ...data.entry import Entry, Problem
from ...data.splits import assign_splits
from ...models.folder import ModelFolder
from ...music.formats import read_score
from ...music.score import Score
from .batches import ComposerBatches, ComposerDataSettings, Pieces
from .config import SIZES, ComposerConfig, Layout
from .conversion import grid_of, is_monophonic

ComposerRecipe = RecipeOf[ComposerConfig, ComposerDataSettings]

MAX_VALID_PIECES = 60
MARGIN = 6
"""Semitones that the vocabulary extends beyond the notes of the scores, for other keys."""

TRAINING = replace(
    COSINE_SETTINGS,
    optimizer="muon",
    batch_size=16,
    weight_decay=0.1,
    betas=(0.9, 0.98),
    ema_decay=0.998,
    evaluate_every=100,
    save_every=100,
    metric="valid/nats",
)


@dataclass(frozen=True, kw_only=True)
class ComposerPrepared(PreparedOf[ComposerRecipe, ComposerBatches]):
    """A recipe with its data, and batches of whole validation pieces."""

    valid: tuple[Batch, ...]


def recipe(size: str) -> ComposerRecipe:
    """Return the recipe of a size: ``tiny`` for tests, ``small`` for most folders, ``base`` for thousands of scores."""
    return ComposerRecipe(SIZES[size], ComposerDataSettings(), TRAINING)


def fine_tuning(base: ModelFolder) -> ComposerRecipe:
    """Return the recipe to train ``base`` further, on other scores of its layout."""
    tuned = fine_tuned(recipe("small"), base)
    return replace(tuned, data=replace(tuned.data, layout=tuned.model.layout))


def prepare(recipe: ComposerRecipe, entries: Sequence[Entry], cache_folder: Path | None = None) -> ComposerPrepared:  # noqa: ARG001
    """Read scores, choose the layout of the grid and split them.

    Raises BadFolder if nothing is left to train on.
    """
    data = recipe.data
    scores, problems = _read(assign_splits(entries, by="group", valid=data.valid_fraction, test=0.0))
    if not scores:
        raise BadFolder(f"None of the scores can be used; {problems[0] if problems else 'the folder has none'}.")
    layout = common_layout([score for _, score in scores]) if data.layout == "auto" else data.layout
    model = replace(recipe.model, layout=layout)
    if data.layout == "auto" and layout == "voices":
        model = replace(model, n_voices=max(_n_voices(score) for _, score in scores))
    grids, entries_left = [], []
    for entry, score in scores:
        try:
            grids.append(grid_of(score, model))
            entries_left.append(entry)
        except BadSetting as error:
            problems.append(Problem(entry.path, str(error)))
    if not grids:
        raise BadFolder(f"None of the scores can be used; {problems[0]}")
    train, valid = split_rows(entries_left)
    recipe = replace(recipe, model=model)
    if not valid:
        recipe = recipe.without_valid_metric()

    def batches(rows: Sequence[int]) -> ComposerBatches:
        pieces = Pieces([grids[row] for row in rows], model)
        return ComposerBatches(pieces, data, recipe.training.batch_size, recipe.training.seed)

    return ComposerPrepared(
        recipe=recipe,
        train_entries=tuple(entries_left[row] for row in train),
        problems=tuple(problems),
        batches=batches(train),
        valid=batches(valid[:MAX_VALID_PIECES]).all() if valid else (),
    )


def _read(entries: Sequence[Entry]) -> tuple[list[tuple[Entry, Score]], list[Problem]]:
    scores, problems = [], []
    for entry in entries:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ScoreWarning)
                scores.append((entry, read_score(entry.path)))
        except BadScore as error:
            problems.append(Problem(entry.path, str(error)))
    return scores, problems


def common_layout(scores: Sequence[Score]) -> Layout:
    """Return the layout of most scores: drums alone, several tracks of one voice each, else a melody with chords."""
    return Counter(map(_layout, scores)).most_common(1)[0][0]


def _layout(score: Score) -> Layout:
    tracks = [track for track in score.tracks if len(track.notes)]
    if tracks and all(track.is_drum for track in tracks):
        return "drums"
    return "voices" if _n_voices(score) > 1 else "lead-sheet"


def _n_voices(score: Score) -> int:
    """Return the number of tracks, if each is a voice, else 1."""
    tracks = [track for track in score.tracks if len(track.notes) and not track.is_drum]
    return len(tracks) if tracks and all(map(is_monophonic, tracks)) else 1
