"""Automation of effects: numbers of an effect that follow points, an oscillator or the level of another strip."""

from __future__ import annotations

import itertools
import math
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Literal, Self, TypeAlias

import numpy as np

from ...audio.sound_file import SoundFormat
from ...audio.wave_blocks import BlockReader
from ...base.errors import BadSetting
from ...base.names import quoted
from ...base.units import gain_to_db
from ..dynamics import remaining
from ..editing.chain import Chain
from ..editing.quantities import short_name
from ..effect import Effect, EffectStream, TwoPassEffect

STEP_SAMPLES = 256
"""Samples from one value of a setting to the next; between them the outputs for both are crossfaded."""

SHAPES: dict[str, Callable[[float], float]] = {
    "sine": lambda phase: 0.5 - 0.5 * math.cos(2.0 * math.pi * phase),
    "triangle": lambda phase: 1.0 - abs(2.0 * phase - 1.0),
    "rise": lambda phase: phase,
    "fall": lambda phase: 1.0 - phase,
    "square": lambda phase: float(phase >= 0.5),
}
"""Positions between low (0) and high (1) of an oscillator at a phase from 0 to 1; all but ``fall`` begin low."""

Curve: TypeAlias = Literal["linear", "exponential", "hold"]
Keys: TypeAlias = Callable[[str], Iterable[np.ndarray]]
"""Opens the sound of a strip, ``(channels, time)`` in blocks."""


@dataclass(frozen=True)
class Motion:
    """Motion of a number between ``low`` and ``high``, along a ``curve``: linear, or exponential, in equal ratios."""

    low: float
    high: float
    curve: Curve = "linear"

    def __post_init__(self) -> None:
        if self.curve == "exponential" and min(self.low, self.high) <= 0:
            raise BadSetting(
                f"An exponential curve needs values above 0, not {self.low:g} to {self.high:g}; choose linear."
            )

    @property
    def key(self) -> str | None:
        """Name of the strip whose level it follows."""
        return None

    @property
    def extremes(self) -> tuple[float, float]:
        """Values between which all others lie."""
        return (self.low, self.high)

    @abstractmethod
    def values(self, sample_rate: int, keys: Keys) -> Iterator[float]:
        """Yield the values at multiples of STEP_SAMPLES from the start on, without end."""

    def between(self, position: float) -> float:
        """Return the value at a position from 0 (low) to 1 (high)."""
        return _between(self.low, self.high, position, self.curve)


@dataclass(frozen=True)
class Points(Motion):
    """Values at times in seconds, which rise; before the first and after the last of them nothing moves."""

    times: tuple[float, ...] = ()
    targets: tuple[float, ...] = ()

    @classmethod
    def through(cls, points: Sequence[tuple[float, float]], curve: Curve) -> Self:
        """Return the motion through points ``(seconds, value)``, at least one."""
        times, targets = zip(*points, strict=True)
        return cls(min(targets), max(targets), curve, times, targets)

    def values(self, sample_rate: int, keys: Keys) -> Iterator[float]:
        """Yield the values, see :meth:`Motion.values`."""
        number, n_past = 0, 0
        while True:
            seconds = number * STEP_SAMPLES / sample_rate
            while n_past < len(self.times) and self.times[n_past] <= seconds:
                n_past += 1
            if n_past in (0, len(self.times)):
                yield self.targets[max(0, n_past - 1)]
            else:
                (start, end), (first, last) = self.times[n_past - 1 : n_past + 1], self.targets[n_past - 1 : n_past + 1]
                yield _between(first, last, (seconds - start) / (end - start), self.curve)
            number += 1


@dataclass(frozen=True)
class Oscillation(Motion):
    """A low-frequency oscillator from ``low`` to ``high``, ``rate_hz`` times a second."""

    rate_hz: float = 1.0
    shape: str = "sine"
    phase: float = 0.0  # at the start, in cycles

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.shape not in SHAPES:
            raise BadSetting(f"shape is {quoted(self.shape)}; it must be one of {', '.join(SHAPES)}.")

    def values(self, sample_rate: int, keys: Keys) -> Iterator[float]:
        """Yield the values, see :meth:`Motion.values`."""
        number = 0
        while True:
            phase = (self.phase + self.rate_hz * number * STEP_SAMPLES / sample_rate) % 1.0
            yield self.between(SHAPES[self.shape](phase))
            number += 1


