"""Speech in less time at the same pitch: what changes keeps more of its time, and windows overlap where most alike."""

from __future__ import annotations

import numpy as np

from ..base.units import seconds_to_samples
from .stream import WaveStream

WINDOW_SECONDS = 0.02
SEARCH_SECONDS = 0.006
"""Largest distance of a window from where it is due: more than half a period of a low voice."""

STEADY_WEIGHT = 0.4
"""Weight of the time of a frame that is like its neighbours, where the mean change of a spectrum counts 1."""


def frame_lengths(mel: np.ndarray, speeds: np.ndarray) -> np.ndarray:
    """Return the length of each frame ``(frames,)`` of speech at ``speeds`` from 1 on, where 1 is the usual length.

    The frames of one speed in a row last as long as the speed has it, together. Where the spectrum changes, as in most
    consonants, frames keep more of their length than within a vowel, and all of it at most.

    - ``mel``: log-mel frames ``(n_mels, frames)``.

    References
    ----------
    M. Covell, M. Withgott, M. Slaney, "MACH1: nonuniform time-scale modification of speech", 1998.
    """
    if (speeds == 1.0).all():
        return np.ones(len(speeds))
    steps = np.sqrt(np.square(np.diff(mel, axis=1)).mean(axis=0))
    changes = np.convolve(np.append(0.0, steps) + np.append(steps, 0.0), (0.25, 0.5, 0.25))[1:-1]
    weights = STEADY_WEIGHT + changes / max(changes.mean(), 1e-9)
    lengths = np.ones(len(speeds))
    for part in np.split(np.arange(len(speeds)), np.flatnonzero(np.diff(speeds)) + 1):
        lengths[part] = _shared(weights[part], float((1.0 / speeds[part]).sum()))
    return lengths


def _shared(weights: np.ndarray, total: float) -> np.ndarray:
    """Share a total of at most ``len(weights)`` among weights above 0, at most 1 for each."""
    order = np.argsort(-weights)
    largest, rest = weights[order], weights.sum() - np.append(0.0, np.cumsum(weights[order])[:-1])
    n_full = int(((total - np.arange(len(weights))) * largest >= rest * (1 + 1e-12)).sum())
    shared = np.ones(len(weights))
    left = order[n_full:]
    shared[left] = (total - n_full) * weights[left] / weights[left].sum()
    return shared


class SpeedUpStream(WaveStream):
    """Play one wave ``(1, time)`` along a map of its time, with its pitch (WSOLA).

    Each window continues the one before it as well as possible. Where the map is as fast as the wave, it is the wave.

    - ``inputs``, ``outputs``: increasing positions in samples, from 0 to the end of the wave, and where they are in the
      output, which is as long as the last of them.

    References
    ----------
    W. Verhelst, M. Roelands, "An overlap-add technique based on waveform similarity (WSOLA) for high quality time-scale
    modification of speech", 1993.
    """

    def __init__(self, inputs: np.ndarray, outputs: np.ndarray, sample_rate: int) -> None:
        self._inputs, self._outputs = inputs, outputs
        self._n_search = seconds_to_samples(SEARCH_SECONDS, sample_rate)
        self._n_hop = seconds_to_samples(WINDOW_SECONDS / 2, sample_rate)
        angles = 2.0 * np.pi * np.arange(2 * self._n_hop) / (2 * self._n_hop)
        self._window = (0.5 - 0.5 * np.cos(angles)).astype(np.float32)
        self._before = self._n_hop + self._n_search  # samples of silence before the wave
        self._held = np.zeros(self._before, np.float32)
        self._held_start = -self._before  # position of the first held sample
        self._start: int | None = None  # position of the last window
        self._overlap = np.zeros(self._n_hop, np.float32)  # its second half
        self._n_windows = self._n_output = 0

    def push(self, chunk: np.ndarray) -> np.ndarray:
        """Return what the next samples ``(1, time)`` complete, ``(1, time)`` float32."""
        self._held = np.concatenate([self._held, chunk[0].astype(np.float32)])
        return self._windows(self._held_start + len(self._held))

    def finish(self) -> np.ndarray:
        """Return the rest."""
        n_after = 2 * (2 * self._n_hop + self._n_search)
        self._held = np.concatenate([self._held, np.zeros(n_after, np.float32)])
        return self._windows(self._held_start + len(self._held))

    def _windows(self, end: int) -> np.ndarray:
        """Return the output of the windows whose samples are there, up to the position ``end``."""
        length, n_total = 2 * self._n_hop, int(self._outputs[-1])
        hops = [np.zeros(0, np.float32)]
        while self._n_output < n_total:
            centre = self._n_windows * self._n_hop
            position = float(np.interp(centre, self._outputs, self._inputs)) + max(centre - n_total, 0)
            due = round(position) - self._n_hop
            following = due if self._start is None else self._start + self._n_hop
            if max(due + self._n_search, following) + length > end:
                break
            self._start = self._most_alike(due, following)
            window = self._window * self._at(self._start, length)
            if self._n_windows:  # the first half of the first window lies before the output
                hops.append((self._overlap + window[: self._n_hop])[: n_total - self._n_output])
                self._n_output += len(hops[-1])
            self._overlap = window[self._n_hop :]
            self._n_windows += 1
            n_used = self._start - self._before - self._held_start
            if n_used > 0:
                self._held, self._held_start = self._held[n_used:], self._held_start + n_used
        return np.concatenate(hops)[None]

    def _most_alike(self, due: int, following: int) -> int:
        """Return the position near ``due`` of the window that is most like the one that would follow."""
        if due == following:
            return due
        length = 2 * self._n_hop
        candidates = np.lib.stride_tricks.sliding_window_view(
            self._at(due - self._n_search, length + 2 * self._n_search), length
        )
        products = candidates @ self._at(following, length)
        powers = np.square(candidates).sum(1)
        return due - self._n_search + int((products / np.sqrt(powers + 1e-6)).argmax())

    def _at(self, position: int, length: int) -> np.ndarray:
        first = position - self._held_start
        return self._held[first : first + length]
