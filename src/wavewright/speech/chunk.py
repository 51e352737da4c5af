"""Chunks: stretches of spoken audio with their words and marks, and the count of their clipped samples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from .timestamps import TimedMark, TimedWord


@dataclass(frozen=True)
class Chunk:
    """A stretch of audio.

    - ``wave``: samples ``(1, time)``, float32 in [-1, 1].
    - ``words``: words of the piece that starts with this chunk; empty for later chunks of a piece.
    - ``marks``: marks of the same piece.
    - ``n_clipped``: number of samples that exceeded full scale and were clipped.
    - ``is_waiting``: without samples: further text has not come yet, so that the next chunk is worth asking for only
      when it has.
    """

    wave: np.ndarray
    words: tuple[TimedWord, ...] = ()
    marks: tuple[TimedMark, ...] = ()
    n_clipped: int = 0
    is_waiting: bool = False


class Clipping:
    """Counts the samples of chunks, and the clipped ones, as the chunks pass."""

    def __init__(self) -> None:
        self.n_samples = 0
        self.n_clipped = 0

    def count(self, chunks: Iterable[Chunk]) -> Iterator[Chunk]:
        """Yield the chunks unchanged and count their samples."""
        for chunk in chunks:
            self.n_samples += chunk.wave.shape[1]
            self.n_clipped += chunk.n_clipped
            yield chunk

    @property
    def clipped_fraction(self) -> float:
        """Fraction of samples that were clipped, from 0 to 1."""
        return self.n_clipped / max(self.n_samples, 1)


def clipping_message(fraction: float) -> str:
    """Return the message on the fraction of samples that were clipped."""
    return f"{100 * fraction:.2g} % of the samples exceeded full scale and were clipped; lower the volume."