@dataclass(frozen=True)
class Follower(Motion):
    """The level of another strip: ``low`` at ``floor_db`` and below, ``high`` at ``ceiling_db`` and above.

    The level is the largest sample of each step in dBFS, smoothed by the times.
    """

    by: str = ""
    floor_db: float = -50.0
    ceiling_db: float = -10.0
    attack_ms: float = 10.0
    release_ms: float = 200.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.floor_db >= self.ceiling_db:
            raise BadSetting(
                f"floor_db is {self.floor_db:g} and ceiling_db {self.ceiling_db:g}; the first must be lower."
            )

    @property
    def key(self) -> str:
        """Name of the strip whose level it follows."""
        return self.by

    def values(self, sample_rate: int, keys: Keys) -> Iterator[float]:
        """Yield the values, see :meth:`Motion.values`."""
        blocks = iter(keys(self.by))
        first = next(blocks, np.zeros((1, 0), np.float32))
        reader = BlockReader(itertools.chain([first], blocks), len(first))
        steps_hz = sample_rate / STEP_SAMPLES
        rising, falling = remaining(self.attack_ms, steps_hz), remaining(self.release_ms, steps_hz)
        position = 0.0
        while True:
            yield self.between(position)
            peak = float(np.abs(reader.read(STEP_SAMPLES)).max(initial=0.0))
            level_db = float(gain_to_db(peak, floor_db=self.floor_db))
            target = min(1.0, (level_db - self.floor_db) / (self.ceiling_db - self.floor_db))
            position = target + (rising if target > position else falling) * (position - target)


def _between(first: float, last: float, position: float, curve: Curve) -> float:
    if curve == "hold":
        return first if position < 1.0 else last
    if curve == "exponential":
        return first * math.pow(last / first, position)
    return first + (last - first) * position


@dataclass(frozen=True)
class Automation:
    """A number of an effect that moves."""

    step: int  # of the effect in the chain, from 0 on
    setting: str  # name of the field; with ``index``, that number of a field with several
    motion: Motion
    index: int | None = None

    def set(self, effect: Effect, value: float) -> Effect:
        """Return an effect with the number; raise BadSetting if it is out of range."""
        now = getattr(effect, self.setting)
        if self.index is not None:
            moved = tuple(value if number == self.index else each for number, each in enumerate(now))
            return replace(effect, **{self.setting: moved})
        return replace(effect, **{self.setting: round(value) if isinstance(now, int) else value})


@dataclass(frozen=True, eq=False)
class MovingEffect(Effect):
    """An effect whose numbers move while it is at work."""

    effect: Effect
    automations: tuple[Automation, ...]
    keys: Keys

    def stream(self, sound: SoundFormat) -> EffectStream:
        """Open a stream, see :meth:`.effect.Effect.stream`."""
        return MovingStream(self, sound)


class MovingStream(EffectStream):
    """The stream of :class:`MovingEffect`.

    At every step the stream goes on with the next values, and over the samples of the step its output is crossfaded
    with that of a copy that keeps those before: what a number changes is heard without clicks.
    """

    def __init__(self, settings: MovingEffect, sound: SoundFormat) -> None:
        self._settings = settings
        self._values = [each.motion.values(sound.sample_rate, settings.keys) for each in settings.automations]
        self._sound = sound
        self._now: list[float] = []
        self._stream = self._next_effect().stream(sound)
        self._before: EffectStream | None = None
        self._n_done = STEP_SAMPLES  # samples of the step
        super().__init__(
            sound.n_channels,
            n_output_channels=self._stream.n_output_channels,
            latency_samples=self._stream.latency_samples,
            tail_samples=self._stream.tail_samples,
        )

    def _next_effect(self) -> Effect:
        """Return the effect with the next values."""
        self._now = [next(values) for values in self._values]
        effect = self._settings.effect
        for automation, value in zip(self._settings.automations, self._now, strict=True):
            effect = automation.set(effect, value)
        return effect

    def _process(self, block: np.ndarray) -> np.ndarray:
        outputs = [np.zeros((self.n_output_channels, 0), np.float32)]
        start = 0
        while start < block.shape[1]:
            if self._n_done == STEP_SAMPLES:
                self._begin_step()
            n_samples = min(STEP_SAMPLES - self._n_done, block.shape[1] - start)
            piece = block[:, start : start + n_samples]
            output = self._stream.push(piece)
            if self._before is not None:
                weights = (np.arange(self._n_done + 1, self._n_done + n_samples + 1) / STEP_SAMPLES).astype(np.float32)
                before = self._before.push(piece)
                output = before + weights * (output - before)
            outputs.append(output)
            self._n_done += n_samples
            start += n_samples
        return np.concatenate(outputs, axis=1)

    def _begin_step(self) -> None:
        self._n_done, self._before = 0, None
        before = self._now
        effect = self._next_effect()
        if self._now != before:
            self._before = self._stream.fork()
            self._stream.adopt(effect.stream(self._sound))

    def warning(self) -> str:
        """Return the sentence of the effect."""
        return self._stream.warning()


