"""Silent segments of a sound that arrives in blocks, exact to the sample; the segments between them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence

import numpy as np

from ..base.units import db_to_gain, seconds_to_samples
from .spectrum import FrameBuffer

QUIET_FRAME_SECONDS = 0.01
SMOOTHED_FRAMES = 5
"""Frames over which the level is averaged where a sound is cut that has no silence."""


class SilenceDetector:
    """Find the segments of consecutive blocks that have no sample above ``threshold_db`` in any channel."""

    def __init__(self, threshold_db: float, n_shortest: float) -> None:
        self.n_samples = 0
        self._threshold = float(db_to_gain(threshold_db))
        self._n_shortest = max(1.0, n_shortest)
        self._last_loud = -1

    def add(self, wave: np.ndarray) -> list[tuple[int, int]]:
        """Add the next block ``(channels, time)``; return start and end of each segment that ends in it."""
        loud = np.flatnonzero((np.abs(wave) > self._threshold).any(axis=0)) + self.n_samples
        self.n_samples += wave.shape[1]
        if len(loud) == 0:
            return []
        ends = np.concatenate([[self._last_loud], loud])
        self._last_loud = int(loud[-1])
        return [(int(ends[i]) + 1, int(ends[i + 1])) for i in np.flatnonzero(np.diff(ends) > self._n_shortest)]

    @property
    def silent_start(self) -> int:
        """Start of the silence at the end of the blocks so far, which may have no samples."""
        return self._last_loud + 1

    def last(self) -> list[tuple[int, int]]:
        """Return the segment at the end of the blocks so far, if it is long enough."""
        is_long = self.n_samples - self._last_loud > self._n_shortest
        return [(self.silent_start, self.n_samples)] if is_long else []


class QuietFrames:
    """Smallest and largest sample of consecutive frames of QUIET_FRAME_SECONDS: where a sound is quietest."""

    def __init__(self, sample_rate: int, n_channels: int) -> None:
        self.n_frame = max(1, seconds_to_samples(QUIET_FRAME_SECONDS, sample_rate))
        self._frames = FrameBuffer(n_channels, self.n_frame, self.n_frame)
        self._lows: list[np.ndarray] = []
        self._highs: list[np.ndarray] = []

    def add(self, wave: np.ndarray) -> None:
        """Add the next block of the wave, ``(channels, time)``."""
        frames = self._frames.add(wave)  # (channels, frames, time)
        self._lows.append(frames.min(axis=2, initial=np.inf))
        self._highs.append(frames.max(axis=2, initial=-np.inf))

    def quietest(self, start: int, end: int, n_samples: int) -> tuple[float, float] | None:
        """Return the smallest peak of ``n_samples`` in a row, and their peak after a constant offset is removed.

        Only whole frames between two samples count; None if they are too few.
        """
        from scipy.ndimage import maximum_filter1d, minimum_filter1d  # slow to import

        frames = slice(-(-start // self.n_frame), end // self.n_frame)
        lows, highs = (np.concatenate(parts, axis=1)[:, frames] for parts in (self._lows, self._highs))
        n_window = max(1, -(-n_samples // self.n_frame))
        if lows.shape[1] < n_window:
            return None
        inside = slice(n_window // 2, lows.shape[1] - (n_window - 1) // 2)  # windows without a frame outside
        low, high = minimum_filter1d(lows, n_window)[:, inside], maximum_filter1d(highs, n_window)[:, inside]
        peak = np.maximum(high, -low).max(axis=0).min()
        return float(peak), float((high - low).max(axis=0).min() / 2)


def cuts_at_silence(
    silences: Sequence[tuple[int, int]], powers: np.ndarray, n_frame: int, n_samples: int, n_longest: int
) -> tuple[list[int], int]:
    """Return where to cut a sound so that no piece is longer than ``n_longest`` samples, and each cut is in a silence.

    Each piece ends in the middle of the last silence within its longest length; where there is none, at the quietest
    moment of the second half of that length.

    - ``silences``: first sample of each silence, and the one after its last, in order.
    - ``powers``: mean power of frames of ``n_frame`` samples, ``(frames,)``.
    - ``n_frame``, ``n_samples``: samples of a frame, and of the sound.
    - ``n_longest``: samples of the longest piece, at least 1.
    - returns: the first sample after each cut, rising.
    - returns ``int``: how many of them are in no silence.
    """
    smooth = np.convolve(powers, np.ones(SMOOTHED_FRAMES) / SMOOTHED_FRAMES, "same") if len(powers) else powers
    cuts: list[int] = []
    start, n_loud = 0, 0
    while n_samples - start > n_longest:
        last = start + n_longest
        before = bisect_left(silences, last, key=lambda silence: silence[0])  # silences that begin before
        first, end = silences[before - 1] if before else (0, 0)
        if (middle := (first + end) // 2) > start:
            cut = min(middle, last)
        elif end >= last:
            cut = last
        else:
            first_frame = -(-(start + n_longest // 2) // n_frame)
            frames = smooth[first_frame : last // n_frame]
            cut = (first_frame + int(frames.argmin())) * n_frame + n_frame // 2 if len(frames) else last
            n_loud += not first <= cut <= end
        cuts.append(cut)
        start = cut
    return cuts, n_loud


def split_at_silence(
    blocks: Iterable[np.ndarray],
    sample_rate: int,
    *,
    threshold_db: float = -50.0,
    min_silence_seconds: float = 0.5,
    min_seconds: float = 0.0,
    padding_seconds: float = 0.05,
) -> list[tuple[int, int]]:
    """Split a sound at its silences.

    - ``blocks``: consecutive blocks ``(channels, time)`` of any length.
    - ``threshold_db``: loudest sample of silence, in dB of full scale.
    - ``min_silence_seconds``: a shorter silence does not split.
    - ``min_seconds``: a shorter sound between two silences is left out; padding does not count.
    - ``padding_seconds``: silence that is kept on each side of a sound, but not more than half of what is there between
      two.
    - returns: first sample of each sound, and the one after its last.
    """
    detector = SilenceDetector(threshold_db, min_silence_seconds * sample_rate)
    silences = [silence for block in blocks for silence in detector.add(block)] + detector.last()
    n_padding = seconds_to_samples(padding_seconds, sample_rate)
    segments = []
    start, n_before = 0, 0
    for silence_start, silence_end in [*silences, (detector.n_samples, detector.n_samples)]:
        is_last = silence_end == detector.n_samples
        n_silent = silence_end - silence_start
        n_after = min(n_padding, n_silent if is_last else n_silent // 2)
        if silence_start - start > min_seconds * sample_rate:
            segments.append((start - n_before, silence_start + n_after))
        start = silence_end
        n_before = min(n_padding, n_silent if silence_start == 0 else n_silent // 2)
    return segments
