"""Fire: lapping flames, hissing gas and crackling wood."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...base.ranges import ranged
from .partials import PartialLayer, Partials
from .procedure import CellSource, Texture
from .shaped_noise import ShapedNoise, octaves
from .timeline import RandomCurve, Timeline, log_uniform

LEVEL = 0.07
"""RMS level of the flames at full roar."""

ROAR = octaves((20, -8), (31.5, -5), (63, -4), (125, -5), (250, -9), (500, -16), (1e3, -26), (2e3, -40), (4e3, -60))
HISS = octaves((250, -50), (500, -30), (1e3, -18), (2e3, -9), (4e3, -5), (8e3, -4), (16e3, -9))

STEADY_HISS = 0.25
"""Level of the hiss while no gas escapes."""

FLICKER_HZ = 1.5
"""Frequency at which flames of one metre across shed vortices; it falls with the root of the diameter."""

CRACKLES_OF_BURST = 4.0
"""Mean number of crackles that follow each other closely."""

BURST_SECONDS = 0.06

CRACKLE_GAIN = 0.17
CRACKLE_SPREAD = 1.2
"""Standard deviation of the logarithm of a crackle's amplitude."""

LOUDEST_CRACKLE = 8.0

SNAP_HZ, POP_HZ = (1_600.0, 9_000.0), (350.0, 1_200.0)
"""Frequencies of crackles, and of those that are low pops."""

POP_FRACTION = 0.12
"""Fraction of the crackles that are pops."""


@dataclass(frozen=True)
class Fire(Texture):
    """A fire of wood, from a torch to a blaze.

    Flames shed vortices at a frequency that depends on their diameter, which modulates a low roar. Gas escapes with an
    intermittent hiss. Crackles come in bursts of broad, heavily damped resonances, with a few loud ones among many
    faint ones.

    Attributes
    ----------
    diameter_m
        Diameter of the fire in metres; a larger one flickers more slowly.
    crackles_per_second
        Mean number of crackles.
    roar
        Level of the flames.
    hiss
        Level of escaping gas.

    References
    ----------
    A. Farnell, "Designing Sound", MIT Press, 2010, chapter on fire. B. M. Cetegen and T. A. Ahmed, "Experiments on the
    periodic instability of buoyant plumes and pool fires", Combustion and Flame 93, 1993.
    """

    diameter_m: float = ranged(0.6, 0.05, 20.0)
    crackles_per_second: float = ranged(20.0, 0.0, 300.0)
    roar: float = ranged(0.6, 0.0, 1.0)
    hiss: float = ranged(0.3, 0.0, 1.0)

    def _open(self, timeline: Timeline, n_channels: int) -> CellSource:
        return _FireCells(self, timeline, n_channels)


class _FireCells(CellSource):
    """Cells of fire."""

    def __init__(self, settings: Fire, timeline: Timeline, n_channels: int) -> None:
        self._settings = settings
        self._timeline = timeline
        self._noise = ShapedNoise(timeline, "flames", [ROAR, HISS], n_channels)
        flicker_hz = FLICKER_HZ / np.sqrt(settings.diameter_m)
        self._flicker = RandomCurve(timeline, "flicker", (0.5 * flicker_hz, 6 * flicker_hz), 1.0)
        self._gas = RandomCurve(timeline, "gas", (0.3, 15.0), 0.8)
        self._activity = RandomCurve(timeline, "activity", (0.05, 1.0), 1.0)
        self._layer = PartialLayer(timeline, n_channels)

    def cell(self, cell: int) -> np.ndarray:
        from .kernels import add_scaled  # numba is slow to import

        settings = self._settings
        output = self._layer.cell(cell, self._crackles(cell))
        roar, hiss = self._noise.cell(cell)
        for channel in range(len(output)):
            flames = np.maximum(0.1, 1 + 0.45 * self._flicker.points(cell, 0.11 * channel))
            gas = STEADY_HISS + np.maximum(0.0, 0.5 + 0.6 * self._gas.points(cell, 0.07 * channel)) ** 2
            add_scaled(roar[channel], LEVEL * settings.roar * flames, output[channel])
            add_scaled(hiss[channel], 0.5 * LEVEL * settings.hiss * gas, output[channel])
        return output

    def _crackles(self, cell: int) -> Partials:
        """Return the partials of the crackles whose bursts start in a cell."""
        timeline = self._timeline
        rng = timeline.rng("crackles", cell)
        activity = max(0.2, 1 + 0.5 * float(self._activity.points(cell)[0]))
        n_bursts = rng.poisson(
            self._settings.crackles_per_second * activity * timeline.cell_seconds / CRACKLES_OF_BURST
        )
        burst = np.repeat(np.arange(n_bursts), rng.geometric(1 / CRACKLES_OF_BURST, n_bursts))
        n_crackles = len(burst)
        seconds = (rng.random(n_bursts) * timeline.cell_seconds)[burst] + rng.exponential(BURST_SECONDS, n_crackles)
        pan = rng.uniform(-0.7, 0.7, n_bursts)[burst]
        loudness = np.minimum(rng.lognormal(0.0, CRACKLE_SPREAD, n_crackles), LOUDEST_CRACKLE)
        gain = CRACKLE_GAIN * loudness * rng.choice((-1.0, 1.0), n_crackles)
        is_pop = rng.random(n_crackles) < POP_FRACTION
        snap_hz, pop_hz = (log_uniform(rng, limits, n_crackles) for limits in (SNAP_HZ, POP_HZ))
        middle_hz = np.where(is_pop, pop_hz, snap_hz)
        several = (n_crackles, 3)
        frequency_hz = middle_hz[:, None] * rng.uniform(0.6, 1.6, several)
        decay_hz = np.pi * frequency_hz / rng.uniform(1.2, 5.0, several)
        gains = gain[:, None] * rng.uniform(0.2, 1.0, several)
        return Partials.of(seconds[:, None], frequency_hz, decay_hz, gains, pan[:, None])
