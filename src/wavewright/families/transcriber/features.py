"""Log-frequency spectra of two resolutions, frame by frame."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ...dsp.spectrum import FrameBuffer, hann_window
from ...dsp.stream import ChunkStream
from .config import STEPS_PER_OCTAVE, TranscriberConfig

FLOOR_DB, RANGE_DB = -100.0, 106.0  # levels, of a full sine 0, that a byte holds
STEPS_PER_DB = 255 / RANGE_DB
MIDDLE_DB, UNIT_DB = -60.0, 20.0  # of the input of the network
SPLITS_HZ = (500.0, 2_000.0), (1_000.0,)
"""Frequencies at which the window is halved, of the long and of the short windows."""

LONG_TO_SHORT = 4  # how much shorter the longest of the short windows is


@dataclass(frozen=True)
class _Band:
    """Bins of one resolution that one window is for."""

    n_window: int
    bins: slice
    resolution: int
    used: slice  # bins of the transform
    weights: np.ndarray  # (used bins of the transform, bins)


def _bands(config: TranscriberConfig) -> list[_Band]:
    """Return the bands of both resolutions."""
    bands = []
    hz = config.bins_hz
    for resolution, splits in enumerate(SPLITS_HZ):
        edges = [0, *np.searchsorted(hz, splits).tolist(), len(hz)]
        for number, (first, last) in enumerate(pairwise(edges)):
            n_window = config.longest_window // LONG_TO_SHORT**resolution >> number
            step_hz = config.sample_rate / n_window
            own = hz[first:last]
            widths = np.maximum(step_hz, own * (2 ** (1 / STEPS_PER_OCTAVE) - 1))
            distance = np.abs(np.arange(n_window // 2 + 1)[:, None] * step_hz - own)
            weights = np.maximum(1 - distance / widths, 0.0) / (hann_window(n_window).sum() / 2) ** 2
            rows = np.flatnonzero(weights.any(axis=1))
            used = slice(int(rows[0]), int(rows[-1]) + 1)
            bands.append(_Band(n_window, slice(first, last), resolution, used, weights[used].astype(np.float32)))
    return bands


class SpectrumStream(ChunkStream[np.ndarray]):
    """Levels of consecutive pieces of a wave; frame ``t`` is centred on sample ``t * hop_length``."""

    def __init__(self, config: TranscriberConfig) -> None:
        self._config = config
        self._bands = _bands(config)
        self._frames = FrameBuffer(1, config.longest_window, config.hop_length)
        self._frames.add(np.zeros((1, config.longest_window // 2), np.float32))

    def push(self, wave: np.ndarray) -> np.ndarray:
        """Return the levels of the frames that ``wave (time,)`` completes, ``(frames, 2, n_bins)`` uint8."""
        frames = self._frames.add(wave[None])[0]
        levels = np.zeros((len(frames), len(SPLITS_HZ), self._config.n_bins), np.uint8)
        for band in self._bands:
            start = (self._config.longest_window - band.n_window) // 2
            spectrum = np.fft.rfft(frames[:, start : start + band.n_window] * hann_window(band.n_window))[:, band.used]
            power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32) @ band.weights
            levels[:, band.resolution, band.bins] = bytes_of_db(10 * np.log10(power + 1e-12))
        return levels

    def finish(self) -> np.ndarray:
        """Return the levels of the last frames."""
        return self.push(np.zeros(self._config.longest_window // 2, np.float32))


def levels_of(wave: np.ndarray, config: TranscriberConfig) -> np.ndarray:
    """Return the levels of a wave ``(time,)``, ``(frames, 2, n_bins)`` uint8."""
    return np.concatenate([*SpectrumStream(config).outputs([wave])])


def bytes_of_db(level_db: np.ndarray) -> np.ndarray:
    """Return levels in dB as bytes."""
    return np.rint(np.clip((level_db - FLOOR_DB) * STEPS_PER_DB, 0, 255)).astype(np.uint8)


def db_of_bytes(levels: np.ndarray) -> np.ndarray:
    """Return bytes as levels in dB, float32."""
    level_db: np.ndarray = levels.astype(np.float32) / np.float32(STEPS_PER_DB) + np.float32(FLOOR_DB)
    return level_db


def inputs_of_db(level_db: np.ndarray) -> np.ndarray:
    """Return levels in dB ``(..., frames, 2, n_bins)`` as inputs of the network ``(..., 2, frames, n_bins)``."""
    return np.ascontiguousarray(np.swapaxes((level_db - MIDDLE_DB) / UNIT_DB, -3, -2), np.float32)
