"""A recording as one channel, in blocks: for what listens and writes no sound."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

from ..base.units import samples_to_seconds
from .clip import read_blocks, read_header, resampled
from .wave_blocks import CountedWaves, mixed_to_mono

BLOCK_VALUES = 2**19
"""Samples of all channels in a block."""


class MonoSound:
    """A wave or a sound file of any length, read once; see :func:`.channel_layouts.mono_weights`.

    - ``waves``: consecutive blocks ``(channels, time)``.
    - ``sample_rate``: in Hz.
    - ``show``: called with the seconds that are read.
    """

    def __init__(
        self, waves: Iterable[np.ndarray], sample_rate: int, show: Callable[[float], object] = lambda _: None
    ) -> None:
        self._waves = CountedWaves(waves, lambda n_samples: show(samples_to_seconds(n_samples, sample_rate)))
        self._sample_rate = sample_rate

    @classmethod
    def of_wave(cls, wave: np.ndarray, sample_rate: int) -> MonoSound:
        """Return a wave ``(channels, time)``."""
        step = max(1, BLOCK_VALUES // max(len(wave), 1))
        return cls((wave[:, start : start + step] for start in range(0, wave.shape[1], step)), sample_rate)

    @classmethod
    def of_file(cls, path: Path, show: Callable[[float], object] = lambda _: None) -> MonoSound:
        """Return a sound file; reading it raises BadAudio or MissingExtra if it cannot be read."""
        header = read_header(path)
        blocks = read_blocks(path, BLOCK_VALUES / (header.sample_rate * header.n_channels))
        return cls((block.wave for block in blocks), header.sample_rate, show)

    @property
    def seconds(self) -> float:
        """Seconds that have been read."""
        return samples_to_seconds(self._waves.n_samples, self._sample_rate)

    def blocks(self, sample_rate: int) -> Iterator[np.ndarray]:
        """Yield consecutive blocks ``(time,)`` float32 at a sample rate."""
        mono = (mixed_to_mono(wave).astype(np.float32, copy=False) for wave in self._waves)
        for wave in resampled(mono, self._sample_rate, sample_rate, 1):
            yield wave[0]
