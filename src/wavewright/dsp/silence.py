"""Silent segments of a sound that arrives in blocks, exact to the sample; the segments between them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ..units import db_to_gain, seconds_to_samples


class SilenceDetector:
    """Find the segments of consecutive blocks that have no louder sample in any channel.

    Parameters
    ----------
    threshold_db : float
        Loudest sample of silence, in dB of full scale.
    n_shortest : float
        Samples of the shortest segment.
    """

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

    Parameters
    ----------
    blocks : iterable of np.ndarray
        Consecutive blocks ``(channels, time)`` of any length.
    sample_rate : int, in Hz
    threshold_db : float
        Loudest sample of silence, in dB of full scale.
    min_silence_seconds : float
        A shorter silence does not split.
    min_seconds : float
        A shorter sound between two silences is left out; padding does not count.
    padding_seconds : float
        Silence that is kept on each side of a sound, but not more than half of what is there between two.

    Returns
    -------
    list of tuple of int
        First sample of each sound, and the one after its last.
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
