"""Time of a texture: cells of about a second, each with random numbers of its own, on a line or around a loop."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

CELL_SECONDS = 1.0
"""Longest cell; the cells of a loop are equally long."""

CELLS_BEFORE = 2**31
"""Added to the numbers of cells, so that those before the start, which are negative, can seed a generator."""


@dataclass(frozen=True)
class Timeline:
    """Cells of a texture. What is drawn for a cell depends on the seed and its number alone, never on the sample rate.

    Parameters
    ----------
    sample_rate : int, in Hz
    n_samples : int
        Length of the texture, the period of a loop.
    seed : int
        Seed of all random numbers.
    is_loop : bool
        True for a period: cell ``n_cells`` is cell 0 again.
    """

    sample_rate: int
    n_samples: int
    seed: int
    is_loop: bool = False

    @property
    def seconds(self) -> float:
        """Length of the texture in seconds."""
        return self.n_samples / self.sample_rate

    @property
    def n_cells(self) -> int:
        """Number of cells that the texture consists of; the last one may be cut if it is no loop."""
        return max(1, -(-self.n_samples // round(CELL_SECONDS * self.sample_rate)))

    @property
    def cell_seconds(self) -> float:
        """Length of a cell in seconds."""
        return self.seconds / self.n_cells if self.is_loop else CELL_SECONDS

    def first_sample(self, cell: int) -> int:
        """Return the sample at which a cell starts."""
        if not self.is_loop:
            return cell * round(CELL_SECONDS * self.sample_rate)
        period, index = divmod(cell, self.n_cells)
        return period * self.n_samples + index * self.n_samples // self.n_cells

    def n_samples_of(self, cell: int) -> int:
        """Return the number of samples of a cell."""
        return self.first_sample(cell + 1) - self.first_sample(cell)

    def rng(self, layer: str, cell: int) -> np.random.Generator:
        """Return the random numbers of a cell for one purpose; around a loop they repeat."""
        index = cell % self.n_cells if self.is_loop else cell
        return random_numbers(self.seed, layer, index + CELLS_BEFORE)


def random_numbers(seed: int, layer: str, number: int = 0) -> np.random.Generator:
    """Return a generator that depends on a seed, the name of a layer and a number."""
    return np.random.Generator(np.random.PCG64([seed, zlib.crc32(layer.encode()), number]))


def log_uniform(rng: np.random.Generator, limits: tuple[float, float], size: int | tuple[int, ...]) -> np.ndarray:
    """Return numbers whose logarithms are uniformly distributed between those of the limits."""
    low, high = np.log(limits)
    return np.asarray(np.exp(rng.uniform(float(low), float(high), size)))


POINTS_PER_SECOND = 200.0
"""Points of a curve between which it is linear."""


class RandomCurve:
    """A Gaussian curve of mean 0 and variance 1 whose power spectrum falls as ``frequency ** -exponent``.

    Sinusoids of random phase, one in each band of the spectrum; in a loop each has a whole number of periods.

    Parameters
    ----------
    timeline : Timeline
        Its cells.
    layer : str
        Name of the random numbers.
    band_hz : tuple of float
        Lowest and highest frequency.
    exponent : float
        Slope of the spectrum; 5/3 is that of turbulence.
    n_sinusoids : int
        More make the curve less periodic.

    References
    ----------
    M. Shinozuka and G. Deodatis, "Simulation of stochastic processes by spectral representation", Applied Mechanics
    Reviews 44(4), 1991.
    """

    def __init__(
        self, timeline: Timeline, layer: str, band_hz: tuple[float, float], exponent: float, n_sinusoids: int = 32
    ) -> None:
        rng = random_numbers(timeline.seed, layer)
        edges_hz = np.geomspace(*band_hz, n_sinusoids + 1)
        self._frequencies_hz = edges_hz[:-1] * (edges_hz[1:] / edges_hz[:-1]) ** rng.random(n_sinusoids)
        self._phases = rng.uniform(0, 2 * np.pi, n_sinusoids)
        if timeline.is_loop:
            periods = np.maximum(1, np.round(self._frequencies_hz * timeline.seconds))
            self._frequencies_hz = periods / timeline.seconds
        powers = np.diff(edges_hz) * np.sqrt(edges_hz[1:] * edges_hz[:-1]) ** -exponent
        self._amplitudes = np.sqrt(2 * powers / powers.sum())
        self._timeline = timeline

    def points(self, cell: int, delay_seconds: float = 0.0) -> np.ndarray:
        """Return the curve at equally spaced points from the start to the end of a cell, both included."""
        timeline = self._timeline
        start = timeline.first_sample(cell) / timeline.sample_rate
        end = timeline.first_sample(cell + 1) / timeline.sample_rate
        seconds = np.linspace(start, end, round(POINTS_PER_SECOND * timeline.cell_seconds) + 2) - delay_seconds
        angles = 2 * np.pi * np.outer(seconds, self._frequencies_hz) + self._phases
        return np.asarray(np.cos(angles) @ self._amplitudes)
