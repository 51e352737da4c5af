"""Chunks of speech with the mark of generated sound."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from ...outputs.watermark.marking import Marking
from ..chunk import Chunk


def marked_chunks(chunks: Iterable[Chunk], sample_rate: int, marking: Marking) -> Iterator[Chunk]:
    """Add the mark to chunks, each as soon as it comes.

    Parameters
    ----------
    chunks : iterable of Chunk
        The speech.
    sample_rate : int
        Sample rate in Hz.
    marking : Marking
        The mark.

    Yields
    ------
    Chunk
        The chunks with their words and marks, whose last samples, up to 32 ms, follow in the next chunk.
    """
    stream = marking.stream(sample_rate, 1)
    for chunk in chunks:
        yield replace(chunk, wave=stream.push(chunk.wave))
    yield Chunk(stream.finish())
