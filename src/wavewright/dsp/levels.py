"""Levels of consecutive blocks of a wave: peak, power, offset, clipping, and the power of short frames."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass

import numpy as np

from ..base.units import seconds_to_samples
from .spectrum import FrameBuffer

FULL_SCALE = 0.9999
"""Smallest magnitude of a sample at full scale."""

CLIPPED_RUN = 4
"""Flat consecutive samples that count as clipping; a loud unclipped wave is flat for fewer."""

FLATNESS = 1e-4
"""Largest distance of flat samples from the extreme of their channel, relative to it."""

LEAST_DROP = 4.0  # times it, from a flat run to a sample beside it; a smooth peak of four samples falls by 2.8 times
LEAST_STEPS = 3.5  # the same in steps to which the samples are rounded
STEP_SAMPLES, MAX_STEP_SAMPLES = 256, 8_192  # of a block and in all, that the step is estimated from
STEP_TOLERANCE = 0.05
MAX_STEPS = 16  # in the smallest difference
LARGEST_STEP = 1 / 64  # of 7 bits; the levels of a square wave are no steps
SEGMENTS, MANTISSAS = np.arange(8)[:, None], np.arange(16)  # of the codes of G.711
COMPANDED = (
    np.unique([0, *(16 * MANTISSAS + 8), *((16 * MANTISSAS + 264) << SEGMENTS[:7]).ravel()]) / 32_768,
    np.unique(((8 * MANTISSAS + 132) << SEGMENTS) - 132) / 32_768,
)
"""Magnitudes of the samples of A-law, whose silence other programs write as 0, and of mu-law (ITU-T G.711)."""
LEAST_LEVEL = 1e-3
LEAST_RUNS = 3  # below full scale

FRAME_SECONDS = 0.02


class LevelMeter:
    """Running sums over the blocks of a wave; blocks of any lengths give the same result.

    - ``n_samples``: samples of a channel so far.
    - ``peaks``, ``sums``, ``squares``: ``(channels,)``, largest magnitude, sum and sum of squares of the samples.
    """

    def __init__(self, n_channels: int) -> None:
        self.n_samples = 0
        self.peaks = np.zeros(n_channels)
        self.sums = np.zeros(n_channels)
        self.squares = np.zeros(n_channels)

    def add(self, wave: np.ndarray) -> None:
        """Add the next block of the wave, ``(channels, time)``."""
        self.peaks = np.maximum(self.peaks, np.abs(wave).max(axis=1, initial=0.0))
        self.sums += wave.sum(axis=1, dtype=np.float64)
        self.squares += np.square(wave, dtype=np.float64).sum(axis=1)
        self.n_samples += wave.shape[1]

    @property
    def rms(self) -> float:
        """Root mean square of the samples of all channels."""
        return float(np.sqrt(self.squares.sum() / max(1, self.n_samples * len(self.squares))))

    @property
    def dc_offset(self) -> float:
        """Mean of the channel whose mean is farthest from 0."""
        means = self.sums / max(1, self.n_samples)
        return float(means[np.abs(means).argmax()])


@dataclass(frozen=True)
class FlatTops:
    """Flat runs at the extremes of a sound: their number, their samples, and the largest of the extremes."""

    n_runs: int = 0
    n_samples: int = 0
    level: float = 0.0


class ClippingDetector:
    """Find runs of at least CLIPPED_RUN samples at an extreme of a channel where the wave breaks off, at any level.

    Of floats that exceed full scale, runs at full scale count too. Peaks that are flat because they are low or coarsely
    rounded do not count: there, the samples beside them are hardly lower. Blocks of any lengths give the same result.
    """

    def __init__(self, n_channels: int) -> None:
        self._extremes = [_Extreme() for _ in range(2 * n_channels)]  # the highest and the lowest of each channel
        self._last: np.ndarray | None = None
        self._differences = np.zeros(0)
        self._laws = [*COMPANDED]  # which have all samples so far

    def add(self, wave: np.ndarray) -> None:
        """Add the next block of the wave, ``(channels, time)``."""
        if not wave.shape[1]:
            return
        if self._laws:
            magnitudes = np.unique(np.abs(wave))
            self._laws = [law for law in self._laws if np.isin(magnitudes, law).all()]
        before = wave[:, :1] if self._last is None else self._last
        if len(self._differences) < MAX_STEP_SAMPLES:
            differences = np.abs(np.diff(wave[:, : 4 * STEP_SAMPLES], axis=1, prepend=before)).astype(np.float64)
            differences = differences[differences > 0][:STEP_SAMPLES]
            self._differences = np.concatenate([self._differences, differences])
        for index, channel in enumerate(wave):
            first = np.nan if self._last is None else float(before[index, 0])
            self._extremes[2 * index].add(channel, first)
            self._extremes[2 * index + 1].add(-channel, -first)
        self._last = wave[:, -1:].copy()

    def result(self) -> FlatTops:
        """Return the clipping so far."""
        extremes = [each for extreme in self._extremes for each in (extreme, extreme.at_full_scale) if each is not None]
        found = [extreme.result(self._step(extreme.level)) for extreme in extremes]
        clipping = FlatTops(
            sum(each.n_runs for each in found),
            sum(each.n_samples for each in found),
            max((each.level for each in found if each.n_runs), default=0.0),
        )
        return clipping if clipping.n_runs >= LEAST_RUNS or clipping.level >= FULL_SCALE else FlatTops()

    def _step(self, level: float) -> float:
        """Return the step to which samples at a level are rounded, 0 if it cannot be seen in their differences."""
        if self._laws:
            largest = int(np.searchsorted(self._laws[0], level))
            return float(np.diff(self._laws[0])[max(largest - 1, 0)])
        if not len(self._differences):
            return 0.0
        for n_steps in range(1, MAX_STEPS + 1):
            step = float(self._differences.min()) / n_steps
            multiples = self._differences / step
            if step <= LARGEST_STEP and np.abs(multiples - np.rint(multiples)).mean() < STEP_TOLERANCE:
                return step
        return 0.0


class _Extreme:
    """Flat runs at the largest value of a channel so far, its ``level``; above full scale, those at full scale too."""

    def __init__(self, level: float = 0.0) -> None:
        self.level = level
        self.at_full_scale: _Extreme | None = None
        self._lengths: list[np.ndarray] = []
        self._drops: list[np.ndarray] = []
        self._open = (0, np.nan)  # samples of a run that has not ended yet, and the value before it

    def add(self, channel: np.ndarray, before: float) -> None:
        """Add the next samples ``(time,)``; ``before`` is the last sample of those before, NaN if there were none."""
        largest = float(channel.max())
        if largest > 1 + FLATNESS and self.at_full_scale is None:
            self.at_full_scale = deepcopy(self) if self.level >= FULL_SCALE else _Extreme(1.0)
        if self.at_full_scale is not None:  # beside a run, what is above it is no end of it
            self.at_full_scale.add(np.where(channel > 1, 1 - 2 * FLATNESS, channel), min(before, 1.0))
        if largest > self.level:
            if largest * (1 - FLATNESS) > self.level:
                self._lengths, self._drops, self._open = [], [], (0, np.nan)
            self.level = largest
        is_flat = channel >= self.level * (1 - FLATNESS)
        edges = np.flatnonzero(np.diff(is_flat, prepend=False, append=False))
        starts, ends = edges[::2], edges[1::2]
        n_open, value = self._open
        if n_open and not is_flat[0]:
            self._end(np.array([n_open]), np.array([value]), channel[:1])
            n_open = 0
        self._open = (0, np.nan)
        if not len(starts):
            return
        lengths = ends - starts
        values = np.concatenate([[before], channel])[starts].astype(np.float64)
        if n_open:
            lengths[0] += n_open
            values[0] = value
        if ends[-1] == len(channel):
            self._open = (int(lengths[-1]), float(values[-1]))
            lengths, values, ends = lengths[:-1], values[:-1], ends[:-1]
        self._end(lengths, values, channel[ends])

    def _end(self, lengths: np.ndarray, before: np.ndarray, after: np.ndarray) -> None:
        """Add runs that have ended, with the values on both sides; only long ones count."""
        is_long = lengths >= CLIPPED_RUN
        self._lengths.append(lengths[is_long])
        self._drops.append(self.level - np.fmin(before, after)[is_long])

    def result(self, step: float) -> FlatTops:
        """Return the runs of which a side falls by more than a smooth peak does."""
        n_open, before = self._open
        lengths = np.concatenate([np.zeros(0, np.int64), *self._lengths, [n_open]])
        drops = np.concatenate([np.zeros(0), *self._drops, [self.level - before]])
        least = max(LEAST_DROP * FLATNESS * self.level, LEAST_STEPS * step)
        is_clipped = (lengths >= CLIPPED_RUN) & (drops > least) & (self.level > LEAST_LEVEL)
        return FlatTops(int(is_clipped.sum()), int(lengths[is_clipped].sum()), self.level)


class FrameLevels:
    """Mean power of consecutive frames of FRAME_SECONDS over all channels, 4 bytes each."""

    def __init__(self, sample_rate: int, n_channels: int) -> None:
        self.n_frame = max(1, seconds_to_samples(FRAME_SECONDS, sample_rate))
        self._frames = FrameBuffer(n_channels, self.n_frame, self.n_frame)
        self._powers: list[np.ndarray] = []

    def add(self, wave: np.ndarray) -> None:
        """Add the next block of the wave, ``(channels, time)``."""
        self._powers.append(_mean_power(self._frames.add(wave)))

    def powers(self) -> np.ndarray:
        """Return the mean power of each complete frame so far, ``(frames,)`` float32; a shorter wave is one frame."""
        rest = self._frames.rest()
        if not any(map(len, self._powers)) and rest.shape[1]:
            return _mean_power(rest[:, None])
        return np.concatenate([np.zeros(0, np.float32), *self._powers])


def _mean_power(frames: np.ndarray) -> np.ndarray:
    """Return the mean square of frames ``(channels, frames, length)``, ``(frames,)`` float32."""
    power: np.ndarray = np.square(frames, dtype=np.float64).mean(axis=(0, 2))
    return power.astype(np.float32)
