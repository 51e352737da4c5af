"""Fingerprints of one second of sound, and their distances at any offset and a few semitones up or down."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from ..audio.clip import Clip
from ..dsp.spectrum import spectrogram

SAMPLE_RATE = 16_000
N_FFT = 1024
HOP_LENGTH = 320
FRAMES_PER_CELL = 2
CELL_SECONDS = FRAMES_PER_CELL * HOP_LENGTH / SAMPLE_RATE

LOWEST_HZ = 110.0
N_BANDS = 72
"""Bands a semitone apart and eight wide, six octaves. Every other one is compared."""

HALF_WIDTH = 4 / 12
"""Octaves. Narrower bands separate the harmonics of voices, which a model with a vocoder does not copy exactly."""

WINDOW_CELLS = 25
"""Cells of a window, one second; a shorter clip is one window."""

WINDOW_HOP = 12
"""Cells between the windows of a long clip."""

MIN_CELLS = 3
"""Cells of the shortest window, 0.12 s: shorter sounds are like many others."""

RANGE_DB = 30.0
"""CellLevels further below the loudest cell of a window do not count: there, noise and coding differ."""

SILENCE_DB = 40.0
"""Cells at the start and end of a clip, and windows, whose loudest band is further below its maximum are silent."""

SEMITONES = (-2, -1, 0, 1, 2)
"""Pitches of a window above that of a recording."""

MARGIN = max(SEMITONES)
PADDING = 2  # silent cells around a reference, so that windows may start before it
QUIETEST = 1e-10  # power
BLOCK_WINDOWS = 8_192


@dataclass(frozen=True)
class CellLevels:
    """CellLevels in dB of the cells of a clip ``(cells, N_BANDS)`` without silence at both ends, and its first cell."""

    cells: np.ndarray
    start: int = 0


@dataclass(frozen=True)
class Match:
    """Where a window is most like a reference."""

    distance_db: float  # root mean square difference of the cells in which one of the two sounds
    seconds: float  # start in the reference
    semitones: int  # pitch of the window above that of the reference, one of SEMITONES


def levels_of(wave: np.ndarray, sample_rate: int) -> CellLevels:
    """Return the levels of a wave ``(time,)``; no cells for silence."""
    wave = Clip(wave[None], sample_rate).resample(SAMPLE_RATE).wave[0]
    power = filters() @ spectrogram(wave, N_FFT, HOP_LENGTH)
    n_cells = max(1, power.shape[1] // FRAMES_PER_CELL)
    power = power[:, : n_cells * FRAMES_PER_CELL].reshape(N_BANDS, n_cells, -1).mean(axis=2)
    cells = (10 * np.log10(power + QUIETEST)).T.astype(np.float32)
    loudest = cells.max(axis=1)
    if loudest.max() <= 10 * np.log10(QUIETEST) + 1:
        return CellLevels(cells[:0])
    sounding = np.flatnonzero(loudest > loudest.max() - SILENCE_DB)
    return CellLevels(cells[sounding[0] : sounding[-1] + 1], int(sounding[0]))


@cache
def filters() -> np.ndarray:
    """Return triangular filters on a logarithmic frequency axis ``(N_BANDS, bins)``, at least a bin wide."""
    centres = np.log2(LOWEST_HZ) + np.arange(N_BANDS) / 12
    bin_hz = SAMPLE_RATE / N_FFT
    bins = np.log2(np.arange(1, N_FFT // 2 + 1) * bin_hz)
    widths = np.maximum(HALF_WIDTH, np.log2(1 + bin_hz / 2**centres))
    weights = np.maximum(0, 1 - np.abs(bins - centres[:, None]) / widths[:, None])
    return np.pad(weights / weights.sum(axis=1, keepdims=True), ((0, 0), (1, 0))).astype(np.float32)


def windows_of(levels: CellLevels) -> list[tuple[int, np.ndarray]]:
    """Return the windows of a clip, each with its first cell in the clip; without silent ones; none for silence."""
    cells = levels.cells
    if len(cells) < MIN_CELLS:
        return []
    length = min(WINDOW_CELLS, len(cells))
    starts = range(0, len(cells) - length + 1, WINDOW_HOP)
    quietest = cells.max() - SILENCE_DB
    return [
        (levels.start + start, cells[start : start + length])
        for start in starts
        if cells[start : start + length].max() > quietest
    ]


def distances(windows: Sequence[np.ndarray], references: Sequence[CellLevels]) -> np.ndarray:
    """Return the distance ``(n, m)`` in dB of each window from each reference, at the best offset and pitch.

    Windows are those of :func:`windows_of`; a silent reference is infinitely far.
    """
    result = np.full((len(windows), len(references)), np.inf, np.float32)
    lengths = np.array([len(window) for window in windows])
    for length in sorted(set(lengths.tolist())):
        rows = np.flatnonzero(lengths == length)
        shifted = [_Cells.of(_compared(np.stack([windows[int(row)] for row in rows]), each)) for each in SEMITONES]
        for owners, cells in _reference_blocks(references, length):
            firsts = np.flatnonzero(np.diff(owners, prepend=-1))
            nearest = np.min([np.minimum.reduceat(each.distances(cells), firsts, axis=1) for each in shifted], axis=0)
            columns = np.ix_(rows, owners[firsts])
            result[columns] = np.minimum(result[columns], nearest)
    return result


def locate(window: np.ndarray, reference: CellLevels) -> Match:
    """Return where a window ``(cells, N_BANDS)`` is most like a reference that is not silent."""
    cells = _Cells.of(_compared(_reference_windows(reference, len(window))))
    by_pitch = [_Cells.of(_compared(window[None], each)).distances(cells)[0] for each in SEMITONES]
    row, column = np.unravel_index(np.argmin(by_pitch), (len(SEMITONES), len(by_pitch[0])))
    start = max(0, reference.start + int(column) - PADDING)
    return Match(float(by_pitch[row][column]), start * CELL_SECONDS, SEMITONES[row])


@dataclass(frozen=True)
class _Cells:
    """Windows as rows: dB above the floor, which cells sound, and sums of both."""

    above: np.ndarray
    sounding: np.ndarray
    energies: np.ndarray
    counts: np.ndarray

    @classmethod
    def of(cls, windows: np.ndarray) -> _Cells:
        """Return windows ``(n, cells, bands)`` above a floor RANGE_DB below the loudest cell of each."""
        loudest = windows.max(axis=(1, 2), keepdims=True)
        above = np.maximum(windows - loudest + RANGE_DB, 0).reshape(len(windows), -1).astype(np.float32)
        sounding = (above > 0).astype(np.float32)
        return cls(above, sounding, np.square(above).sum(axis=1), sounding.sum(axis=1))

    def distances(self, others: _Cells) -> np.ndarray:
        """Return the distances ``(n, m)`` in dB over the cells in which one of the two sounds."""
        squares = self.energies[:, None] + others.energies - 2 * self.above @ others.above.T
        counts = self.counts[:, None] + others.counts - self.sounding @ others.sounding.T
        result: np.ndarray = np.sqrt(np.maximum(squares, 0) / np.maximum(counts, 1))
        return result


def _compared(windows: np.ndarray, semitones: int = 0) -> np.ndarray:
    """Return the bands of windows ``(n, cells, N_BANDS)`` that are compared: semitones above the references'."""
    return windows[:, :, MARGIN + semitones : N_BANDS - MARGIN + semitones : 2]


