"""Thunder: the pressure waves of all pieces of a crooked lightning channel, each at its distance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ...base.ranges import ranged
from .procedure import LOW_RATE, OneShot
from .timeline import random_numbers

SPEED_OF_SOUND_M_S = 343.0
PIECE_M = 6.0
"""Length of a straight piece of the channel."""

TURN_RADIANS = 0.28
"""Standard deviation of the turn from piece to piece, about each axis."""

PULL = 0.1
"""Fraction by which each piece turns back to the main direction."""

BEAM = 0.35
"""Cosine of the angle to a piece at which it has become quiet: a piece radiates across its direction."""

SHORTEST_RISE_SECONDS = 0.00004
RISE_SECONDS_PER_KM = 0.0015
"""Rise time of the shock, which air absorption lengthens."""

QUIETEST = 0.15
"""Gain of a piece that is seen end-on."""

N_ECHOES = 5
ECHO_SECONDS = 0.35
"""Mean delay of the echoes from ground and clouds, which make the rumble continuous."""

ECHO_GAIN = 0.35
"""Gain of echoes; they decay with their delay, and their shocks are smoothed."""

ECHO_RISES = 5.0

STRETCH = 1.3
"""Length of the channel over the height that it reaches."""

CLOUD_FRACTION = 0.7
"""Length of the channel within the cloud over that below it."""


@dataclass(frozen=True)
class Thunder(OneShot):
    """Thunder of one lightning stroke.

    A channel is drawn at random from the ground into the cloud. Each piece of it emits an N-shaped wave that
    arrives after its distance over the speed of sound; where many pieces are equally far away they add up to a clap,
    and the others rumble.

    Attributes
    ----------
    distance_m
        Distance of the stroke in metres. Near ones crack, far ones rumble.
    height_m
        Height of the cloud's base in metres; the taller the longer.
    energy_j_m
        Energy of the channel in joules per metre: more makes longer, lower pulses.
    crookedness
        Factor of the turns of the channel.

    References
    ----------
    H. S. Ribner and D. Roy, "Acoustics of thunder: a quasilinear model for tortuous lightning", Journal of the
    Acoustical Society of America 72(6), 1982. A. A. Few, "Power spectrum of thunder", Journal of Geophysical Research
    74(28), 1969.
    """

    default_channels: ClassVar[int] = 2
    synthesis_rate: ClassVar[int] = LOW_RATE

    distance_m: float = ranged(900.0, 50.0, 15_000.0)
    height_m: float = ranged(2_500.0, 300.0, 8_000.0)
    energy_j_m: float = ranged(40_000.0, 1_000.0, 1_000_000.0)
    crookedness: float = ranged(1.0, 0.2, 3.0)

    def _synthesise(self, seed: int, n_channels: int) -> np.ndarray:
        from .kernels import add_n_waves  # numba is slow to import

        rng = random_numbers(seed, "thunder")
        position, direction = self._channel(rng)
        distance_m = np.linalg.norm(position, axis=1)
        across = np.abs(np.sum(direction * position, axis=1)) / distance_m  # 0 where a piece is seen from its side
        gain = np.maximum(QUIETEST, 1 - (across / BEAM) ** 2) / distance_m
        gain *= rng.uniform(0.5, 1.0, len(gain))
        seconds = (distance_m - distance_m.min()) / SPEED_OF_SOUND_M_S
        # Few: the length of the pulse grows with the root of the energy, and slowly with the distance.
        radius_m = np.sqrt(self.energy_j_m / (np.pi * 101_325.0))
        lengths = 2.6 * radius_m / SPEED_OF_SOUND_M_S * (distance_m / 100) ** 0.25 * rng.uniform(0.7, 1.4, len(gain))
        rises = SHORTEST_RISE_SECONDS + RISE_SECONDS_PER_KM * distance_m / 1_000 * rng.uniform(0.5, 3.0, len(gain))
        n_pieces = len(gain)
        late = rng.exponential(ECHO_SECONDS, (N_ECHOES, n_pieces))
        echoes = ECHO_GAIN * np.exp(-late / (3 * ECHO_SECONDS)) * rng.choice((-1.0, 1.0), late.shape)
        seconds = np.concatenate([seconds, (seconds + late).ravel()])
        gain = np.concatenate([gain, (gain * echoes).ravel()])
        rises = np.concatenate([rises, np.tile(ECHO_RISES * rises, N_ECHOES)])
        lengths = np.tile(lengths, 1 + N_ECHOES)
        n_samples = round((seconds.max() + lengths.max() + 0.1) * LOW_RATE)
        wave = np.zeros((n_channels, n_samples), np.float32)
        azimuth = np.tile(np.clip(position[:, 1] / distance_m * 1.5, -1, 1), 1 + N_ECHOES)
        for channel in range(n_channels):
            side = 0.0 if n_channels == 1 else azimuth * (2 * channel - 1)
            # Turbulence scatters differently on the way to each ear.
            scattered = gain * (1 + 0.5 * side) * rng.uniform(0.7, 1.3, len(gain))
            add_n_waves(seconds * LOW_RATE, lengths * LOW_RATE, rises * LOW_RATE, scattered, wave[channel])
        return wave

    def _channel(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Return middle and direction of the pieces of the channel, each ``(pieces, 3)`` in metres."""
        n_below = round(STRETCH * self.height_m / PIECE_M)
        n_within = round(CLOUD_FRACTION * n_below)
        angle = rng.uniform(0, 2 * np.pi)
        main = np.repeat([[0.0, 0.0, 1.0], [np.cos(angle), np.sin(angle), 0.15]], [n_below, n_within], axis=0)
        turns = TURN_RADIANS * self.crookedness * rng.standard_normal((len(main), 3))
        direction = np.empty_like(main)
        current = main[0]
        for row in range(len(main)):
            current = (1 - PULL) * current + PULL * main[row] + turns[row]
            current = current / np.sqrt(current @ current)
            direction[row] = current
        start = np.array([self.distance_m, 0.0, 0.0])
        return start + np.cumsum(PIECE_M * direction, axis=0) - 0.5 * PIECE_M * direction, direction
