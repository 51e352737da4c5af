"""Tempo maps: ticks to seconds and samples and back, in exact integer arithmetic."""

from __future__ import annotations

import numpy as np

from ..base.errors import BadSetting

TEMPO = np.dtype([("tick", "<i8"), ("us_per_quarter", "<i8")])
"""A tempo from a tick on, in microseconds of a quarter."""

DEFAULT_US_PER_QUARTER = 500_000
MAX_US_PER_QUARTER = 0xFF_FF_FF
US_PER_SECOND = 1_000_000

MAX_TICK = 2**38
"""Ticks that a score may have: at the slowest tempo, their times still fit 63 bits."""


def quarters_per_minute_to_us(quarters_per_minute: float) -> int:
    """Convert a tempo to whole microseconds of a quarter, as MIDI stores it.

    Raises BadSetting if the tempo is not between 3.58 and 60,000,000 quarters a minute.
    """
    us = round(60 * US_PER_SECOND / quarters_per_minute) if quarters_per_minute > 0 else 0
    if not 1 <= us <= MAX_US_PER_QUARTER:
        raise BadSetting(f"The tempo is {quarters_per_minute:g} quarters a minute; it must be at least 3.58.")
    return us


class TempoMap:
    """Piecewise constant tempo.

    The time of a tick is a whole number of units of ``1 / (1,000,000 * ticks_per_quarter)`` seconds, so sums of
    durations are exact and conversions round once.

    - ``tempos``: TEMPO, sorted by tick. The last of several at one tick counts.

    Raises BadSetting if a tempo is out of range or its tick is.
    """

    def __init__(self, ticks_per_quarter: int, tempos: np.ndarray) -> None:
        ticks, us = tempos["tick"], tempos["us_per_quarter"]
        if len(ticks) and not (us.min() >= 1 and us.max() <= MAX_US_PER_QUARTER):
            raise BadSetting(f"A tempo is {us.min()} us a quarter; it must lie between 1 and {MAX_US_PER_QUARTER}.")
        if len(ticks) and not (ticks[0] >= 0 and ticks[-1] <= MAX_TICK and (np.diff(ticks) >= 0).all()):
            raise BadSetting(f"The ticks of tempos must rise, from 0 to at most {MAX_TICK}.")
        is_last = np.append(ticks[1:] != ticks[:-1], True)[: len(ticks)]
        ticks, us = ticks[is_last], us[is_last]
        if not len(ticks) or ticks[0] > 0:
            ticks, us = np.insert(ticks, 0, 0), np.insert(us, 0, DEFAULT_US_PER_QUARTER)
        self.ticks_per_quarter = ticks_per_quarter
        self.units_per_second = US_PER_SECOND * ticks_per_quarter
        self._ticks = ticks
        self._us = us
        self._units = np.concatenate([[0], np.cumsum(np.diff(ticks) * us[:-1])])

    def units(self, ticks: np.ndarray | int) -> np.ndarray:
        """Convert ticks to whole units; exact."""
        ticks = np.asarray(ticks, np.int64)
        index = np.maximum(np.searchsorted(self._ticks, ticks, side="right") - 1, 0)
        units: np.ndarray = self._units[index] + (ticks - self._ticks[index]) * self._us[index]
        return units

    def seconds(self, ticks: np.ndarray | int) -> np.ndarray:
        """Convert ticks to seconds, float64, rounded once."""
        seconds: np.ndarray = self.units(ticks) / self.units_per_second
        return seconds

    def samples(self, ticks: np.ndarray | int, sample_rate: int) -> np.ndarray:
        """Convert ticks to the nearest whole samples, int64; halves are rounded up."""
        whole, rest = np.divmod(self.units(ticks), self.units_per_second)
        samples: np.ndarray = whole * sample_rate + (2 * rest * sample_rate + self.units_per_second) // (
            2 * self.units_per_second
        )
        return samples

    def ticks(self, seconds: np.ndarray | float) -> np.ndarray:
        """Convert seconds to the nearest ticks, int64; the inverse of :meth:`seconds`."""
        units = np.rint(np.asarray(seconds, np.float64) * self.units_per_second).astype(np.int64)
        index = np.maximum(np.searchsorted(self._units, units, side="right") - 1, 0)
        us = self._us[index]
        ticks: np.ndarray = self._ticks[index] + (2 * (units - self._units[index]) + us) // (2 * us)
        return ticks
