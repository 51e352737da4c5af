"""When each line starts and how fast it is spoken: with its cue, never into the next line."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ..base.errors import BadSetting
from ..speech.synthesis import FASTEST, SLOWEST

GAP_SECONDS = 0.04
"""Silence before the next line, where a line needs all of its time."""

AT_ONCE = 0.5
"""Fraction of the shorter of two lines during which both speakers speak, where they are spoken at once."""

MAX_AT_ONCE = 20
"""Most lines that are looked at for that."""

SHORTEST_SECONDS = 0.1
"""Least time in which a line can be spoken."""

ROUNDING_SECONDS = 1e-6
"""Of a length that is divided by a rate."""


@dataclass(frozen=True)
class Rates:
    """Slowest and fastest rate of lines, factors of the voice's usual rate."""

    slowest: float = 0.85
    fastest: float = 1.15

    def __post_init__(self) -> None:
        """Raise BadSetting unless the rates are in order and within what speech can be fitted to."""
        if not SLOWEST <= self.slowest <= 1 <= self.fastest <= FASTEST:
            raise BadSetting(
                f"The rates are {self.slowest:g} to {self.fastest:g}; they can be {SLOWEST:g} to 1, and 1 to "
                f"{FASTEST:g}."
            )


@dataclass(frozen=True)
class LineSlot:
    """The time of a line."""

    seconds: float  # from its start to its end, as in the original
    limit_seconds: float  # from its start to where the next line begins, or the sound ends


@dataclass(frozen=True)
class Fit:
    """How a line is spoken."""

    seconds: float  # length of its speech
    rate: float  # factor of the voice's usual rate
    borrowed_seconds: float = 0.0  # of the silence after the line
    too_long: int = 0  # characters to lose until it can be spoken within the rates; 0 if it can
    is_cut: bool = False  # the end is cut off, because it does not fit at the fastest rate of all


@dataclass(frozen=True)
class SpokenTime:
    """Start and end of a line in seconds, and its speaker."""

    start: float
    end: float
    speaker: str = ""

    def is_at_once_with(self, other: SpokenTime) -> bool:
        """Return whether another speaker speaks during half of the shorter line, so that both are heard at once."""
        shared = min(self.end, other.end) - max(self.start, other.start)
        shorter = min(self.end - self.start, other.end - other.start)
        return self.speaker.casefold() != other.speaker.casefold() and shared >= AT_ONCE * shorter


def next_starts(times: Sequence[SpokenTime], end: float | None = None) -> list[float]:
    """Return for each line when the next one starts that is not spoken at once with it, else the end (infinite: None).

    The starts of the lines are in order.
    """
    found: list[float] = []
    for index, time in enumerate(times):
        following = times[index + 1 : index + 1 + MAX_AT_ONCE]
        after = next((other.start for other in following if not time.is_at_once_with(other)), None)
        found.append(after if after is not None else math.inf if end is None else end)
    return found


def slots(times: Sequence[SpokenTime], end: float | None = None) -> list[LineSlot]:
    """Return the time of each line, see `next_starts`; with GAP_SECONDS before the next line."""
    last = math.inf if end is None else end
    limits = [start if start == last else start - GAP_SECONDS for start in next_starts(times, end)]
    return [
        LineSlot(min(time.end, limit) - time.start, limit - time.start)
        for time, limit in zip(times, limits, strict=True)
    ]


def fit(usual_seconds: float, slot: LineSlot, n_characters: int, rates: Rates) -> Fit | None:
    """Return how a line is spoken.

    - returns: None if the time is too short for any speech.

    It takes the time of the original as far as the rates allow, else the silence after it, as little as possible.
    """
    if slot.limit_seconds < SHORTEST_SECONDS:
        return None
    wanted = usual_seconds / max(slot.seconds, SHORTEST_SECONDS)
    rate = min(max(wanted, rates.slowest), rates.fastest)
    seconds = usual_seconds / rate
    if seconds <= slot.limit_seconds + ROUNDING_SECONDS:
        seconds = min(seconds, slot.limit_seconds)
        return Fit(seconds, rate, max(0.0, seconds - slot.seconds))
    too_long = math.ceil(n_characters * (1 - slot.limit_seconds / seconds))
    rate = min(usual_seconds / slot.limit_seconds, FASTEST)
    is_cut = rate == FASTEST
    seconds = usual_seconds / rate if is_cut else slot.limit_seconds
    return Fit(seconds, rate, max(0.0, slot.limit_seconds - slot.seconds), max(too_long, 1), is_cut)
