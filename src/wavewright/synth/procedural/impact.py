"""Impacts on bars, plates and hollow bodies of several materials: modal synthesis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias, get_args

import numpy as np

from ...base.ranges import ranged
from .partials import Partials, with_partials
from .procedure import HIGH_RATE, OneShot, check_choice
from .timeline import random_numbers

Material: TypeAlias = Literal["wood", "metal", "glass", "stone", "plastic"]
Shape: TypeAlias = Literal["bar", "plate", "vessel"]

HIGHEST_HZ = 20_000.0
N_MODES = 40
LONGEST_SECONDS = 6.0
"""Longest time constant of a mode."""


@dataclass(frozen=True)
class _Material:
    """Speed of sound along a bar in m/s, loss angle's tangent, and losses to air and support in nepers a second."""

    speed_m_s: float
    loss: float
    radiation_hz: float


MATERIALS: Mapping[Material, _Material] = {
    "wood": _Material(3_900.0, 0.020, 14.0),
    "metal": _Material(5_100.0, 0.0006, 0.8),
    "glass": _Material(5_300.0, 0.0025, 4.0),
    "stone": _Material(3_800.0, 0.010, 20.0),
    "plastic": _Material(1_700.0, 0.045, 20.0),
}

THICKNESS_OF_SIZE: Mapping[Shape, float] = {"bar": 0.06, "plate": 0.02, "vessel": 0.012}
FREE_BAR = 1.028
"""Lowest frequency of a free bar: ``1.028 * thickness / length**2 * speed``."""


@dataclass(frozen=True)
class Impact(OneShot):
    """Something hard or soft that hits an object.

    The object is a bank of modes: their frequencies follow from its shape, size and material, their decays from the
    internal friction of the material. The hammer is a half-sine force, shorter where it is harder and faster.

    Attributes
    ----------
    material, shape
        Of the object.
    size_m
        Its length in metres.
    hammer_hardness
        0 is felt, 1 steel.
    impact_m_s
        Speed of the hammer in metres per second; faster blows are brighter.
    damping
        Factor of the losses: above 1 for an object that is held or full.

    References
    ----------
    K. van den Doel and D. K. Pai, Presence 7(4), 1998. K. van den Doel, P. G. Kry and
    D. K. Pai, "FoleyAutomatic: physically-based sound effects for interactive simulation and animation", SIGGRAPH 2001.
    N. H. Fletcher and T. D. Rossing, "The Physics of Musical Instruments", Springer, 1998.
    """

    max_channels: ClassVar[int] = 1

    material: Material = "wood"
    shape: Shape = "bar"
    size_m: float = ranged(0.3, 0.02, 3.0)
    hammer_hardness: float = ranged(0.7, 0.0, 1.0)
    impact_m_s: float = ranged(1.5, 0.05, 20.0)
    damping: float = ranged(1.0, 0.2, 20.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("material", self.material, get_args(Material))
        check_choice("shape", self.shape, get_args(Shape))

    def _synthesise(self, seed: int, n_channels: int) -> np.ndarray:
        material = MATERIALS[self.material]
        object_rng = random_numbers(0, f"object {self.material} {self.shape}")  # the same object for every seed
        rng = random_numbers(seed, "impact")
        thickness_m = THICKNESS_OF_SIZE[self.shape] * self.size_m
        lowest_hz = FREE_BAR * thickness_m / self.size_m**2 * material.speed_m_s
        modes_hz = lowest_hz * mode_ratios(self.shape, object_rng)
        modes_hz = modes_hz[modes_hz < HIGHEST_HZ]
        if not len(modes_hz):
            modes_hz = np.array([HIGHEST_HZ / 2])
        modes_hz *= 1 + 0.01 * rng.uniform(-1, 1, len(modes_hz))
        decay_hz = np.pi * modes_hz * material.loss + material.radiation_hz * (1 + modes_hz / 4_000)
        decay_hz = np.maximum(self.damping * decay_hz, 1 / LONGEST_SECONDS)
        contact_seconds = 0.004 * 0.03**self.hammer_hardness * self.impact_m_s**-0.2  # Hertz: the speed to the -1/5
        number = np.arange(1, len(modes_hz) + 1)
        shape_gain = np.sin(np.pi * number * rng.uniform(0.07, 0.5)) * rng.uniform(0.6, 1.0, len(modes_hz))
        gain = shape_gain * half_sine_spectrum(modes_hz, contact_seconds) / number**0.3
        knock_hz = rng.uniform(0.7, 1.3, 3) * np.array([0.35, 0.7, 1.2]) / contact_seconds
        knock_hz = np.minimum(knock_hz, HIGHEST_HZ)
        strength = 0.12 * np.abs(gain).sum() * rng.uniform(0.5, 1.0, 3)
        knock = Partials.of(np.zeros(1), knock_hz, np.pi * knock_hz / 1.5, strength)
        blow = Partials.joined([Partials.of(np.zeros(1), modes_hz, decay_hz, gain), knock])
        return with_partials(np.zeros((1, 0), np.float32), blow, HIGH_RATE)


def mode_ratios(shape: Shape, rng: np.random.Generator) -> np.ndarray:
    """Return the frequencies of modes relative to the lowest, ``(N_MODES,)`` rising.

    A free bar's modes are ``(2 n + 1)**2``, the rectangular plate's sums of two squares; a vessel's rise nearly as a
    power, in pairs.
    """
    number = np.arange(1, N_MODES + 1)
    if shape == "bar":
        return np.asarray(((2 * number + 1) / 3.0112) ** 2)
    if shape == "plate":
        across, along = np.meshgrid(number[:12], number[:12])
        plate = np.sort((across**2 + 1.7 * along**2).ravel())[:N_MODES] / 2.7
        return np.asarray(plate)
    pairs = (1 + np.arange(N_MODES) // 2) ** 1.5 * (1 + 0.012 * (np.arange(N_MODES) % 2))
    return np.asarray(np.sort(pairs * rng.uniform(0.95, 1.05, N_MODES)))


def half_sine_spectrum(frequency_hz: np.ndarray, contact_seconds: float) -> np.ndarray:
    """Return the spectrum of a half-sine force, 1 at 0 Hz; without its zeros, which real blows fill."""
    product = 2 * frequency_hz * contact_seconds
    return np.asarray(1 / (1 + product**2))
