"""Running water: many bubbles, and the noise of turbulence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...base.ranges import ranged
from .bubbles import bubbles
from .partials import PartialLayer, Partials
from .procedure import CellSource, Texture
from .shaped_noise import ShapedNoise, octaves
from .timeline import RandomCurve, Timeline, random_numbers

LEVEL = 0.1
"""RMS level of running water."""

TURBULENCE = octaves(
    *(
        (31.5, -30),
        (63, -25),
        (125, -20),
        (250, -16),
        (500, -12),
        (1e3, -9),
        (2e3, -6),
        (4e3, -5),
        (8e3, -11),
        (16e3, -22),
    )
)

RADIUS_RATIO = 2.5
"""Largest and smallest radius of bubbles over the middle one."""

N_TRIALS = 2_000


@dataclass(frozen=True)
class Stream(Texture):
    """Water that runs, drips or pours: a brook, a tap, a river.

    Attributes
    ----------
    bubbles_per_second
        Bubbles that sound on their own; 5 drips, 300 is a brook.
    bubble_mm
        Middle radius of the bubbles in millimetres: 1 has a pitch of 3 kHz, 5 one of 600 Hz.
    rise
        Relative rise of a bubble's pitch within a time constant.
    turbulence
        Fraction of the power that is noise.

    References
    ----------
    K. van den Doel, ACM Transactions on Applied Perception 2(4), 2005.
    """

    bubbles_per_second: float = ranged(300.0, 0.5, 2_000.0)
    bubble_mm: float = ranged(1.3, 0.4, 10.0)
    rise: float = ranged(0.1, 0.0, 0.5)
    turbulence: float = ranged(0.25, 0.0, 1.0)

    def _open(self, timeline: Timeline, n_channels: int) -> CellSource:
        return _StreamCells(self, timeline, n_channels)


class _StreamCells(CellSource):
    """Cells of running water."""

    def __init__(self, settings: Stream, timeline: Timeline, n_channels: int) -> None:
        self._settings = settings
        self._timeline = timeline
        self._noise = ShapedNoise(timeline, "turbulence", [TURBULENCE], n_channels)
        self._flow = RandomCurve(timeline, "flow", (0.1, 8.0), 1.0)
        self._layer = PartialLayer(timeline, n_channels)
        mean_energy = self._bubbles(random_numbers(0, "trials"), N_TRIALS).energy().sum() / N_TRIALS
        power = (1 - settings.turbulence) / (settings.bubbles_per_second * mean_energy)  # Campbell's theorem
        self._bubble_gain = LEVEL * np.sqrt(power)
        self._noise_level = LEVEL * np.sqrt(settings.turbulence)

    def cell(self, cell: int) -> np.ndarray:
        from .kernels import add_scaled  # numba is slow to import

        rng = self._timeline.rng("bubbles", cell)
        flow = 1 + 0.3 * self._flow.points(cell)
        n_bubbles = rng.poisson(self._settings.bubbles_per_second * self._timeline.cell_seconds)
        output = self._layer.cell(cell, self._bubbles(rng, n_bubbles)) * np.float32(self._bubble_gain)
        for channel, noise in enumerate(self._noise.cell(cell)[0]):
            add_scaled(noise, self._noise_level * np.maximum(0.0, flow), output[channel])
        return output

    def _bubbles(self, rng: np.random.Generator, n_bubbles: int) -> Partials:
        """Return bubbles that form within a cell."""
        seconds = rng.random(n_bubbles) * self._timeline.cell_seconds
        relative = RADIUS_RATIO ** rng.uniform(-1, 1, n_bubbles)
        depth = rng.random(n_bubbles)  # deep bubbles are quieter and do not rise
        gain = relative**0.5 * depth**2 * rng.choice((-1.0, 1.0), n_bubbles)
        rise = self._settings.rise * depth
        return bubbles(seconds, self._settings.bubble_mm * relative, gain, rng.uniform(-0.9, 0.9, n_bubbles), rise)
