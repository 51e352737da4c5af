"""Restoration: clipped peaks as the sparsest spectrum that agrees with what is known, clicks by prediction."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..audio.sound_file import SoundFormat
from ..base.errors import BadSetting
from ..base.ranges import ranged
from ..base.units import db_to_gain, seconds_to_samples
from ..dsp.levels import CLIPPED_RUN, FULL_SCALE
from .effect import Effect, PartitionStream, milliseconds_to_samples

LOWEST_THRESHOLD_DB = -60.0
FRAME_SECONDS = 0.05
HOPS_PER_FRAME = 4
OVERLAP_SUM = 2.0
"""Sum of the windows that overlap."""

REDUNDANCY = 1.5  # points of the transform for each sample of a frame
TOLERANCE = 0.1  # distance of the frame from a sparse one, relative to its norm, at which the iteration ends
HOPS_AT_ONCE = 8
GROWTH_BINS = 12  # from which on the number of bins grows faster


@dataclass(frozen=True)
class DeClip(Effect):
    """Restore clipped peaks, with the whole sound lowered by headroom_db so that they fit below full scale.

    Peaks of a sound that was clipped by 10 dB are restored to about as much above the level of clipping. Normalise it
    afterwards.

    Samples from ``threshold_db`` (dBFS) on are taken as clipped; without a setting, samples at the largest level so
    far, once four in a row were there.

    References
    ----------
    S. Kitic, N. Bertin, R. Gribonval, "Sparsity and cosparsity for audio declipping: a flexible non-convex approach",
    2015 (A-SPADE).
    """

    threshold_db: float | None = None
    headroom_db: float = ranged(12.0, 0.0, 40.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.threshold_db is not None and not LOWEST_THRESHOLD_DB <= self.threshold_db <= 0.0:
            raise BadSetting(f"threshold_db is {self.threshold_db}; it must lie between {LOWEST_THRESHOLD_DB} and 0.0.")

    def stream(self, sound: SoundFormat) -> DeClipStream:
        """Open a stream, see :meth:`.effect.Effect.stream`."""
        return DeClipStream(self, sound)


class DeClipStream(PartitionStream):
    """The stream of :class:`DeClip`: overlapping frames, whose output lags behind by a frame."""

    def __init__(self, settings: DeClip, sound: SoundFormat) -> None:
        n_hop = max(16, 1 << round(math.log2(FRAME_SECONDS * sound.sample_rate / HOPS_PER_FRAME)))
        super().__init__(sound.n_channels, n_hop, HOPS_AT_ONCE)
        n_frame = HOPS_PER_FRAME * n_hop
        self._n_hop = n_hop
        self._gain = np.float32(db_to_gain(-settings.headroom_db))
        self._threshold = None if settings.threshold_db is None else float(db_to_gain(settings.threshold_db))
        self._levels = [(ClippingLevel(), ClippingLevel()) for _ in range(sound.n_channels)]
        self._window = (0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(n_frame) / n_frame)).astype(np.float32)
        self._input = np.zeros((sound.n_channels, n_frame), np.float32)
        self._is_clipped = np.zeros((sound.n_channels, n_frame), np.bool_)  # in any of the frames so far
        self._changes = np.zeros((sound.n_channels, n_frame), np.float32)  # overlapping
        self._n_early = n_frame - n_hop  # samples that are left of those before the sound

    def _process_partition(self, partition: np.ndarray) -> np.ndarray:
        n_new, n_frame = partition.shape[1], self._input.shape[1]
        inputs, is_clipped, changes = (
            np.concatenate([ring[:, self._n_hop :], np.zeros((len(ring), n_new), ring.dtype)], axis=1)
            for ring in (self._input, self._is_clipped, self._changes)
        )
        inputs[:, -n_new:] = partition
        positions, signs = [], []
        for start in range(0, n_new, self._n_hop):
            for channel, samples in enumerate(inputs):
                sign = self._clipped(channel, samples[start : start + n_frame])
                if sign.any():
                    positions.append((channel, slice(start, start + n_frame)))
                    signs.append(sign)
        if positions:
            frames = np.stack([inputs[position] for position in positions]) * self._window
            restored = restored_frames(frames, np.stack(signs))
            for position, sign, change in zip(positions, signs, restored - frames, strict=True):
                changes[position] += change / np.float32(OVERLAP_SUM)
                is_clipped[position] |= sign != 0
        last = np.s_[:, -n_frame:]
        self._input, self._is_clipped, self._changes = inputs[last], is_clipped[last], changes[last]
        output = self._gain * np.where(is_clipped, inputs + changes, inputs)[:, :n_new]
        n_early = min(self._n_early, n_new)
        self._n_early -= n_early
        return output[:, n_early:]

    def _process_last(self, partition: np.ndarray) -> np.ndarray:
        n_left = self._input.shape[1] - self._n_hop - self._n_early + partition.shape[1]
        padded = np.pad(partition, ((0, 0), (0, self._input.shape[1] - partition.shape[1])))
        return self._process_partition(padded)[:, :n_left]

    def _clipped(self, channel: int, frame: np.ndarray) -> np.ndarray:
        """Return 1 for the samples of a frame that are clipped at the upper level, -1 at the lower, else 0, int8."""
        if self._threshold is not None:
            is_low, is_high = frame <= -self._threshold, frame >= self._threshold
        else:
            low, high = self._levels[channel]
            is_low, is_high = low.clipped(-frame), high.clipped(frame)
        return is_high.astype(np.int8) - is_low.astype(np.int8)


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


def restored_frames(frames: np.ndarray, signs: np.ndarray) -> np.ndarray:
    """Return frames with restored peaks, by the alternating direction method of multipliers (A-SPADE).

    Parameters
    ----------
    frames : np.ndarray
        ``(frames, time)`` float32, windowed.
    signs : np.ndarray
        ``(frames, time)`` int8: 1 for samples that were at least as large before clipping, -1 for those that were at
        most as large, 0 for the others, which are unchanged.

    Returns
    -------
    np.ndarray
        ``(frames, time)`` float32.
    """
    from scipy.fft import irfft, rfft  # slow to import

    from .restoration_kernels import add_powers, agree, correct, sparsify  # numba is slow to import

    n_points = int(REDUNDANCY * frames.shape[1])
    output = frames.copy()
    restored = frames
    spectra = rfft(frames, n_points)
    tolerances = TOLERANCE * np.sqrt(np.square(np.abs(spectra)).sum(axis=1))
    corrections = np.zeros_like(spectra)
    indices = np.arange(len(frames))
    n_bins = 1
    while n_bins < spectra.shape[1] and len(indices):
        powers = np.empty(spectra.shape, np.float32)
        add_powers(spectra, corrections, powers)
        thresholds = np.ascontiguousarray(np.partition(powers, -n_bins, axis=1)[:, -n_bins])
        sparse, corrected = spectra, np.empty_like(spectra)
        sparsify(sparse, powers, thresholds, corrections, corrected)
        restored = np.empty_like(frames)
        agree(irfft(corrected, n_points), frames, signs, restored)
        spectra = rfft(restored, n_points)
        distances = np.empty(len(spectra))
        correct(spectra, sparse, corrections, distances)
        n_bins += 1 + n_bins // GROWTH_BINS
        is_left = distances >= tolerances
        if not is_left.all():
            output[indices[~is_left]] = restored[~is_left]
            frames, signs, spectra, corrections = (each[is_left] for each in (frames, signs, spectra, corrections))
            restored, tolerances, indices = restored[is_left], tolerances[is_left], indices[is_left]
    output[indices] = restored
    return output


PARTITION_SECONDS, CONTEXT_SECONDS = 0.04, 0.02
MODEL_ORDER = 32
N_ITERATIONS = 2
GAP_SAMPLES = 12
"""Clicks with fewer samples between them are one."""


@dataclass(frozen=True)
class DeClick(Effect):
    """Remove clicks: samples that an autoregressive model predicts badly, both from before and from after.

    A click deviates by more than ``threshold`` standard deviations of the prediction error, for at most ``max_ms``.

    References
    ----------
    S. Godsill, P. Rayner, "Digital Audio Restoration", 1998.
    """

    threshold: float = ranged(12.0, 2.0, 100.0)
    max_ms: float = ranged(2.0, 0.05, 10.0)

    def stream(self, sound: SoundFormat) -> DeClickStream:
        """Open a stream, see :meth:`.effect.Effect.stream`."""
        return DeClickStream(self, sound)


class DeClickStream(PartitionStream):
    """The stream of :class:`DeClick`: partition by partition, with a context on both sides.

    The context before is repaired already. The output lags behind by one to two partitions.
    """

    def __init__(self, settings: DeClick, sound: SoundFormat) -> None:
        super().__init__(sound.n_channels, max(64, seconds_to_samples(PARTITION_SECONDS, sound.sample_rate)))
        self._n_context = max(32, seconds_to_samples(CONTEXT_SECONDS, sound.sample_rate))
        self._threshold = float(settings.threshold)
        self._n_longest = max(1, milliseconds_to_samples(settings.max_ms, sound.sample_rate))
        self._frames = np.zeros((sound.n_channels, self._partitions.length + 2 * self._n_context))
        self._model = np.zeros(min(MODEL_ORDER, self._n_context // 2) + 1)
        self._window = np.hanning(self._frames.shape[1] + 2)[1:-1]
        self._waiting = np.zeros((sound.n_channels, 0), np.float32)

    def _process_partition(self, partition: np.ndarray) -> np.ndarray:
        waiting, self._waiting = self._waiting, partition.copy()
        return self._repaired(waiting, partition)

    def _process_last(self, partition: np.ndarray) -> np.ndarray:
        rest = np.zeros((self.n_channels, 0), np.float32)
        return np.concatenate([self._repaired(self._waiting, partition), self._repaired(partition, rest)], axis=1)

    def _repaired(self, partition: np.ndarray, following: np.ndarray) -> np.ndarray:
        """Return a partition, repaired; a shorter one is the last."""
        from .restoration_kernels import ClickLimits, repair_clicks  # numba is slow to import

        n_samples = partition.shape[1]
        if n_samples == 0:
            return partition
        limits = ClickLimits(self._threshold, GAP_SAMPLES, self._n_longest)
        start, end = self._n_context, self._n_context + n_samples
        following = following[:, : self._n_context]
        self._frames[:, start:end] = partition
        self._frames[:, end:] = 0.0
        self._frames[:, end : end + following.shape[1]] = following
        for frame in self._frames:
            repair_clicks(frame, self._window, self._model, start, end, limits, N_ITERATIONS)
        output = self._frames[:, start:end].astype(np.float32)
        self._frames[:, :start] = self._frames[:, n_samples:end]
        return output
