"""Modulation: tremolo, ring modulation and phaser."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.polynomial.chebyshev import chebinterpolate

from ..base.errors import BadSetting
from ..base.ranges import ranged
from .effect import Effect, EffectStream, check_below_nyquist, check_same_shape
from .oscillator import STEREO_PHASE, Oscillator, phasor, rotate, rotation_of

SWEEP_TOLERANCE = 1e-9  # of a filter coefficient
HIGHEST_DEGREE = 96
SAMPLES_AT_ONCE = 512


class OscillatorStream(EffectStream):
    """The stream of an effect whose gain is a function of the cosine and sine of an oscillator."""

    adopted = ("_gain",)

    def __init__(
        self, n_channels: int, rate_hz: float, sample_rate: int, gain: Callable[[np.ndarray, np.ndarray], np.ndarray]
    ) -> None:
        super().__init__(n_channels)
        self._oscillator = Oscillator(rate_hz, sample_rate)
        self._gain = gain

    def adopt(self, other: Self) -> None:
        """Take over another gain, and the frequency at the phase that is reached."""
        super().adopt(other)
        self._oscillator.adopt(other._oscillator)

    def _process(self, block: np.ndarray) -> np.ndarray:
        modulated: np.ndarray = block * self._gain(*self._oscillator.next(block.shape[1]))
        return modulated


@dataclass(frozen=True)
class Tremolo(Effect):
    """Vary the level as a cosine: from full at the start down to ``1 - depth``, ``rate_hz`` times a second."""

    keeps_loops = False

    rate_hz: float = ranged(5.0, 0.01, 1_000.0)
    depth: float = ranged(0.5, 0.0, 1.0)

    def stream(self, sample_rate: int, n_channels: int) -> EffectStream:
        """Open a stream, see :meth:`.effect.Effect.stream`."""
        middle, half = np.float32(1.0 - 0.5 * self.depth), np.float32(0.5 * self.depth)
        return OscillatorStream(n_channels, self.rate_hz, sample_rate, lambda cosines, _: middle + half * cosines)


@dataclass(frozen=True)
class RingModulator(Effect):
    """Multiply by a sine; ``mix`` is the fraction of the product, the rest is the sound itself."""

    keeps_loops = False

    frequency_hz: float = ranged(440.0, 0.01, 96_000.0)
    mix: float = ranged(1.0, 0.0, 1.0)

    def stream(self, sample_rate: int, n_channels: int) -> EffectStream:
        """Open a stream, see :meth:`.effect.Effect.stream`."""
        check_below_nyquist(sample_rate, frequency_hz=self.frequency_hz)
        dry, wet = np.float32(1.0 - self.mix), np.float32(self.mix)
        return OscillatorStream(n_channels, self.frequency_hz, sample_rate, lambda _, sines: dry + wet * sines)


@dataclass(frozen=True)
class Phaser(Effect):
    """Mix the sound with itself through all-pass filters whose frequency sweeps from ``low_hz`` to ``high_hz``.

    Two filters make one notch. The sweep is a sine in octaves, a quarter of a cycle later in each further channel.
    ``mix`` is the fraction of the filtered sound; at 0.5 the notches are deepest.
    """

    keeps_loops = False

    rate_hz: float = ranged(0.5, 0.01, 100.0)
    low_hz: float = ranged(300.0, 10.0, 48_000.0)
    high_hz: float = ranged(2_000.0, 10.0, 48_000.0)
    n_filters: int = ranged(6, 1, 24)
    feedback: float = ranged(0.3, -0.95, 0.95)
    mix: float = ranged(0.5, 0.0, 1.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.low_hz > self.high_hz:
            raise BadSetting(f"low_hz is {self.low_hz:g} and high_hz {self.high_hz:g}; the first must not be higher.")

    def stream(self, sample_rate: int, n_channels: int) -> PhaserStream:
        """Open a stream, see :meth:`.effect.Effect.stream`."""
        check_below_nyquist(sample_rate, high_hz=self.high_hz)
        return PhaserStream(self, sample_rate, n_channels)


class PhaserStream(EffectStream):
    """The stream of :class:`Phaser`."""

    adopted = ("_rotation", "_series", "_feedback", "_mix")

    def __init__(self, settings: Phaser, sample_rate: int, n_channels: int) -> None:
        super().__init__(n_channels)
        self._rotation = rotation_of(settings.rate_hz, sample_rate)
        cycles = STEREO_PHASE * np.minimum(np.arange(n_channels + n_channels % 2), n_channels - 1)
        self._phasors = np.stack([phasor(each) for each in cycles])
        self._states = np.zeros((len(cycles), 1 + settings.n_filters))
        self._series = _sweep(settings.low_hz / sample_rate, settings.high_hz / sample_rate)
        self._scratch = np.empty((5, SAMPLES_AT_ONCE))
        self._feedback = float(settings.feedback)
        self._mix = float(settings.mix)

    def adopt(self, other: Self) -> None:
        """Take over another sweep, see :meth:`.effect.EffectStream.adopt`."""
        check_same_shape(self._states, other._states)
        rotate(self._phasors, self._rotation)
        super().adopt(other)

    def _process(self, block: np.ndarray) -> np.ndarray:
        from .modulation_kernels import phase  # numba is slow to import

        output = np.empty_like(block)
        phase(
            *(block, self._rotation, self._phasors, self._series, self._scratch),
            *(self._states, self._feedback, self._mix, output),
        )
        return output


def _sweep(low: float, high: float) -> np.ndarray:
    """Return the Chebyshev series of the coefficient of an all-pass filter, ``(degree + 1,)``.

    Its argument is -1 at the frequency ``low`` and 1 at ``high``, both in cycles a sample; in octaves it is linear.
    """

    def coefficient(position: np.ndarray) -> np.ndarray:
        frequencies = low * (high / low) ** (0.5 + 0.5 * position)
        tangents = np.tan(math.pi * frequencies)
        coefficients: np.ndarray = (tangents - 1.0) / (tangents + 1.0)
        return coefficients

    series: np.ndarray = chebinterpolate(coefficient, HIGHEST_DEGREE)
    n_needed = int(np.flatnonzero(np.abs(series) > SWEEP_TOLERANCE).max(initial=0)) + 1
    return np.ascontiguousarray(series[:n_needed])
