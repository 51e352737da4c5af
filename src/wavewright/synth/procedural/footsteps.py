"""Footsteps on solid and loose grounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import numpy as np

from ...base.ranges import ranged
from .partials import PartialLayer, Partials
from .procedure import CellSource, Texture, check_choice
from .timeline import Timeline, log_uniform, random_numbers

Ground: TypeAlias = Literal["stone", "wood", "metal", "gravel", "snow", "sand", "grass"]

GAIN = 1.4
REFERENCE_MASS_KG = 75.0

N_GROUND_MODES = 16
"""Modes of a solid ground, drawn once for a render."""

ROLL_OF_PERIOD = 0.3
"""Time from heel to ball, as a fraction of the time between steps."""

LONGEST_ROLL_SECONDS = 0.22

GRAIN_REFERENCE_HZ = 2_000.0
LONGEST_ROLL_OF_PERIOD = 0.6
"""Longest time for which the foot moves particles, as a fraction of the time between steps."""

SETTLING_FRACTION, SETTLING_GAIN = 0.35, 0.3
"""Fraction of these particles that settle after the step, and the gain of the first of them."""

ROLL_SHAPE = (2.2, 3.6)
"""Beta distribution of the times at which it moves them."""

JITTER_OF_PERIOD = 0.05
"""Largest delay of a step, as a fraction of the time between steps."""

FOOT_PAN = 0.15


@dataclass(frozen=True)
class _Ground:
    """Response of a ground to a foot.

    Attributes
    ----------
    modes_hz, mode_quality : tuple of float
        Ranges of the resonances of a solid ground; their quality factor is ``pi * frequency / decay``.
    mode_gain : float
        Level of the resonances.
    thump : float
        Level of the low thump of foot and ground.
    click : float
        Level of the heel's click.
    grains_hz, grain_quality : tuple of float
        Ranges of the particles of a loose ground.
    n_grains : int
        Particles that move in a step.
    grain_gain : float
        Level of a particle.
    grain_spread : float
        Standard deviation of the logarithm of their amplitudes.
    heel_fraction : float
        Fraction of the particles that the heel's blow moves; the others follow the roll of the foot.
    grain_tilt : float
        Power of the frequency by which a particle is louder; 0.5 gives all octaves the same energy.
    roll_seconds : float
        Time for which the foot moves particles.
    settling_seconds : float
        Time constant with which they settle.
    """

    modes_hz: tuple[float, float] = (200.0, 2_000.0)
    mode_quality: tuple[float, float] = (1.0, 3.0)
    mode_gain: float = 0.0
    thump: float = 0.3
    click: float = 0.0
    grains_hz: tuple[float, float] = (2_000.0, 8_000.0)
    grain_quality: tuple[float, float] = (1.0, 2.0)
    n_grains: int = 40
    grain_gain: float = 0.015
    grain_spread: float = 0.6
    heel_fraction: float = 0.5
    grain_tilt: float = 0.5
    roll_seconds: float = 0.25
    settling_seconds: float = 0.03


GROUNDS: Mapping[Ground, _Ground] = {
    "stone": _Ground((150, 2_800), (2.5, 7.0), 0.35, 0.55, 0.22, n_grains=60, grain_gain=0.012),
    "wood": _Ground((80, 1_400), (3.0, 9.0), 0.55, 0.6, 0.3, n_grains=30, grain_gain=0.008),
    "metal": _Ground((160, 4_500), (15.0, 60.0), 0.3, 0.35, 0.4, n_grains=30, grain_gain=0.008),
    "gravel": _Ground(
        thump=0.55,
        grains_hz=(400, 8_000),
        grain_quality=(1.5, 6.0),
        n_grains=220,
        grain_gain=0.06,
        grain_spread=1.3,
        heel_fraction=0.2,
        grain_tilt=0.0,
        roll_seconds=0.28,
        settling_seconds=0.09,
    ),
    "snow": _Ground(
        thump=0.15,
        grains_hz=(300, 5_000),
        grain_quality=(1.0, 3.0),
        n_grains=800,
        grain_gain=0.04,
        grain_spread=0.6,
        heel_fraction=0.1,
        roll_seconds=0.22,
        settling_seconds=0.03,
    ),
    "sand": _Ground(
        thump=0.15,
        grains_hz=(500, 8_000),
        grain_quality=(0.8, 1.5),
        n_grains=900,
        grain_gain=0.03,
        grain_spread=0.4,
        heel_fraction=0.05,
        roll_seconds=0.32,
        settling_seconds=0.07,
    ),
    "grass": _Ground(
        thump=0.4,
        grains_hz=(900, 10_000),
        grain_quality=(1.0, 2.5),
        n_grains=450,
        grain_gain=0.03,
        grain_spread=0.8,
        heel_fraction=0.3,
        roll_seconds=0.38,
        settling_seconds=0.08,
    ),
}


@dataclass(frozen=True)
class Footsteps(Texture):
    """Steps of one person.

    A step is a heel strike and the roll onto the ball of the foot. A solid ground answers with its resonances, a loose
    one with many small impacts of its particles, more of them where the force of the foot changes.

    Attributes
    ----------
    steps_per_minute
        110 is a normal pace, 165 a run. A loop has a whole number of steps.
    ground
        What the feet tread on.
    mass_kg
        Mass of the person in kilograms.
    heel_hardness
        0 for bare feet, 1 for hard heels.

    References
    ----------
    A. Farnell, "Designing Sound", MIT Press, 2010, chapter on footsteps. P. R. Cook, AES 22nd
    International Conference, 2002. F. Fontana and R. Bresin, Colloquium on Musical Informatics, 2003.
    """

    steps_per_minute: float = ranged(110.0, 20.0, 300.0)
    ground: Ground = "gravel"
    mass_kg: float = ranged(75.0, 5.0, 500.0)
    heel_hardness: float = ranged(0.6, 0.0, 1.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("ground", self.ground, get_args(Ground))

    def _open(self, timeline: Timeline, n_channels: int) -> CellSource:
        return _FootstepCells(self, timeline, n_channels)


class _FootstepCells(CellSource):
    """Cells of footsteps."""

    def __init__(self, settings: Footsteps, timeline: Timeline, n_channels: int) -> None:
        self._settings = settings
        self._ground = GROUNDS[settings.ground]
        self._timeline = timeline
        self._layer = PartialLayer(timeline, n_channels)
        self._n_steps = max(1, round(timeline.seconds * settings.steps_per_minute / 60))
        self._period = 60 / settings.steps_per_minute
        if timeline.is_loop:
            self._period = timeline.seconds / self._n_steps
        rng = random_numbers(timeline.seed, "ground")
        self._modes_hz = log_uniform(rng, self._ground.modes_hz, N_GROUND_MODES)
        self._mode_quality = rng.uniform(*self._ground.mode_quality, N_GROUND_MODES)

    def cell(self, cell: int) -> np.ndarray:
        start, end = (
            self._timeline.first_sample(each) / self._timeline.sample_rate / self._period - 0.25
            for each in (cell, cell + 1)
        )
        steps = [
            self._step(number, (number - start) * self._period)
            for number in range(int(np.ceil(start)), int(np.ceil(end)))
        ]
        nothing = Partials.of(*np.zeros((4, 0)))
        return self._layer.cell(cell, Partials.joined([nothing, *steps]))

    def _step(self, number: int, seconds: float) -> Partials:
        """Return the partials of one step."""
        drawn = number % self._n_steps if self._timeline.is_loop else number + 2**31
        rng = random_numbers(self._timeline.seed, "step", drawn)
        period = self._period
        heel = seconds + rng.random() * JITTER_OF_PERIOD * period
        roll = min(LONGEST_ROLL_SECONDS, ROLL_OF_PERIOD * period) * rng.uniform(0.85, 1.15)
        is_right = drawn % 2
        force = rng.uniform(0.8, 1.1) * (self._settings.mass_kg / REFERENCE_MASS_KG) ** 0.3
        contacts = ((heel, 1.0), (heel + roll, rng.uniform(0.3, 0.5)))
        partials = [self._contact(rng, time, force * level) for time, level in contacts]
        partials.append(self._grains(rng, heel, force))
        step = Partials.joined(partials)
        return Partials.of(
            step.seconds,
            step.frequency_hz * (1.03 if is_right else 0.98),
            step.decay_hz,
            GAIN * step.gain,
            step.pan + FOOT_PAN * (2 * is_right - 1),
        )

    def _contact(self, rng: np.random.Generator, seconds: float, force: float) -> Partials:
        """Return thump, click and resonances of one contact."""
        ground, hardness = self._ground, self._settings.heel_hardness
        size = (self._settings.mass_kg / REFERENCE_MASS_KG) ** -0.2
        thump_hz = rng.uniform(70, 110, 2) * size * np.array([1.0, 1.9])
        thump = Partials.of(np.array(seconds), thump_hz, thump_hz * 2.2, force * ground.thump * np.array([1.0, 0.6]))
        click_hz = rng.uniform(1_400, 4_500, 4)
        click_level = force * ground.click * hardness**1.5 * rng.uniform(-1, 1, 4)
        click = Partials.of(np.array(seconds), click_hz, np.pi * click_hz / rng.uniform(1.2, 3, 4), click_level)
        # A soft sole spreads the blow over time, which leaves out high resonances.
        contact_seconds = 0.0004 + 0.004 * (1 - hardness)
        excited = 1 / (1 + (self._modes_hz * contact_seconds) ** 2)
        levels = force * ground.mode_gain * excited * rng.uniform(-1, 1, N_GROUND_MODES)
        modes_hz = self._modes_hz * rng.uniform(0.985, 1.015, N_GROUND_MODES)
        modes = Partials.of(np.array(seconds), modes_hz, np.pi * modes_hz / self._mode_quality, levels)
        return Partials.joined([thump, click, modes])

    def _grains(self, rng: np.random.Generator, heel: float, force: float) -> Partials:
        """Return the impacts of particles during a step."""
        ground = self._ground
        n_grains = rng.poisson(ground.n_grains)
        is_heel = rng.random(n_grains) < ground.heel_fraction
        at_heel = rng.gamma(1.5, 0.018, n_grains)
        roll_seconds = min(ground.roll_seconds, LONGEST_ROLL_OF_PERIOD * self._period) * rng.uniform(0.9, 1.1)
        rolled = roll_seconds * rng.beta(*ROLL_SHAPE, n_grains)
        is_settling = ~is_heel & (rng.random(n_grains) < SETTLING_FRACTION)
        settling = rng.exponential(ground.settling_seconds, n_grains)
        delay = np.where(is_heel, at_heel, np.where(is_settling, 0.5 * roll_seconds + settling, rolled))
        frequency_hz = log_uniform(rng, ground.grains_hz, n_grains)
        decay_hz = np.pi * frequency_hz / rng.uniform(*ground.grain_quality, n_grains)
        gain = force * ground.grain_gain * (frequency_hz / GRAIN_REFERENCE_HZ) ** ground.grain_tilt
        gain *= np.where(is_settling, SETTLING_GAIN * np.exp(-settling / ground.settling_seconds), 1.0)
        gain *= np.minimum(rng.lognormal(0.0, ground.grain_spread, n_grains), 8.0)
        gain *= rng.choice((-1.0, 1.0), n_grains)
        return Partials.of(heel + delay, frequency_hz, decay_hz, gain, rng.uniform(-0.2, 0.2, n_grains))
