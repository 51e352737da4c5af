"""The carrier at a sample rate, as spectra of windowed frames, and sound as its detector needs it.

Whitened sound is as strong in every band and at every moment, and folded to a period. Levels survive what noise does
not: stretching, another pitch, reverberation, vocoders. The cells repeat every 2.56 s.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from .payload import (
    CHIP_RATE_HZ,
    HIGHEST_HARMONIC,
    LOWEST_HARMONIC,
    N_CHIPS,
    PERIOD_S,
    Payload,
    carrier_spectrum,
    keyed_signs,
)

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
    """Changes of the spectra of frames by the gains of their cells."""

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


FRAME_SAMPLES = 512
WEIGHTED_FRAME_SAMPLES = 768
FRAMES_AT_ONCE = 4
"""Frames that overlap at each sample."""

SMOOTHED_BINS = 3
LEVEL_OCTAVES = 1 / 6

NOISE_PERCENTILE = 10
NOISE_FACTOR = 2.0
MIN_MARK_POWER = 0.04
WEIGHT_POWER = 0.7
MAX_WEIGHT = 8.0
HALF_WEIGHT_HZ = 2_000.0
"""Frequency at which bins have half the weight of the lowest: codecs keep less of the mark the higher it is."""

MAX_SPEED = 1.05
"""Fastest speed that is searched for; the slowest is as far below 1."""

RELATIVE_FLOOR = 1e-5
"""Magnitude below which a bin is not raised, relative to the largest one."""


@lru_cache(maxsize=2)
def _window(n_frame: int) -> np.ndarray:
    return np.sin(np.pi * np.arange(n_frame) / n_frame)


def whitened(wave: np.ndarray) -> np.ndarray:
    """Return the sum ``(time,)`` of channels at CHIP_RATE_HZ, flat at every moment at the mark's frequencies."""
    spectra = _spectra(wave, FRAME_SAMPLES)
    flat = spectra / _magnitude(spectra.real**2 + spectra.imag**2)
    return _overlap_added(flat.sum(axis=0), wave.shape[1])


def weighted(wave: np.ndarray) -> np.ndarray:
    """Return the same with weights: high where the mark is strong and the sound weak, low where noise covers both.

    The mark has the level of the sound in each band without the noise that was added later. The lowest levels of a band
    are taken for that noise. Between harmonics the sound is weaker than the mark's band is on average. The exponent and
    the weights of the frequencies are those that suit noise and codecs at low bitrates alike.
    """
    spectra = _spectra(wave, WEIGHTED_FRAME_SAMPLES)
    power = spectra.real**2 + spectra.imag**2
    magnitude = _magnitude(power)
    level = _band_power(power)
    noise = NOISE_FACTOR * np.percentile(level, NOISE_PERCENTILE, axis=1, keepdims=True)
    mark = np.sqrt(np.maximum(level - noise, MIN_MARK_POWER * level))
    hertz = np.arange(spectra.shape[-1]) * (CHIP_RATE_HZ / WEIGHTED_FRAME_SAMPLES)
    weight = np.minimum((mark / magnitude) ** WEIGHT_POWER, MAX_WEIGHT) / (1.0 + hertz / HALF_WEIGHT_HZ)
    flat = spectra / magnitude * weight
    return _overlap_added(flat.sum(axis=0), wave.shape[1])


