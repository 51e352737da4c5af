"""A grid of ticks on which times in fractions are whole."""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction

from ...base.errors import BadScore
from ..timing import MAX_TICK

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
