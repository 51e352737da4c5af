"""Sounds by rules as clips of labels, each with settings of its own: clips to train classifiers of sounds on."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Self

import numpy as np

from ..base.errors import BadSetting
from ..base.names import quoted
from ..synth.procedural.click import Click
from ..synth.procedural.engine import CombustionEngine
from ..synth.procedural.fire import Fire
from ..synth.procedural.impact import Impact, Material
from ..synth.procedural.procedure import PEAK, Procedure
from ..synth.procedural.rain import SURFACES, Rain
from ..synth.procedural.stream import Stream
from ..synth.procedural.wind import Wind

NAME = "procedures"
SECONDS = 5.0
SAMPLE_RATE = 22_050
VERSION = 1  # of the ranges below: another number for other clips


class Draw:
    """Draws the settings of one clip, and renders procedures.

    - ``rng``: random numbers of the clip.
    - ``seconds``, ``sample_rate``: of textures.
    """

    def __init__(self, rng: np.random.Generator, seconds: float, sample_rate: int) -> None:
        self.rng, self.seconds, self.sample_rate = rng, seconds, sample_rate
        self.n_samples = round(seconds * sample_rate)
        self.time = np.arange(self.n_samples) / sample_rate

    def between(self, low: float, high: float) -> float:
        """Return a number, uniformly distributed."""
        return float(self.rng.uniform(low, high))

    def scale(self, low: float, high: float) -> float:
        """Return a number whose logarithm is uniformly distributed."""
        return float(np.exp(self.rng.uniform(np.log(low), np.log(high))))

    def choice(self, names: Sequence[str]) -> str:
        """Return one of some names."""
        return names[int(self.rng.integers(len(names)))]

    def texture(self, procedure: Procedure, seconds: float | None = None) -> np.ndarray:
        """Return a texture ``(time,)`` with a mean square of 1."""
        seconds = self.seconds if seconds is None else seconds
        wave = procedure.render(seconds, self.sample_rate, self._seed(), n_channels=1)[0]
        return np.asarray(wave / wave.std())

    def one_shot(self, procedure: Procedure) -> np.ndarray:
        """Return a one-shot ``(time,)``."""
        wave: np.ndarray = procedure.render(None, self.sample_rate, self._seed(), n_channels=1)[0]
        return wave

    def noise(self) -> np.ndarray:
        """Return noise ``(time,)`` with a mean square of 1, from white to pink."""
        spectrum = np.fft.rfft(self.rng.standard_normal(self.n_samples))
        slope = self.between(0, 0.5)  # of the amplitude over frequency
        noise = np.fft.irfft(spectrum * np.arange(1, len(spectrum) + 1) ** -slope, self.n_samples)
        return np.asarray(noise / noise.std())

    def _seed(self) -> int:
        return int(self.rng.integers(2**32))


def rain(draw: Draw) -> np.ndarray:
    """Return rain, from a shower to a downpour, on any surface."""
    surface = draw.choice(tuple(SURFACES))
    drops, millimetres = draw.scale(200, 20_000), draw.between(1, 4)
    return draw.texture(Rain(drops, millimetres, surface, wash=draw.between(0.3, 1.0)))  # type: ignore[arg-type]


def fire(draw: Draw) -> np.ndarray:
    """Return a fire of wood, from a few twigs to a blaze."""
    crackles = draw.scale(3, 60)
    return draw.texture(Fire(draw.scale(0.2, 3.0), crackles, roar=draw.between(0, 0.8), hiss=draw.between(0, 0.5)))


def wind(draw: Draw) -> np.ndarray:
    """Return wind, from a breeze to a storm."""
    speed, gusts = draw.scale(3, 30), draw.between(0.1, 0.6)
    return draw.texture(Wind(speed, gusts, draw.between(0, 1), draw.between(0, 0.4), foliage=draw.between(0, 0.6)))


def stream(draw: Draw) -> np.ndarray:
    """Return a stream, from a trickle to a brook."""
    return draw.texture(Stream(draw.scale(50, 1_500), draw.scale(0.8, 3.0), turbulence=draw.between(0.05, 0.6)))


def sea_waves(draw: Draw) -> np.ndarray:
    """Return surf: noise that swells every few seconds, and lower noise that follows it."""
    foam = draw.texture(Rain(draw.scale(5_000, 50_000), draw.between(1, 4), "water", wash=1.0))
    low = draw.texture(Wind(draw.between(6, 25), draw.between(0.1, 0.5), howl=0.0, whistle=0.0))
    period, phase, steepness = draw.between(3, 9), draw.between(0, 1), draw.between(1, 4)
    swell = (0.5 + 0.5 * np.sin(2 * np.pi * (draw.time / period + phase))) ** steepness
    floor = draw.between(0.05, 0.5)
    level = floor + (1 - floor) * swell
    later = np.roll(level, round(0.1 * period * draw.sample_rate))
    return np.asarray(level * foam + draw.between(0.1, 2.0) * later * low)


def clock_tick(draw: Draw) -> np.ndarray:
    """Return the ticks of a clock, every other one often different and late, above a little noise."""
    period = draw.choice(("0.25", "0.5", "0.5", "1", "1", ""))
    seconds = float(period or draw.between(0.2, 1.1))
    ticks = [_tick(draw), _tick(draw) * draw.between(0.3, 1.0)]
    is_uneven = draw.rng.random() < 0.6
    wave = draw.scale(1e-3, 3e-2) * draw.noise()
    start, number = draw.between(0, seconds), 0
    while start < draw.seconds:
        tick = ticks[number % 2 if is_uneven else 0] * (1 + 0.1 * draw.rng.standard_normal())
        first = round(start * draw.sample_rate)
        part = tick[: max(0, len(wave) - first)]
        wave[first : first + len(part)] += part
        start += seconds * (1 + (0.08 if number % 2 else -0.08) * is_uneven)
        number += 1
    return wave


def _tick(draw: Draw) -> np.ndarray:
    if draw.rng.random() < 0.5:
        pitch_hz, decay_ms = draw.scale(800, 6_000), draw.scale(1, 20)
        return draw.one_shot(Click(pitch_hz, decay_ms, draw.between(0.2, 1.0)))
    materials: tuple[Material, ...] = ("wood", "metal", "plastic")
    material = materials[int(draw.rng.integers(len(materials)))]
    size, hardness = draw.scale(0.02, 0.15), draw.between(0.6, 1.0)
    return draw.one_shot(Impact(material, "plate", size, hardness, damping=draw.scale(2, 20)))


def helicopter(draw: Draw) -> np.ndarray:
    """Return a helicopter: pulses of the blades with noise in each, a turbine, nearer or farther over time."""
    blades_hz = draw.between(10, 28)
    pipe = CombustionEngine(
        60 * blades_hz,
        1,
        "two-stroke",
        load=draw.between(0.3, 1.0),
        exhaust_m=draw.scale(0.5, 5.0),
        muffler=draw.between(0.3, 1.0),
        roughness=draw.between(0.05, 0.3),
        valves=0.0,
    )
    pulses = np.exp(-draw.between(2, 8) * np.mod(draw.time * blades_hz, 1.0)) * draw.noise()
    turbine = draw.texture(Wind(draw.between(10, 40), 0.05, howl=0.0, whistle=0.0))
    levels = draw.between(0.3, 1.0), draw.between(0.2, 1.5), draw.between(0.1, 0.8)
    wave = levels[0] * draw.texture(pipe) + levels[1] * pulses + levels[2] * turbine
    return np.asarray(wave * np.exp(draw.between(-1, 1) * np.linspace(-1, 1, len(wave))))


def chainsaw(draw: Draw) -> np.ndarray:
    """Return a chainsaw, a two-stroke engine that idles and cuts in turn."""
    parts, seconds = [], 0.0
    while seconds < draw.seconds:
        length = draw.between(0.6, draw.seconds)
        is_idle = draw.rng.random() < 0.3
        engine = CombustionEngine(
            draw.between(2_400, 4_000) if is_idle else draw.between(5_500, 12_500),
            1,
            "two-stroke",
            load=draw.between(0.1, 0.3) if is_idle else draw.between(0.6, 1.0),
            exhaust_m=draw.scale(0.1, 0.5),
            muffler=draw.between(0, 0.5),
            roughness=draw.between(0.1, 0.5),
            valves=draw.between(0, 0.4),
        )
        parts.append((0.5 if is_idle else 1.0) * draw.texture(engine, length))
        seconds += length
    wave = np.concatenate(parts)[: draw.n_samples]
    return np.asarray(wave + draw.between(0.05, 0.5) * draw.noise()[: len(wave)])


SOUNDS: Mapping[str, Callable[[Draw], np.ndarray]] = {
    "rain": rain,
    "wind": wind,
    "stream": stream,
    "sea-waves": sea_waves,
    "fire-crackling": fire,
    "clock-tick": clock_tick,
    "helicopter": helicopter,
    "chainsaw": chainsaw,
}
"""Functions that draw and render a clip, by label."""


def _check_label(label: str) -> None:
    if label not in SOUNDS:
        raise BadSetting(f"Procedures have no label {quoted(label)}; theirs are {', '.join(SOUNDS)}.")


class ProceduralLabels:
    """Procedures that render clips of labels; every clip has other settings. See :class:`.ClipSource`.

    - ``labels``: those to render, all by default.

    Raises BadSetting for a label that is none of SOUNDS.
    """

    name = NAME
    licence = "Apache-2.0"
    sample_rate = SAMPLE_RATE
    content_hash = hashlib.sha256(f"{NAME} {VERSION}".encode()).hexdigest()

    def __init__(self, labels: Sequence[str] = tuple(SOUNDS)) -> None:
        self.labels = tuple(dict.fromkeys(labels))
        for label in self.labels:
            _check_label(label)

    @classmethod
    def named(cls, name: str) -> Self | None:
        """Return the procedures of a name, ``procedures`` or ``procedures:rain,wind``; None for another name."""
        start, _, labels = name.partition(":")
        if start != NAME:
            return None
        return cls([label.strip() for label in labels.split(",")]) if labels else cls()

    def generate(self, label: str | None = None, count: int = 1, seed: int = 0, start: int = 0) -> list[np.ndarray]:
        """Return clips ``start`` to ``start + count - 1`` of a seed, each ``(1, time)`` float32 of five seconds.

        Raises BadSetting for a label that is none of `labels`.
        """
        waves = []
        for index in range(start, start + count):
            name = self.labels[index % len(self.labels)] if label is None else label
            _check_label(name)
            rng = np.random.default_rng([seed, index, zlib.crc32(name.encode())])
            wave = SOUNDS[name](Draw(rng, SECONDS, SAMPLE_RATE))
            waves.append((wave * (PEAK / np.abs(wave).max()))[None].astype(np.float32))
        return waves
