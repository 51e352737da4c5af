"""Stream speech to a pipe, each chunk as soon as it is computed."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import BinaryIO

from ...audio.pcm import endless_wav_header, pipe_out, to_pcm
from ..chunk import Chunk


def write_stream(sink: BinaryIO, sample_rate: int, chunks: Iterator[Chunk]) -> None:
    """Write chunks as a 16-bit WAV file of unknown length.

    Parameters
    ----------
    sink : BinaryIO
        The pipe; writing ends without an error if its reader leaves.
    sample_rate : int
        Sample rate in Hz.
    chunks : iterator of Chunk
        The speech. Nothing is written if the first chunk raises an error.
    """
    with pipe_out(sink):
        first = next(chunks)
        sink.write(endless_wav_header(sample_rate))
        for chunk in itertools.chain([first], chunks):
            sink.write(to_pcm(chunk.wave))
            sink.flush()
