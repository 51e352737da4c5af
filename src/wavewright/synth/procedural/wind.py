"""Wind: turbulence noise that gusts move, howling around edges, tones at wires, and foliage."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...base.ranges import ranged
from .partials import pan_gains
from .procedure import CellSource, Texture
from .shaped_noise import ShapedNoise, octaves, points, power
from .timeline import RandomCurve, Timeline

LEVEL = 0.1
"""RMS level at the mean wind speed."""

RUMBLE = octaves((20, -12), (31.5, -5), (63, -3), (125, -4), (250, -8), (500, -16), (1e3, -30), (2e3, -50))
HISS = octaves((250, -40), (500, -16), (1e3, -4), (2e3, -5), (4e3, -14), (8e3, -26))
SOURCE = points((20, 0), (600, 0), (1_200, -9), (2_500, -26), (5_000, -50))
"""Spectrum of the turbulence that excites howling and tones."""

SOURCE_DENSITY = 1 / power(SOURCE)
"""Its power in 1 Hz at low frequencies."""

FOLIAGE = octaves((500, -30), (1e3, -16), (2e3, -7), (4e3, -3), (8e3, -6), (16e3, -20))

GUSTS_HZ, EDDIES_HZ, RUSTLE_HZ = (0.04, 1.5), (0.5, 5.0), (3.0, 14.0)
TURBULENCE_EXPONENT = 5 / 3
"""Kolmogorov's slope of the spectrum of wind speed."""

LOWEST_SPEED = 0.1
"""Smallest wind speed as a fraction of the mean one."""

REFERENCE_M_S = 10.0
"""Wind speed at which the bands have the levels below."""

RUMBLE_LEVEL, BODY_LEVEL, HOWL_LEVEL, HISS_LEVEL, FOLIAGE_LEVEL = 0.35, 0.12, 1.2, 0.045, 1.2
RUMBLE_POWER, HOWL_POWER, HISS_POWER, FOLIAGE_POWER = 1.5, 1.8, 2.4, 2.0
"""Powers of the wind speed."""

STEADY_HISS = 0.6
"""Fraction of the hiss that comes from everywhere around and does not follow the gusts."""

HOWLS = ((0.6, 0.55), (1.0, 1.0))
"""Centre and level of the howling bands, relative."""

HOWL_HZ, HOWL_Q = 480.0, 2.2
HOWL_SPEED_POWER = 0.35
STROUHAL = 0.2
"""Frequency of the vortices behind a cylinder, times its diameter, over the speed."""

TONE_DIAMETERS = (1.0, 1.31)
"""Diameters of the obstacles, relative."""

TONE_PANS = np.array([-0.5, 0.5])
"""Their positions between the channels."""

TONE_Q = 18.0
CHANNEL_DELAY_SECONDS = 0.12
"""Time by which gusts reach the right channel later."""


@dataclass(frozen=True)
class Wind(Texture):
    """Wind over open ground, around edges and obstacles, and through leaves.

    Bands of noise rise with powers of the wind speed, the higher ones more steeply. The speed follows the spectrum of
    turbulence. Edges and openings colour the noise by resonances that move with the speed; wires add tones at the
    frequency of their vortices.

    Attributes
    ----------
    wind_speed_m_s
        Mean speed in metres per second: 2 is a breeze, 10 fresh, 25 a storm.
    gustiness
        Standard deviation of the speed over its mean.
    howl
        Level of the howling, 0 for open ground.
    whistle
        Level of the tones at obstacles, 0 for none.
    obstacle_mm
        Diameter of the obstacles in millimetres; thinner ones sound higher.
    foliage
        Level of rustling leaves, 0 for none.

    References
    ----------
    A. Farnell, "Designing Sound", MIT Press, 2010, chapter on wind. V. Strouhal, "Ueber eine besondere Art der
    Tonerregung", Annalen der Physik 241(10), 1878.
    """

    wind_speed_m_s: float = ranged(10.0, 0.5, 60.0)
    gustiness: float = ranged(0.35, 0.0, 1.0)
    howl: float = ranged(0.7, 0.0, 1.0)
    whistle: float = ranged(0.15, 0.0, 1.0)
    obstacle_mm: float = ranged(4.0, 0.5, 50.0)
    foliage: float = ranged(0.0, 0.0, 1.0)

    def _open(self, timeline: Timeline, n_channels: int) -> CellSource:
        return _WindCells(self, timeline, n_channels)


