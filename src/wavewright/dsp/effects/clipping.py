"""Restoration of clipped peaks: the wave with the sparsest spectrum that agrees with what is known."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ...errors import BadSetting
from ...units import db_to_gain
from ..levels import CLIPPED_RUN, FULL_SCALE
from .effect import Effect, PartitionStream

LOWEST_THRESHOLD_DB = -60.0
FRAME_SECONDS = 0.05
HOPS_PER_FRAME = 4
OVERLAP_SUM = 2.0
"""Sum of the windows that overlap."""

REDUNDANCY = 2  # points of the transform for each sample of a frame
TOLERANCE = 0.1  # distance of the frame from a sparse one, relative to its norm, at which the iteration ends
GROWTH_BINS = 16  # from which on the number of bins grows faster


@dataclass(frozen=True)
class DeClip(Effect):
    """Restore clipped peaks, which then exceed the level at which they were clipped: lower the gain afterwards.

    Samples from ``threshold_db`` (dBFS) on are taken as clipped; without a setting, samples at the largest level so
    far, once four in a row were there.

    References
    ----------
    S. Kitic, N. Bertin, R. Gribonval, "Sparsity and cosparsity for audio declipping: a flexible non-convex approach",
    2015 (A-SPADE).
    """

    threshold_db: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.threshold_db is not None and not LOWEST_THRESHOLD_DB <= self.threshold_db <= 0.0:
            raise BadSetting(f"threshold_db is {self.threshold_db}; it must lie between {LOWEST_THRESHOLD_DB} and 0.0.")

    def stream(self, sample_rate: int, n_channels: int) -> DeClipStream:
        """Open a stream, see :meth:`.effect.Effect.stream`."""
        return DeClipStream(self, sample_rate, n_channels)


class DeClipStream(PartitionStream):
    """The stream of :class:`DeClip`: overlapping frames, whose output lags behind by a frame."""

    def __init__(self, settings: DeClip, sample_rate: int, n_channels: int) -> None:
        n_hop = max(16, 1 << round(math.log2(FRAME_SECONDS * sample_rate / HOPS_PER_FRAME)))
        super().__init__(n_channels, n_hop)
        n_frame = HOPS_PER_FRAME * n_hop
        self._n_hop = n_hop
        self._threshold = None if settings.threshold_db is None else float(db_to_gain(settings.threshold_db))
        self._levels = [(ClippingLevel(), ClippingLevel()) for _ in range(n_channels)]
        self._window = (0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(n_frame) / n_frame)).astype(np.float32)
        self._input = np.zeros((n_channels, n_frame), np.float32)
        self._is_clipped = np.zeros((n_channels, n_frame), np.bool_)  # in any of the frames so far
        self._changes = np.zeros((n_channels, n_frame), np.float32)  # overlapping
        self._n_early = n_frame - n_hop  # samples that are left of those before the sound

    def _process_partition(self, partition: np.ndarray) -> np.ndarray:
        for ring, new in ((self._input, partition), (self._is_clipped, False), (self._changes, 0.0)):
            ring[:, : -self._n_hop] = ring[:, self._n_hop :]
            ring[:, -self._n_hop :] = new
        for channel, frame in enumerate(self._input):
            is_low, is_high = self._clipped(channel, frame)
            if is_low.any() or is_high.any():
                restored = restored_frame(frame * self._window, is_low, is_high)
                self._changes[channel] += (restored - frame * self._window) / np.float32(OVERLAP_SUM)
                self._is_clipped[channel] |= is_low | is_high
        first = np.s_[:, : self._n_hop]
        output = np.where(self._is_clipped[first], self._input[first] + self._changes[first], self._input[first])
        n_early = min(self._n_early, self._n_hop)
        self._n_early -= n_early
        return output[:, n_early:]

    def _process_last(self, partition: np.ndarray) -> np.ndarray:
        n_left = self._input.shape[1] - self._n_hop - self._n_early + partition.shape[1]
        padded = np.pad(partition, ((0, 0), (0, self._input.shape[1] - partition.shape[1])))
        hops = [padded[:, start : start + self._n_hop] for start in range(0, padded.shape[1], self._n_hop)]
        return np.concatenate([self._process_partition(hop) for hop in hops], axis=1)[:, :n_left]

    def _clipped(self, channel: int, frame: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return which samples of a frame are clipped at the lower, and which at the upper level."""
        if self._threshold is not None:
            return frame <= -self._threshold, frame >= self._threshold
        low, high = self._levels[channel]
        return low.clipped(-frame), high.clipped(frame)


class ClippingLevel:
    """The largest level of a sound so far, and whether it was clipped there."""

    def __init__(self) -> None:
        self._level = 0.0
        self._has_run = False

    def clipped(self, frame: np.ndarray) -> np.ndarray:
        """Return which samples of the next frame ``(time,)`` are at a level at which there was a long run."""
        largest = float(frame.max())
        if largest > self._level:
            self._has_run = self._has_run and FULL_SCALE * largest <= self._level
            self._level = largest
        is_extreme: np.ndarray = frame >= FULL_SCALE * self._level if self._level else np.zeros(len(frame), np.bool_)
        self._has_run = self._has_run or _longest_run(is_extreme) >= CLIPPED_RUN
        return is_extreme if self._has_run else np.zeros(len(frame), np.bool_)


def _longest_run(is_extreme: np.ndarray) -> int:
    edges = np.flatnonzero(np.diff(is_extreme, prepend=False, append=False))
    return int(np.max(edges[1::2] - edges[::2], initial=0))


def restored_frame(frame: np.ndarray, is_low: np.ndarray, is_high: np.ndarray) -> np.ndarray:
    """Return a frame with restored peaks, by the alternating direction method of multipliers (A-SPADE).

    Parameters
    ----------
    frame : np.ndarray
        ``(time,)`` float32, windowed.
    is_low, is_high : np.ndarray
        ``(time,)`` bool: the samples that were at most as large, or at least as large, before clipping.

    Returns
    -------
    np.ndarray
        ``(time,)`` float32; all other samples are unchanged.
    """
    from scipy.fft import irfft, rfft  # slow to import

    n_points = REDUNDANCY * len(frame)
    spectrum = rfft(frame, n_points)
    tolerance = TOLERANCE * float(np.linalg.norm(spectrum))
    correction = np.zeros_like(spectrum)
    n_bins = 1
    restored = frame
    while n_bins < len(spectrum):
        sparse = spectrum + correction
        powers = np.square(sparse.real) + np.square(sparse.imag)
        sparse[powers < np.partition(powers, -n_bins)[-n_bins]] = 0.0
        estimate = irfft(sparse - correction, n_points)[: len(frame)]
        restored = np.where(is_high, np.maximum(estimate, frame), frame)
        restored = np.where(is_low, np.minimum(estimate, frame), restored)
        spectrum = rfft(restored, n_points)
        difference = spectrum - sparse
        if float(np.linalg.norm(difference)) < tolerance:
            break
        correction += difference
        n_bins += 1 + n_bins // GROWTH_BINS
    return restored
