"""Enhance sound of any rate and length, block by block."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

import numpy as np

from ... import models
from ...audio.wave_blocks import BlockReader, CountedWaves, fitted, resampled
from ...base.errors import BadModel
from ...contracts.enhancement import EnhancementSettings, Enhancer

BUNDLED = re.compile(r"denoise-(\d+)k")
"""Names of the bundled denoisers; recipes/denoiser.py makes them."""


def model_for(sample_rate: int) -> str:
    """Return the name of the denoiser for recordings of a sample rate.

    It has the slowest rate that keeps all frequencies, or else the highest. Raises BadModel if there is none.
    """
    rates_khz = sorted(int(match[1]) for name in models.names() if (match := BUNDLED.fullmatch(name)))
    if not rates_khz:
        raise BadModel(
            "There is no denoiser; train one with `wavewright train FOLDER --family denoiser`, and give its folder "
            "with --model."
        )
    khz = next((each for each in rates_khz if 1_000 * each >= sample_rate), rates_khz[-1])
    return f"denoise-{khz}k"


class Processor(Protocol):
    """Enhancement of a sound that arrives in blocks, in bounded memory."""

    name: str
    hash: str
    highest_hz: float
    """Highest frequency that it leaves."""

    def process_blocks(self, waves: Iterable[np.ndarray], sample_rate: int, n_channels: int) -> Iterator[np.ndarray]:
        """Yield blocks ``(channels, time)`` float32 of other lengths, with all samples, in time with the sound."""


class ModelProcessor:
    """Enhancement by a model; a sound of another rate is resampled to that of the model and back."""

    def __init__(self, enhancer: Enhancer, settings: EnhancementSettings) -> None:
        self._enhancer = enhancer
        self._settings = settings
        self.name, self.hash = enhancer.name, enhancer.content_hash
        self.highest_hz = enhancer.sample_rate / 2

    def process_blocks(self, waves: Iterable[np.ndarray], sample_rate: int, n_channels: int) -> Iterator[np.ndarray]:
        """Yield the enhanced sound."""
        model_rate = self._enhancer.sample_rate
        counted = CountedWaves(waves)
        at_model_rate = resampled(counted, sample_rate, model_rate, n_channels)
        processed = self._enhancer.stream(n_channels, self._settings).process_blocks(at_model_rate)
        at_own_rate = resampled(processed, model_rate, sample_rate, n_channels)
        return fitted(at_own_rate, n_channels, lambda: counted.n_samples)


def enhanced_blocks(
    waves: Iterable[np.ndarray],
    sample_rate: int,
    model: str | Path | Enhancer | None = None,
    settings: EnhancementSettings | None = None,
    n_channels: int = 1,
) -> Iterator[np.ndarray]:
    """Enhance a sound of any sample rate while it arrives.

    Parameters
    ----------
    waves : iterable of np.ndarray
        Blocks ``(channels, time)`` of any lengths, or ``(time,)`` of one channel.
    sample_rate : int, in Hz
    model : str, Path or Enhancer, optional
        A denoiser; default: the bundled one for the sample rate.
    settings : EnhancementSettings, optional
        What is removed, and how much of it.
    n_channels : int
        Number of channels.

    Yields
    ------
    np.ndarray
        Blocks ``(channels, time)`` float32 of other lengths, as many samples in all, in time with the sound.

    Examples
    --------
    >>> import numpy as np
    >>> blocks = (np.zeros(1_000, np.float32) for _ in range(10))
    >>> sum(block.shape[1] for block in enhanced_blocks(blocks, 44_100))
    10000
    """
    from ...families.loading import load_enhancer

    enhancer = model if isinstance(model, Enhancer) else load_enhancer(model or model_for(sample_rate))
    processor = ModelProcessor(enhancer, settings or EnhancementSettings())
    rows = (np.atleast_2d(np.asarray(wave, np.float32)) for wave in waves)
    yield from processor.process_blocks(rows, sample_rate, n_channels)


class WpeProcessor:
    """Dereverberation without a model, see :mod:`wavewright.dsp.wpe`; ``mix`` is the fraction of the result."""

    name = "WPE"
    hash = "weighted prediction error"
    highest_hz = math.inf

    def __init__(self, mix: float = 1.0) -> None:
        self._mix = mix

    def process_blocks(self, waves: Iterable[np.ndarray], sample_rate: int, n_channels: int) -> Iterator[np.ndarray]:
        """Yield the sound with less reverberation."""
        from ...dsp.wpe import dereverberated_blocks

        return dereverberated_blocks(waves, sample_rate, self._mix)


class ProcessorChain:
    """Dereverberation without a model first, then a model, which removes what is left and the noise.

    - ``mix``: fraction of the result of both; the rest is the recording itself. Their own fractions must be 1.
    """

    def __init__(self, wpe: WpeProcessor, model: ModelProcessor, mix: float = 1.0) -> None:
        self._wpe = wpe
        self._model = model
        self._mix = np.float32(mix)
        self.name = f"{wpe.name} and {model.name}"
        self.hash = model.hash
        self.highest_hz = model.highest_hz

    def process_blocks(self, waves: Iterable[np.ndarray], sample_rate: int, n_channels: int) -> Iterator[np.ndarray]:
        """Yield the enhanced sound."""
        waves, recording = itertools.tee(waves)
        recorded = BlockReader(recording, n_channels)
        dry = self._wpe.process_blocks(waves, sample_rate, n_channels)
        for wave in self._model.process_blocks(dry, sample_rate, n_channels):
            yield self._mix * wave + (1 - self._mix) * recorded.read(wave.shape[1])
