"""Samples that wait for the end of a sound: in memory or, where they are many, in an unnamed temporary file."""

from __future__ import annotations

import tempfile
import weakref
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from ..base.errors import BadFolder

MEMORY_BYTES = 2**24
"""Bytes that stay in memory."""


class Spool:
    """The last samples of a sound of any length.

    Parameters
    ----------
    n_channels : int
    n_retained : int, optional
        Samples to keep, the last ones; all by default.
    """

    def __init__(self, n_channels: int, n_retained: int | None = None) -> None:
        self.n_samples = 0
        self._n_channels = n_channels
        self._n_retained = n_retained
        self._memory: np.ndarray | None = np.empty((n_channels, 0), np.float32)
        self._file = tempfile.SpooledTemporaryFile(max_size=1)  # noqa: SIM115
        self.close = weakref.finalize(self, self._file.close)

    def append(self, block: np.ndarray) -> None:
        """Append a block ``(channels, time)`` float32.

        Raises BadFolder if the temporary file cannot be written.
        """
        if self._n_retained is not None and block.shape[1] > self._n_retained:
            n_skipped = block.shape[1] - self._n_retained
            self.n_samples += n_skipped
            block = block[:, n_skipped:]
        self._reserve(self.n_samples + block.shape[1])
        start = 0
        with _explained():
            for position, n in self._runs(self.n_samples, block.shape[1]):
                run = block[:, start : start + n]
                if self._memory is None:
                    self._write(position, run)
                else:
                    self._memory[:, position : position + n] = run
                start += n
        self.n_samples += block.shape[1]

    def read(self, start: int, n_samples: int) -> np.ndarray:
        """Return samples from a position in the sound, ``(channels, n_samples)`` float32; of those that are kept."""
        runs = self._runs(start, n_samples)
        with _explained():
            if self._memory is None:
                pieces = [self._read(position, n) for position, n in runs]
            else:
                pieces = [self._memory[:, position : position + n] for position, n in runs]
        return np.concatenate([np.empty((self._n_channels, 0), np.float32), *pieces], axis=1)

    def _reserve(self, n_samples: int) -> None:
        """Make room for so many samples of the sound, in the file if they are too many for the memory."""
        n_needed = n_samples if self._n_retained is None else min(n_samples, self._n_retained)
        if self._memory is None or n_needed <= self._memory.shape[1]:
            return
        n_before, largest = self._memory.shape[1], MEMORY_BYTES // (4 * self._n_channels)
        if n_needed <= largest:
            grown = np.empty((self._n_channels, min(max(n_needed, 2 * n_before), largest)), np.float32)
            grown[:, :n_before] = self._memory
            self._memory = grown
        else:
            memory, self._memory = self._memory, None
            with _explained():
                self._write(0, memory[:, : self.n_samples])

    def _write(self, position: int, run: np.ndarray) -> None:
        self._file.seek(4 * self._n_channels * position)
        self._file.write(np.ascontiguousarray(run.T).data)
        self._file.flush()

    def _read(self, position: int, n_samples: int) -> np.ndarray:
        self._file.seek(4 * self._n_channels * position)
        read = self._file.read(4 * self._n_channels * n_samples)
        return np.frombuffer(read, np.float32).reshape(n_samples, self._n_channels).T

    def _runs(self, start: int, n_samples: int) -> Iterator[tuple[int, int]]:
        """Yield positions and lengths of the contiguous runs of samples."""
        while n_samples > 0:
            position = start if self._n_retained is None else start % self._n_retained
            n = n_samples if self._n_retained is None else min(n_samples, self._n_retained - position)
            yield position, n
            start += n
            n_samples -= n


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BadFolder(
            f"The sound does not fit into a temporary file in {tempfile.gettempdir()} ({error.strerror}); "
            "free some space, or set TMPDIR to a folder on another disk."
        ) from error
