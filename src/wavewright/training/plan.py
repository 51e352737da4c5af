"""The plan of a run: its number of steps, their positions on the learning-rate schedule, and steps within a time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..contracts.config import MAX_STEPS
from ..contracts.settings import Breakpoints, schedule_position

REWARM_FRACTION = 0.05
"""Fraction of the added steps over which the learning rate of an extended run rises again."""

STEP_FRACTION = 0.95
"""Fraction of the time for steps until an evaluation is timed; the rest is for evaluations and checkpoints."""

EVALUATION_FRACTION = 0.25
"""Largest fraction of the time for steps that evaluations take in a plan that follows the clock, besides the last."""

POOR_FRACTION = 0.5
"""Fraction of a call's time that remains for steps, below which a plan that follows the clock warns."""

MIN_STEPS = 20
"""Smallest number of steps of a plan."""

SHORT_PLAN = 150
"""Number of steps up to which a plan is reported as short."""

REPLAN_FRACTION = 0.05
"""Fraction of the remaining steps after which the plan is compared with the clock again."""

REPLAN_EVERY = 10
"""Smallest number of steps between two such comparisons, where they take less than REPLAN_SECONDS."""

REPLAN_SECONDS = 5.0
"""Time after which the plan is compared with the clock at the latest, where fewer than REPLAN_EVERY steps fit in."""

REPLAN_TOLERANCE = 0.05
"""Relative error of the remaining steps up to which a plan is kept."""


def keep_position(step: int, steps: int, breakpoints: Breakpoints) -> Breakpoints:
    """Return breakpoints that keep the position at ``step`` when the end of the plan moves.

    From ``step`` on the position rises linearly to 1 at the new end, so the learning rate does not jump.
    """
    return [*_before(step, breakpoints), (step, schedule_position(step, steps, breakpoints))]


def rewarm(step: int, steps: int, breakpoints: Breakpoints, new_steps: int) -> Breakpoints:
    """Return the breakpoints of a plan that is extended at ``step`` from ``steps`` to ``new_steps``.

    Over the first REWARM_FRACTION of the added steps the learning rate returns to that of a run that was planned for
    ``new_steps`` from its start, and then falls like that run's (re-warming and re-decaying).

    References
    ----------
    A. Ibrahim et al., "Simple and Scalable Strategies to Continually Pre-train Large Language Models", 2024.
    """
    position = schedule_position(step, steps, breakpoints)
    top = rewarm_end(step, new_steps)
    return [*_before(step, breakpoints), (step, position), (top, min(position, top / new_steps))]


def rewarm_end(step: int, new_steps: int) -> int:
    """Return the step at which the learning rate of a plan extended at ``step`` reaches its peak."""
    return min(step + max(round(REWARM_FRACTION * (new_steps - step)), 1), new_steps)


def _before(step: int, breakpoints: Breakpoints) -> Breakpoints:
    return [breakpoint for breakpoint in breakpoints if breakpoint[0] < step]


def steps_within(seconds: float, step: int, starts: Sequence[int], seconds_per_step: Sequence[float]) -> int:
    """Return the number of steps from ``step`` on that fit into a time, given the duration of those of each stage."""
    count = 0
    ends = [*starts[1:], None]
    for start, end, seconds_each in zip(starts, ends, seconds_per_step, strict=True):
        if end is not None and end <= step:
            continue
        fitting = int(max(seconds, 0.0) / seconds_each)
        stage_steps = fitting if end is None else end - max(start, step)
        count += min(fitting, stage_steps)
        if fitting < stage_steps:
            break
        seconds -= stage_steps * seconds_each
    return count


def describe_plan(
    steps: int, threads: int, starts: Sequence[int], seconds_per_step: Sequence[float], is_by_clock: bool
) -> str:
    """Return a message with the planned steps of each stage, their durations and the number of threads."""
    on_threads = f"on {threads} thread{'s' * (threads > 1)}"
    suffix = "; adjusted while it runs to use the minutes" if is_by_clock else ""
    if len(seconds_per_step) == 1:
        return f"{steps} steps of {1e3 * seconds_per_step[0]:.0f} ms {on_threads}{suffix}"
    ends = [min(start, steps) for start in (*starts[1:], steps)]
    counts = [end - start for start, end in zip([0, *ends[:-1]], ends, strict=True)]
    listed = ", ".join(f"{count} of {1e3 * each:.0f} ms" for count, each in zip(counts, seconds_per_step, strict=True))
    minutes = sum(count * each for count, each in zip(counts, seconds_per_step, strict=True)) / 60
    return f"{steps} steps ({listed}) {on_threads}, in all about {minutes:.0f} minutes{suffix}"


