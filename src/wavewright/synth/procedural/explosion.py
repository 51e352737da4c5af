"""Explosion: a blast wave, its fireball, rumble and debris."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ...base.ranges import ranged
from .partials import Partials, with_partials
from .procedure import LOW_RATE, OneShot
from .shaped_noise import FRAME_SECONDS, ShapedNoise, Spectrum, octaves
from .timeline import Timeline, log_uniform, random_numbers

FIREBALL = octaves(
    (31.5, -8), (63, -3), (125, -2), (250, -4), (500, -8), (1e3, -12), (2e3, -17), (4e3, -23), (8e3, -30)
)
RUMBLE = octaves((20, -4), (31.5, -1), (63, -1), (125, -6), (250, -14), (500, -26), (1e3, -44))
CRACK = octaves((125, -20), (250, -12), (500, -7), (1e3, -4), (2e3, -4), (4e3, -6), (8e3, -10), (16e3, -16))

ABSORPTION_M = 400.0
"""Distance at which air and scattering have dimmed the crack to 1/e."""

SHOCK_SECONDS = 0.00008
"""Rise time of the shock, which is smoothed on its way."""

LONGEST_SECONDS = 12.0
AUDIBLE_TIMES = 8.0
"""Time constants after which noise is inaudible."""


@dataclass(frozen=True)
class _Layer:
    """Noise that rises linearly and decays exponentially."""

    name: str
    spectrum: Spectrum
    level: float
    rise_seconds: float
    decay_seconds: float
    n_channels: int


@dataclass(frozen=True)
class Explosion(OneShot):
    """A charge that explodes on the ground.

    The blast wave has the positive phase of the charge and distance, after the formula of Kinney and Graham. Fireball,
    reflections and rumble are noise whose high frequencies fade first; distance dims the crack and lengthens the
    rumble.

    Attributes
    ----------
    mass_kg
        Charge in kilograms of TNT.
    distance_m
        Distance in metres.
    debris
        Level of what falls down afterwards.
    drive
        Overload of the recording: 0 for none.

    References
    ----------
    G. F. Kinney and K. J. Graham, "Explosive Shocks in Air", Springer, 1985. A. Farnell, "Designing Sound", MIT Press,
    2010, chapter on explosions.
    """

    default_channels: ClassVar[int] = 2
    synthesis_rate: ClassVar[int] = LOW_RATE

    mass_kg: float = ranged(5.0, 0.01, 10_000.0)
    distance_m: float = ranged(40.0, 2.0, 5_000.0)
    debris: float = ranged(0.3, 0.0, 1.0)
    drive: float = ranged(0.5, 0.0, 1.0)

    def _synthesise(self, seed: int, n_channels: int) -> np.ndarray:
        rng = random_numbers(seed, "explosion")
        phase_seconds = positive_phase_seconds(self.mass_kg, self.distance_m) * rng.uniform(0.85, 1.2)
        nearness = float(np.exp(-self.distance_m / ABSORPTION_M))
        scale = self.mass_kg ** (1 / 6)  # time constants grow more slowly than the fireball
        body_seconds = 0.16 * scale * rng.uniform(0.85, 1.2)
        rumble_seconds = (0.45 * scale + 0.35 * min(self.distance_m, 2_000.0) / 500) * rng.uniform(0.85, 1.2)
        seconds = min(LONGEST_SECONDS, AUDIBLE_TIMES * rumble_seconds)
        n_samples = round(seconds * LOW_RATE)
        layers = (
            _Layer("crack", CRACK, 1.2 * nearness, 0.001, 0.35 * body_seconds, n_channels),
            _Layer("fireball", FIREBALL, 0.35 + 0.65 * nearness, 0.3 * phase_seconds, body_seconds, n_channels),
            _Layer("rumble", RUMBLE, 0.8, 0.25 * rumble_seconds, rumble_seconds, 1),
        )
        wave = self._noise(seed, n_samples, layers)
        for delay, level in ((0.0, 2.0), (rng.uniform(0.004, 0.02), 0.9), (rng.uniform(0.03, 0.12), 0.45)):
            first = round(delay * LOW_RATE)
            blast = friedlander(
                np.arange(min(n_samples - first, round(10 * phase_seconds * LOW_RATE))) / LOW_RATE, phase_seconds
            )
            wave[:, first : first + len(blast)] += np.float32(level) * blast
        if self.drive:
            strength = 0.5 + 5 * self.drive
            wave = np.tanh(strength * wave / np.abs(wave).max())
        else:
            wave /= np.abs(wave).max()
        if self.debris:
            wave = with_partials(wave, self._debris(rng, 0.5 * seconds, nearness), LOW_RATE)
        return wave

    def _noise(self, seed: int, n_samples: int, layers: Sequence[_Layer]) -> np.ndarray:
        """Return the sum of layers of noise, ``(channels, time)``."""
        n_channels = max(layer.n_channels for layer in layers)
        wave = np.zeros((n_channels, n_samples), np.float32)
        for layer in layers:
            n_audible = min(n_samples, round(AUDIBLE_TIMES * layer.decay_seconds * LOW_RATE))
            noise = noise_wave(seed, layer.name, layer.spectrum, n_audible, layer.n_channels)
            time = np.arange(n_audible, dtype=np.float32) / np.float32(LOW_RATE)
            rise = np.minimum(time / np.float32(layer.rise_seconds), 1.0)
            wave[:, :n_audible] += (
                np.float32(layer.level) * rise * np.exp(-time / np.float32(layer.decay_seconds)) * noise
            )
        return wave

    def _debris(self, rng: np.random.Generator, seconds: float, nearness: float) -> Partials:
        """Return the impacts of falling pieces, in dB below the blast."""
        n_pieces = rng.poisson(140 * self.debris)
        onset = 0.25 + seconds * rng.beta(1.6, 3.0, n_pieces)
        frequency_hz = log_uniform(rng, (250.0, 5_000.0), (n_pieces, 3))
        decay_hz = np.pi * frequency_hz / rng.uniform(2, 9, (n_pieces, 3))
        gain = 0.12 * self.debris * nearness * np.minimum(rng.lognormal(0, 0.8, (n_pieces, 1)), 5)
        gain = gain * rng.uniform(-1, 1, (n_pieces, 3)) * np.exp(-onset[:, None] / seconds)
        return Partials.of(onset[:, None], frequency_hz, decay_hz, gain, rng.uniform(-0.9, 0.9, (n_pieces, 1)))


def positive_phase_seconds(mass_kg: float, distance_m: float) -> float:
    """Return the time for which the pressure of a blast is above that of the air (Kinney and Graham, 1985)."""
    scaled = distance_m / mass_kg ** (1 / 3)
    rising = 1 + (scaled / 0.54) ** 10
    falling = (1 + (scaled / 0.02) ** 3) * (1 + (scaled / 0.74) ** 6) * np.sqrt(1 + (scaled / 6.9) ** 2)
    return float(0.98 * mass_kg ** (1 / 3) * rising / falling)


def friedlander(time: np.ndarray, phase_seconds: float) -> np.ndarray:
    """Return the pressure of a blast wave of peak 1 over the time in seconds since it arrived."""
    relative = time / phase_seconds
    rise = 1 - np.exp(-time / SHOCK_SECONDS)
    return np.asarray(rise * (1 - relative) * np.exp(-relative), np.float32)


def noise_wave(seed: int, layer: str, spectrum: Spectrum, n_samples: int, n_channels: int) -> np.ndarray:
    """Return noise of a spectrum at the lower rate of one-shots, ``(channels, time)`` float32."""
    timeline = Timeline(LOW_RATE, n_samples, seed)
    noise = ShapedNoise(timeline, layer, [spectrum], n_channels)
    if n_samples <= FRAME_SECONDS * LOW_RATE:
        return noise.frame(0)[0, :, :n_samples]
    return np.concatenate([noise.cell(cell)[0] for cell in range(timeline.n_cells)], axis=1)[:, :n_samples]
