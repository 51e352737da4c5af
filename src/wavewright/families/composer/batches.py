"""Batches of crops of pieces in random keys, of which some cells ahead are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ...contracts.recipe import Batch
from ...ranges import RangedSettings, ranged
from .config import ComposerConfig
from .grid import Grid, longest_matches, plan_features, previous_symbols, step_features
from .vocabulary import FIRST_NOTE

OPEN, SPANS, LANES, CELLS = range(4)
"""Kinds of examples: nothing is known ahead, whole spans are, whole voices, or single quarters of voices."""


@dataclass(frozen=True)
class ComposerDataSettings(RangedSettings):
    """Selection, cropping and augmentation of scores; raises BadSetting for a number out of its range."""

    layout: Literal["auto", "voices", "lead-sheet", "drums"] = "auto"  # of the grid; auto: that of most scores
    valid_fraction: float = ranged(0.1, 0.0, 0.9)  # of the scores, for validation
    crop_steps: int = ranged(192, 8, 8_192)  # sixteenths of a training example
    max_shift: int = ranged(6, 0, 12)  # semitones by which examples are transposed at most
    tempo_fraction: float = ranged(0.05, 0.0, 1.0)  # of the examples have notes of twice the length
    known_fraction: float = ranged(0.5, 0.0, 1.0)  # of the examples, of which something ahead is known


class Pieces:
    """Pieces with what does not depend on their key.

    Parameters
    ----------
    grids
        The pieces.
    config
        Of the model.
    """

    def __init__(self, grids: Sequence[Grid], config: ComposerConfig) -> None:
        self.grids, self.config = tuple(grids), config
        self.lengths = np.array([len(grid) for grid in grids])
        self.matches = [longest_matches(grid.symbols, grid.is_held) for grid in grids]
        self.room = [self._room(grid) for grid in grids]

    def _room(self, grid: Grid) -> tuple[int, int]:
        """Return the semitones by which a piece can be moved down and up within the vocabulary."""
        vocabulary = self.config.vocabulary
        notes = grid.symbols[vocabulary.is_note(grid.symbols)]
        if not len(notes) or not self.config.has_notes:
            return 0, 0
        return FIRST_NOTE - int(notes.min()), vocabulary.n_notes - int(notes.max())

    def piece(self, row: int, semitones: int) -> Batch:
        """Return the arrays of a piece without a plan, the first dimension its steps."""
        grid = self.grids[row].transposed(self.config.vocabulary, semitones)
        return {
            "features": step_features(self.config, grid, self.matches[row]),
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
        examples = [self._open(self.pieces.piece(int(row), 0), self.pieces.grids[row].bar_steps) for row in order]
        return tuple(padded(examples[first : first + 4]) for first in range(0, len(examples), 4))

    def _example(self, row: int, rng: np.random.Generator) -> Batch:
        low, high = self.pieces.room[row]
        limit, length, crop = self.settings.max_shift, int(self.pieces.lengths[row]), self.settings.crop_steps
        piece = self.pieces.piece(row, int(rng.integers(max(low, -limit), max(min(high, limit), 0) + 1)))
        start = int(rng.integers(0, max(length - crop, 0) + 1))
        kind = int(rng.integers(SPANS, CELLS + 1)) if rng.random() < self.settings.known_fraction else OPEN
        is_open_ended = bool(rng.random() < 0.5)
        bar_steps = self.pieces.grids[row].bar_steps
        piece = {name: array[start : start + crop] for name, array in piece.items()}
        is_known = known_cells(kind, len(piece["symbols"]), self.pieces.config.n_lanes, rng)
        left = (length - 1 - np.arange(start, start + len(is_known))) // bar_steps
        return self._planned(piece, is_known, np.full_like(left, -1) if is_open_ended else left)

    def _open(self, piece: Batch, bar_steps: int) -> Batch:
        is_known = np.zeros(piece["symbols"].shape, bool)
        return self._planned(piece, is_known, np.full(len(is_known), -1))

    def _planned(self, piece: Batch, is_known: np.ndarray, bars_left: np.ndarray) -> Batch:
        config = self.pieces.config
        if config.has_plan:
            known = np.where(is_known, 2 * piece["symbols"] + piece["is_held"], 2 * config.vocabulary.unknown)
            plan = plan_features(config, known, bars_left)
            piece = {**piece, "features": np.concatenate([piece["features"], plan], axis=1)}
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
