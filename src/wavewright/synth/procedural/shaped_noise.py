"""Noise of any spectrum, the same waveform below Nyquist at every sample rate, without an end or around a loop."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from .timeline import CELL_SECONDS, Timeline

Spectrum: TypeAlias = Callable[[np.ndarray], np.ndarray]
"""Level in dB of a noise at frequencies in Hz, relative: only the shape counts."""

REFERENCE_HZ = (20.0, 20_000.0)
"""Band in which a noise has an RMS level of 1; nothing is below it."""

SILENT_DB = 70.0
"""Level below the maximum of a spectrum from which on higher frequencies are left out."""

FRAME_SECONDS = 2 * CELL_SECONDS
"""Length of the inverse Fourier transform."""

N_POINTS = 400
"""Points of a spectrum at which its power is integrated."""


def points(*levels: tuple[float, float]) -> Spectrum:
    """Return the spectrum that joins points ``(frequency in Hz, dB)`` by straight lines over the logarithm.

    It is constant below the first point; above the last one the last line goes on.
    """
    frequencies_hz, levels_db = np.array(levels).T
    octave = np.log2(frequencies_hz)
    last_slope = (levels_db[-1] - levels_db[-2]) / (octave[-1] - octave[-2])

    def level_db(frequency_hz: np.ndarray) -> np.ndarray:
        joined = np.interp(np.log2(frequency_hz), octave, levels_db)
        return np.asarray(joined + last_slope * np.maximum(0.0, np.log2(frequency_hz) - octave[-1]))

    return level_db


def octaves(*levels: tuple[float, float]) -> Spectrum:
    """Return the spectrum whose octave bands have the levels ``(centre in Hz, dB)``; see :func:`points`."""
    return points(*((centre_hz, level_db - 10 * float(np.log10(centre_hz))) for centre_hz, level_db in levels))


def power(spectrum: Spectrum) -> float:
    """Return the power of a spectrum in the reference band."""
    frequency_hz = np.geomspace(*REFERENCE_HZ, N_POINTS)
    return float(np.trapezoid(10 ** (spectrum(frequency_hz) / 10), frequency_hz))


def highest_frequency(spectrum: Spectrum) -> float:
    """Return the frequency in Hz above which a spectrum is negligible."""
    frequency_hz = np.geomspace(REFERENCE_HZ[0], 48_000.0, N_POINTS)
    level_db = spectrum(frequency_hz)
    return float(frequency_hz[level_db > level_db.max() - SILENT_DB][-1])


class ShapedNoise:
    """Gaussian noise cell by cell, in several spectra of unit power.

    A frame of two cells is the inverse Fourier transform of random coefficients, drawn in the order of their
    frequencies; frames overlap by half under windows whose squares sum to one, so that the noise is stationary.

    Parameters
    ----------
    timeline : Timeline
        Cells.
    layer : str
        Name of the random numbers; common to the spectra, not to the channels.
    spectra : sequence of Spectrum
        At least one.
    n_channels : int
        Independent channels.
    """

    def __init__(self, timeline: Timeline, layer: str, spectra: Sequence[Spectrum], n_channels: int = 1) -> None:
        self._timeline = timeline
        self._layers = [f"{layer} {channel}" for channel in range(n_channels)]
        step_hz = 1 / FRAME_SECONDS
        n_bins = round(timeline.sample_rate / 2 / step_hz)  # the bin at Nyquist is left out
        frequency_hz = np.arange(1, n_bins) * step_hz
        self._amplitudes = []
        for spectrum in spectra:
            audible = frequency_hz[frequency_hz <= highest_frequency(spectrum)]
            amplitude = np.sqrt(10 ** (spectrum(audible) / 10) * step_hz / power(spectrum)) / 2
            amplitude[audible < REFERENCE_HZ[0]] = 0.0
            self._amplitudes.append(amplitude.astype(np.float32))
        self._previous: tuple[int, np.ndarray] | None = None  # number and samples of the frame of the cell before

    def cell(self, cell: int) -> np.ndarray:
        """Return the noise of a cell, ``(spectra, channels, time)`` float32; quickest where cells follow each other."""
        if self._previous is None or self._previous[0] != cell - 1:
            self._previous = (cell - 1, self.frame(cell - 1))
        before, frame = self._previous[1], self.frame(cell)
        self._previous = (cell, frame)
        n_samples = self._timeline.n_samples_of(cell)
        n_before = self._timeline.n_samples_of(cell - 1)
        rising, falling = _windows(n_samples)
        noise: np.ndarray = frame[..., :n_samples] * rising
        noise += before[..., n_before : n_before + n_samples] * falling
        return noise

    def frame(self, cell: int) -> np.ndarray:
        """Return the frame of noise that starts with a cell, ``(spectra, channels, time)`` float32."""
        from scipy.fft import irfft  # slow to import

        n_samples = round(FRAME_SECONDS * self._timeline.sample_rate)
        frame = np.empty((len(self._amplitudes), len(self._layers), n_samples), np.float32)
        n_drawn = max(map(len, self._amplitudes))
        for channel, layer in enumerate(self._layers):
            drawn = self._timeline.rng(layer, cell).standard_normal(2 * n_drawn, np.float32).view(np.complex64)
            for row, amplitude in enumerate(self._amplitudes):
                coefficients = np.zeros(n_samples // 2 + 1, np.complex64)
                coefficients[1 : len(amplitude) + 1] = drawn[: len(amplitude)] * amplitude
                frame[row, channel] = irfft(coefficients, n_samples, norm="forward")
        return frame


@functools.lru_cache(maxsize=4)
def _windows(n_samples: int) -> tuple[np.ndarray, np.ndarray]:
    """Return two gains whose squares sum to one, rising and falling, each ``(n_samples,)`` float32."""
    angle = (np.arange(n_samples) + 0.5) * (np.pi / 2 / n_samples)
    return np.sin(angle).astype(np.float32), np.cos(angle).astype(np.float32)
