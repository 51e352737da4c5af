"""Modulation: tremolo, ring modulation and phaser."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.polynomial.chebyshev import chebinterpolate

from ..audio.sound_file import SoundFormat
from ..base.errors import BadSetting
from ..base.ranges import ranged
from .effect import Effect, EffectStream, check_below_nyquist, check_same_shape

# --- Oscillators as rotating phasors, whose phase the lengths of blocks do not change

STEREO_PHASE = 0.25
"""Phase of an oscillator in each channel after that in the channel before, in cycles."""


STEPS = 64
"""Samples after which the phasor rotates; those between follow from a table, several at once."""


def phasor(cycles: float) -> np.ndarray:
    """Return an oscillator that starts at a phase in cycles, ``(3,)``: cosine, sine, and samples since it rotated."""
    angle = 2.0 * math.pi * cycles
    return np.array([math.cos(angle), math.sin(angle), 0.0])


def rotation_of(rate_hz: float, sample_rate: int) -> np.ndarray:
    """Return cosines and sines of the phases of 0 to 64 samples, ``(2, 65)``."""
    angles = 2.0 * math.pi * rate_hz / sample_rate * np.arange(STEPS + 1)
    return np.stack([np.cos(angles), np.sin(angles)])


def rotate(phasors: np.ndarray, rotation: np.ndarray) -> None:
    """Let oscillators ``(..., 3)`` begin anew where they are, so that they can go on at another frequency."""
    steps = phasors[..., 2].astype(int)
    turned = (phasors[..., 0] + 1j * phasors[..., 1]) * (rotation[0, steps] + 1j * rotation[1, steps])
    phasors[..., 0], phasors[..., 1], phasors[..., 2] = turned.real, turned.imag, 0.0


class Oscillator:
    """Sine and cosine of one frequency, block by block."""

    def __init__(self, rate_hz: float, sample_rate: int) -> None:
        self._rotation = rotation_of(rate_hz, sample_rate)
        self._phasor = phasor(0.0)

    def adopt(self, other: Oscillator) -> None:
        """Go on at the frequency of another one."""
        rotate(self._phasor, self._rotation)
        self._rotation = other._rotation

    def next(self, n_samples: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the next cosines and sines, each ``(n_samples,)`` float32."""
        from .modulation_kernels import oscillate  # numba is slow to import

        cosines, sines = np.empty((2, n_samples), np.float32)
        oscillate(self._rotation, self._phasor, cosines, sines)
        return cosines, sines


SWEEP_TOLERANCE = 1e-9  # of a filter coefficient
HIGHEST_DEGREE = 96
SAMPLES_AT_ONCE = 512


class OscillatorStream(EffectStream):
    """The stream of an effect whose gain is a function of the cosine and sine of an oscillator."""

    adopted = ("_gain",)

    def __init__(
        self, sound: SoundFormat, rate_hz: float, gain: Callable[[np.ndarray, np.ndarray], np.ndarray]
    ) -> None:
        super().__init__(sound.n_channels)
        self._oscillator = Oscillator(rate_hz, sound.sample_rate)
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

    def stream(self, sound: SoundFormat) -> EffectStream:
        """Open a stream, see :meth:`.effect.Effect.stream`."""
        middle, half = np.float32(1.0 - 0.5 * self.depth), np.float32(0.5 * self.depth)
        return OscillatorStream(sound, self.rate_hz, lambda cosines, _: middle + half * cosines)


@dataclass(frozen=True)
class RingModulator(Effect):
    """Multiply by a sine; ``mix`` is the fraction of the product, the rest is the sound itself."""

    keeps_loops = False

    frequency_hz: float = ranged(440.0, 0.01, 96_000.0)
    mix: float = ranged(1.0, 0.0, 1.0)

    def stream(self, sound: SoundFormat) -> EffectStream:
        """Open a stream, see :meth:`.effect.Effect.stream`."""
        check_below_nyquist(sound.sample_rate, frequency_hz=self.frequency_hz)
        dry, wet = np.float32(1.0 - self.mix), np.float32(self.mix)
        return OscillatorStream(sound, self.frequency_hz, lambda _, sines: dry + wet * sines)


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

    def stream(self, sound: SoundFormat) -> PhaserStream:
        """Open a stream, see :meth:`.effect.Effect.stream`."""
        check_below_nyquist(sound.sample_rate, high_hz=self.high_hz)
        return PhaserStream(self, sound)


class PhaserStream(EffectStream):
    """The stream of :class:`Phaser`."""

    adopted = ("_rotation", "_series", "_feedback", "_mix")

    def __init__(self, settings: Phaser, sound: SoundFormat) -> None:
        super().__init__(sound.n_channels)
        self._rotation = rotation_of(settings.rate_hz, sound.sample_rate)
        cycles = STEREO_PHASE * np.minimum(np.arange(sound.n_channels + sound.n_channels % 2), sound.n_channels - 1)
        self._phasors = np.stack([phasor(each) for each in cycles])
        self._states = np.zeros((len(cycles), 1 + settings.n_filters))
        self._series = _sweep(settings.low_hz / sound.sample_rate, settings.high_hz / sound.sample_rate)
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