def _spectra(wave: np.ndarray, n_frame: int) -> np.ndarray:
    """Return the spectra of windowed frames ``(channels, frames, bins)``, of which the first ends after one hop."""
    hop = n_frame // FRAMES_AT_ONCE
    n_frames = -(-wave.shape[1] // hop) + FRAMES_AT_ONCE - 1
    n_early = n_frame - hop
    padded = np.zeros((wave.shape[0], n_frames * hop + n_early))
    padded[:, n_early : n_early + wave.shape[1]] = wave
    frames = np.lib.stride_tricks.sliding_window_view(padded, n_frame, axis=1)[:, ::hop]
    return np.fft.rfft(frames * _window(n_frame))


def _magnitude(power: np.ndarray) -> np.ndarray:
    """Return the magnitude of each bin and its neighbours, above 0."""
    padded = np.pad(power, ((0, 0), (0, 0), (1, 1)), mode="edge")
    magnitude = np.sqrt((padded[..., :-2] + padded[..., 1:-1] + padded[..., 2:]) / SMOOTHED_BINS)
    return np.asarray(magnitude + RELATIVE_FLOOR * magnitude.max() + 1e-12)


def _band_power(power: np.ndarray) -> np.ndarray:
    """Return the mean power of the band around each bin."""
    n_bins = power.shape[-1]
    bins = np.arange(n_bins)
    first = np.floor(bins * 2.0 ** (-LEVEL_OCTAVES / 2)).astype(int)
    end = np.minimum(np.ceil(bins * 2.0 ** (LEVEL_OCTAVES / 2)).astype(int) + 1, n_bins)
    sums = np.cumsum(np.pad(power, ((0, 0), (0, 0), (1, 0))), axis=-1)
    return np.asarray((sums[..., end] - sums[..., first]) / (end - first))


def _overlap_added(spectra: np.ndarray, n_samples: int) -> np.ndarray:
    """Return the wave ``(time,)`` of the spectra of frames, in the frequencies of the mark at all speeds."""
    n_frames, n_frame = spectra.shape[0], 2 * (spectra.shape[1] - 1)
    hop = n_frame // FRAMES_AT_ONCE
    bin_hz = CHIP_RATE_HZ / n_frame
    spectra[:, : int(LOWEST_HARMONIC / PERIOD_S / MAX_SPEED / bin_hz)] = 0.0
    spectra[:, int(HIGHEST_HARMONIC / PERIOD_S * MAX_SPEED / bin_hz) + 1 :] = 0.0
    pieces = (np.fft.irfft(spectra, n_frame) * _window(n_frame)).reshape(n_frames, FRAMES_AT_ONCE, hop)
    output = np.zeros((n_frames + FRAMES_AT_ONCE - 1, hop))
    for index in range(FRAMES_AT_ONCE):
        output[index : index + n_frames] += pieces[:, index]
    n_early = n_frame - hop
    return output.ravel()[n_early : n_early + n_samples]


def folded(wave: np.ndarray) -> np.ndarray:
    """Return the harmonics ``(..., harmonics)`` of the sum of all periods of a wave ``(..., time)``."""
    n_periods = math.ceil(wave.shape[-1] / N_CHIPS)
    padded = np.zeros((*wave.shape[:-1], n_periods * N_CHIPS))
    padded[..., : wave.shape[-1]] = wave
    period = padded.reshape(*wave.shape[:-1], n_periods, N_CHIPS).sum(axis=-2)
    return np.fft.rfft(period)[..., LOWEST_HARMONIC:HIGHEST_HARMONIC]


class SpeedFolding:
    """Folds of one wave ``(time,)`` at many speeds, taken from one long spectrum."""

    OVERSAMPLING = 4

    def __init__(self, wave: np.ndarray) -> None:
        self._n_padded = 2 ** (self.OVERSAMPLING * len(wave) - 1).bit_length()
        self._spectrum = np.fft.rfft(wave, self._n_padded)
        self._single = self._spectrum.astype(np.complex64)
        highest_hz = HIGHEST_HARMONIC / PERIOD_S
        step = 1.0 / (highest_hz * len(wave) / CHIP_RATE_HZ)
        n_steps = int((MAX_SPEED - 1.0) / step)
        self.speeds = 1.0 + step * np.arange(-n_steps, n_steps + 1)

    def folded(self, speeds: np.ndarray, single: bool = False) -> np.ndarray:
        """Return the harmonics ``(speeds, harmonics)`` of the period at each speed, complex64 if `single`."""
        harmonics = np.arange(LOWEST_HARMONIC, HIGHEST_HARMONIC) * (self._n_padded / N_CHIPS)
        bins = (np.outer(speeds, harmonics) + 0.5).astype(np.intp)
        return np.asarray((self._single if single else self._spectrum).take(bins))
