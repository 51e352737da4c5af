"""Spectra of periodic waves (classic ones, lists of harmonics, any period), and wavetables without aliases."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from ..base.errors import BadAudio, BadSetting
from ..base.names import quoted

MAX_HARMONICS = 1_024
SMALLEST_PEAK = 1e-9


def sine_spectrum(n_harmonics: int = MAX_HARMONICS) -> np.ndarray:
    """Return the spectrum of a sine, see :func:`wave_spectrum`."""
    return _sines(np.where(_numbers(n_harmonics) == 1, 1.0, 0.0))


def saw_spectrum(n_harmonics: int = MAX_HARMONICS) -> np.ndarray:
    """Return the spectrum of a saw that rises from -1 to 1 in each period, see :func:`wave_spectrum`."""
    return _sines(-2.0 / (math.pi * _numbers(n_harmonics)))


def square_spectrum(n_harmonics: int = MAX_HARMONICS) -> np.ndarray:
    """Return the spectrum of a square wave that begins with 1, see :func:`wave_spectrum`."""
    numbers = _numbers(n_harmonics)
    return _sines(np.where(numbers % 2 == 1, 4.0 / (math.pi * numbers), 0.0))


def triangle_spectrum(n_harmonics: int = MAX_HARMONICS) -> np.ndarray:
    """Return the spectrum of a triangle that begins at 0 and rises, see :func:`wave_spectrum`."""
    numbers = _numbers(n_harmonics)
    signs = np.where(numbers % 4 == 1, 1.0, -1.0)
    return _sines(np.where(numbers % 2 == 1, 8.0 * signs / (math.pi * numbers) ** 2, 0.0))


CLASSIC_WAVES: dict[str, Callable[[int], np.ndarray]] = {
    "sine": sine_spectrum,
    "triangle": triangle_spectrum,
    "saw": saw_spectrum,
    "square": square_spectrum,
}
"""Spectra by the name of the wave."""


def wave_spectrum(name: str, n_harmonics: int = MAX_HARMONICS) -> np.ndarray:
    """Return the spectrum of a classic wave.

    - ``name``: ``sine``, ``triangle``, ``saw`` or ``square``.
    - returns: ``(1 + n_harmonics,)`` complex128: the wave at phase ``t`` is the sum of ``Re(c[k] exp(2 pi i k t))``.

    Raises BadSetting for another name.
    """
    if name not in CLASSIC_WAVES:
        raise BadSetting(f"There is no wave {quoted(name)}; waves are {', '.join(CLASSIC_WAVES)}.")
    return CLASSIC_WAVES[name](n_harmonics)


def harmonic_spectrum(amplitudes: Sequence[float] | np.ndarray) -> np.ndarray:
    """Return the spectrum of sines whose amplitudes are given from the fundamental on; its wave has a peak of 1."""
    spectrum = np.zeros(1 + min(len(amplitudes), MAX_HARMONICS), np.complex128)
    spectrum[1:] = -1j * np.asarray(amplitudes, np.float64)[:MAX_HARMONICS]
    return with_unit_peak(spectrum)


def period_spectrum(period: np.ndarray, n_harmonics: int = MAX_HARMONICS) -> np.ndarray:
    """Return the spectrum of one period of a wave, without its mean.

    - ``period``: ``(time,)`` of any length of at least 2 samples.
    - ``n_harmonics``: most harmonics that are kept; a period has fewer than half as many as samples.
    - returns: ``(1 + harmonics,)`` complex128, see :func:`wave_spectrum`.

    Raises BadAudio if the period is too short, not finite, or constant.
    """
    period = np.asarray(period, np.float64)
    if period.ndim != 1 or len(period) < 2:
        raise BadAudio(f"One period has the shape {period.shape}; give at least 2 numbers in one row.")
    if not np.isfinite(period).all():
        raise BadAudio("The period has values that are NaN or infinite; a wave needs finite numbers.")
    period = period - period.mean()
    if np.abs(period).max() < SMALLEST_PEAK:
        raise BadAudio("The period is constant, which is silence; give a wave that varies.")
    spectrum = np.fft.rfft(period) * (2.0 / len(period))
    n = max(1, min(n_harmonics, (len(period) - 1) // 2))
    return np.concatenate([[0.0], spectrum[1 : 1 + n]])


def with_unit_peak(spectrum: np.ndarray) -> np.ndarray:
    """Return a spectrum scaled so that the largest absolute value of its wave is 1; silence is unchanged."""
    size = 1 << max(8, math.ceil(math.log2(8 * len(spectrum))))
    peak = float(np.abs(np.fft.irfft(spectrum, size)).max()) * size / 2.0
    return spectrum / peak if peak > SMALLEST_PEAK else spectrum


def _numbers(n_harmonics: int) -> np.ndarray:
    return np.arange(1, n_harmonics + 1, dtype=np.float64)


def _sines(amplitudes: np.ndarray) -> np.ndarray:
    return np.concatenate([[0.0], -1j * amplitudes])


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
