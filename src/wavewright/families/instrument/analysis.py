"""Levels of the partials and of the noise of a note over time."""

from __future__ import annotations

import numpy as np

from ...base.units import semitones_to_ratio
from .config import InstrumentConfig

PERIODS, NOISE_PERIODS = 4, 14  # of the fundamental in a window: partials just apart, and wide apart
SEARCH = 0.25  # a partial lies within this fraction of the fundamental around its harmonic
QUANTILE = 0.2  # of the power of the bins around a band, which is that of the noise between partials
MAX_MISTUNING_CENTS = 60
SILENT_POWER = 1e-14


def note_levels(wave: np.ndarray, pitch: float, config: InstrumentConfig) -> np.ndarray:
    """Measure the partials and the noise of a note.

    - ``wave``: ``(time,)``, the note from its onset on.
    - ``pitch``: MIDI number; the recording may be out of tune by MAX_MISTUNING_CENTS.
    - returns: ``(n_times, n_levels)`` float32: power in dB of full scale of each partial (a sine of amplitude 1 has
      -3), then of the noise in each band. Partials above the bands are at -140.
    """
    f0_hz = refined_f0(wave, 440 * float(semitones_to_ratio(pitch - 69)), config.sample_rate)
    period = config.sample_rate / f0_hz
    partials = _powers(wave, _window_length(PERIODS * period, 512, 4096), config)
    noise = _powers(wave, _window_length(NOISE_PERIODS * period, 1024, 8192), config)
    powers = np.concatenate([_partial_powers(*partials, f0_hz, config), _noise_powers(*noise, f0_hz, config)], axis=1)
    return np.asarray(10 * np.log10(powers + SILENT_POWER), np.float32)


def refined_f0(wave: np.ndarray, f0_hz: float, sample_rate: int) -> float:
    """Return the fundamental near ``f0_hz`` whose harmonics have most power."""
    start = int(0.08 * sample_rate)
    steady = wave[start : start + int(0.5 * sample_rate)]
    n = max(1 << int(np.ceil(np.log2(max(len(steady), 2)))), 2048) * 4
    if len(steady) < 4 * sample_rate / f0_hz:
        return f0_hz
    magnitudes = np.abs(np.fft.rfft(steady * np.hanning(len(steady)), n))
    cents = np.arange(-MAX_MISTUNING_CENTS, MAX_MISTUNING_CENTS + 1, 2)
    harmonics = np.arange(1, 9)
    harmonics = harmonics[harmonics * f0_hz * 1.05 < sample_rate / 2]
    candidates = f0_hz * 2 ** (cents / 1200)
    bins = np.round(candidates[:, None] * harmonics * n / sample_rate).astype(int)
    return float(candidates[magnitudes[bins].sum(axis=1).argmax()])


def _window_length(n: float, shortest: int, longest: int) -> int:
    return int(np.clip(round(n), shortest, longest))


def _powers(wave: np.ndarray, length: int, config: InstrumentConfig) -> tuple[np.ndarray, np.ndarray]:
    """Return power spectra ``(n_times, bins)`` under a Hann window, and the window."""
    window = np.hanning(length + 2)[1:-1]
    half = length // 2
    padded = np.pad(wave, (half, half + int(config.seconds * config.sample_rate) + length))
    starts = np.round(config.times_s * config.sample_rate).astype(int)
    frames = padded[starts[:, None] + np.arange(length)]
    n_fft = 2 << int(np.ceil(np.log2(length)))
    return np.abs(np.fft.rfft(frames * window, n_fft)) ** 2, window


def _partial_powers(powers: np.ndarray, window: np.ndarray, f0_hz: float, config: InstrumentConfig) -> np.ndarray:
    """Return the power ``(n_times, n_partials)`` of a sine at each partial's peak."""
    bin_hz = config.sample_rate / (2 * (powers.shape[1] - 1))
    harmonics = f0_hz * np.arange(1, config.n_partials + 1)
    audible = harmonics[harmonics < config.band_edges_hz[-1]]
    edges = np.stack([audible - SEARCH * f0_hz, audible + SEARCH * f0_hz], axis=1) / bin_hz
    result = np.zeros((len(powers), config.n_partials))
    for index, (low, high) in enumerate(np.round(edges).astype(int)):
        result[:, index] = powers[:, low : high + 1].max(axis=1)
    return np.asarray(result * 2 / window.sum() ** 2)


def _noise_powers(powers: np.ndarray, window: np.ndarray, f0_hz: float, config: InstrumentConfig) -> np.ndarray:
    """Return the power of the noise in each band ``(n_times, n_bands)``: partials are peaks above a low quantile."""
    n_fft = 2 * (powers.shape[1] - 1)
    bin_hz = config.sample_rate / n_fft
    edges = config.band_edges_hz
    centres, half = (edges[:-1] + edges[1:]) / 2, np.maximum(np.diff(edges) / 2, f0_hz / 2)
    first = np.round((centres - half) / bin_hz).astype(int).clip(1)
    last = np.round((centres + half) / bin_hz).astype(int).clip(max=n_fft // 2)
    quantiles = [np.quantile(powers[:, a:b], QUANTILE, axis=1) for a, b in zip(first, last, strict=True)]
    density = np.stack(quantiles, axis=1) / -np.log1p(-QUANTILE) * 2 / (config.sample_rate * np.square(window).sum())
    return np.asarray(density * np.diff(edges))
