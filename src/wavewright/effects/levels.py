"""Levels: gain, polarity, fades, and normalisation of the peak or the RMS in two passes."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections import deque
from dataclasses import dataclass

import numpy as np

from ..audio.sound_file import SoundFormat
from ..base.ranges import ranged
from ..base.units import db_to_gain, seconds_to_samples
from ..dsp.assembly import check_curve, fade_gains
from .effect import Effect, EffectStream, Measurement, StatelessStream, TwoPassEffect


@dataclass(frozen=True)
class Gain(Effect):
    """Change the level."""

    gain_db: float = ranged(0.0, -120.0, 60.0)

    def stream(self, sound: SoundFormat) -> EffectStream:
        """Open a stream, see :meth:`.effect.Effect.stream`."""
        return _scaled(sound.n_channels, float(db_to_gain(self.gain_db)))


@dataclass(frozen=True)
class InvertPolarity(Effect):
    """Invert the sign of all samples."""

    def stream(self, sound: SoundFormat) -> EffectStream:
        """Open a stream, see :meth:`.effect.Effect.stream`."""
        return StatelessStream(sound.n_channels, np.negative)


@dataclass(frozen=True)
class _Fade(Effect):
    """Base of both fades; ``curve`` is a name in CURVES."""

    seconds: float = ranged(1.0, 0.0, 300.0)
    curve: str = "s-curve"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_curve(self.curve)


@dataclass(frozen=True)
class FadeIn(_Fade):
    """Fade in from the start; a shorter sound ends before full level."""

    def stream(self, sound: SoundFormat) -> EffectStream:
        """Open a stream, see :meth:`.effect.Effect.stream`."""
        n_fade = seconds_to_samples(self.seconds, sound.sample_rate)
        return FadeInStream(fade_gains(n_fade, self.curve), sound.n_channels)

    def cuts_into(self, start_seconds: float, end_seconds: float, seconds: float | None) -> bool:
        """Return True if a region begins within the fade."""
        return start_seconds < self.seconds


@dataclass(frozen=True)
class FadeOut(_Fade):
    """Fade out at the end; a sound shorter than the fade is faded from its start.

    The stream holds back as many samples as the fade has, until it knows the end.
    """

    def stream(self, sound: SoundFormat) -> EffectStream:
        """Open a stream, see :meth:`.effect.Effect.stream`."""
        return FadeOutStream(seconds_to_samples(self.seconds, sound.sample_rate), self.curve, sound.n_channels)

    def cuts_into(self, start_seconds: float, end_seconds: float, seconds: float | None) -> bool:
        """Return True if a region ends within the fade, or may."""
        return seconds is None or end_seconds > seconds - self.seconds + 1e-9


class FadeInStream(EffectStream):
    """The stream of :class:`FadeIn`."""

    def __init__(self, gains: np.ndarray, n_channels: int) -> None:
        super().__init__(n_channels)
        self._gains = gains

    def _process(self, block: np.ndarray) -> np.ndarray:
        n_faded = min(block.shape[1], len(self._gains))
        output = block.copy()
        output[:, :n_faded] *= self._gains[:n_faded]
        self._gains = self._gains[n_faded:]
        return output


class FadeOutStream(EffectStream):
    """The stream of :class:`FadeOut`; its output is shorter than its input until :meth:`finish`."""

    def __init__(self, n_fade: int, curve: str, n_channels: int) -> None:
        super().__init__(n_channels)
        self._n_fade = n_fade
        self._curve = curve
        self._held: deque[np.ndarray] = deque()
        self._n_held = 0

    def _process(self, block: np.ndarray) -> np.ndarray:
        self._held.append(block.copy())
        self._n_held += block.shape[1]
        ready = []
        while self._n_held > self._n_fade:
            n_over = self._n_held - self._n_fade
            first = self._held.popleft()
            ready.append(first[:, :n_over])
            self._n_held -= ready[-1].shape[1]
            if first.shape[1] > n_over:
                self._held.appendleft(first[:, n_over:])
        return np.concatenate(ready, axis=1) if ready else block[:, :0]

    def finish(self) -> np.ndarray:
        """Return the faded end."""
        held = np.concatenate([np.zeros((self.n_channels, 0), np.float32), *self._held], axis=1)
        faded: np.ndarray = held * fade_gains(held.shape[1], self._curve)[::-1]
        return faded


@dataclass(frozen=True)
class NormalisePeak(TwoPassEffect):
    """Normalise the largest sample to ``peak_db`` dBFS; silence is unchanged."""

    peak_db: float = ranged(-1.0, -120.0, 20.0)

    def measurement(self, sound: SoundFormat) -> PeakMeasurement:
        """Open a measurement, see :meth:`.effect.TwoPassEffect.measurement`."""
        return PeakMeasurement(self.peak_db)


@dataclass(frozen=True)
class NormaliseRMS(TwoPassEffect):
    """Normalise the RMS of all samples of all channels to ``level_db`` dBFS; silence is unchanged."""

    level_db: float = ranged(-20.0, -120.0, 20.0)

    def measurement(self, sound: SoundFormat) -> RMSMeasurement:
        """Open a measurement, see :meth:`.effect.TwoPassEffect.measurement`."""
        return RMSMeasurement(self.level_db)


class LevelMeasurement(Measurement):
    """Base of the measurements of one level, which a gain brings to its target in dBFS."""

    def __init__(self, target_db: float) -> None:
        self._target_db = target_db

    @property
    @abstractmethod
    def level(self) -> float:
        """The level of the blocks so far, linear."""

    def effect(self) -> Effect:
        """Return the gain that brings the level to its target; none for silence."""
        return ScaleBy(float(db_to_gain(self._target_db)) / self.level if self.level else 1.0)


class PeakMeasurement(LevelMeasurement):
    """The first pass of :class:`NormalisePeak`."""

    def __init__(self, target_db: float) -> None:
        super().__init__(target_db)
        self._peak = 0.0

    @property
    def level(self) -> float:
        """The largest magnitude so far."""
        return self._peak

    def add(self, block: np.ndarray) -> None:
        """Measure the next block, ``(channels, time)``."""
        self._peak = max(self._peak, float(np.abs(block).max(initial=0.0)))


class RMSMeasurement(LevelMeasurement):
    """The first pass of :class:`NormaliseRMS`."""

    def __init__(self, target_db: float) -> None:
        super().__init__(target_db)
        self._energy = 0.0
        self._n_samples = 0

    @property
    def level(self) -> float:
        """The RMS so far."""
        return math.sqrt(self._energy / max(1, self._n_samples))

    def add(self, block: np.ndarray) -> None:
        """Measure the next block, ``(channels, time)``."""
        samples = np.asarray(block, np.float64).ravel()
        self._energy += float(samples @ samples)
        self._n_samples += len(samples)


@dataclass(frozen=True)
class ScaleBy(Effect):
    """Multiply by a linear factor: the second pass of a normalisation."""

    factor: float = ranged(1.0, 0.0, 1e12)

    def stream(self, sound: SoundFormat) -> EffectStream:
        """Open a stream, see :meth:`.effect.Effect.stream`."""
        return _scaled(sound.n_channels, self.factor)


def _scaled(n_channels: int, factor: float) -> EffectStream:
    gain = np.float32(factor)
    return StatelessStream(n_channels, lambda block: block * gain)
