"""Events as exponentially damped sinusoids, which may sound on into later cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from .timeline import Timeline

HIGHEST_OF_NYQUIST = 0.98
"""Partials above this fraction of half the sample rate are left out."""


@dataclass(frozen=True)
class Partials:
    """Damped sinusoids of the events of a cell; all arrays have the shape ``(partials,)``.

    Attributes
    ----------
    seconds
        Onsets from the start of the cell.
    frequency_hz, slope_hz
        Frequency at the onset, and its change in a second.
    decay_hz
        Nepers in a second: the reciprocal of the time constant.
    gain
        Amplitude without decay, of either sign.
    pan
        -1 for the left channel, 1 for the right one; ignored in mono.
    """

    seconds: np.ndarray
    frequency_hz: np.ndarray
    slope_hz: np.ndarray
    decay_hz: np.ndarray
    gain: np.ndarray
    pan: np.ndarray

    @classmethod
    def of(
        cls,
        seconds: np.ndarray,
        frequency_hz: np.ndarray,
        decay_hz: np.ndarray,
        gain: np.ndarray,
        pan: np.ndarray | float = 0.0,
        slope_hz: np.ndarray | float = 0.0,
    ) -> Partials:
        """Return partials of arrays that are broadcast against each other."""
        broadcast = np.broadcast_arrays(seconds, frequency_hz, slope_hz, decay_hz, gain, pan)
        return cls(*(np.array(each, np.float64).ravel() for each in broadcast))

    @classmethod
    def joined(cls, several: Sequence[Partials]) -> Partials:
        """Return all partials of several sets."""
        return cls(*(np.concatenate([getattr(each, field.name) for each in several]) for field in fields(cls)))

    def chosen(self, is_chosen: np.ndarray) -> Partials:
        """Return some of the partials, ``is_chosen`` ``(partials,)`` bool."""
        return Partials(*(getattr(self, field.name)[is_chosen] for field in fields(self)))

    def energy(self) -> np.ndarray:
        """Return the integral over time of the square of each partial, ``(partials,)``."""
        angle = 2 * np.pi * self.frequency_hz
        energy: np.ndarray = self.gain**2 * angle**2 / (4 * self.decay_hz * (self.decay_hz**2 + angle**2))
        return energy


class PartialLayer:
    """The sum of the partials of consecutive cells.

    Parameters
    ----------
    timeline : Timeline
        Cells.
    n_channels : int
        1 or 2.
    """

    def __init__(self, timeline: Timeline, n_channels: int) -> None:
        self._timeline = timeline
        self._pending = np.zeros((n_channels, 0), np.float32)

    def cell(self, cell: int, partials: Partials) -> np.ndarray:
        """Return the next cell, ``(channels, time)`` float32, with the partials that start in it."""
        n_samples = self._timeline.n_samples_of(cell)
        self._pending = with_partials(self._pending, partials, self._timeline.sample_rate, n_samples)
        finished = self._pending[:, :n_samples]
        self._pending = self._pending[:, n_samples:]
        return finished


def with_partials(wave: np.ndarray, partials: Partials, sample_rate: int, n_samples: int = 0) -> np.ndarray:
    """Return a wave with partials added to it.

    Parameters
    ----------
    wave : (channels, time)
        1 or 2 channels.
    partials : Partials
        Their onsets count from the start of the wave.
    sample_rate : int, in Hz
    n_samples : int
        Shortest length of the result, which is long enough for all partials.

    Returns
    -------
    np.ndarray
        ``(channels, time)`` float32.
    """
    from .kernels import DECAY_NEPERS, add_partials  # numba is slow to import

    last_hz = partials.frequency_hz + np.maximum(0.0, partials.slope_hz * DECAY_NEPERS / partials.decay_hz)
    is_audible = last_hz < HIGHEST_OF_NYQUIST * sample_rate / 2
    onsets = partials.seconds[is_audible] * sample_rate
    decays = partials.decay_hz[is_audible] / sample_rate
    end = int(np.max(onsets + DECAY_NEPERS / decays, initial=0.0)) + 2
    n_more = max(end, n_samples) - wave.shape[1]
    output = np.pad(wave, ((0, 0), (0, max(0, n_more)))).astype(np.float32)
    angles = 2 * np.pi * partials.frequency_hz[is_audible] / sample_rate
    slopes = 2 * np.pi * partials.slope_hz[is_audible] / sample_rate**2
    gains = partials.gain[is_audible, None] * pan_gains(partials.pan[is_audible], len(wave))
    add_partials(onsets, angles, slopes, decays, gains.astype(np.float32), output)
    return output


def pan_gains(pan: np.ndarray, n_channels: int) -> np.ndarray:
    """Return the gain of each channel, ``(events, channels)``: 1 in mono, of constant power in stereo."""
    if n_channels == 1:
        return np.ones((len(pan), 1))
    angle = (pan + 1) * np.pi / 4
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)
