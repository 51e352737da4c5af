"""Streams: sound of any length in chunks of any lengths, which change nothing of the result."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Generic, Self, TypeVar

import numpy as np

from ..base.errors import BadAudio, BadSetting
from .spectrum import FrameBuffer

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


MAX_HOPS = 32
"""Hops that are computed at once where so many have come."""


class HopStream(WaveStream):
    """Collect samples to hops, compute complete hops, and hand out as many samples as came in.

    - ``delay_hops``: hops by which the output of :meth:`_process_hops` is later than its input.
    """

    def __init__(self, n_inputs: int, n_outputs: int, hop_length: int, delay_hops: int) -> None:
        self._n_inputs, self._n_outputs, self._hop_length = n_inputs, n_outputs, hop_length
        self.latency_samples = (1 + delay_hops) * hop_length - 1
        self._hops = FrameBuffer(n_inputs, hop_length, hop_length)
        # Finished samples that wait: a hop less one sample of silence lets every chunk have its samples at once.
        self._ready = np.zeros((n_outputs, hop_length - 1), np.float32)

    def state(self) -> dict[str, np.ndarray]:
        """Return everything that determines the rest of the stream, for `restore`."""
        return {"filling": self._hops.rest().copy(), "ready": self._ready.copy()} | self._hop_state()

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Continue where a stream of the same kind was; raise BadSetting for a state that does not fit."""
        n_filled = min(np.shape(state.get("filling", 0))[-1:], default=0)
        waiting = {"filling": (self._n_inputs, n_filled), "ready": (self._n_outputs, self._hop_length - 1 - n_filled)}
        expected = {name: array.shape for name, array in self.state().items()} | waiting
        if {name: np.shape(array) for name, array in state.items()} != expected:
            raise BadSetting(
                "The state does not belong to a stream of this model with as many channels; take one that `state` of "
                "such a stream returned."
            )
        self._hops = FrameBuffer(self._n_inputs, self._hop_length, self._hop_length)
        self._hops.add(state["filling"])
        self._ready = state["ready"].copy()
        self._restore_hops(state)

    def push(self, wave: np.ndarray) -> np.ndarray:
        """Return as many samples as ``wave (n_inputs, time)`` has, ``(n_outputs, time)`` float32, late by the latency.

        Raises BadAudio for other shapes, integers, NaN or infinite values; the stream then stays as it was.
        """
        wave = checked_rows(wave, self._n_inputs)
        hops = self._hops.add(wave)
        at_once = (np.ascontiguousarray(hops[:, k : k + MAX_HOPS]) for k in range(0, hops.shape[1], MAX_HOPS))
        samples = np.concatenate([self._ready, *map(self._process_hops, at_once)], axis=1)
        self._ready = samples[:, wave.shape[1] :]
        return samples[:, : wave.shape[1]]

    def finish(self) -> np.ndarray:
        """Return the last `latency_samples` samples of each row, as if silence followed, and reset the stream."""
        rest = self.push(np.zeros((self._n_inputs, self.latency_samples), np.float32))
        self.reset()
        return rest

    @abstractmethod
    def _process_hops(self, hops: np.ndarray) -> np.ndarray:
        """Return the samples ``(n_outputs, time)`` that ``hops (n_inputs, n_hops, hop_length)`` complete.

        How many hops come at once must change no sample.
        """

    @abstractmethod
    def _hop_state(self) -> dict[str, np.ndarray]:
        """Return copies of everything that determines the hops that follow."""

    @abstractmethod
    def _restore_hops(self, state: Mapping[str, np.ndarray]) -> None:
        """Continue where the state was taken."""


def checked_rows(wave: np.ndarray, n_rows: int) -> np.ndarray:
    """Return a wave ``(rows, time)`` as float32, perhaps without samples.

    Raises BadAudio for other shapes, integers, NaN or infinite values.
    """
    wave = np.asarray(wave)
    if wave.ndim != 2 or len(wave) != n_rows or wave.dtype.kind != "f" or not np.isfinite(wave).all():
        raise BadAudio(
            f"The wave has shape {wave.shape} and type {wave.dtype}; it must be ({n_rows}, time) of floating-point "
            "numbers, without NaN or infinite values."
        )
    return wave.astype(np.float32, copy=False)