@dataclass(frozen=True)
class Ending:
    """Seconds that the end of a call needs after the last step, measured or reserved before the first."""

    evaluation: float = 0.0  # an evaluation with its samples
    export: float = 0.0  # an export of the model
    final: float = 0.0  # the family's files of a finished network, at most

    def seconds(self, slowdown: float = 1.0) -> float:
        """Return all of them; the measured ones times a slowdown of the machine since, if it is one."""
        return max(slowdown, 1.0) * (self.evaluation + self.export) + self.final


def evaluation_interval(evaluate_every: int, step_seconds: float, ending: Ending) -> int:
    """Return the steps between evaluations, a multiple of ``evaluate_every``, that keeps EVALUATION_FRACTION."""
    fitting = (ending.evaluation + ending.export) / max(EVALUATION_FRACTION * step_seconds, 1e-9)
    return min(evaluate_every * max(math.ceil(fitting / evaluate_every), 1), MAX_STEPS)


@dataclass
class Clock:
    """Time steps and evaluations, and compute how many more steps fit into the remaining time.

    The ratio of measured to expected durations is updated at each comparison of the plan with the clock.

    - ``ends_at``: end of the training, seconds of :func:`time.monotonic`.
    - ``starts``: first step of each stage of the run.
    - ``seconds_per_step``: expected duration of a step of each stage.
    - ``evaluate_every``, ``save_every``: steps between evaluations and between checkpoints.
    - ``due``: step of the next comparison.
    - ``slowdown``: measured over expected duration of the steps between the last two comparisons.
    - ``ending``: what follows the last step before ``ends_at``; None: an evaluation, timed as soon as there is one.
    """

    ends_at: float
    starts: Sequence[int]
    seconds_per_step: Sequence[float]
    evaluate_every: int
    save_every: int
    due: int
    slowdown: float = 1.0
    ending: Ending | None = None
    _measured_seconds: float = field(default=0.0, init=False)  # of the steps since the last comparison
    _expected_seconds: float = field(default=0.0, init=False)
    _evaluation_seconds: float | None = field(default=None, init=False)
    _save_seconds: float = field(default=0.0, init=False)

    def record(self, step: int, seconds: float, seconds_after: float) -> None:
        """Record the duration of a step, and of the evaluation or checkpoint after it, if any."""
        stage = max(index for index, start in enumerate(self.starts) if start <= step)
        self._measured_seconds += seconds
        self._expected_seconds += self.seconds_per_step[stage]
        if (step + 1) % self.evaluate_every == 0:
            self._evaluation_seconds = seconds_after
        elif (step + 1) % self.save_every == 0:
            self._save_seconds = seconds_after

    def steps_left(self, step: int, steps: int, now: float) -> int:
        """Return the number of steps that fit between ``now`` and the end, at least 1; schedule the next comparison."""
        if self._expected_seconds:
            self.slowdown = self._measured_seconds / self._expected_seconds
        self._measured_seconds = 0.0
        self._expected_seconds = 0.0
        seconds = self.ends_at - now
        overhead = self._save_seconds / self.save_every  # seconds per step
        if self.ending is not None:
            seconds -= self.ending.seconds(self.slowdown)
            each = self._evaluation_seconds or self.slowdown * (self.ending.evaluation + self.ending.export)
            overhead += each / self.evaluate_every if step + self.evaluate_every <= steps else 0.0
        elif self._evaluation_seconds is None:
            seconds *= STEP_FRACTION
        else:
            seconds -= self._evaluation_seconds  # the one at the end
            overhead += self._evaluation_seconds / self.evaluate_every
        seconds_per_step = [max(self.slowdown * expected, 1e-6) + overhead for expected in self.seconds_per_step]
        left = steps_within(seconds, step, self.starts, seconds_per_step)
        every = min(REPLAN_EVERY, math.ceil(REPLAN_SECONDS / max(seconds_per_step)))
        self.due = step + max(int(REPLAN_FRACTION * min(left, steps - step)), every)
        return max(left, 1)

    def is_over(self, now: float) -> bool:
        """Return True if no step more fits in."""
        return now >= self.ends_at - (self.ending.seconds(self.slowdown) if self.ending is not None else 0.0)
