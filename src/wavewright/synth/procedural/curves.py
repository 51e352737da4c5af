"""Slow random curves: sums of sinusoids, without an end or around a loop."""

from __future__ import annotations

import numpy as np

from .timeline import Timeline, random_numbers

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
