"""Waves that arrive in blocks: counted, regrouped, and cut or padded to a length; their number of channels."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

import numpy as np


class CountedWaves:
    """Iterable over waves ``(channels, time)`` that counts their samples and reports the count to ``show``."""

    def __init__(self, waves: Iterable[np.ndarray], show: Callable[[int], object] = lambda _: None) -> None:
        self._waves = waves
        self._show = show
        self.n_samples = 0

    def __iter__(self) -> Iterator[np.ndarray]:
        for wave in self._waves:
            self.n_samples += wave.shape[1]
            self._show(self.n_samples)
            yield wave


class RecordedWaves:
    """Iterable over waves ``(channels, time)`` that records them, so that they can be compared with what follows."""

    def __init__(self, waves: Iterable[np.ndarray], n_channels: int) -> None:
        self._waves = waves
        self._recorded: list[np.ndarray] = [np.zeros((n_channels, 0), np.float32)]

    def __iter__(self) -> Iterator[np.ndarray]:
        for wave in self._waves:
            self._recorded.append(wave)
            yield wave

    def next(self, n_samples: int) -> np.ndarray:
        """Return the next ``(channels, n_samples)`` of what has been iterated over, and forget them."""
        joined = np.concatenate(self._recorded, axis=1)
        self._recorded = [joined[:, n_samples:]]
        return joined[:, :n_samples]


class BlockReader:
    """Read blocks of any lengths as blocks of chosen lengths.

    Parameters
    ----------
    blocks : iterable of np.ndarray
        ``(channels, time)``.
    n_channels : int
    """

    def __init__(self, blocks: Iterable[np.ndarray], n_channels: int) -> None:
        self._blocks = iter(blocks)
        self._rest = np.zeros((n_channels, 0), np.float32)

    def read(self, n_samples: int) -> np.ndarray:
        """Return the next ``(channels, n_samples)``; fewer at the end."""
        pieces = [self._rest]
        n_read = self._rest.shape[1]
        while n_read < n_samples and (block := next(self._blocks, None)) is not None:
            pieces.append(block)
            n_read += block.shape[1]
        joined = pieces[0] if len(pieces) == 1 else np.concatenate(pieces, axis=1)
        self._rest = joined[:, n_samples:]
        return joined[:, :n_samples]


def with_channels(wave: np.ndarray, n_channels: int) -> np.ndarray:
    """Return a wave ``(channels, time)`` with this number of channels: one is copied to all, all are mixed to one."""
    if len(wave) == n_channels:
        return wave
    return np.repeat(wave, n_channels, axis=0) if len(wave) == 1 else wave.mean(axis=0, keepdims=True)


def fitted(waves: Iterable[np.ndarray], n_channels: int, n_due: Callable[[], int]) -> Iterator[np.ndarray]:
    """Yield waves ``(channels, time)`` up to the number of samples that is due, padded with silence at the end.

    ``n_due`` is called after every block, since the length of a source is known for sure at its end only.
    """
    n_yielded = 0
    for wave in waves:
        chunk = np.ascontiguousarray(wave[:, : n_due() - n_yielded], dtype=np.float32)
        n_yielded += chunk.shape[1]
        if chunk.size:
            yield chunk
    if n_missing := n_due() - n_yielded:
        yield np.zeros((n_channels, n_missing), np.float32)


def until_interrupted(waves: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    """Yield waves until Ctrl-C is pressed."""
    with suppress(KeyboardInterrupt):
        yield from waves
