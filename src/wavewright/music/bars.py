"""Bars and beats of a score."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from ..base.errors import BadSetting
from .score import METRE, Score

MAX_BARS = 10_000
MAX_DENOMINATOR = 64
DEFAULT_METRE = (4, 4)


@dataclass(frozen=True)
class Bar:
    """A bar of a score.

    - ``start``, ``length``: in ticks.
    - ``numerator``, ``denominator``: its metre.
    - ``number``: as musicians count: a pickup is bar 0, the first whole bar 1.
    - ``lead``: ticks that a whole bar of its metre has before the start of this one: those that a pickup lacks.
    - ``whole``: ticks of a whole bar of its metre; its own length by default.
    """

    start: int
    length: int
    numerator: int
    denominator: int
    number: int = 1
    lead: int = 0
    whole: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "whole", self.whole or self.length)

    @property
    def end(self) -> int:
        """The tick of the next bar."""
        return self.start + self.length

    @property
    def metre(self) -> str:
        """The metre as text, such as ``3/4``."""
        return f"{self.numerator}/{self.denominator}"

    @property
    def is_pickup(self) -> bool:
        """True if it lacks its downbeat."""
        return self.lead > 0

    @property
    def n_beats(self) -> int:
        """Beats that are counted: dotted ones in compound metres (6/8, 9/8, 12/8)."""
        is_compound = self.denominator >= 8 and self.numerator > 3 and self.numerator % 3 == 0
        return self.numerator // 3 if is_compound else self.numerator

    def strength(self, tick: int) -> float:
        """Return the metric weight of a tick: 1 at the start of a whole bar, less at halves, beats and between them."""
        position = (tick - self.start + self.lead) % self.whole * self.n_beats
        if position == 0:
            return 1.0
        if position % self.whole:
            return 0.25
        return 0.75 if self.n_beats % 2 == 0 and 2 * position == self.whole * self.n_beats else 0.5


def bars_of(score: Score, *, to_end: bool = False) -> tuple[Bar, ...]:
    """Return the bars of a score up to its last note, or to its end, at least one; 4/4 before the first metre.

    They lie between the bar lines of the score, or follow from its metres where it has none. A bar that a change of
    metre cuts short keeps its metre. Two incomplete bars that make a whole one are one, such as those before and after
    the sign of a repeat. A first bar that is incomplete is a pickup, and so is one of a shorter metre that lasts for
    this bar alone, as MIDI files have it. Later ones of at most half a bar lack their beginning too.

    Raises BadSetting if there are more than MAX_BARS, or a metre is none.
    """
    metres, lines = _metres(score), _lines(score, score.length if to_end else 0)
    return tuple(_counted(_joined(_between(lines, metres, score.ticks_per_quarter))))


def with_bar_lines(score: Score, lines: Iterable[int]) -> Score:
    """Return a score that knows its bar lines, unless its metres imply the same bars.

    - ``lines``: ticks of all bar lines, with the end of the last bar.
    """
    known = replace(score, bar_lines=np.array(sorted({0, *lines}), np.int64))
    implied = replace(score, bar_lines=np.zeros(0, np.int64))
    if not 2 < len(known.bar_lines) <= MAX_BARS:  # no line but the ends says nothing
        return implied
    bars, others = ([(bar.start, bar.number, bar.lead) for bar in bars_of(each)] for each in (known, implied))
    return implied if bars == others else known


def metres_with_bars(score: Score) -> np.ndarray:
    """Return METRE from which the bars of a score follow, for formats that have metres alone.

    A pickup of a quarter in 4/4 is 1/4, followed by 4/4.
    """
    if not len(score.bar_lines):
        return score.metres
    rows = {int(row["tick"]): tuple(row.tolist()) for row in score.metres}
    in_force = {0: (*DEFAULT_METRE, 24, 8)} | {tick: row[1:] for tick, row in rows.items()}
    ticks = sorted(in_force)
    for bar, following in pairwise(bars_of(score)):
        if bar.length == bar.whole:
            continue
        row, next_row = (in_force[ticks[bisect_right(ticks, each.start) - 1]] for each in (bar, following))
        if (shorter := _metre_of_length(bar.length, score.ticks_per_quarter)) is not None:
            rows[bar.start] = (bar.start, *shorter, *row[2:])
        rows[following.start] = (following.start, *next_row)
    return np.array([rows[tick] for tick in sorted(rows)], METRE)


def first_whole(bars: Sequence[Bar]) -> int:
    """Return the index of the first bar that is no pickup."""
    return int(len(bars) > 1 and bars[0].is_pickup)


def bar_index(bars: Sequence[Bar], ticks: np.ndarray) -> np.ndarray:
    """Return the index of the bar of each tick; ticks beyond the ends belong to the first or the last bar."""
    starts = np.array([bar.start for bar in bars])
    index: np.ndarray = np.clip(np.searchsorted(starts, ticks, side="right") - 1, 0, len(bars) - 1)
    return index


def whole_bar(metre: tuple[int, int], ticks_per_quarter: int) -> int:
    """Return the ticks of a bar of a metre."""
    return max(1, 4 * ticks_per_quarter * metre[0] // metre[1])


Metres = list[tuple[int, tuple[int, int]]]
"""Metres with their first ticks; the first is that of tick 0."""


def _metres(score: Score) -> Metres:
    """Return the metres of a score; that of a pickup is the one that follows."""
    changes = {0: DEFAULT_METRE}
    for row in score.metres:
        changes[int(row["tick"])] = metre = (int(row["numerator"]), int(row["denominator"]))
        if min(metre) < 1:
            raise BadSetting(f"The metre {metre[0]}/{metre[1]} at tick {row['tick']} is none; write one such as 3/4.")
    ticks = sorted(changes)
    if len(ticks) > 1 and not len(score.bar_lines):
        first, second = (whole_bar(changes[tick], score.ticks_per_quarter) for tick in ticks[:2])
        if ticks[1] == first < second:
            changes[0] = changes[ticks[1]]
    return [(tick, changes[tick]) for tick in ticks]


def _lines(score: Score, least: int) -> list[int]:
    """Return the bar lines up to the end of the bar of the last note, or of a later tick."""
    ends = (int((track.notes["start"] + track.notes["duration"]).max(initial=0)) for track in score.tracks)
    end = max([least, *ends])
    known = sorted({0, *score.bar_lines.tolist()})
    index = int(np.searchsorted(known, end))
    lines = known[: max(index, 1) + 1]
    if lines[-1] < end or len(lines) < 2:
        lines += _implied_lines(score, lines[-1], end, MAX_BARS - len(lines) + 1)
    if len(lines) - 1 > MAX_BARS:
        raise BadSetting(f"The score has more than {MAX_BARS} bars; give a shorter one.")
    return lines


def _implied_lines(score: Score, start: int, end: int, most: int) -> list[int]:
    """Return the bar lines after ``start`` that follow from the metres, one at least, up to the one at the end."""
    changes = {0: DEFAULT_METRE} | {
        int(row["tick"]): (int(row["numerator"]), int(row["denominator"])) for row in score.metres
    }
    ticks = sorted(changes)
    at = bisect_right(ticks, start) - 1
    lines: list[int] = []
    position = start
    while position < end or not lines:
        length = whole_bar(changes[ticks[at]], score.ticks_per_quarter)
        following = ticks[at + 1] if at + 1 < len(ticks) else None
        limit = end if following is None else min(following, end)
        n_bars = max(1, -(-(limit - position) // length))
        if n_bars + len(lines) > most:
            raise BadSetting(f"The score has more than {MAX_BARS} bars; give a shorter one.")
        lines += range(position + length, position + length * n_bars + 1, length)
        if following is not None and lines[-1] >= following:
            lines[-1] = following
            at += 1
        position = lines[-1]
    return lines


def _between(lines: Sequence[int], metres: Metres, ticks_per_quarter: int) -> list[Bar]:
    """Return the bars between lines, not counted yet."""
    bars, at = [], 0
    for start, end in pairwise(lines):
        while at + 1 < len(metres) and metres[at + 1][0] <= start:
            at += 1
        metre = metres[at][1]
        bars.append(Bar(start, end - start, *metre, whole=whole_bar(metre, ticks_per_quarter)))
    return bars


def _joined(bars: Sequence[Bar]) -> list[Bar]:
    """Return the bars with incomplete ones that make a whole one as one; the first bar stays as it is."""
    joined = list(bars[:1])
    for bar in bars[1:]:
        last = joined[-1]
        if len(joined) > 1 and last.metre == bar.metre and last.length + bar.length == bar.whole:
            joined[-1] = replace(last, length=last.length + bar.length)
        else:
            joined.append(bar)
    return joined


def _counted(bars: Sequence[Bar]) -> list[Bar]:
    """Return the bars with their numbers, and with what pickups lack."""
    has_pickup = len(bars) > 1 and bars[0].length < bars[0].whole
    counted = []
    for index, bar in enumerate(bars):
        is_short = 2 * bar.length <= bar.whole and 0 < index < len(bars) - 1
        lead = bar.whole - bar.length if is_short or (index == 0 and has_pickup) else 0
        counted.append(replace(bar, number=index if has_pickup else index + 1, lead=lead))
    return counted


def _metre_of_length(length: int, ticks_per_quarter: int) -> tuple[int, int] | None:
    """Return the metre whose bar has a length, of the longest notes; None if there is none."""
    denominator = 4
    while denominator <= MAX_DENOMINATOR:
        numerator, rest = divmod(length * denominator, 4 * ticks_per_quarter)
        if not rest and 1 <= numerator <= 255:
            return numerator, denominator
        denominator *= 2
    return None
