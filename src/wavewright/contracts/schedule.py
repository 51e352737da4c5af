"""Positions on the learning-rate schedule of a run whose end may move."""

from __future__ import annotations

from collections.abc import Sequence

Breakpoints = list[tuple[int, float]]
"""Steps in rising order, each with its position on the learning-rate schedule (0 to 1)."""

MOST_STEPS = 1_000_000_000


def schedule_position(step: int, steps: int, breakpoints: Sequence[tuple[int, float]] = ()) -> float:
    """Return the position on the schedule, from 0 to 1, of a step (counted from 0) in a run of ``steps`` steps.

    It is piecewise linear: 0 at the first step, the given positions at the breakpoints, 1 at ``steps``.
    """
    known = [(0, 0.0), *breakpoints, (max(steps, 1), 1.0)]
    after = next((index for index, (later, _) in enumerate(known) if later > step), None)
    if after is None:
        return 1.0
    (start, first), (end, last) = known[after - 1], known[after]
    return first + (last - first) * (step - start) / (end - start)
