"""Pitch and velocity of a recording by its file name."""

from __future__ import annotations

import re
from pathlib import Path

DEFAULT_VELOCITY = 100

_SEMITONES = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
_SHIFTS = {"": 0, "#": 1, "s": 1, "b": -1}
_NOTE = re.compile(r"(?<![a-z])([a-g])(#|s|b|)(-1|\d)(?!\d)", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![\dva-z.])(\d{2,3})(?![\d.])", re.IGNORECASE)
_VELOCITY = re.compile(r"(?<![a-z])v(?:el(?:ocity)?)?[-_ ]?(\d{1,3})(?!\d)", re.IGNORECASE)


def pitch_by_name(path: Path) -> float | None:
    """Return the MIDI number that a file name holds: ``As3``, ``C#4``, ``Bb2`` or ``058``; None without one.

    The last note name counts, else the last number of two or three digits up to 127. C4 is 60.
    """
    notes = [
        _SEMITONES[letter.lower()] + _SHIFTS[shift.lower()] + 12 * (int(octave) + 1)
        for letter, shift, octave in _NOTE.findall(path.stem)
    ]
    numbers = [int(number) for number in _NUMBER.findall(_VELOCITY.sub("", path.stem))]
    valid = [pitch for pitch in (notes or numbers) if 0 <= pitch <= 127]
    return float(valid[-1]) if valid else None


def velocity_by_name(path: Path) -> int:
    """Return the velocity that a file name holds, such as ``v80`` or ``vel100``; DEFAULT_VELOCITY without one."""
    velocities = [int(number) for number in _VELOCITY.findall(path.stem) if 1 <= int(number) <= 127]
    return velocities[-1] if velocities else DEFAULT_VELOCITY
