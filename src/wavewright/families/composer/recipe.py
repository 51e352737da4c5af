"""Recipes of the composer: settings of each size, and the data of a training."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from ...base.errors import BadFolder, BadScore, BadSetting, ScoreWarning
from ...base.ranges import RangedSettings, ranged
from ...base.result import Failed
from ...contracts.recipe import Batch, PreparedOf, RecipeOf, fine_tuned, split_rows
from ...contracts.settings import COSINE_SETTINGS
from ...data.entry import Entry
from ...data.splits import assign_splits
from ...models.folder import ModelFolder
from ...music.formats import read_score
from ...music.score import Score
from .config import (
    MODES,
    NO_TONIC,
    SIZES,
    ComposerConfig,
    Layout,
)
from .conversion import grid_of, is_monophonic, pitched
from .form import LearnedForm, form_of, packed
from .grid import (
    Grid,
    Guide,
    key_features,
    longest_matches,
    plan_features,
    previous_symbols,
    step_features,
    target_features,
    targets,
)
from .traits import fifths, traits_of
from .vocabulary import FIRST_NOTE

Matches = tuple[np.ndarray, np.ndarray]

OPEN, SPANS, LANES, CELLS = range(4)
"""Kinds of examples: nothing is known ahead, whole spans are, whole voices, or single quarters of voices."""


@dataclass(frozen=True)
class ComposerDataSettings(RangedSettings):
    """Selection, cropping and augmentation of scores; raises BadSetting for a number out of its range."""

    layout: Literal["auto", "voices", "lead-sheet", "drums"] = "auto"  # of the grid; auto: that of most scores
    valid_fraction: float = ranged(0.1, 0.0, 0.9)  # of the scores, for validation
    crop_steps: int = ranged(192, 8, 8_192)  # sixteenths of a training example
    max_shift: int = ranged(6, 0, 12)  # semitones by which examples are transposed at most
    tempo_fraction: float = ranged(0.05, 0.0, 1.0)  # of the examples have notes of half or twice the length
    start_fraction: float = ranged(0.3, 0.0, 1.0)  # of the examples begin where their score does
    known_fraction: float = ranged(0.5, 0.0, 1.0)  # of the examples, of which something ahead is known
    key_fraction: float = ranged(0.8, 0.0, 1.0)  # of the examples, whose key is known
    cadence_fraction: float = ranged(0.7, 0.0, 1.0)  # of the examples, whose cadences are known


class Pieces:
    """Pieces with what does not depend on their key.

    - ``grids``: the pieces.
    - ``config``: of the model.
    """

    def __init__(self, grids: Sequence[Grid], config: ComposerConfig) -> None:
        self.grids, self.config = tuple(grids), config
        self.lengths = np.array([len(grid) for grid in grids])
        self._variants: dict[tuple[int, bool], tuple[Grid, Matches]] = {}
        self._forms: dict[int, LearnedForm] = {}

    def room(self, row: int) -> tuple[int, int]:
        """Return the semitones by which a piece can be moved, down and up, within the vocabulary."""
        vocabulary, symbols = self.config.vocabulary, self.grids[row].symbols
        notes = symbols[vocabulary.is_note(symbols)]
        if not len(notes) or not self.config.has_notes:
            return 0, 0
        return FIRST_NOTE - int(notes.min()), vocabulary.n_notes - int(notes.max())

    def form(self, row: int) -> LearnedForm:
        """Return the form of a piece."""
        if row not in self._forms:
            self._forms[row] = form_of(self.grids[row], self.config)
        return self._forms[row]

    def file_tensors(self, n_steps: int) -> dict[str, np.ndarray]:
        """Return what a model keeps of its scores: their forms, and fifths of the traits of parts of so many steps."""
        parts = [(grid, first) for grid in self.grids for first in range(0, len(grid), n_steps)]
        edges = fifths(traits_of(grid[first : first + n_steps], self.config, first) for grid, first in parts)
        return packed([self.form(row) for row in range(len(self.grids))]) | {"trait_edges": edges}

    def piece(self, row: int, semitones: int, *, at_other_tempo: bool = False) -> Batch:
        """Return the arrays of a piece without a plan, the first dimension its steps."""
        variant = (row, at_other_tempo)
        if variant not in self._variants:
            grid = self.grids[row].at_other_tempo() if at_other_tempo else self.grids[row]
            self._variants[variant] = (grid, longest_matches(grid.symbols, grid.is_held))
        grid, matches = self._variants[variant]
        grid = grid.transposed(self.config.vocabulary, semitones)
        return {
            "features": step_features(self.config, grid, matches),
            "symbols": grid.symbols,
            "is_held": grid.is_held,
            "before": previous_symbols(grid.symbols, self.config.vocabulary.unknown),
        }


@dataclass(frozen=True)
class ComposerBatches:
    """Batches of crops; the batch of a step is a pure function of the step."""

    pieces: Pieces
    settings: ComposerDataSettings
    batch_size: int
    seed: int

    def __call__(self, step: int) -> Batch:
        """Return the batch of a step; see :meth:`batch_of`."""
        rng = np.random.default_rng([self.seed, step])
        lengths = self.pieces.lengths
        rows = rng.choice(len(lengths), self.batch_size, p=lengths / lengths.sum())
        return padded([self._example(int(row), rng) for row in rows])

    def all(self) -> tuple[Batch, ...]:
        """Return every piece once in its own key, in order of length, with nothing known ahead."""
        order = np.argsort(self.pieces.lengths, kind="stable")
        examples = [self._open(self.pieces.piece(int(row), 0)) for row in order]
        return tuple(padded(examples[first : first + 4]) for first in range(0, len(examples), 4))

    def _example(self, row: int, rng: np.random.Generator) -> Batch:
        """Return a crop of a piece in a random key, of which some cells ahead are known."""
        settings, (low, high) = self.settings, self.pieces.room(row)
        semitones = int(rng.integers(max(low, -settings.max_shift), max(min(high, settings.max_shift), 0) + 1))
        at_other_tempo = bool(rng.random() < settings.tempo_fraction) and self.pieces.config.has_notes
        kind = int(rng.integers(SPANS, CELLS + 1)) if rng.random() < settings.known_fraction else OPEN
        is_open_ended = bool(rng.random() < 0.5)
        piece = self.pieces.piece(row, semitones, at_other_tempo=at_other_tempo)
        length = len(piece["symbols"])
        if self.pieces.config.knows_key:
            piece |= self._key(piece, self._guide(row, semitones, at_other_tempo, rng))
        start = int(rng.integers(0, max(length - settings.crop_steps, 0) + 1))
        if rng.random() < settings.start_fraction:
            start = 0
        piece = {name: array[start : start + settings.crop_steps] for name, array in piece.items()}
        is_known = known_cells(kind, len(piece["symbols"]), self.pieces.config.n_lanes, rng)
        left = (length - 1 - np.arange(start, start + len(is_known))) // self.pieces.grids[row].bar_steps
        return self._planned(piece, is_known, np.full_like(left, -1) if is_open_ended else left)

    def _guide(self, row: int, semitones: int, at_other_tempo: bool, rng: np.random.Generator) -> Guide:
        """Return what is known of key and cadences of an example."""
        form = self.pieces.form(row)
        n_steps = len(self.pieces.piece(row, 0, at_other_tempo=at_other_tempo)["symbols"])
        has_key, has_cadences = rng.random() < self.settings.key_fraction, rng.random() < self.settings.cadence_fraction
        guide = Guide.unknown(n_steps) if at_other_tempo else form.guide(n_steps)
        if form.key is not None and has_key:
            guide = replace(guide, tonic=(form.key.tonic + semitones) % 12, mode=int(form.key.is_minor))
        else:
            guide = replace(guide, tonic=NO_TONIC, mode=MODES - 1)
        return guide if has_cadences else replace(guide, cadences=Guide.unknown(n_steps).cadences)

    def _key(self, piece: Batch, guide: Guide) -> Batch:
        """Return the features of a guide and the tonic of each step."""
        steps = len(piece["symbols"])
        features = key_features(self.pieces.config, piece["before"], guide)
        return {"key": features, "tonic": np.full((steps, 1), guide.tonic)}

    def _open(self, piece: Batch) -> Batch:
        if self.pieces.config.knows_key:
            piece = piece | self._key(piece, Guide.unknown(len(piece["symbols"])))
        is_known = np.zeros(piece["symbols"].shape, bool)
        return self._planned(piece, is_known, np.full(len(is_known), -1))

    def _planned(self, piece: Batch, is_known: np.ndarray, bars_left: np.ndarray) -> Batch:
        config = self.pieces.config
        known = np.full_like(piece["symbols"], 2 * config.vocabulary.unknown)
        if config.has_plan:
            known = np.where(is_known, 2 * piece["symbols"] + piece["is_held"], 2 * config.vocabulary.unknown)
            plan = plan_features(config, known, bars_left)
            piece = {**piece, "features": np.concatenate([piece["features"], plan], axis=1)}
        if config.knows_key:
            features = np.concatenate([piece["features"], piece["key"]], axis=1)
            piece = {name: array for name, array in piece.items() if name != "key"} | {"features": features}
        if config.knows_target:
            symbols, steps = targets(config, known)
            features = np.concatenate(
                [piece["features"], target_features(config, piece["before"], symbols, steps)], axis=1
            )
            piece |= {"features": features, "target": symbols}
        return {**piece, "is_known": is_known}


def known_cells(kind: int, n_steps: int, n_lanes: int, rng: np.random.Generator) -> np.ndarray:
    """Return the cells that are known before they are drawn, ``(steps, lanes)`` bool; one voice at least has others."""
    is_known = np.zeros((n_steps, n_lanes), bool)
    if kind == SPANS:
        edges = np.cumsum(rng.integers(8, 64, 2 * n_steps // 8))
        is_known[:] = (np.searchsorted(edges, np.arange(n_steps), side="right") % 2 == 1)[:, None]
    elif kind == LANES and n_lanes > 1:
        is_known[:, rng.permutation(n_lanes)[: int(rng.integers(1, n_lanes))]] = True
    elif kind == CELLS:
        quarters = rng.random((-(-n_steps // 4), n_lanes)) < rng.uniform(0.1, 0.8)
        is_known[:] = np.repeat(quarters, 4, axis=0)[:n_steps]
    return is_known


def padded(examples: Sequence[Batch]) -> Batch:
    """Return examples as a batch; padding counts as known, so that nothing is learned from it."""
    longest = max(len(example["symbols"]) for example in examples)
    batch = {}
    for name in examples[0]:
        value = name == "is_known"
        batch[name] = np.stack(
            [
                np.pad(example[name], ((0, longest - len(example[name])), (0, 0)), constant_values=value)
                for example in examples
            ]
        )
    return batch


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
    scores, failed = _read(assign_splits(entries, by="group", valid=data.valid_fraction, test=0.0))
    if not scores:
        raise BadFolder(f"None of the scores can be used; {failed[0] if failed else 'the folder has none'}.")
    layout = common_layout([score for _, score in scores]) if data.layout == "auto" else data.layout
    model = replace(recipe.model, layout=layout)
    if data.layout == "auto" and layout == "voices":
        model = replace(model, n_voices=max(_n_voices(score) for _, score in scores))
    if layout == "voices":  # also of a base whose voices have other names
        model = with_voices(model, [score for _, score in scores])
    grids, entries_left = [], []
    for entry, score in scores:
        try:
            grids.append(grid_of(score, model))
            entries_left.append(entry)
        except BadSetting as error:
            failed.append(Failed(entry.path, str(error)))
    if not grids:
        raise BadFolder(f"None of the scores can be used; {failed[0]}")
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
        failed=tuple(failed),
        batches=batches(train),
        valid=batches(valid[:MAX_VALID_PIECES]).all() if valid else (),
    )


def _read(entries: Sequence[Entry]) -> tuple[list[tuple[Entry, Score]], list[Failed]]:
    scores, failed = [], []
    for entry in entries:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ScoreWarning)
                scores.append((entry, read_score(entry.path)))
        except BadScore as error:
            failed.append(Failed(entry.path, str(error)))
    return scores, failed


def common_layout(scores: Sequence[Score]) -> Layout:
    """Return the layout of most scores: drums alone, several tracks of one voice each, else a melody with chords."""
    return Counter(map(_layout, scores)).most_common(1)[0][0]


def with_voices(model: ComposerConfig, scores: Sequence[Score]) -> ComposerConfig:
    """Return the settings with names and programs of voices, from high to low, where most scores share the names."""
    named = Counter(frozenset(track.name for track in pitched(score)) for score in scores)
    names, n_scores = named.most_common(1)[0]
    if len(names) != model.n_voices or "" in names or 2 * n_scores <= len(scores):
        return model
    tracks = {name: [track for score in scores for track in pitched(score) if track.name == name] for name in names}
    heights = {name: np.concatenate([track.notes["pitch"] for track in tracks[name]]).mean() for name in names}
    voices = tuple(sorted(names, key=lambda name: (-heights[name], name)))
    programs = tuple(Counter(track.program for track in tracks[name]).most_common(1)[0][0] for name in voices)
    return replace(model, voices=voices, programs=programs if any(programs) else ())


def _layout(score: Score) -> Layout:
    tracks = [track for track in score.tracks if len(track.notes)]
    if tracks and all(track.is_drum for track in tracks):
        return "drums"
    return "voices" if _n_voices(score) > 1 else "lead-sheet"


def _n_voices(score: Score) -> int:
    """Return the number of tracks, if each is a voice, else 1."""
    tracks = pitched(score)
    return len(tracks) if tracks and all(map(is_monophonic, tracks)) else 1
