"""Another sample rate, and tape speed: pitch and time together."""

from __future__ import annotations

from dataclasses import dataclass
from math import log2

import numpy as np
import soxr

from ..audio.sound_file import SoundFormat
from ..base.ranges import ranged
from .effect import Effect, EffectStream, StatelessStream

LARGEST_FACTOR = 16.0


@dataclass(frozen=True)
class Resample(Effect):
    """Convert to another sample rate, by soxr's HQ filter."""

    sample_rate_hz: int = ranged(48_000, 1_000, 768_000)

    def stream(self, sound: SoundFormat) -> EffectStream:
        """Open a stream, see :meth:`.effect.Effect.stream`."""
        return resampling_stream(sound.sample_rate, self.sample_rate_hz, sound.n_channels)

    def output_rate(self, sample_rate: int) -> int:
        """Return the new sample rate."""
        return self.sample_rate_hz


@dataclass(frozen=True)
class Speed(Effect):
    """Play faster or slower as a tape does: at ``factor`` 2 an octave higher, in half the time."""

    factor: float = ranged(1.0, 1.0 / LARGEST_FACTOR, LARGEST_FACTOR)

    @property
    def speed(self) -> float:
        """The factor."""
        return self.factor

    @property
    def semitones_up(self) -> float:
        """An octave for each doubling."""
        return 12 * log2(self.factor)

    def stream(self, sound: SoundFormat) -> EffectStream:
        """Open a stream, see :meth:`.effect.Effect.stream`."""
        return resampling_stream(sound.sample_rate * self.factor, sound.sample_rate, sound.n_channels)

    def output_seconds(self, seconds: float) -> float:
        """Return the length of the output, see :meth:`.effect.Effect.output_seconds`."""
        return seconds / self.factor

    def output_position(self, position_seconds: float, seconds: float | None) -> float | None:
        """Return where in the output a moment of the input is, see :meth:`.effect.Effect.output_position`."""
        return position_seconds / self.factor


def resampling_stream(from_rate: float, to_rate: float, n_channels: int) -> EffectStream:
    """Return a stream that resamples; it passes the sound on if both rates are equal."""
    if from_rate == to_rate:
        return StatelessStream(n_channels, np.copy)
    return ResamplingStream(from_rate, to_rate, n_channels)


class ResamplingStream(EffectStream):
    """Resample by soxr; the output is as long as the input times the ratio of the rates, rounded."""

    def __init__(self, from_rate: float, to_rate: float, n_channels: int) -> None:
        super().__init__(n_channels)
        self._resamplers = [soxr.ResampleStream(from_rate, to_rate, 1, dtype="float32") for _ in range(n_channels)]

    def _process(self, block: np.ndarray) -> np.ndarray:
        return self._resampled(block, is_last=False)

    def finish(self) -> np.ndarray:
        """Return the rest."""
        return self._resampled(np.zeros((self.n_channels, 0), np.float32), is_last=True)

    def _resampled(self, block: np.ndarray, *, is_last: bool) -> np.ndarray:
        pairs = zip(self._resamplers, block, strict=True)  # channels apart: soxr would separate them first
        return np.stack([resampler.resample_chunk(channel, last=is_last) for resampler, channel in pairs])