def _reference_windows(reference: CellLevels, length: int) -> np.ndarray:
    """Return all windows of a reference ``(n, length, N_BANDS)``, one for each cell, with silence around it."""
    n_after = max(PADDING, length - len(reference.cells) - PADDING)
    silent = reference.cells.max() - 2 * SILENCE_DB
    padded = np.pad(reference.cells, ((PADDING, n_after), (0, 0)), constant_values=silent)
    return np.lib.stride_tricks.sliding_window_view(padded, length, axis=0).transpose(0, 2, 1)


def _reference_blocks(references: Sequence[CellLevels], length: int) -> Iterator[tuple[np.ndarray, _Cells]]:
    """Yield the windows of all references in blocks: the number of the reference of each, and its cells."""
    owners: list[np.ndarray] = []
    blocks: list[np.ndarray] = []
    for number, reference in enumerate(references):
        if len(reference.cells):
            windows = _reference_windows(reference, length)
            windows = windows[windows.max(axis=(1, 2)) > reference.cells.max() - SILENCE_DB]
            owners.append(np.full(len(windows), number))
            blocks.append(_compared(windows))
        if sum(map(len, owners)) >= BLOCK_WINDOWS or number == len(references) - 1:
            if owners:
                yield np.concatenate(owners), _Cells.of(np.concatenate(blocks))
            owners, blocks = [], []
