"""The plan of a run: how many steps, how far along the learning-rate schedule each of them is, and how many fit into the time."""

from __future__ import annotations

from collections.abc import Sequence

Breakpoints = list[tuple[int, float]]
"""Steps, in rising order, and the position on the learning-rate schedule (0 to 1) that each of them has."""

REWARM_SHARE = 0.05
"""Of the added steps: those over which the learning rate of an extended run rises again."""

STEP_SHARE = 0.95
"""Of the time, while no evaluation has been timed yet; the rest is for evaluations and checkpoints."""

MOST_STEPS = 1_000_000_000
SHORTEST_PLAN = 20
SHORT_PLAN = 150
"""Steps up to which a run is warned of its plan."""

REPLAN_SHARE = 0.05
"""Of the remaining steps: those after which the plan is compared with the clock again."""

REPLAN_EVERY = 10
"""Fewest steps between two such comparisons."""

REPLAN_TOLERANCE = 0.05
"""Share of the remaining steps by which a plan may be off before it is changed."""


def schedule_position(step: int, steps: int, breakpoints: Sequence[tuple[int, float]] = ()) -> float:
    """Return how far along its schedule a run of ``steps`` steps is at a step (counted from 0), from 0 to 1.

    The position is linear in the step from 0 at the first step to 1 at ``steps``, by way of the breakpoints.
    """
    known = [(0, 0.0), *breakpoints, (max(steps, 1), 1.0)]
    after = next((index for index, (later, _) in enumerate(known) if later > step), None)
    if after is None:
        return 1.0
    (start, first), (end, last) = known[after - 1], known[after]
    return first + (last - first) * (step - start) / (end - start)


def keep_position(step: int, steps: int, breakpoints: Breakpoints) -> Breakpoints:
    """Return breakpoints with which the position at ``step`` stays as it is when the end of the plan moves.

    From ``step`` on the position rises evenly to 1 at the new end, so the learning rate does not jump.
    """
    return [*_before(step, breakpoints), (step, schedule_position(step, steps, breakpoints))]


def rewarm(step: int, steps: int, breakpoints: Breakpoints, new_steps: int) -> Breakpoints:
    """Return the breakpoints of a plan that is extended at ``step`` from ``steps`` to ``new_steps``.

    Over the first REWARM_SHARE of the added steps the learning rate returns to where a run planned for ``new_steps`` from its start
    would be, and from there it falls to the end like that run's (re-warming and re-decaying; Ibrahim et al., "Simple and Scalable
    Strategies to Continually Pre-train Large Language Models", 2024).
    """
    position = schedule_position(step, steps, breakpoints)
    top = rewarm_end(step, new_steps)
    return [*_before(step, breakpoints), (step, position), (top, min(position, top / new_steps))]


def rewarm_end(step: int, new_steps: int) -> int:
    """Return the step at which the learning rate of a plan extended at ``step`` has risen."""
    return min(step + max(round(REWARM_SHARE * (new_steps - step)), 1), new_steps)


def _before(step: int, breakpoints: Breakpoints) -> Breakpoints:
    return [breakpoint for breakpoint in breakpoints if breakpoint[0] < step]


def steps_within(seconds: float, step: int, starts: Sequence[int], seconds_per_step: Sequence[float]) -> int:
    """Return how many steps from ``step`` on fit into the seconds, where each stage has its own seconds per step."""
    count, ends = 0, [*starts[1:], None]
    for start, end, each in zip(starts, ends, seconds_per_step, strict=True):
        if end is not None and end <= step:
            continue
        fitting = int(max(seconds, 0.0) / each)
        length = fitting if end is None else end - max(start, step)
        count += min(fitting, length)
        if fitting < length:
            break
        seconds -= length * each
    return count


def plan_in_words(steps: int, threads: int, starts: Sequence[int], seconds_per_step: Sequence[float], is_by_clock: bool) -> str:
    """Return how many steps of which duration are planned, of each stage, on how many threads."""
    on_threads = f"on {threads} thread{'s' * (threads > 1)}"
    follows = "; more or fewer as the clock shows, so that the minutes are used" if is_by_clock else ""
    if len(seconds_per_step) == 1:
        return f"{steps} steps of {1e3 * seconds_per_step[0]:.0f} ms {on_threads}{follows}"
    ends = [min(start, steps) for start in (*starts[1:], steps)]
    counts = [end - start for start, end in zip([0, *ends[:-1]], ends, strict=True)]
    listed = ", ".join(f"{count} of {1e3 * each:.0f} ms" for count, each in zip(counts, seconds_per_step, strict=True))
    minutes = sum(count * each for count, each in zip(counts, seconds_per_step, strict=True)) / 60
    return f"{steps} steps ({listed}) {on_threads}, in all about {minutes:.0f} minutes{follows}"


class Clock:
    """Measures how long steps and evaluations take, and says how many more steps fit into the time that is left.

    ``starts`` are the first steps of the stages of a run, ``seconds_per_step`` what a step of each is expected to take; how much slower
    or faster steps really are is measured since the last comparison of the plan with the clock.
    """

    def __init__(
        self,
        ends_at: float,
        starts: Sequence[int],
        seconds_per_step: Sequence[float],
        evaluate_every: int,
        save_every: int,
        first_due: int,
    ):
        self.ends_at, self.starts, self.expected = ends_at, starts, seconds_per_step
        self.evaluate_every, self.save_every = evaluate_every, save_every
        self.due, self.slowdown = first_due, 1.0
        self._measured, self._should_be = 0.0, 0.0  # seconds of steps since the last comparison
        self._evaluation_seconds: float | None = None
        self._save_seconds = 0.0

    def note(self, step: int, seconds: float, seconds_after: float) -> None:
        """Take down what a step took, and what came after it: an evaluation, a checkpoint or neither."""
        stage = max(index for index, start in enumerate(self.starts) if start <= step)
        self._measured += seconds
        self._should_be += self.expected[stage]
        if (step + 1) % self.evaluate_every == 0:
            self._evaluation_seconds = seconds_after
        elif (step + 1) % self.save_every == 0:
            self._save_seconds = seconds_after

    def steps_left(self, step: int, steps: int, now: float) -> int:
        """Return how many steps fit between ``now`` and the end, at least one; the comparison with a plan of ``steps`` steps."""
        if self._should_be:
            self.slowdown = self._measured / self._should_be
        self._measured = self._should_be = 0.0
        seconds = self.ends_at - now
        extra = self._save_seconds / self.save_every
        if self._evaluation_seconds is None:
            seconds *= STEP_SHARE
        else:
            seconds -= self._evaluation_seconds  # the one at the end
            extra += self._evaluation_seconds / self.evaluate_every
        left = steps_within(seconds, step, self.starts, [max(self.slowdown * each, 1e-6) + extra for each in self.expected])
        self.due = step + max(int(REPLAN_SHARE * min(left, steps - step)), REPLAN_EVERY)
        return max(left, 1)
