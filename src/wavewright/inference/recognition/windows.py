"""Overlapping windows of a wave that arrives in chunks; chunks of any lengths give the same windows."""

from __future__ import annotations

import numpy as np

from ...dsp.frames import FrameBuffer
from ...dsp.stream import ChunkStream


class SlidingWindows(ChunkStream[list[np.ndarray]]):
    """Cut a wave into windows of one length at equal distances.

    - ``n_window``: length of a window in samples.
    - ``n_hop``: samples from one window to the next, at most ``n_window``.
    """

    def __init__(self, n_window: int, n_hop: int) -> None:
        self.n_window = n_window
        self.n_hop = n_hop
        self._frames = FrameBuffer(1, n_window, n_hop)
        self.n_windows = 0

    def push(self, wave: np.ndarray) -> list[np.ndarray]:
        """Return the windows ``(n_window,)`` that a chunk ``(time,)`` completes."""
        windows = self._frames.add(np.asarray(wave, np.float32)[None])[0]
        self.n_windows += len(windows)
        return [window.copy() for window in windows]

    def finish(self) -> list[np.ndarray]:
        """Return the last window, padded with zeros, if samples are left that no window contained; begin anew."""
        rest = self._frames.rest()[0]
        has_more = len(rest) > (self.n_window - self.n_hop if self.n_windows else 0)
        self.reset()
        return [np.pad(rest, (0, self.n_window - len(rest)))] if has_more else []

    def state(self) -> dict[str, np.ndarray]:
        """Return a copy of the state."""
        return {"rest": self._frames.rest().copy(), "n_windows": np.array(self.n_windows)}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Continue from a state."""
        self.reset()
        self._frames.add(state["rest"])
        self.n_windows = int(state["n_windows"])
