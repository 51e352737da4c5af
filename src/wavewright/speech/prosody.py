"""How something is spoken: rate, pitch, range, energy, volume and pauses, which are laid over one another."""

from __future__ import annotations

from dataclasses import dataclass, fields

from ..ranges import check_ranges
from ..units import semitones_to_ratio

LIMITS = {
    "rate": (0.25, 4.0),
    "pitch_semitones": (-24.0, 24.0),
    "pitch_range": (0.0, 4.0),
    "energy": (0.1, 10.0),
    "volume_db": (-60.0, 24.0),
    "pauses": (0.0, 10.0),
}
"""The smallest and largest value of each, also of what several ones laid over one another come to."""

ADDED = ("pitch_semitones", "volume_db")  # the others multiply


@dataclass(frozen=True)
class Prosody:
    """Changes to how a voice would speak; the default changes nothing. Raises BadSetting for numbers out of LIMITS.

    ``rate``: times faster; ``pitch_semitones``: higher; ``pitch_range``: times as far as the melody moves about its middle; ``energy``:
    times the effort, which also changes the timbre; ``volume_db``: louder, which does not; ``pauses``: times as long.
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
        """How many times higher."""
        return float(semitones_to_ratio(self.pitch_semitones))

    def over(self, other: Prosody) -> Prosody:
        """Both changes at once, kept within LIMITS."""
        combined = {}
        for field in fields(self):
            mine, others = getattr(self, field.name), getattr(other, field.name)
            low, high = LIMITS[field.name]
            combined[field.name] = min(max(mine + others if field.name in ADDED else mine * others, low), high)
        return Prosody(**combined)

    def scaled(self, strength: float) -> Prosody:
        """The change at another strength: 0 is none, 1 is this one, 2 is it done twice; kept within LIMITS."""
        scaled = {}
        for field in fields(self):
            value, (low, high) = getattr(self, field.name), LIMITS[field.name]
            scaled[field.name] = min(max(strength * value if field.name in ADDED else value**strength, low), high)
        return Prosody(**scaled)
