"""Timbres over time: ``flute``, ``flute..violin``, ``1:flute,9:violin``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..base.errors import BadSetting, printable

TIMBRE_SEPARATOR, BAR_SEPARATOR, COLON = "..", ",", ":"
MAX_POINTS = 1_000


@dataclass(frozen=True)
class TimbrePoint:
    """A timbre at a position: a bar counted from 1, or None for points at equal distances."""

    label: str
    bar: float | None = None


@dataclass(frozen=True, eq=False)
class TimbrePath:
    """Latents between which a timbre moves."""

    latents: np.ndarray  # ``(points, latent_size)``
    times_s: np.ndarray  # ``(points,)``, ascending, in seconds of the score

    def at(self, seconds: np.ndarray) -> np.ndarray:
        """Return the latents ``(n, latent_size)`` at times ``(n,)``; outside of the path those of its ends."""
        return self._interpolated(seconds, self.times_s)

    def along(self, fraction: float) -> np.ndarray:
        """Return the latent ``(1, latent_size)`` at a fraction of the path, whose points have equal distances."""
        return self._interpolated(np.array([fraction]), np.linspace(0, 1, len(self.latents)))

    def _interpolated(self, positions: np.ndarray, points: np.ndarray) -> np.ndarray:
        columns = [np.interp(positions, points, column) for column in self.latents.T]
        return np.stack(columns, axis=1).astype(np.float32)


def parse_timbre(text: str) -> tuple[TimbrePoint, ...]:
    """Return the points of a timbre as text.

    Raises BadSetting if it has no name, or bars that do not rise.

    Examples
    --------
    >>> [point.label for point in parse_timbre("flute..violin")]
    ['flute', 'violin']
    >>> parse_timbre("1:flute,9:violin")[1]
    TimbrePoint(label='violin', bar=9.0)
    """
    has_bars = COLON in text
    items = [item.strip() for item in text.split(BAR_SEPARATOR if has_bars else TIMBRE_SEPARATOR)]
    if len(items) > MAX_POINTS or not all(items):
        raise _refused(text)
    if not has_bars:
        return tuple(TimbrePoint(item) for item in items)
    points = []
    for item in items:
        bar, _, label = (each.strip() for each in item.partition(COLON))
        try:
            points.append(TimbrePoint(label, float(bar)))
        except ValueError:
            raise _refused(text) from None
        if not label or not 1 <= float(bar) <= 1e6:
            raise _refused(text)
    bars = [point.bar or 0.0 for point in points]
    if any(b <= a for a, b in pairwise(bars)):
        raise BadSetting(f"The bars of the timbre {printable(text)} do not rise; write 1:flute,9:violin.")
    return tuple(points)


def _refused(text: str) -> BadSetting:
    return BadSetting(
        f"The timbre is {printable(text)!r}; write a name, several with two dots between them (flute..violin), or "
        "bars and names (1:flute,9:violin)."
    )


def timbre_path(
    text: str, latent_of: Callable[[str], np.ndarray], seconds_of_bar: Callable[[float], float], seconds: float
) -> TimbrePath:
    """Return the latents and times of a timbre as text."""
    points = parse_timbre(text)
    spread = np.linspace(0, max(seconds, 1e-3), max(len(points), 2))
    times: Sequence[float] = [
        float(even) if point.bar is None else seconds_of_bar(point.bar)
        for point, even in zip(points, spread, strict=False)
    ]
    return TimbrePath(np.stack([latent_of(point.label) for point in points]), np.array(times))
