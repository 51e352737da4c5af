"""Lengths as note values: plain and dotted ones, tied where one is not enough, and tuplets."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from ...base.errors import BadScore
from ..timing import MAX_TICK

# --- A grid of ticks on which times in fractions are whole

TICKS_PER_QUARTER = 480
FINEST = 64 * TICKS_PER_QUARTER
MAX_TICKS_PER_QUARTER = 32_767


def grid_of(quarters: Iterable[Fraction]) -> tuple[int, bool]:
    """Return ticks of a quarter for which these times are whole, and False if there is no such number."""
    ticks = TICKS_PER_QUARTER
    for denominator in {time.denominator for time in quarters}:
        ticks = math.lcm(ticks, denominator)
        if ticks > MAX_TICKS_PER_QUARTER:
            return FINEST, False
    return ticks, True


def tick_of(quarters: Fraction, ticks_per_quarter: int) -> int:
    """Return the nearest tick of a time; raise BadScore if it is beyond MAX_TICK."""
    tick = round(quarters * ticks_per_quarter)
    if tick > MAX_TICK:
        raise BadScore(f"The music lasts {float(quarters):.0f} quarters; it is too long.")
    return tick


NAMES = ("breve", "whole", "half", "quarter", "eighth", "16th", "32nd", "64th", "128th", "256th", "512th", "1024th")
PLAIN = {name: Fraction(8, 2**index) for index, name in enumerate(NAMES)}
"""Quarters of the note values."""

VALUES = {PLAIN[name] * (2 - Fraction(1, 2**dots)): (name, dots) for dots in range(3) for name in NAMES[: 12 - dots]}
"""Name and dots of lengths in quarters."""


@dataclass(frozen=True)
class NoteValue:
    """A note value: its quarters as written, name and dots; ``actual`` such notes last as long as ``normal`` do."""

    quarters: Fraction
    name: str
    dots: int
    actual: int = 1
    normal: int = 1

    @property
    def sounding(self) -> Fraction:
        """Quarters that it lasts."""
        return self.quarters * self.normal / self.actual


def tuplet_of(quarters: Fraction) -> tuple[int, int]:
    """Return how many notes last as long as how many, for a length; (1, 1) outside of tuplets.

    Examples
    --------
    >>> tuplet_of(Fraction(1, 3)), tuplet_of(Fraction(2, 5)), tuplet_of(Fraction(5, 4))
    ((3, 2), (5, 4), (1, 1))
    """
    actual = quarters.denominator
    while actual % 2 == 0:
        actual //= 2
    return actual, 1 << (actual.bit_length() - 1)


def values_of(quarters: Fraction) -> list[NoteValue]:
    """Return the values of tied notes that last so long together, the longest first.

    Examples
    --------
    >>> [(value.name, value.dots) for value in values_of(Fraction(5, 2))]
    [('half', 0), ('eighth', 0)]
    """
    actual, normal = tuplet_of(quarters)
    rest = quarters * actual / normal
    if rest in VALUES:
        return [NoteValue(rest, *VALUES[rest], actual, normal)]
    values = []
    for name, length in PLAIN.items():
        while rest >= length:
            values.append(NoteValue(length, name, 0, actual, normal))
            rest -= length
    if rest or not values:  # shorter than the shortest value
        values.append(NoteValue(rest or PLAIN[NAMES[-1]], NAMES[-1], 0, actual, normal))
    return values
