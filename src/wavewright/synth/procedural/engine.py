"""Combustion engine: firing pulses through an exhaust pipe, with gas noise and valves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias, get_args

import numpy as np

from ...base.ranges import ranged
from .partials import PartialLayer, Partials
from .procedure import CellSource, Texture, check_choice
from .shaped_noise import ShapedNoise, octaves
from .timeline import RandomCurve, Timeline, random_numbers

EngineCycle: TypeAlias = Literal["four-stroke", "two-stroke"]

GAIN = 0.4
SPEED_OF_SOUND_HOT_M_S = 480.0
"""Speed of sound in exhaust gas."""

GAS = octaves((63, -20), (125, -12), (250, -8), (500, -5), (1e3, -5), (2e3, -7), (4e3, -11), (8e3, -18), (16e3, -30))
FLOW_DECAY_HZ = 60.0
"""Decay of the gas flow after a pulse, nepers a second."""

REFLECTION = -0.62
"""Reflected fraction of a wave at the open end of the pipe."""

WANDER_HZ = (0.15, 2.5)
WANDER_CYCLES = 0.012
"""Standard deviation of the position of the crankshaft, in cycles, at full roughness."""

WANDER_LIMIT = 4.0
VALVE_HZ = (1_800.0, 5_500.0)


@dataclass(frozen=True)
class CombustionEngine(Texture):
    """A combustion engine at constant speed.

    The cylinders fire in turn, each a little differently. Pulses and gas noise travel through an exhaust pipe that
    reflects them at its open end, then through a silencer. Valves tick.

    Attributes
    ----------
    speed_rpm
        Speed in revolutions a minute. A loop has a whole number of cycles.
    n_cylinders
        Number of cylinders.
    cycle
        A four-stroke engine fires each cylinder in every second revolution, a two-stroke one in every revolution.
    load
        Throttle: 0 is idling, 1 full load.
    exhaust_m
        Length of the exhaust pipe in metres.
    muffler
        Effect of the silencer, 0 for an open pipe.
    roughness
        Differences between cylinders and cycles.
    valves
        Level of the valves.

    References
    ----------
    A. Farnell, "Designing Sound", MIT Press, 2010, chapter on cars. S. Baldan, H. Lachambre, S. Delle Monache and
    P. Boussard, "Physically informed car engine sound synthesis for virtual and augmented environments", IEEE SIVE,
    2015.
    """

    default_channels: ClassVar[int] = 1
    max_channels: ClassVar[int] = 1

    speed_rpm: float = ranged(1_800.0, 200.0, 18_000.0)
    n_cylinders: int = ranged(4, 1, 16)
    cycle: EngineCycle = "four-stroke"
    load: float = ranged(0.4, 0.0, 1.0)
    exhaust_m: float = ranged(1.6, 0.1, 8.0)
    muffler: float = ranged(0.6, 0.0, 1.0)
    roughness: float = ranged(0.3, 0.0, 1.0)
    valves: float = ranged(0.2, 0.0, 1.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("cycle", self.cycle, get_args(EngineCycle))

    def _open(self, timeline: Timeline, n_channels: int) -> CellSource:
        return _EngineCells(self, timeline)


class _EngineCells(CellSource):
    """Cells of an engine."""

    def __init__(self, settings: CombustionEngine, timeline: Timeline) -> None:
        from .kernels import N_STATES  # numba is slow to import

        self._settings = settings
        self._timeline = timeline
        revolutions = 2 if settings.cycle == "four-stroke" else 1
        self._n_cycles = max(1, round(timeline.seconds * settings.speed_rpm / 60 / revolutions))
        self._period = 60 * revolutions / settings.speed_rpm
        if timeline.is_loop:
            self._period = timeline.seconds / self._n_cycles
        rng = random_numbers(timeline.seed, "cylinders")
        n_cylinders, roughness = settings.n_cylinders, settings.roughness
        self._cylinder_gain = 1 + 0.5 * roughness * rng.uniform(-1, 1, n_cylinders)
        self._cylinder_delay = 0.15 * roughness * rng.random(n_cylinders) / n_cylinders  # in cycles
        self._wander = RandomCurve(timeline, "wander", WANDER_HZ, 1.0)
        self._pulses = PartialLayer(timeline, 1)
        self._ticks = PartialLayer(timeline, 1)
        self._gas = ShapedNoise(timeline, "gas", [GAS])
        self._delay_seconds = 2 * settings.exhaust_m / SPEED_OF_SOUND_HOT_M_S
        self._line = np.zeros(int(self._delay_seconds * timeline.sample_rate) + 2)
        self._states = np.zeros(N_STATES)

    def cell(self, cell: int) -> np.ndarray:
        from .kernels import run_pipe  # numba is slow to import

        settings = self._settings
        firings, ticks = self._events(cell)
        pulses = self._pulses.cell(cell, firings)[0]
        output = self._ticks.cell(cell, ticks)
        cutoff_hz = 6_000 * 0.06**settings.muffler
        run_pipe(
            pulses,
            self._gas.cell(cell)[0, 0],
            0.25 + 1.2 * settings.load,
            self._delay_seconds * self._timeline.sample_rate,
            REFLECTION,
            cutoff_hz / self._timeline.sample_rate,
            GAIN / (0.5 + 1.2 * settings.load),
            FLOW_DECAY_HZ / self._timeline.sample_rate,
            self._line,
            self._states,
            output[0],
        )
        return output

    def _events(self, cell: int) -> tuple[Partials, Partials]:
        """Return the firing pulses and the ticks of the valves that start in a cell."""
        settings, timeline, period = self._settings, self._timeline, self._period
        n_cylinders = settings.n_cylinders
        start, end = (timeline.first_sample(each) / timeline.sample_rate for each in (cell, cell + 1))
        first, last = (int(np.ceil(seconds / period * n_cylinders - 1e-9)) for seconds in (start, end))
        firing = np.arange(first, last)
        cylinder = firing % n_cylinders
        rng = timeline.rng("firings", cell)
        n_firings = len(firing)
        points = self._wander.points(cell)
        nominal = firing * (period / n_cylinders) - start
        position = np.interp(nominal, np.linspace(0, end - start, len(points)), points)
        late = settings.roughness * WANDER_CYCLES * np.maximum(0.0, position + WANDER_LIMIT)
        late += self._cylinder_delay[cylinder] + settings.roughness * 0.03 / n_cylinders * rng.random(n_firings)
        seconds = np.maximum(0.0, nominal) + late * period
        gain = self._cylinder_gain[cylinder] * (0.45 + 0.55 * settings.load)
        gain *= 1 + settings.roughness * (0.5 - 0.3 * settings.load) * rng.uniform(-1, 1, n_firings)
        # The blow-down takes a part of a revolution, less of it under load.
        pulse_hz = (4.0 + 4.0 * settings.load) / period * np.ones(n_firings)
        pulse_hz = np.maximum(pulse_hz, 90.0)
        firings = Partials.of(seconds, pulse_hz, 2.2 * pulse_hz, gain)
        tick_hz = rng.uniform(*VALVE_HZ, (n_firings, 2))
        tick_seconds = seconds[:, None] + period / n_cylinders * np.array([0.3, 0.55])
        tick_gain = 0.1 * GAIN * settings.valves * rng.lognormal(0.0, 0.4, (n_firings, 2))
        return firings, Partials.of(tick_seconds, tick_hz, np.pi * tick_hz / 4, tick_gain)