def moving(chain: Chain, automations: Sequence[Automation], keys: Keys) -> Chain:
    """Return a chain in which the numbers of some effects move; ``keys`` opens the strips that they follow."""
    effects = list(chain.effects)
    for step in sorted({each.step for each in automations}):
        effects[step] = MovingEffect(effects[step], tuple(each for each in automations if each.step == step), keys)
    return Chain(tuple(effects))


def check_automations(chain: Chain | None, automations: Sequence[Automation], sound: SoundFormat) -> None:
    """Raise BadSetting unless every number can move, between its extremes, in a strip of this format."""
    for automation in automations:
        steps, effect = _step_of(chain, automation.step)
        if isinstance(effect, TwoPassEffect):
            raise BadSetting(
                f"{short_name(automation.setting)} cannot move: the effect depends on the whole sound; automate a gain "
                "behind it."
            )
        before = [sound, *steps.formats(sound)][automation.step]
        low, high = (automation.set(effect, value) for value in automation.motion.extremes)
        streams = [each.stream(before) for each in (low, high, low)]
        try:
            for first, second in itertools.pairwise(streams):
                first.adopt(second)
        except BadSetting as error:
            name = short_name(automation.setting)
            raise BadSetting(f"{name} cannot move: {error}; automate another setting.") from error


def _step_of(chain: Chain | None, step: int) -> tuple[Chain, Effect]:
    """Return a chain and its effect of a number from 0 on; raise BadSetting if it has none."""
    n_steps = 0 if chain is None else len(chain.effects)
    if chain is None or not 0 <= step < n_steps:
        raise BadSetting(f"step is {step + 1}, and effects has {n_steps} steps; count them from 1.")
    return chain, chain.effects[step]


def automation_of(chain: Chain | None, step: int, setting: str, motion: Callable[[str], Motion]) -> Automation:
    """Return the automation of a setting that is named as in a chain.

    Raises BadSetting if there is no such effect or setting, or it is no number.

    Parameters
    ----------
    chain : Chain or None
        The effects of the strip.
    step : int
        Of the effect, from 1 on.
    setting : str
        Name, with or without its unit; with a point and a number from 1 on, one of several numbers (``bands.3``).
    motion : callable
        Returns the motion for the full name of the setting.
    """
    _, effect = _step_of(chain, step - 1)
    name, point, number = setting.partition(".")
    names = [field.name for field in fields(effect)]
    found = next((each for each in names if name in (each, short_name(each))), None)
    if found is None:
        raise BadSetting(
            f"There is no setting {quoted(name)}; there are {', '.join(map(short_name, names)) or 'none'}."
        )
    value = getattr(effect, found)
    if isinstance(value, tuple):
        if not (number.isdecimal() and 1 <= int(number) <= len(value)):
            raise BadSetting(f"{short_name(found)} has {len(value)} numbers; name one, such as {short_name(found)}.1.")
        return Automation(step - 1, found, motion(found), int(number) - 1)
    if point or isinstance(value, bool) or not isinstance(value, int | float):
        raise BadSetting(f"{setting} is no number that can move.")
    return Automation(step - 1, found, motion(found))
