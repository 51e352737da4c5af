"""Streams: sound of any length in chunks of any lengths, which change nothing of the result."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, Self, TypeVar

import numpy as np

Output = TypeVar("Output")


class ChunkStream(ABC, Generic[Output]):
    """Base of streams: a sound is processed in chunks, and joined outputs do not depend on the chunks' lengths.

    - ``latency_samples``: delay of the output: its sample ``i + latency_samples`` belongs to sample ``i`` of the input.
    """

    latency_samples: int = 0
    _begin: Callable[[ChunkStream[Output]], None]

    def __new__(cls, *args: object, **kwargs: object) -> Self:
        """Remember how the stream is opened, for `reset`."""
        stream = super().__new__(cls)
        stream._begin = lambda stream: stream.__init__(*args, **kwargs)  # type: ignore[misc]
        return stream

    @abstractmethod
    def push(self, chunk: np.ndarray) -> Output:
        """Return what the next chunk, time last and of any length, completes."""

    @abstractmethod
    def finish(self) -> Output:
        """Return what follows after the last chunk; before another sound, `reset` the stream."""

    def reset(self) -> None:
        """Begin anew, as a new stream."""
        self._begin(self)

    def outputs(self, chunks: Iterable[np.ndarray]) -> Iterator[Output]:
        """Yield what each chunk completes, and what follows after the last one."""
        for chunk in chunks:
            yield self.push(chunk)
        yield self.finish()


class WaveStream(ChunkStream[np.ndarray]):
    """A stream whose output is a wave, time last."""

    def process_blocks(self, blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """Yield a whole sound, processed in consecutive blocks and in time with it; no block is empty."""
        return without_latency(self.outputs(blocks), self.latency_samples)


def without_latency(outputs: Iterable[np.ndarray], latency_samples: int) -> Iterator[np.ndarray]:
    """Yield the outputs of a stream, time last, without their first ``latency_samples`` samples; none is empty."""
    n_early = latency_samples
    for output in outputs:
        n_dropped = min(n_early, output.shape[-1])
        n_early -= n_dropped
        if output.shape[-1] > n_dropped:
            yield output[..., n_dropped:]
