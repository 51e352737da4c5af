"""Traits that a model is conditioned on: density, register, polyphony and difficulty of a piece, by five levels.

A level is a fifth of what the training scores have: level 4 of the density is as dense as their densest fifth.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ...contracts.composition import TRAITS
from .config import N_LEVELS, UNKNOWN_LEVEL, ComposerConfig
from .grid import STEPS_PER_QUARTER, Grid

MIN_STEPS = 32  # of a given part whose traits are those of the whole
MAX_LEAP = 12  # semitones, of the leaps that are hard
OFF_BEAT, SHORT = 4.0, 4.0  # semitones of leaps that are as hard as notes off the beat, and as notes of a sixteenth


def traits_of(grid: Grid, config: ComposerConfig, first_step: int = 0) -> np.ndarray:
    """Measure the traits of a piece, or of its part from a step on, ``(len(TRAITS),)``; NaN where nothing sounds.

    - density: notes, or strokes, that begin in a quarter.
    - register: mean pitch of the highest voice, as a symbol; 0 of drums.
    - polyphony: voices, or drums, that sound at once, over the steps that are not silent.
    - difficulty: mean leap of the voices in semitones, and how many notes begin off the beat or last a sixteenth.
    """
    vocabulary = config.vocabulary
    lanes = [0] if config.layout == "lead-sheet" else range(config.n_lanes)
    symbols, is_held = grid.symbols[:, lanes], grid.is_held[:, lanes]
    is_note = vocabulary.is_note(symbols)
    if not is_note.any():
        return np.full(len(TRAITS), np.nan)
    begins = is_note & ~is_held
    n_begins = max(int(begins.sum()), 1)
    n_sounding = is_note.sum(1)
    is_off_beat = np.arange(first_step, first_step + len(grid))[:, None] % STEPS_PER_QUARTER > 0
    goes_on = np.concatenate([is_held[1:], np.zeros_like(is_held[:1])])
    melody = symbols[is_note[:, 0], 0]
    return np.array(
        [
            begins.sum() * STEPS_PER_QUARTER / len(grid),
            melody.mean() if config.has_notes and len(melody) else 0.0,
            n_sounding[n_sounding > 0].mean(),
            _mean_leap(symbols, begins) * config.has_notes
            + OFF_BEAT * (begins & is_off_beat).sum() / n_begins
            + SHORT * (begins & ~goes_on).sum() / n_begins * config.has_notes,
        ]
    )


def _mean_leap(symbols: np.ndarray, begins: np.ndarray) -> float:
    """Return the mean interval between successive notes of a voice, in semitones."""
    leaps = [np.abs(np.diff(symbols[begins[:, lane], lane])) for lane in range(symbols.shape[1])]
    joined = np.minimum(np.concatenate(leaps), MAX_LEAP)
    return float(joined.mean()) if len(joined) else 0.0


def level_edges(traits: Iterable[np.ndarray]) -> np.ndarray:
    """Return the values between the levels of each trait, ``(len(TRAITS), N_LEVELS - 1)``: quantiles of pieces."""
    rows = np.array(list(traits)).reshape(-1, len(TRAITS))
    rows = rows[~np.isnan(rows).any(1)]
    if not len(rows):
        return np.zeros((len(TRAITS), N_LEVELS - 1))
    edges: np.ndarray = np.quantile(rows, np.arange(1, N_LEVELS) / N_LEVELS, axis=0).T
    return edges


def levels_of(traits: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return the level of each trait, ``(len(TRAITS),)`` int64; UNKNOWN_LEVEL where nothing sounds."""
    levels = (traits[:, None] > edges).sum(1)
    return np.where(np.isnan(traits), UNKNOWN_LEVEL, levels)


def level_at(position: float | None) -> int:
    """Return the level of a position between 0 and 1; UNKNOWN_LEVEL for None."""
    return UNKNOWN_LEVEL if position is None else min(int(position * N_LEVELS), N_LEVELS - 1)


def levels_of_known(grid: Grid, is_known: np.ndarray, config: ComposerConfig, edges: np.ndarray) -> np.ndarray:
    """Return the levels of the steps of a piece of which every cell is known; unknown ones if they are few."""
    steps = np.flatnonzero(is_known.all(1))
    if len(steps) < MIN_STEPS:
        return np.full(len(TRAITS), UNKNOWN_LEVEL)
    part = Grid(grid.symbols[steps], grid.is_held[steps], grid.bar_steps)
    return levels_of(traits_of(part, config), edges)
