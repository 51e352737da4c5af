"""Samples that wait for the end of a sound: in memory or, where they are many, in an unnamed temporary file."""

from __future__ import annotations

import tempfile
import weakref
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from ...errors import BadFolder

MEMORY_BYTES = 2**25
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
        self._file = tempfile.SpooledTemporaryFile(max_size=MEMORY_BYTES)  # noqa: SIM115
        self.close = weakref.finalize(self, self._file.close)

    def append(self, block: np.ndarray) -> None:
        """Append a block ``(channels, time)`` float32.

        Raises
        ------
        BadFolder
            If the temporary file cannot be written.
        """
        if self._n_retained is not None and block.shape[1] > self._n_retained:
            n_skipped = block.shape[1] - self._n_retained
            self.n_samples += n_skipped
            block = block[:, n_skipped:]
        start = 0
        with _explained():
            for n in self._runs(self.n_samples, block.shape[1]):
                self._file.write(np.ascontiguousarray(block[:, start : start + n].T).data)
                start += n
            self._file.flush()
        self.n_samples += block.shape[1]

    def read(self, start: int, n_samples: int) -> np.ndarray:
        """Return samples from a position in the sound, ``(channels, n_samples)`` float32; of those that are kept."""
        with _explained():
            pieces = [self._file.read(4 * self._n_channels * n) for n in self._runs(start, n_samples)]
        return np.frombuffer(b"".join(pieces), np.float32).reshape(n_samples, self._n_channels).T

    def _runs(self, start: int, n_samples: int) -> Iterator[int]:
        """Yield the lengths of the contiguous runs of samples, with the file at the position of each."""
        while n_samples > 0:
            position = start if self._n_retained is None else start % self._n_retained
            n = n_samples if self._n_retained is None else min(n_samples, self._n_retained - position)
            self._file.seek(4 * self._n_channels * position)
            yield n
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
