"""Prosody: changes of rate, pitch, range, energy, volume and pauses, which can be combined."""

from __future__ import annotations

from dataclasses import dataclass

from ..base.ranges import check_ranges
from ..base.units import semitones_to_ratio

LIMITS = {
    "rate": (0.25, 4.0),
    "pitch_semitones": (-24.0, 24.0),
    "pitch_range": (0.0, 4.0),
    "energy": (0.1, 10.0),
    "volume_db": (-60.0, 24.0),
    "pauses": (0.0, 10.0),
}
"""Smallest and largest value of each field; combinations are clipped to them."""


@dataclass(frozen=True)
class Prosody:
    """Changes of a voice's prosody; the default changes nothing.

    Parameters
    ----------
    rate : float
        Speaking rate, a factor from 0.25 to 4.
    pitch_semitones : float
        Pitch shift, -24 to 24 semitones.
    pitch_range : float
        Range of the intonation around its mean, a factor from 0 (monotone) to 4.
    energy : float
        Vocal effort, a factor from 0.1 to 10; it also changes the timbre.
    volume_db : float
        Gain, -60 to 24 dB; it changes the level only.
    pauses : float
        Length of pauses, a factor from 0 to 10.

    Raises
    ------
    BadSetting
        If a value is out of range.
    """

    rate: float = 1.0
    pitch_semitones: float = 0.0
    pitch_range: float = 1.0
    energy: float = 1.0
    volume_db: float = 0.0
    pauses: float = 1.0

    def __post_init__(self) -> None:
        check_ranges(self, LIMITS)

    @property
    def pitch(self) -> float:
        """Pitch shift as a frequency ratio."""
        return float(semitones_to_ratio(self.pitch_semitones))

    def combine(self, other: Prosody) -> Prosody:
        """Return both changes together: factors multiplied, semitones and decibels added, clipped to `LIMITS`."""
        return _clipped(
            rate=self.rate * other.rate,
            pitch_semitones=self.pitch_semitones + other.pitch_semitones,
            pitch_range=self.pitch_range * other.pitch_range,
            energy=self.energy * other.energy,
            volume_db=self.volume_db + other.volume_db,
            pauses=self.pauses * other.pauses,
        )

    def scaled(self, strength: float) -> Prosody:
        """Return the change at another strength: 0 is none, 1 this one, 2 this one twice; clipped to `LIMITS`."""
        return _clipped(
            rate=self.rate**strength,
            pitch_semitones=strength * self.pitch_semitones,
            pitch_range=self.pitch_range**strength,
            energy=self.energy**strength,
            volume_db=strength * self.volume_db,
            pauses=self.pauses**strength,
        )


def _clipped(**values: float) -> Prosody:
    """Return a prosody with each value clipped to its limits."""
    return Prosody(**{name: min(max(value, LIMITS[name][0]), LIMITS[name][1]) for name, value in values.items()})
