"""The carrier at a sample rate, as spectra of windowed frames."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from .payload import CHIP_RATE_HZ, HIGHEST_HARMONIC, LOWEST_HARMONIC, N_CHIPS, PERIOD_S, Payload, carrier_spectrum

FRAMES_PER_PERIOD = (15, 14, 16, 12, 18)
"""Frames of a period, the first number that divides it: frames then repeat, and their spectra are computed once."""

HOP_S = PERIOD_S / FRAMES_PER_PERIOD[0]

NYQUIST_FRACTION = 0.98
"""Highest harmonic in units of half the sample rate."""

BAND_HZ = (200.0, 6_600.0)
BAND_OCTAVES = 1 / 6
MIN_BAND_BINS = 2

MAX_PERIODS = 25
"""Periods after which the carrier repeats at every sample rate: 6 s."""


@dataclass(frozen=True)
class FrameGrid:
    """Frames of two hops with sine windows, and the bands in which the mark follows the level of the sound."""

    sample_rate: int
    hop_length: int  # samples between frames
    band_edges: np.ndarray  # first bin of each band ``(bands,)``
    n_bins: int  # the first bin above the bands

    @property
    def window(self) -> np.ndarray:
        """The window of analysis and of synthesis ``(2 * hop_length,)``; its squares overlap to 1."""
        return np.sin(np.pi * np.arange(2 * self.hop_length) / (2 * self.hop_length)).astype(np.float32)

    @property
    def first_bin(self) -> int:
        """First bin of the bands."""
        return int(self.band_edges[0])

    @property
    def band_sizes(self) -> np.ndarray:
        """Bins of each band ``(bands,)``."""
        return np.diff(self.band_edges, append=self.n_bins)

    def waves(self, spectra: np.ndarray) -> np.ndarray:
        """Return the frames ``(..., 2 * hop_length)`` float32 of spectra in the bins of the bands."""
        whole = np.zeros((*spectra.shape[:-1], self.hop_length + 1), np.complex64)
        whole[..., self.first_bin : self.n_bins] = spectra
        return np.fft.irfft(whole, 2 * self.hop_length).astype(np.float32, copy=False)


@lru_cache(maxsize=16)
def frame_grid(sample_rate: int) -> FrameGrid:
    """Return the frames and bands for a sample rate in Hz."""
    hop_length = round(HOP_S * sample_rate)
    for n_frames in FRAMES_PER_PERIOD:
        if N_CHIPS * sample_rate % (CHIP_RATE_HZ * n_frames) == 0:
            hop_length = N_CHIPS * sample_rate // (CHIP_RATE_HZ * n_frames)
            break
    bins_per_hz = 2 * hop_length / sample_rate
    n_bins = min(int(BAND_HZ[1] * bins_per_hz), hop_length + 1)
    edges = [math.ceil(BAND_HZ[0] * bins_per_hz)]
    while (edge := max(edges[-1] + MIN_BAND_BINS, round(edges[-1] * 2**BAND_OCTAVES))) < n_bins:
        edges.append(edge)
    return FrameGrid(sample_rate, hop_length, np.array(edges), n_bins)


def carrier_wave(sample_rate: int, key: str, payload: Payload) -> np.ndarray:
    """Return as many periods of the carrier ``(time,)`` as are a whole number of samples, one at usual rates."""
    n_periods = MAX_PERIODS // math.gcd(MAX_PERIODS, sample_rate)
    n_samples = n_periods * N_CHIPS * sample_rate // CHIP_RATE_HZ
    bins = n_periods * np.arange(LOWEST_HARMONIC, HIGHEST_HARMONIC)
    inside = bins < NYQUIST_FRACTION * n_samples / 2
    spectrum = np.zeros(n_samples // 2 + 1, complex)
    spectrum[bins[inside]] = carrier_spectrum(key, payload)[inside]
    return np.fft.irfft(spectrum, n_samples) * (n_samples / N_CHIPS)


class CarrierFrames:
    """Spectra of the windowed frames of the carrier of a key and payload, in the bins of the bands, of unit power."""

    def __init__(self, grid: FrameGrid, key: str, payload: Payload) -> None:
        self._grid = grid
        self._wave = carrier_wave(grid.sample_rate, key, payload)
        n_period = N_CHIPS * grid.sample_rate / CHIP_RATE_HZ
        self._n_frames = round(n_period / grid.hop_length)
        self._is_periodic = self._n_frames * grid.hop_length == n_period
        self._table = self._spectra(np.arange(self._n_frames)) if self._is_periodic else None

    def spectra(self, first: int, n_frames: int) -> np.ndarray:
        """Return the spectra ``(n_frames, bins)`` complex64; frame ``i`` starts at sample ``i * hop_length``."""
        frames = np.arange(first, first + n_frames)
        if self._table is None:
            return self._spectra(frames)
        return self._table[frames % self._n_frames]

    def _spectra(self, frames: np.ndarray) -> np.ndarray:
        grid = self._grid
        hop, window = grid.hop_length, grid.window
        samples = frames[:, None] * hop + np.arange(2 * hop)
        power = hop * grid.sample_rate / CHIP_RATE_HZ
        spectra = np.fft.rfft(self._wave[samples % len(self._wave)] * window) / np.sqrt(power)
        return np.asarray(spectra[:, grid.first_bin : grid.n_bins], np.complex64)


@lru_cache(maxsize=32)
def carrier_frames(sample_rate: int, key: str, payload: Payload) -> CarrierFrames:
    """Return the frames of a carrier, computed once."""
    return CarrierFrames(frame_grid(sample_rate), key, payload)
