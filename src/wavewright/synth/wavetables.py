"""Wavetables: each wave at several bandwidths, so that a read at any pitch has no aliases."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from ..base.errors import BadSetting
from .spectra import CLASSIC_WAVES, MAX_HARMONICS, wave_spectrum

LEVELS_PER_OCTAVE = 4
DENSE_LEVELS = 8
"""Levels of 1, 2, 3 ... harmonics before those in steps of a fraction of an octave."""

POINTS_PER_HARMONIC = 16
"""Samples of a table in a period of its highest harmonic: cubic interpolation is then right to about -65 dB of it."""

SMALLEST_SIZE = 1_024
GUARD_BEFORE, GUARD_AFTER = 1, 2
"""Samples beside the period that the interpolation reads."""

MAX_FRAMES = 64


@dataclass(frozen=True, eq=False)
class Wavetables:
    """One or more waves, the frames, as tables of fewer and fewer harmonics."""

    samples: np.ndarray
    """Float32 ``(points,)``: the tables of all frames, one after another, each with guard points on both sides."""
    offsets: np.ndarray  # int64 ``(frames, levels)``: position of the first sample of each period
    shifts: np.ndarray  # int64 ``(levels,)``: 32 minus the base-2 logarithm of a table's length
    level_of: np.ndarray  # int64 ``(1 + harmonics,)``: the table for waves of at most so many harmonics

    @property
    def n_frames(self) -> int:
        """Number of waves."""
        return len(self.offsets)


def make_wavetables(spectra: Sequence[np.ndarray]) -> Wavetables:
    """Make tables from the spectra ``(1 + harmonics,)`` of waves, see :func:`.spectra.wave_spectrum`, without mean.

    Raises BadSetting if there are no spectra, or too many.
    """
    if not 1 <= len(spectra) <= MAX_FRAMES:
        raise BadSetting(f"A wavetable has {len(spectra)} frames; it needs 1 to {MAX_FRAMES}.")
    n_harmonics = max(1, min(MAX_HARMONICS, max(len(spectrum) - 1 for spectrum in spectra)))
    numbers = level_harmonics(n_harmonics)
    sizes = [max(SMALLEST_SIZE, 1 << math.ceil(math.log2(POINTS_PER_HARMONIC * number))) for number in numbers]
    stride = sum(size + GUARD_BEFORE + GUARD_AFTER for size in sizes)
    samples = np.empty(len(spectra) * stride, np.float32)
    offsets = np.empty((len(spectra), len(sizes)), np.int64)
    position = 0
    for frame, spectrum in enumerate(spectra):
        for level, (number, size) in enumerate(zip(numbers, sizes, strict=True)):
            period = _period(spectrum, number, size)
            padded = np.concatenate([period[-GUARD_BEFORE:], period, period[:GUARD_AFTER]])
            samples[position : position + len(padded)] = padded
            offsets[frame, level] = position + GUARD_BEFORE
            position += len(padded)
    shifts = np.array([32 - (size.bit_length() - 1) for size in sizes], np.int64)
    level_of = np.searchsorted(numbers, np.arange(n_harmonics + 1), side="right") - 1
    return Wavetables(samples, offsets, shifts, level_of.astype(np.int64))


def level_harmonics(n_harmonics: int) -> list[int]:
    """Return the numbers of harmonics of the tables of a wave, rising."""
    numbers = list(range(1, min(DENSE_LEVELS, n_harmonics) + 1))
    step = 0
    while numbers[-1] < n_harmonics:
        step += 1
        numbers.append(min(n_harmonics, round(DENSE_LEVELS * 2.0 ** (step / LEVELS_PER_OCTAVE))))
    return numbers


@cache
def classic_tables(name: str) -> Wavetables:
    """Return the tables of a classic wave, see :data:`.spectra.CLASSIC_WAVES`; made once."""
    return make_wavetables([wave_spectrum(name)])


@cache
def classic_morph() -> Wavetables:
    """Return the classic waves as the frames of one wavetable: sine, triangle, saw, square."""
    return make_wavetables([wave_spectrum(name, 512) for name in CLASSIC_WAVES])


def _period(spectrum: np.ndarray, n_harmonics: int, size: int) -> np.ndarray:
    bins = np.zeros(size // 2 + 1, np.complex128)
    n = min(n_harmonics, len(spectrum) - 1)
    bins[1 : 1 + n] = spectrum[1 : 1 + n]
    return np.fft.irfft(bins, size) * (size / 2.0)
