"""Selections in time and frequency: bands with their harmonics, outlines, and the gains of spectral bins."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

SHORTEST_WINDOW_SECONDS, LONGEST_WINDOW_SECONDS = 0.002, 0.4
WINDOWS_PER_SELECTION = 16.0
"""Product of window and bandwidth over the ratio of duration and window: both edges are alike parts of a selection."""

EDGE_BINS = 8
"""Bins of a window, its reciprocal in Hz, over which a band ends; over the first half the gain is still that inside."""

SHORTEST_WINDOW_SAMPLES = 64
BLUR = ((-1, 0.25), (0, 0.5), (1, 0.25))  # steps in bins and hops with their weights, for the edges of outlines


@dataclass(frozen=True)
class TimeFrequencyRegion:
    """A region of time and frequency of a sound.

    - ``start_seconds``, ``end_seconds``: times; the end may be infinite.
    - ``bands_hz``: frequencies from and to, in ascending order and apart from each other.
    - ``outline``: corners of a polygon ``(n, 2)`` in s and Hz, outside of which nothing is selected; None for all.
    - ``harmonics``: multiples of the frequencies of the outline that belong to it.
    """

    start_seconds: float
    end_seconds: float
    bands_hz: tuple[tuple[float, float], ...]
    outline: np.ndarray | None = field(default=None, compare=False)
    harmonics: int = 1

    def window_samples(self, sample_rate: int, widest_hz: float = math.inf) -> int:
        """Return an even window length whose edges suit the region; bandwidths beyond ``widest_hz`` count as that."""
        narrowest_hz = max(1.0, min([widest_hz, *(high - low for low, high in self.bands_hz)]))
        by_both = math.sqrt(WINDOWS_PER_SELECTION * (self.end_seconds - self.start_seconds) / narrowest_hz)
        seconds = min(by_both, EDGE_BINS**2 / narrowest_hz)
        seconds = min(max(seconds, SHORTEST_WINDOW_SECONDS), LONGEST_WINDOW_SECONDS)
        return max(SHORTEST_WINDOW_SAMPLES, 1 << round(math.log2(seconds * sample_rate)))

    def bin_gains(self, frame_seconds: np.ndarray, hop_seconds: float, n_fft: int, sample_rate: int) -> np.ndarray:
        """Return how far bins are selected, 0 to 1.

        - ``frame_seconds``: centres of the frames, ``(frames,)``.
        - ``hop_seconds``: time between frames.
        - returns: ``(frames, bins)``, or ``(1, bins)`` where all frames are alike: the edges in time are not in it.
        """
        frequencies = np.arange(n_fft // 2 + 1) * (sample_rate / n_fft)
        bands = [_band_gains(frequencies, band, sample_rate / n_fft) for band in self.bands_hz]
        gains: np.ndarray = np.max(bands, axis=0)[None]
        if self.outline is None:
            return gains
        inside: np.ndarray = np.zeros((len(frame_seconds), len(frequencies)))
        for hops, time_weight in BLUR:
            for bins, weight in BLUR:
                times, hz = frame_seconds + hops * hop_seconds, frequencies + bins * sample_rate / n_fft
                inside += time_weight * weight * self.contains(times[:, None], hz[None])
        inside *= gains
        return inside

    def contains(self, seconds: np.ndarray, hz: np.ndarray) -> np.ndarray:
        """Return where points lie in the outline, by the even-odd rule; the arguments are broadcast."""
        found = np.full(np.broadcast_shapes(seconds.shape, hz.shape), self.outline is None)
        if self.outline is None:
            return found
        for multiple in range(1, self.harmonics + 1):
            found |= inside_polygon(self.outline * (1.0, multiple), seconds, hz)
        return found


def inside_polygon(corners: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return where points lie in a polygon ``(n, 2)``, by the even-odd rule; the arguments are broadcast."""
    inside = np.zeros(np.broadcast_shapes(x.shape, y.shape), bool)
    for (x1, y1), (x2, y2) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if x1 != x2:
            inside ^= ((x1 <= x) != (x2 <= x)) & (y < y1 + (x - x1) / (x2 - x1) * (y2 - y1))
    return inside


def harmonic_bands(low_hz: float, high_hz: float, harmonics: int, limit_hz: float) -> tuple[tuple[float, float], ...]:
    """Return a band and its harmonics, ``k`` times its frequencies, below a limit; those that touch are one."""
    bands: list[tuple[float, float]] = []
    for multiple in range(1, harmonics + 1):
        low, high = multiple * low_hz, min(multiple * high_hz, limit_hz)
        if low >= limit_hz:
            break
        if bands and low <= bands[-1][1]:
            bands[-1] = (bands[-1][0], high)
        else:
            bands.append((low, high))
    return tuple(bands)


def fade_gains_around(first: int, n_samples: int, start: int, end: float, n_fade: int) -> np.ndarray:
    """Return gains of samples: 1 from ``start`` to before ``end``, raised cosines over ``n_fade`` samples outside."""
    positions = np.arange(first, first + n_samples, dtype=np.float64)
    distances = np.maximum(np.maximum(start - positions, positions - (end - 1)), 0.0)
    gains: np.ndarray = 0.5 + 0.5 * np.cos(np.pi * np.minimum(distances / (n_fade + 1), 1.0))
    return gains.astype(np.float32)


def _band_gains(frequencies_hz: np.ndarray, band_hz: Sequence[float], bin_hz: float) -> np.ndarray:
    """Return 1 in a band and half an edge around it, and a raised cosine over the other half."""
    low, high = band_hz
    beyond = np.maximum(low - frequencies_hz, frequencies_hz - high) / (EDGE_BINS * bin_hz)
    gains: np.ndarray = 0.5 + 0.5 * np.cos(np.pi * np.clip(2.0 * beyond - 1.0, 0.0, 1.0))
    return gains
