"""Overlapping windows of a wave that arrives in chunks; chunks of any lengths give the same windows."""

from __future__ import annotations

import numpy as np


class SlidingWindows:
    """Cut a wave into windows of one length at equal distances.

    - ``n_window``: length of a window in samples.
    - ``n_hop``: samples from one window to the next, at most ``n_window``.
    """

    def __init__(self, n_window: int, n_hop: int) -> None:
        self.n_window = n_window
        self.n_hop = n_hop
        self._rest = np.zeros(0, np.float32)
        self._n_new = 0  # samples at the end that no window contained
        self.n_windows = 0

    def push(self, wave: np.ndarray) -> list[np.ndarray]:
        """Return the windows ``(n_window,)`` that a chunk ``(time,)`` completes."""
        self._rest = np.concatenate([self._rest, np.asarray(wave, np.float32)])
        self._n_new += len(wave)
        windows = []
        while len(self._rest) >= self.n_window:
            windows.append(self._rest[: self.n_window].copy())
            self._rest = self._rest[self.n_hop :]
            self._n_new = max(0, len(self._rest) - (self.n_window - self.n_hop))
            self.n_windows += 1
        return windows

    def finish(self) -> list[np.ndarray]:
        """Return the last window, padded with zeros, if samples are left that no window contained; begin anew."""
        has_more = self._n_new > 0
        windows = [np.pad(self._rest, (0, self.n_window - len(self._rest)))] if has_more else []
        self._rest = np.zeros(0, np.float32)
        self._n_new = 0
        self.n_windows = 0
        return windows

    def state(self) -> dict[str, np.ndarray]:
        """Return a copy of the state."""
        return {"rest": self._rest.copy(), "counts": np.array([self._n_new, self.n_windows])}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Continue from a state."""
        self._rest = state["rest"].copy()
        self._n_new, self.n_windows = (int(count) for count in state["counts"])
