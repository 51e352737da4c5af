"""Rain: single drops on a surface before the noise of many distant ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import numpy as np

from ...base.ranges import ranged
from .bubbles import bubbles
from .partials import PartialLayer, Partials
from .procedure import CellSource, Texture, check_choice
from .shaped_noise import ShapedNoise, Spectrum, octaves
from .timeline import RandomCurve, Timeline, log_uniform, random_numbers

RainSurface: TypeAlias = Literal["stone", "leaves", "water", "metal", "glass", "earth"]

LEVEL = 0.1
"""RMS level of rain."""

MAX_SINGLE_DROPS = 1_200
"""Drops in a second that are synthesised one by one; further ones belong to the noise."""

LOUDEST_RATIO = 8.0
"""Loudest drop over the quietest: drops fall uniformly on a disc, and are quieter further away."""

N_TRIALS = 2_000
"""Drops from which the mean energy of one is computed."""

REFERENCE_DROP_MM = 2.0
N_SHEET_MODES = 24


@dataclass(frozen=True)
class _Surface:
    """Response of a surface to drops.

    Attributes
    ----------
    wash : Spectrum
        Spectrum of distant drops.
    frequency_hz : tuple of float
        Range of the partials of a drop.
    quality : tuple of float
        Range of their quality factors, ``pi * frequency / decay``.
    n_partials : int
        Partials of a drop.
    is_sheet : bool
        True for a sheet with modes of its own, common to all drops.
    bubble_fraction : float
        Fraction of the drops that trap a bubble.
    """

    wash: Spectrum
    frequency_hz: tuple[float, float]
    quality: tuple[float, float]
    n_partials: int = 2
    is_sheet: bool = False
    bubble_fraction: float = 0.0


SURFACES: Mapping[RainSurface, _Surface] = {
    "stone": _Surface(
        octaves((63, -28), (125, -20), (250, -15), (500, -10), (1e3, -7), (2e3, -5), (4e3, -6), (8e3, -9), (16e3, -18)),
        (1_200, 9_000),
        (1.0, 2.5),
    ),
    "leaves": _Surface(
        octaves(
            (63, -40), (125, -32), (250, -24), (500, -16), (1e3, -10), (2e3, -6), (4e3, -5), (8e3, -7), (16e3, -16)
        ),
        (700, 5_000),
        (1.5, 4.0),
    ),
    "water": _Surface(
        octaves((63, -34), (125, -27), (250, -19), (500, -12), (1e3, -7), (2e3, -5), (4e3, -6), (8e3, -9), (16e3, -15)),
        (3_000, 11_000),
        (1.0, 2.0),
        bubble_fraction=0.3,
    ),
    "metal": _Surface(
        octaves((63, -32), (125, -22), (250, -15), (500, -9), (1e3, -6), (2e3, -5), (4e3, -7), (8e3, -9), (16e3, -17)),
        (350, 6_000),
        (12.0, 45.0),
        n_partials=4,
        is_sheet=True,
    ),
    "glass": _Surface(
        octaves((125, -30), (250, -20), (500, -12), (1e3, -7), (2e3, -5), (4e3, -6), (8e3, -8), (16e3, -16)),
        (900, 7_500),
        (6.0, 25.0),
        n_partials=3,
        is_sheet=True,
    ),
    "earth": _Surface(
        octaves((63, -26), (125, -19), (250, -13), (500, -9), (1e3, -7), (2e3, -7), (4e3, -8), (8e3, -10), (16e3, -19)),
        (300, 3_500),
        (1.0, 2.0),
    ),
}


@dataclass(frozen=True)
class Rain(Texture):
    """Rain on a surface.

    Each drop excites damped resonances of the surface; on water it may trap a bubble. Distances follow from drops that
    fall uniformly on the ground, so a few are loud and many quiet. The sum of those further away is noise.

    Attributes
    ----------
    drops_per_second
        Drops nearby; 20 is the start of a shower, 2,000 steady rain, 20,000 a downpour.
    drop_mm
        Diameter of the drops in millimetres; larger ones are lower in pitch.
    surface
        What they fall on.
    wash
        Fraction of the power that is the noise of distant drops.

    References
    ----------
    A. Farnell, "Designing Sound", MIT Press, 2010, chapter on rain. K. van den Doel, ACM Transactions on Applied
    Perception 2(4), 2005.
    """

    drops_per_second: float = ranged(2_000.0, 1.0, 50_000.0)
    drop_mm: float = ranged(2.0, 0.5, 6.0)
    surface: RainSurface = "stone"
    wash: float = ranged(0.7, 0.0, 1.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("surface", self.surface, get_args(RainSurface))

    def _open(self, timeline: Timeline, n_channels: int) -> CellSource:
        return _RainCells(self, timeline, n_channels)


class _RainCells(CellSource):
    """Cells of rain."""

    def __init__(self, settings: Rain, timeline: Timeline, n_channels: int) -> None:
        self._settings = settings
        self._surface = SURFACES[settings.surface]
        self._timeline = timeline
        self._noise = ShapedNoise(timeline, "wash", [self._surface.wash], n_channels)
        self._intensity = RandomCurve(timeline, "intensity", (0.05, 2.0), 1.0)
        self._layer = PartialLayer(timeline, n_channels)
        rng = random_numbers(timeline.seed, "sheet")
        self._modes_hz = log_uniform(rng, self._surface.frequency_hz, N_SHEET_MODES)
        self._rate = min(settings.drops_per_second, MAX_SINGLE_DROPS)
        drop_fraction = (1 - settings.wash) * self._rate / settings.drops_per_second
        mean_energy = self._drops(random_numbers(0, "trials"), N_TRIALS).energy().sum() / N_TRIALS
        self._drop_gain = LEVEL * np.sqrt(drop_fraction / (self._rate * mean_energy))  # Campbell's theorem
        self._wash_level = LEVEL * np.sqrt(1 - drop_fraction)

    def cell(self, cell: int) -> np.ndarray:
        from .kernels import add_scaled  # numba is slow to import

        rng = self._timeline.rng("drops", cell)
        drops = self._drops(rng, rng.poisson(self._rate * self._timeline.cell_seconds))
        output = self._layer.cell(cell, drops) * np.float32(self._drop_gain)
        wash = self._noise.cell(cell)[0]
        for channel, noise in enumerate(wash):
            intensity = 1 + 0.12 * self._intensity.points(cell, 0.3 * channel)
            add_scaled(noise, self._wash_level * np.maximum(0.0, intensity), output[channel])
        return output

    def _drops(self, rng: np.random.Generator, n_drops: int) -> Partials:
        """Return the partials of drops that fall within a cell."""
        surface = self._surface
        shape = (n_drops, 1)
        seconds = rng.random(shape) * self._timeline.cell_seconds
        pan = rng.uniform(-1, 1, shape)
        # Distances of points on a disc: the amplitude has a Pareto distribution of exponent 2.
        gain = 1 / np.sqrt(rng.uniform(LOUDEST_RATIO**-2, 1, shape)) * rng.choice((-1.0, 1.0), shape)
        size = np.clip(rng.gamma(4.0, 0.25, shape), 0.3, 2.0)  # of the drop, relative to the mean
        gain *= size**1.5
        several = (n_drops, surface.n_partials)
        if surface.is_sheet:
            frequency_hz = rng.choice(self._modes_hz, several)
        else:
            frequency_hz = log_uniform(rng, surface.frequency_hz, several)
            frequency_hz *= (size * self._settings.drop_mm / REFERENCE_DROP_MM) ** -0.5
        decay_hz = np.pi * frequency_hz / rng.uniform(*surface.quality, several)
        gains = gain * rng.uniform(0.3, 1, several)
        drops = Partials.of(seconds, frequency_hz, decay_hz, gains, pan)
        if not surface.bubble_fraction:
            return drops
        is_bubble = rng.random(n_drops) < surface.bubble_fraction
        radius_mm = 0.5 * self._settings.drop_mm * np.clip(rng.lognormal(0.0, 0.45, n_drops), 0.3, 3.0)
        trapped = bubbles(seconds[:, 0] + 0.002, radius_mm, 0.5 * gain[:, 0], pan[:, 0], 0.08)
        return Partials.joined([drops, trapped.chosen(is_bubble)])
