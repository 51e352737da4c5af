"""Speech that fits a time: one rate for all words and pauses of a text, so that it ends when it should."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from ..base.errors import BadSetting
from ..text.ssml import Duration
from .prosody import Prosody
from .steps import Pause, Piece, Step

SLOWEST, FASTEST = 0.8, 1.3
"""Smallest and largest factor of the usual rate; beyond them speech sounds dragged or slurred."""

MAX_TRIALS = 16
MAX_CORRECTION = 2.0
"""Most by which trials leave the rate that the usual length asks for."""


def fitted_steps(
    steps: Sequence[Step], n_samples: int, sample_rate: int, frame_samples: int, length: Callable[[Sequence[Step]], int]
) -> list[Step]:
    """Return steps that take a number of samples: faster or slower, with a rest of silence, usually below a frame.

    Where even one frame less is too long, they take a few samples more, which are silence.

    - ``n_samples``, ``sample_rate``: the length, in samples and Hz.
    - ``frame_samples``: samples of a frame, which durations are multiples of.
    - ``length``: returns the samples that steps take.

    Raises BadSetting if the speech would have to be slower than `SLOWEST` or faster than `FASTEST`.
    """
    usual = length(at_rate(steps, 1.0))
    needed = usual / n_samples
    if not usual / FASTEST - 0.5 <= n_samples <= usual / SLOWEST + 0.5:  # n_samples is rounded
        shortest, longest = (usual / factor / sample_rate for factor in (FASTEST, SLOWEST))
        raise BadSetting(
            f"The text takes {usual / sample_rate:.2f} s, and {n_samples / sample_rate:.2f} s are {needed:.2f} times "
            f"as fast; {SLOWEST:g} to {FASTEST:g} times are possible: {math.ceil(100 * shortest) / 100:.2f} to "
            f"{math.floor(100 * longest) / 100:.2f} s. Shorten the text, or change the rate."
        )
    factor, step, was_long = needed, 1.0, None
    best, spare = list(steps), -n_samples
    for _ in range(MAX_TRIALS):
        tried = at_rate(steps, factor)
        rest = n_samples - length(tried)
        if (rest >= 0 > spare) or ((rest >= 0) == (spare >= 0) and abs(rest) < abs(spare)):
            best, spare = tried, rest
        if 0 <= spare < frame_samples:
            break
        # Lengths are steps of a frame: from the same side twice, the next trial goes twice as far.
        step = 2 * step if was_long == (rest < 0) else step / 2
        was_long = rest < 0
        factor *= ((n_samples - rest) / n_samples) ** step
        factor = min(max(factor, needed / MAX_CORRECTION), needed * MAX_CORRECTION)
    return [*best, Pause(max(spare, 0) / sample_rate)]


def parts_of(steps: Iterable[Step]) -> Iterator[tuple[Duration | None, Iterable[Step]]]:
    """Yield the steps in parts with their duration; the pause after the last piece of a duration is not of it."""
    held: list[Step] = []  # of a duration, up to its end
    for step in steps:
        duration = held[0].duration if held and isinstance(held[0], Piece) else None
        if duration is not None and isinstance(step, Piece) and step.duration != duration:
            yield from _ended(held, duration)
            held = []
        if held or (isinstance(step, Piece) and step.duration is not None):
            held.append(step)
        else:
            yield None, [step]
    if held and isinstance(held[0], Piece) and held[0].duration is not None:
        yield from _ended(held, held[0].duration)


def _ended(held: Sequence[Step], duration: Duration) -> Iterator[tuple[Duration | None, Iterable[Step]]]:
    """Yield what belongs to a duration, and the pauses and marks after it."""
    end = 1 + max(index for index, step in enumerate(held) if isinstance(step, Piece))
    yield duration, held[:end]
    last = held[end - 1]
    yield None, [Pause(last.pause_seconds if isinstance(last, Piece) else 0.0), *held[end:]]


def at_rate(steps: Sequence[Step], factor: float) -> list[Step]:
    """Return steps at a multiple of their rate; no silence follows the last words."""
    change = Prosody(rate=factor)
    last = max((index for index, step in enumerate(steps) if isinstance(step, Piece)), default=-1)
    return [_changed(step, change, is_last=index == last) for index, step in enumerate(steps)]


def _changed(step: Step, change: Prosody, is_last: bool) -> Step:
    if isinstance(step, Pause):
        return Pause(step.seconds / change.rate)
    if not isinstance(step, Piece):
        return step
    return replace(
        step,
        prosody=tuple(prosody.combine(change) for prosody in step.prosody),
        pause_seconds=0.0 if is_last else step.pause_seconds / change.rate,
        clause_seconds=None if step.clause_seconds is None else step.clause_seconds / change.rate,
    )