class _WindCells(CellSource):
    """Cells of wind."""

    def __init__(self, settings: Wind, timeline: Timeline, n_channels: int) -> None:
        self._settings = settings
        self._timeline = timeline
        self._n_channels = n_channels
        self._rumble = ShapedNoise(timeline, "rumble", [RUMBLE])
        bands = [SOURCE, HISS, FOLIAGE] if settings.foliage else [SOURCE, HISS]
        self._bands = ShapedNoise(timeline, "bands", bands, n_channels)
        self._gusts = RandomCurve(timeline, "gusts", GUSTS_HZ, TURBULENCE_EXPONENT)
        self._eddies = RandomCurve(timeline, "eddies", EDDIES_HZ, TURBULENCE_EXPONENT)
        self._rustle = RandomCurve(timeline, "rustle", RUSTLE_HZ, 0.5)
        self._howl_states = np.zeros((n_channels, len(HOWLS), 2))
        self._tone_states = np.zeros((len(TONE_DIAMETERS), 2))
        # The levels of the bands relative to each other depend on the mean speed, that of the whole does not.
        speed = settings.wind_speed_m_s / REFERENCE_M_S
        levels = np.array(
            [
                RUMBLE_LEVEL * speed**RUMBLE_POWER,
                (BODY_LEVEL + 0.25 * (1 - settings.howl)) * speed**HOWL_POWER,
                HOWL_LEVEL * settings.howl * speed**HOWL_POWER,
                HISS_LEVEL * speed**HISS_POWER,
                FOLIAGE_LEVEL * settings.foliage * speed**FOLIAGE_POWER,
            ]
        )
        self._levels = LEVEL / np.sqrt(1 + 3 * settings.gustiness**2) * levels / np.sqrt(np.sum(levels**2))

    def cell(self, cell: int) -> np.ndarray:
        from .kernels import add_scaled  # numba is slow to import

        settings = self._settings
        rumble, body, howl, hiss, foliage = self._levels
        low = self._rumble.cell(cell)[0, 0]
        bands = self._bands.cell(cell)
        output = np.zeros((self._n_channels, len(low)), np.float32)
        for channel, wave in enumerate(output):
            gusts = 0.98 * self._gusts.points(cell, CHANNEL_DELAY_SECONDS * channel)
            gusts += 0.2 * self._eddies.points(cell, 3.7 * channel)
            speed = np.maximum(LOWEST_SPEED, 1 + settings.gustiness * gusts)  # relative to the mean
            source = bands[0, channel]
            add_scaled(low, rumble * speed**RUMBLE_POWER, wave)
            add_scaled(source, body * speed**HOWL_POWER, wave)
            add_scaled(bands[1, channel], hiss * (STEADY_HISS + (1 - STEADY_HISS) * speed**HISS_POWER), wave)
            if settings.foliage:
                rustle = np.maximum(0.0, 1 + 0.4 * self._rustle.points(cell, 7.1 * channel))
                add_scaled(bands[2, channel], foliage * speed**FOLIAGE_POWER * rustle, wave)
            for (centre, level), state in zip(HOWLS if settings.howl else (), self._howl_states[channel], strict=False):
                frequency_hz = centre * HOWL_HZ * (speed * settings.wind_speed_m_s / REFERENCE_M_S) ** HOWL_SPEED_POWER
                self._resonate(source, frequency_hz, howl * level * speed**HOWL_POWER, HOWL_Q, state, wave)
            if channel == 0 and settings.whistle:
                tones = self._tones(source, speed)
        if settings.whistle:
            output += pan_gains(TONE_PANS, self._n_channels).T.astype(np.float32) @ tones
        return output

    def _tones(self, source: np.ndarray, speed: np.ndarray) -> np.ndarray:
        """Return the tones of the obstacles at a speed relative to the mean, ``(obstacles, time)``."""
        settings = self._settings
        tones = np.zeros((len(TONE_DIAMETERS), len(source)), np.float32)
        level = settings.whistle * LEVEL * np.minimum(speed, 2.0) ** HISS_POWER
        for diameter, state, tone in zip(TONE_DIAMETERS, self._tone_states, tones, strict=True):
            frequency_hz = STROUHAL * speed * settings.wind_speed_m_s / (diameter * settings.obstacle_mm / 1_000)
            self._resonate(source, frequency_hz, level, TONE_Q, state, tone)
        return tones

    def _resonate(
        self,
        source: np.ndarray,
        frequency_hz: np.ndarray,
        level: np.ndarray,
        quality: float,
        state: np.ndarray,
        output: np.ndarray,
    ) -> None:
        """Add turbulence in a narrow band of an RMS level."""
        from .kernels import resonate  # numba is slow to import

        bandwidth_hz = np.pi / 2 * frequency_hz / quality  # of noise through the band-pass
        gain = level / np.sqrt(SOURCE_DENSITY * bandwidth_hz)
        resonate(source, frequency_hz, gain, quality, self._timeline.sample_rate, state, output)
