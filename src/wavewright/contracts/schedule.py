"""Positions on the learning-rate schedule of a run whose end may move."""

from __future__ import annotations

from collections.abc import Sequence

Breakpoints = list[tuple[int, float]]
"""Steps in rising order, each with its position on the learning-rate schedule (0 to 1)."""

MAX_STEPS = 1_000_000_000
"""Largest number of steps of a run."""


def schedule_position(step: int, steps: int, breakpoints: Sequence[tuple[int, float]] = ()) -> float:
    """Return the position on the schedule of a step.

    It is piecewise linear: 0 at the first step, those of the breakpoints, 1 at the last step.

    Parameters
    ----------
    step
        Counted from 0.
    steps
        Length of the run.
    breakpoints
        Steps in rising order, each with its position.

    Returns
    -------
    float
        From 0 to 1.
    """
    points = [(0, 0.0), *breakpoints, (max(steps, 1), 1.0)]
    following = next((index for index, (later, _) in enumerate(points) if later > step), None)
    if following is None:
        return 1.0
    (start, first), (end, last) = points[following - 1], points[following]
    return first + (last - first) * (step - start) / (end - start)
