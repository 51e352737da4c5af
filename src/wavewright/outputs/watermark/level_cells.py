"""The second layer of the mark, in speech: cells of time and frequency are louder or quieter by keyed signs.

Levels survive what noise does not: stretching, another pitch, reverberation, vocoders. The cells repeat every 2.56 s.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from .carrier import FrameGrid, frame_grid
from .sequences import keyed_signs

CELL_S = 0.08
N_CELLS = 32
"""Cells of a period, 2.56 s."""

LOWEST_CELL_HZ = 300.0
CELLS_PER_OCTAVE = 8
N_CELL_BANDS = 35
"""Up to 6200 Hz."""

CELL_GAIN_DB = 1.1
"""By which cells are louder or quieter than their mean."""

MEAN_GAIN_DB = -10.0 * math.log10(math.cosh(CELL_GAIN_DB * math.log(10.0) / 10.0))
"""Mean of the gains, at which cells of both signs together have the power of the sound."""


@lru_cache(maxsize=16)
def cell_signs(key: str) -> np.ndarray:
    """Return the signs of the cells of a period ``(N_CELLS, N_CELL_BANDS)``."""
    return keyed_signs(key, "levels", N_CELLS * N_CELL_BANDS).reshape(N_CELLS, N_CELL_BANDS)


class LevelCells:
    """Changes of the spectra of frames by the gains of their cells.

    Parameters
    ----------
    grid
        Frames and bins of the mark.
    key
        What the signs are made of.
    """

    def __init__(self, grid: FrameGrid, key: str) -> None:
        self._grid = grid
        frequencies = np.arange(grid.first_bin, grid.n_bins) * grid.sample_rate / (2 * grid.hop_length)
        bands = np.floor(CELLS_PER_OCTAVE * np.log2(frequencies / LOWEST_CELL_HZ)).astype(int)
        is_inside = (bands >= 0) & (bands < N_CELL_BANDS)
        signs = np.where(is_inside, cell_signs(key)[:, np.clip(bands, 0, N_CELL_BANDS - 1)], 0.0)
        gains_db = np.where(signs != 0.0, MEAN_GAIN_DB + CELL_GAIN_DB * signs, 0.0)
        self._changes = (10.0 ** (gains_db / 20) - 1.0).astype(np.float32)

    def changes(self, first: int, n_frames: int) -> np.ndarray:
        """Return the gains minus 1 of frames ``(n_frames, bins)``; frame ``i`` starts at sample ``i * hop_length``."""
        centres = np.arange(first + 1, first + 1 + n_frames) * self._grid.hop_length / self._grid.sample_rate
        return np.asarray(self._changes[np.floor(centres / CELL_S + 1e-9).astype(int) % N_CELLS])


@lru_cache(maxsize=32)
def level_cells(sample_rate: int, key: str) -> LevelCells:
    """Return the cells for a sample rate and a key, computed once."""
    return LevelCells(frame_grid(sample_rate), key)
