"""Sources of regions: sound files, waves in memory and generated textures, read from any position in blocks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from ...audio.sound_file import OpenSound, open_sound
from ...audio.wav_chunks import BACKWARD, PING_PONG, LoopPoints, read_loops
from ...base.channel_layouts import Positions
from ...base.units import samples_to_seconds

BLOCK_SECONDS = 1.0
REVERSED_SAMPLES = 2**16
"""Samples of a loop that are read at a time to be played backward."""

OpenBlocks = Callable[[], Iterable[np.ndarray]]
"""Returns the blocks ``(channels, time)`` of a sound from its start."""


class RegionSource(ABC):
    """A sound that can be read from any position, as often as needed."""

    @property
    @abstractmethod
    def sample_rate(self) -> int:
        """The sample rate in Hz."""

    @property
    @abstractmethod
    def n_channels(self) -> int:
        """The number of channels."""

    @property
    @abstractmethod
    def n_samples(self) -> int | None:
        """The length in samples, None if it is unknown."""

    @property
    def positions(self) -> Positions | None:
        """The positions of three and more channels, if they are known."""
        return None

    @property
    def seconds(self) -> float | None:
        """The length in seconds, None if it is unknown."""
        return None if self.n_samples is None else samples_to_seconds(self.n_samples, self.sample_rate)

    @property
    def loop(self) -> LoopPoints | None:
        """The samples that repeat where the sound is looped; None for all."""
        return None

    @abstractmethod
    def blocks(self, start: int = 0) -> Iterator[np.ndarray]:
        """Yield the blocks ``(channels, time)`` float32 from sample ``start`` on."""

    def looped_blocks(self, start: int) -> Iterator[np.ndarray]:
        """Yield blocks from sample ``start`` on without end.

        At the end of the loop its first sample follows, or the loop backward if it is a ping-pong or backward loop. The
        samples at which a ping-pong loop turns are played once.
        """
        if self.loop is None:
            yield from self.blocks(start)
            while True:
                yield from self.blocks(start)
        first, end, kind = self.loop.start, self.loop.end, self.loop.kind
        yield from self._forward(start if start < end else first, end)  # or the offset lies behind the loop
        n_turning = 1 if kind == PING_PONG and end - first > 1 else 0
        while True:
            if kind in (PING_PONG, BACKWARD):
                yield from self._backward(first, end - n_turning)
            if kind != BACKWARD:
                yield from self._forward(first + n_turning, end)

    def _forward(self, start: int, end: int) -> Iterator[np.ndarray]:
        """Yield the blocks from sample ``start`` up to ``end``."""
        for block in self.blocks(start):
            yield block[:, : end - start]
            start += block.shape[1]
            if start >= end:
                break

    def _backward(self, start: int, end: int) -> Iterator[np.ndarray]:
        """Yield the same samples as `_forward`, reversed in time."""
        while end > start:
            first = max(start, end - REVERSED_SAMPLES)
            yield np.concatenate(list(self._forward(first, end)), axis=1)[:, ::-1]
            end = first


@dataclass(frozen=True)
class FileSource(RegionSource):
    """A sound file."""

    path: Path

    @cached_property
    def _sound(self) -> OpenSound:
        return open_sound(self.path)

    @property
    def sample_rate(self) -> int:
        """The sample rate in Hz."""
        return self._sound.header.sample_rate

    @property
    def n_channels(self) -> int:
        """The number of channels."""
        return self._sound.header.n_channels

    @property
    def positions(self) -> Positions | None:
        """The positions of three and more channels, if they are known."""
        return self._sound.positions

    @property
    def n_samples(self) -> int | None:
        """The length in samples, None if it is unknown."""
        return self._sound.header.n_samples

    @cached_property
    def loop(self) -> LoopPoints | None:
        """The first loop of a WAV file with a ``smpl`` chunk."""
        loops = read_loops(self.path)
        is_valid = loops and self.n_samples is not None and loops[0].end <= self.n_samples
        return loops[0] if is_valid else None

    def blocks(self, start: int = 0) -> Iterator[np.ndarray]:
        """Yield the blocks ``(channels, time)`` from sample ``start`` on."""
        seconds = samples_to_seconds(start, self.sample_rate)
        return self._sound.blocks(BLOCK_SECONDS, seconds)


@dataclass(frozen=True, eq=False)
class WaveSource(RegionSource):
    """A wave in memory, ``(channels, time)`` float32."""

    wave: np.ndarray
    rate: int

    @property
    def sample_rate(self) -> int:
        """The sample rate in Hz."""
        return self.rate

    @property
    def n_channels(self) -> int:
        """The number of channels."""
        return len(self.wave)

    @property
    def n_samples(self) -> int:
        """The length in samples."""
        return int(self.wave.shape[1])

    def blocks(self, start: int = 0) -> Iterator[np.ndarray]:
        """Yield the wave from sample ``start`` on."""
        if start < self.n_samples:
            yield self.wave[:, start:]


@dataclass(frozen=True)
class StreamSource(RegionSource):
    """A texture that is generated block by block, the same each time that it is opened."""

    open_blocks: OpenBlocks
    rate: int
    channels: int
    length: int

    @property
    def sample_rate(self) -> int:
        """The sample rate in Hz."""
        return self.rate

    @property
    def n_channels(self) -> int:
        """The number of channels."""
        return self.channels

    @property
    def n_samples(self) -> int:
        """The length in samples."""
        return self.length

    def blocks(self, start: int = 0) -> Iterator[np.ndarray]:
        """Yield the blocks from sample ``start`` on; those before it are generated too."""
        for block in self.open_blocks():
            if start < block.shape[1]:
                yield block[:, start:]
            start = max(0, start - block.shape[1])
