"""Sources of regions: sound files, waves in memory and generated textures, read from any position in blocks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from ..clip import read_blocks, read_header
from ..sound_file import AudioHeader
from ..units import samples_to_seconds
from ..wav_chunks import LoopPoints, read_loops

BLOCK_SECONDS = 1.0

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
        """Yield blocks from sample ``start`` on without end: at the end of the loop, its first sample follows."""
        first, end = (start, self.n_samples) if self.loop is None else (self.loop.start, self.loop.end)
        position = start
        while True:
            n_left = None if end is None else end - position
            if n_left is not None and n_left <= 0:  # the offset lies behind the loop
                position = first
                continue
            for block in self.blocks(position):
                yield block if n_left is None else block[:, :n_left]
                if n_left is not None:
                    n_left -= block.shape[1]
                    if n_left <= 0:
                        break
            position = first


@dataclass(frozen=True)
class FileSource(RegionSource):
    """A sound file."""

    path: Path

    @cached_property
    def _header(self) -> AudioHeader:
        return read_header(self.path)

    @property
    def sample_rate(self) -> int:
        """The sample rate in Hz."""
        return self._header.sample_rate

    @property
    def n_channels(self) -> int:
        """The number of channels."""
        return self._header.n_channels

    @property
    def n_samples(self) -> int | None:
        """The length in samples, None if it is unknown."""
        return self._header.n_samples

    @cached_property
    def loop(self) -> LoopPoints | None:
        """The first loop of a WAV file with a ``smpl`` chunk."""
        loops = read_loops(self.path)
        is_valid = loops and self.n_samples is not None and loops[0].end <= self.n_samples
        return loops[0] if is_valid else None

    def blocks(self, start: int = 0) -> Iterator[np.ndarray]:
        """Yield the blocks ``(channels, time)`` from sample ``start`` on."""
        seconds = samples_to_seconds(start, self.sample_rate)
        return (block.wave for block in read_blocks(self.path, BLOCK_SECONDS, seconds))


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
