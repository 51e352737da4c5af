"""The splits of Boulanger-Lewandowski et al. (2012) as grids: chorales and folk tunes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from wavewright.families.composer.config import ComposerConfig
from wavewright.families.composer.grid import (
    Grid,
    longest_matches,
    open_features,
    previous_symbols,
)
from wavewright.families.composer.vocabulary import FIRST_NOTE, REST

SPLITS = ("train", "valid", "test")
LOWEST_KEY = 21  # MIDI number of the first column of a piano roll


@dataclass(frozen=True)
class Corpus:
    """Pieces of each split.

    Attributes
    ----------
    config
        Configuration whose grid the pieces have.
    pieces
        By the name of their split.
    is_sorted
        The voices of a step are its notes from low to high, and rests after them.
    """

    config: ComposerConfig
    pieces: dict[str, list[Grid]]
    is_sorted: bool


def piano_rolls(path: Path, config: ComposerConfig, bar_steps: int) -> Corpus:
    """Read piano rolls ``(frames, 88)``: the notes of each frame from low to high are its voices."""
    pieces = {}
    with np.load(path) as arrays:
        for split in SPLITS:
            roll = np.unpackbits(arrays[split], axis=1)[:, :88].astype(bool)
            cells = np.full((len(roll), int(roll.sum(1).max())), REST)
            frames, keys = np.nonzero(roll)
            voices = np.arange(len(frames)) - np.searchsorted(frames, frames)
            cells[frames, voices] = keys + LOWEST_KEY - config.lowest + FIRST_NOTE
            pieces[split] = np.split(cells, np.cumsum(arrays[f"{split}_lengths"])[:-1])
    n_voices = max(each[0].shape[1] for each in pieces.values())
    config = replace(config, layout="voices", n_voices=n_voices)
    grids = {
        split: [_grid(np.pad(each, ((0, 0), (0, n_voices - each.shape[1]))), bar_steps) for each in cells]
        for split, cells in pieces.items()
    }
    return Corpus(config, grids, is_sorted=True)


def chorales(path: Path, config: ComposerConfig) -> Corpus:
    """Read chorales at sixteenths ``(steps, 4)``, MIDI numbers of four voices or -1."""
    with np.load(path) as arrays:
        pieces = {
            split: [
                _grid(np.where(piece < 0, REST, piece.astype(np.int64) - config.lowest + FIRST_NOTE), 16)
                for piece in np.split(arrays[split], np.cumsum(arrays[f"{split}_lengths"])[:-1])
            ]
            for split in SPLITS
        }
    return Corpus(replace(config, layout="voices", n_voices=4), pieces, is_sorted=False)


def _grid(symbols: np.ndarray, bar_steps: int) -> Grid:
    return Grid(symbols, np.concatenate([np.zeros_like(symbols[:1], bool), symbols[1:] == symbols[:-1]]), bar_steps)


class Examples:
    """Crops of pieces in all transpositions of the vocabulary, as arrays for the network."""

    def __init__(self, corpus: Corpus, split: str) -> None:
        self.config, self.is_sorted = corpus.config, corpus.is_sorted
        self.pieces = corpus.pieces[split]
        self.matches = [longest_matches(piece.symbols, piece.is_held) for piece in self.pieces]
        self.lengths = np.array([len(piece) for piece in self.pieces])
        vocabulary = self.config.vocabulary
        notes = [piece.symbols[vocabulary.is_note(piece.symbols)] for piece in self.pieces]
        self.room = [(FIRST_NOTE - int(each.min()), vocabulary.n_notes - int(each.max())) for each in notes]

    def piece(self, index: int, semitones: int = 0) -> dict[str, np.ndarray]:
        """Return the arrays of a piece, without the batch dimension."""
        grid = self.pieces[index].transposed(self.config.vocabulary, semitones)
        features = open_features(self.config, grid, self.matches[index])
        before = previous_symbols(grid.symbols, self.config.vocabulary.unknown)
        return {"features": features, "symbols": grid.symbols, "is_held": grid.is_held, "before": before}

    def batch(self, rng: np.random.Generator, size: int, crop: int, max_shift: int) -> dict[str, np.ndarray]:
        """Return a batch of crops in random transpositions of up to ``max_shift`` semitones."""
        rows = rng.choice(len(self.pieces), size, p=self.lengths / self.lengths.sum())
        crops = []
        for row in rows:
            low, high = self.room[row]
            shift = int(rng.integers(max(low, -max_shift), min(high, max_shift) + 1))
            piece = self.piece(row, shift)
            start = int(rng.integers(min(0, self.lengths[row] - crop), max(self.lengths[row] - crop, 0) + 1))
            crops.append({name: array[max(start, 0) : max(start, 0) + crop] for name, array in piece.items()})
        return padded(crops)


def padded(crops: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Return crops as a batch, with ``mask (batch, steps)``."""
    longest = max(len(crop["symbols"]) for crop in crops)
    batch = {
        name: np.stack([np.pad(crop[name], ((0, longest - len(crop[name])), (0, 0))) for crop in crops])
        for name in crops[0]
    }
    batch["mask"] = np.stack([np.arange(longest) < len(crop["symbols"]) for crop in crops])
    return batch
