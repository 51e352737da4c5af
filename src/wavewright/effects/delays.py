"""Delays: echoes, and delays that an oscillator varies: vibrato, chorus and flanger."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import numpy as np

from ..audio.sound_file import SoundFormat
from ..base.ranges import ranged
from ..base.units import seconds_to_samples
from .effect import Effect, EffectStream, check_same_shape, history_of
from .modulation import STEREO_PHASE, phasor, rotate, rotation_of

SHORTEST_DELAY = 2.0  # samples that the interpolation needs
SAMPLES_AT_ONCE = 1_024  # of each voice


@dataclass(frozen=True)
class Delay(Effect):
    """Repeat the sound after ``seconds``, each repetition ``feedback`` times the one before.

    ``mix`` is the fraction of the repetitions, the rest is the sound itself. ``tail_seconds`` are added at the end.
    """

    keeps_loops = False

    seconds: float = ranged(0.3, 0.0001, 60.0)
    feedback: float = ranged(0.3, -0.99, 0.99)
    mix: float = ranged(0.3, 0.0, 1.0)
    tail_seconds: float = ranged(0.0, 0.0, 60.0)

    def stream(self, sound: SoundFormat) -> DelayStream:
        """Open a stream, see :meth:`.effect.Effect.stream`."""
        return DelayStream(self, sound)


class DelayStream(EffectStream):
    """The stream of :class:`Delay`."""

    adopted = ("_n_delay", "_gains")

    def __init__(self, settings: Delay, sound: SoundFormat) -> None:
        super().__init__(sound.n_channels, tail_samples=seconds_to_samples(settings.tail_seconds, sound.sample_rate))
        self._n_delay = max(1, seconds_to_samples(settings.seconds, sound.sample_rate))
        self._lines = np.zeros((sound.n_channels, self._n_delay))
        self._position = 0
        self._gains = float(settings.feedback), float(settings.mix)

    def adopt(self, other: Self) -> None:
        """Take over another delay; a longer line is kept, since a later delay may need it."""
        super().adopt(other)
        if self._n_delay > self._lines.shape[1]:
            in_order = np.roll(self._lines, -self._position, axis=1)
            self._lines, self._position = history_of(in_order, 2 * self._n_delay), 0

    def _process(self, block: np.ndarray) -> np.ndarray:
        from .modulation_kernels import delay_lines  # numba is slow to import

        output = np.empty_like(block)
        self._position = delay_lines(block, self._lines, self._position, self._n_delay, *self._gains, output)
        return output


@dataclass(frozen=True)
class Vibrato(Effect):
    """Vary the pitch as a sine, by at most ``depth_cents`` up and down."""

    keeps_loops = False

    rate_hz: float = ranged(5.0, 0.1, 100.0)
    depth_cents: float = ranged(20.0, 0.0, 200.0)

    def stream(self, sound: SoundFormat) -> ModulatedStream:
        """Open a stream, see :meth:`.effect.Effect.stream`."""
        depth = (2.0 ** (self.depth_cents / 1_200.0) - 1.0) * sound.sample_rate / (2.0 * math.pi * self.rate_hz)
        latency = math.ceil(depth + SHORTEST_DELAY)
        rotation = rotation_of(self.rate_hz, sound.sample_rate)
        offsets = np.tile(phasor(0.0)[:2], (sound.n_channels, 1, 1))
        return ModulatedStream(rotation, offsets, latency, depth, wet=1.0, latency_samples=latency)


@dataclass(frozen=True)
class Chorus(Effect):
    """Mix the sound with the mean of ``n_voices`` copies, delayed by ``delay_ms`` plus or minus ``depth_ms``.

    The phases of the voices are spread over a cycle, and a quarter of a cycle later in each further channel.
    """

    keeps_loops = False

    rate_hz: float = ranged(0.8, 0.01, 20.0)
    delay_ms: float = ranged(20.0, 1.0, 100.0)
    depth_ms: float = ranged(3.0, 0.0, 50.0)
    n_voices: int = ranged(3, 1, 8)
    mix: float = ranged(0.5, 0.0, 1.0)

    def stream(self, sound: SoundFormat) -> ModulatedStream:
        """Open a stream, see :meth:`.effect.Effect.stream`."""
        return ModulatedStream(
            rotation_of(self.rate_hz, sound.sample_rate),
            _spread_phases(sound.n_channels, self.n_voices),
            self.delay_ms * sound.sample_rate / 1_000.0,
            self.depth_ms * sound.sample_rate / 1_000.0,
            dry=1.0 - self.mix,
            wet=float(self.mix),
        )


@dataclass(frozen=True)
class Flanger(Effect):
    """Mix the sound with one copy whose short delay is ``delay_ms`` plus or minus ``depth_ms``, with feedback.

    The oscillator is a quarter of a cycle later in each further channel.
    """

    keeps_loops = False

    rate_hz: float = ranged(0.3, 0.01, 20.0)
    delay_ms: float = ranged(3.0, 0.05, 20.0)
    depth_ms: float = ranged(2.0, 0.0, 20.0)
    feedback: float = ranged(0.4, -0.95, 0.95)
    mix: float = ranged(0.5, 0.0, 1.0)

    def stream(self, sound: SoundFormat) -> ModulatedStream:
        """Open a stream, see :meth:`.effect.Effect.stream`."""
        return ModulatedStream(
            rotation_of(self.rate_hz, sound.sample_rate),
            _spread_phases(sound.n_channels, 1),
            self.delay_ms * sound.sample_rate / 1_000.0,
            self.depth_ms * sound.sample_rate / 1_000.0,
            feedback=float(self.feedback),
            dry=1.0 - self.mix,
            wet=float(self.mix),
        )


class ModulatedStream(EffectStream):
    """Copies of the sound with varying delays; the mean delay is raised where two samples are not left of it.

    Parameters
    ----------
    rotation : np.ndarray
        Cosines and sines of the steps of the oscillators, see :func:`.oscillator.rotation_of`.
    offsets : np.ndarray
        Cosine and sine of their phases at the start, ``(channels, voices, 2)``.
    delay, depth : float
        Mean delay and largest deviation, in samples.
    feedback : float
        Gain of the copy at the input of the delay, 0 unless there is one voice.
    dry, wet : float
        Gains of the sound, and of the mean of the copies.
    latency_samples : int
        As for :class:`EffectStream`.
    """

    adopted = ("_rotation", "_settings")

    def __init__(
        self,
        rotation: np.ndarray,
        offsets: np.ndarray,
        delay: float,
        depth: float,
        *,
        feedback: float = 0.0,
        dry: float = 0.0,
        wet: float,
        latency_samples: int = 0,
    ) -> None:
        super().__init__(len(offsets), latency_samples=latency_samples)
        delay = max(float(delay), depth + SHORTEST_DELAY)
        self._rotation = rotation
        self._phasor = phasor(0.0)
        self._offsets = offsets
        self._scratch = np.empty((4, SAMPLES_AT_ONCE))
        n_line = math.ceil(delay + depth) + 4 + SAMPLES_AT_ONCE
        self._lines = np.zeros((len(offsets), n_line), np.float64 if feedback else np.float32)
        self._settings = delay, float(depth), feedback, dry, wet

    def adopt(self, other: Self) -> None:
        """Take over other delays; a longer line is kept, since later delays may need it."""
        check_same_shape(self._offsets, other._offsets)
        rotate(self._phasor, self._rotation)
        super().adopt(other)
        n_line = max(self._lines.shape[1], other._lines.shape[1])
        n_kept = self._lines.shape[1] - SAMPLES_AT_ONCE  # the rest is room for the next samples
        history = history_of(self._lines[:, :n_kept], n_line - SAMPLES_AT_ONCE)
        kind = np.promote_types(self._lines.dtype, other._lines.dtype)
        self._lines = np.pad(history, ((0, 0), (0, SAMPLES_AT_ONCE))).astype(kind)

    def _process(self, block: np.ndarray) -> np.ndarray:
        from .modulation_kernels import modulated_delays  # numba is slow to import

        output = np.empty_like(block)
        oscillator = self._rotation, self._phasor, self._offsets
        modulated_delays(block, self._lines, *oscillator, self._scratch, *self._settings, output)
        return output


def _spread_phases(n_channels: int, n_voices: int) -> np.ndarray:
    """Return cosine and sine of the phases of voices spread over a cycle, ``(channels, voices, 2)``."""
    cycles = STEREO_PHASE * np.arange(n_channels)[:, None] + np.arange(n_voices) / n_voices
    return np.stack([np.cos(2.0 * np.pi * cycles), np.sin(2.0 * np.pi * cycles)], axis=-1)
