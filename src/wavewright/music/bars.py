"""Bars and beats of a score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import BadSetting
from .score import Score

MAX_BARS = 10_000


@dataclass(frozen=True)
class Bar:
    """A bar of a score.

    Attributes
    ----------
    start, length : int
        In ticks.
    numerator, denominator : int
        Its metre.
    """

    start: int
    length: int
    numerator: int
    denominator: int

    @property
    def end(self) -> int:
        """The tick of the next bar."""
        return self.start + self.length

    @property
    def metre(self) -> str:
        """The metre as text, such as ``3/4``."""
        return f"{self.numerator}/{self.denominator}"

    @property
    def n_beats(self) -> int:
        """Beats that are counted: dotted ones in compound metres (6/8, 9/8, 12/8)."""
        is_compound = self.denominator >= 8 and self.numerator > 3 and self.numerator % 3 == 0
        return self.numerator // 3 if is_compound else self.numerator

    def strength(self, tick: int) -> float:
        """Return the metric weight of a tick: 1 at the start of the bar, less at halves, beats and between them."""
        position = (tick - self.start) * self.n_beats
        if position == 0:
            return 1.0
        if position % self.length:
            return 0.25
        return 0.75 if self.n_beats % 2 == 0 and 2 * position == self.length * self.n_beats else 0.5


def bars_of(score: Score) -> tuple[Bar, ...]:
    """Return the bars of a score up to its last note, at least one; 4/4 before the first metre.

    A bar that a change of metre cuts short keeps its metre.

    Raises
    ------
    BadSetting
        If there are more than MAX_BARS, or a metre is none.
    """
    end = max(
        (int((track.notes["start"] + track.notes["duration"]).max(initial=0)) for track in score.tracks), default=0
    )
    changes = {0: (4, 4)}
    for metre in score.metres:
        changes[int(metre["tick"])] = (int(metre["numerator"]), int(metre["denominator"]))
    ticks = sorted(changes)
    bars: list[Bar] = []
    for tick, following in zip(ticks, [*ticks[1:], end], strict=True):
        numerator, denominator = changes[tick]
        if numerator < 1 or denominator < 1:
            raise BadSetting(f"The metre {numerator}/{denominator} at tick {tick} is none; write one such as 3/4.")
        length = max(1, 4 * score.ticks_per_quarter * numerator // denominator)
        limit = min(following, end)
        if (limit - tick) // length + len(bars) > MAX_BARS:
            raise BadSetting(f"The score has more than {MAX_BARS} bars; give a shorter one.")
        for start in range(tick, limit, length):
            is_cut = following in changes and start + length > following
            bars.append(Bar(start, following - start if is_cut else length, numerator, denominator))
    if not bars:
        numerator, denominator = changes[0]
        bars = [Bar(0, max(1, 4 * score.ticks_per_quarter * numerator // denominator), numerator, denominator)]
    return tuple(bars)


def bar_index(bars: tuple[Bar, ...], ticks: np.ndarray) -> np.ndarray:
    """Return the index of the bar of each tick; ticks beyond the ends belong to the first or the last bar."""
    starts = np.array([bar.start for bar in bars])
    index: np.ndarray = np.clip(np.searchsorted(starts, ticks, side="right") - 1, 0, len(bars) - 1)
    return index
