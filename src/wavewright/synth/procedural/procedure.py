"""Procedures: settings in units that render a sound effect; textures of any length, and one-shots."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import soxr

from ...audio.sound_file import SoundFormat
from ...base.errors import BadSetting
from ...base.ranges import RangedSettings
from ...base.units import db_to_gain, seconds_to_samples
from ...effects.filters import HighPass
from .timeline import Timeline

SAMPLE_RATE, SAMPLE_RATES_HZ = 44_100, (8_000, 96_000)
"""Usual, lowest and highest sample rate of an effect."""

SECONDS = (0.1, 36_000.0)
"""Shortest and longest texture."""

PEAK = float(db_to_gain(-1.0))
"""Largest sample of every effect."""

KNEE = float(db_to_gain(-6.0))
"""Samples of textures below this are unchanged; from here on they are bent so that they stay below the peak."""

FADE_SECONDS = 0.01
"""Fade at both ends of a texture that is no loop."""

HIGH_RATE, LOW_RATE = 96_000, 48_000
"""Sample rates at which one-shots are synthesised, in Hz: the lower one where nothing above 20 kHz folds back."""

ATTACK_SECONDS, RELEASE_SECONDS = 0.0005, 0.01
"""Fades at the ends of a one-shot."""

LOWEST_HZ = 18.0
"""Corner of the high-pass filter that removes DC."""

SILENT_DB = -70.0
"""Level relative to the peak below which the end of a one-shot is cut off."""


class CellSource(ABC):
    """A texture at work: cells in their order, from ``-preroll_seconds`` on.

    ``preroll_seconds`` is the time after which a cell does not depend on what was before; a loop closes since its cells
    of that time before the start are those before the end.
    """

    preroll_seconds: ClassVar[float] = 1.0

    @abstractmethod
    def cell(self, cell: int) -> np.ndarray:
        """Return the samples of the next cell, ``(channels, time)`` float32."""


@dataclass(frozen=True)
class Procedure(RangedSettings, ABC):
    """Base of all procedures: frozen dataclasses of settings, with units in their names."""

    default_channels: ClassVar[int] = 1
    max_channels: ClassVar[int] = 2
    is_texture: ClassVar[bool]

    def blocks(
        self,
        seconds: float | None = None,
        sample_rate: int = SAMPLE_RATE,
        seed: int = 0,
        *,
        n_channels: int | None = None,
        is_loop: bool = False,
    ) -> Iterator[np.ndarray]:
        """Render the effect block by block, in bounded memory.

        Parameters
        ----------
        seconds : float, optional
            Length of a texture, 10 by default. One-shots have a length of their own.
        sample_rate : int, in Hz
            From 8,000 to 96,000; the sound below half of it does not depend on it.
        seed : int
            Same seed, same samples.
        n_channels : int, optional
            1 or 2; by default what suits the effect. Both channels of a mono effect are the same.
        is_loop : bool
            Render a texture whose end continues at its start.

        Returns
        -------
        iterator of np.ndarray
            Blocks ``(channels, time)`` float32 of at most a second, or a whole one-shot. No sample is beyond -1 dB of
            full scale.

        Raises
        ------
        BadSetting
            If a parameter is out of its range, or a one-shot is given a length or looped.
        """
        _check_number("sample_rate", sample_rate, *SAMPLE_RATES_HZ)
        _check_number("seed", seed, 0, 2**32 - 1)
        n_channels = self.default_channels if n_channels is None else n_channels
        _check_number("n_channels", n_channels, 1, 2)
        n_own = min(n_channels, self.max_channels)
        blocks = self._blocks(seconds, sample_rate, seed, n_own, is_loop)
        return blocks if n_own == n_channels else (block.repeat(n_channels, axis=0) for block in blocks)

    def render(
        self,
        seconds: float | None = None,
        sample_rate: int = SAMPLE_RATE,
        seed: int = 0,
        *,
        n_channels: int | None = None,
        is_loop: bool = False,
    ) -> np.ndarray:
        """Render the whole effect, ``(channels, time)`` float32; see :meth:`blocks`."""
        blocks = self.blocks(seconds, sample_rate, seed, n_channels=n_channels, is_loop=is_loop)
        return np.concatenate([*blocks], axis=1)

    @abstractmethod
    def _blocks(
        self, seconds: float | None, sample_rate: int, seed: int, n_channels: int, is_loop: bool
    ) -> Iterator[np.ndarray]:
        """Return the blocks of checked settings."""


@dataclass(frozen=True)
class Texture(Procedure):
    """Base of effects of any length."""

    default_channels: ClassVar[int] = 2
    is_texture: ClassVar[bool] = True

    @abstractmethod
    def _open(self, timeline: Timeline, n_channels: int) -> CellSource:
        """Return the source of the cells of a timeline."""

    def _blocks(
        self, seconds: float | None, sample_rate: int, seed: int, n_channels: int, is_loop: bool
    ) -> Iterator[np.ndarray]:
        seconds = 10.0 if seconds is None else seconds
        _check_number("seconds", seconds, *SECONDS)
        timeline = Timeline(sample_rate, seconds_to_samples(seconds, sample_rate), seed, is_loop)
        return self._cells(timeline, n_channels)

    def _cells(self, timeline: Timeline, n_channels: int) -> Iterator[np.ndarray]:
        source = self._open(timeline, n_channels)
        high_pass = HighPass(LOWEST_HZ).stream(SoundFormat(timeline.sample_rate, n_channels))

        def filtered(cell: int) -> np.ndarray:
            return high_pass.push(source.cell(cell))

        for cell in range(-int(np.ceil(source.preroll_seconds / timeline.cell_seconds)), 0):
            filtered(cell)
        n_fade = 0 if timeline.is_loop else seconds_to_samples(FADE_SECONDS, timeline.sample_rate)
        for cell in range(timeline.n_cells):
            start = timeline.first_sample(cell)
            block = below_peak(filtered(cell)[:, : timeline.n_samples - start])
            position = start + np.arange(block.shape[1])
            n_to_end = np.minimum(position, timeline.n_samples - 1 - position)
            if n_fade and n_to_end.min() < n_fade:
                block = block * raised_cosine(n_to_end / n_fade)
            yield block


@dataclass(frozen=True)
class OneShot(Procedure):
    """Base of effects with a length of their own."""

    is_texture: ClassVar[bool] = False
    synthesis_rate: ClassVar[int] = HIGH_RATE

    @abstractmethod
    def _synthesise(self, seed: int, n_channels: int) -> np.ndarray:
        """Return ``(channels, time)`` at the synthesis rate, of any level."""

    def _blocks(
        self, seconds: float | None, sample_rate: int, seed: int, n_channels: int, is_loop: bool
    ) -> Iterator[np.ndarray]:
        if seconds is not None or is_loop:
            option = "loop" if seconds is None else "seconds"
            raise BadSetting(f"{type(self).__name__} has a length of its own, and is no loop; leave {option} out.")
        wave = finished(self._synthesise(seed, n_channels), self.synthesis_rate)
        if sample_rate != self.synthesis_rate:
            wave = np.ascontiguousarray(soxr.resample(wave.T, self.synthesis_rate, sample_rate).T)
        n_attack, n_release = (seconds_to_samples(each, sample_rate) for each in (ATTACK_SECONDS, RELEASE_SECONDS))
        n_samples = wave.shape[1]
        n_attack, n_release = min(n_attack, n_samples), min(n_release, n_samples)
        wave[:, :n_attack] *= raised_cosine(np.arange(n_attack) / n_attack)
        wave[:, n_samples - n_release :] *= raised_cosine(np.arange(n_release)[::-1] / n_release)
        wave *= np.float32(PEAK) / np.abs(wave).max()
        return iter((wave,))


def finished(wave: np.ndarray, sample_rate: int) -> np.ndarray:
    """Return a synthesised one-shot ``(channels, time)`` as float32, without DC and without silence at its end."""
    filtered = HighPass(LOWEST_HZ)(wave, sample_rate)
    level = np.abs(filtered).max(axis=0)
    n_samples = int(np.flatnonzero(level > level.max() * db_to_gain(SILENT_DB))[-1]) + 1
    return np.asarray(filtered[:, :n_samples])


def below_peak(wave: np.ndarray) -> np.ndarray:
    """Return a wave whose samples beyond :data:`KNEE` are bent so that none exceeds :data:`PEAK`."""
    magnitude = np.abs(wave)
    if magnitude.max(initial=0.0) <= KNEE:
        return wave
    excess = np.maximum(magnitude - KNEE, 0.0) / (PEAK - KNEE)
    bent = np.minimum(magnitude, KNEE) + (PEAK - KNEE) * np.tanh(excess)
    return np.asarray(np.copysign(np.minimum(bent, PEAK), wave), np.float32)


def raised_cosine(position: np.ndarray) -> np.ndarray:
    """Return a gain ``(time,)`` float32 that rises from 0 to 1 as the position does."""
    gain: np.ndarray = (0.5 - 0.5 * np.cos(np.pi * np.clip(position, 0.0, 1.0))).astype(np.float32)
    return gain


def _check_number(name: str, number: float, low: float, high: float) -> None:
    if not low <= number <= high:
        raise BadSetting(f"{name} is {number}; it must lie between {low:,g} and {high:,g}.")


def check_choice(name: str, value: str, allowed: Sequence[str]) -> None:
    """Raise BadSetting if a setting is none of the allowed values."""
    if value not in allowed:
        raise BadSetting(f"{name} is {value!r}; it must be one of {', '.join(allowed)}.")
