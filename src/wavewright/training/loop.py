"""The training loop of all families: steps, plan, evaluation, checkpoints, and a resume that is bit-equal.

A step depends on the state of the checkpoint and on its number alone: batches are a function of the step, and PyTorch's
random generator is seeded anew at every step. A run that is killed and resumed therefore ends with the same bits as one
that is not.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
import torch
from torch import nn

from ..base.errors import BadSetting, TrainingStopped
from ..base.interruption import Terminated
from ..contracts.config import MAX_STEPS
from ..contracts.family import HealthRules
from ..contracts.settings import TrainingSettings
from ..nn.network import Network
from . import checkpoint, processes
from .checkpoint import Progress
from .health import Health
from .plan import (
    MIN_STEPS,
    POOR_FRACTION,
    REPLAN_EVERY,
    REPLAN_TOLERANCE,
    SHORT_PLAN,
    STEP_FRACTION,
    Clock,
    Ending,
    describe_plan,
    evaluation_interval,
    keep_position,
    rewarm,
    rewarm_end,
    steps_within,
)
from .processes import is_worth_timing, single_blas_thread, thread_counts, time_steps
from .run_file import BEST, LAST
from .state import TrainState
from .stop_request import DURING_TIMING, stop_request

BatchT = TypeVar("BatchT")


@contextmanager
def prefetched_batches(make: Callable[[int], BatchT], stride: int) -> Iterator[Callable[[int], BatchT]]:
    """Yield a function of a batch's number that computes the batch ``stride`` ahead in a worker thread meanwhile.

    A batch that was not prefetched is computed at once.
    """
    with ThreadPoolExecutor(1) as pool:
        pending: dict[int, Future[BatchT]] = {}

        def prefetched(number: int) -> BatchT:
            future = pending.pop(number, None)
            pending.clear()
            batch = make(number) if future is None else future.result()
            pending[number + stride] = pool.submit(make, number + stride)
            return batch

        yield prefetched


NO_LENGTH = "The length of the training is missing; give --max-minutes, or --set training.steps=10000."
TOO_SHORT = (
    "warning: a plan of {steps} steps is short; the model will hardly learn anything. Give it more minutes "
    "(--max-minutes {minutes}) or steps, a smaller --size, or a faster machine."
)
CONTINUE = "continue with `{resume}`"
EXTEND = "train longer with `{resume} --more-minutes 10`, or `{resume} --set training.steps={steps}`"
MAX_ROLLBACKS = 3
ROLLBACK_OFFSET = 1_000_003
"""Distance between the batch numbers before and after a rollback, so that other batches are drawn."""

BatchSource = Callable[[int], list[Mapping[str, np.ndarray]]]
"""Return the batches of a step of this process, by the number of the first one."""


class Observer(Protocol):
    """Receive the losses, metrics and messages of a loop; see :class:`.report.Report`."""

    def step(self, progress: Progress, losses: dict[str, float], seconds: float) -> None:
        """Record the losses of a step and its duration."""

    def evaluation(self, progress: Progress, metrics: dict[str, float]) -> None:
        """Record the metrics of an evaluation."""

    def log(self, message: str) -> None:
        """Show a message."""


@dataclass(eq=False)
class Loop:
    """Train one network on one stream of batches, with checkpoints in one folder.

    - ``network``: moved to the device of the settings.
    - ``batches``: returns the batch with a number; a pure function of the number.
    - ``settings``: training settings of the recipe.
    - ``folder``: folder of the checkpoints.
    - ``observer``: receives losses, metrics and messages.
    - ``evaluate``: returns the validation metrics of the averaged module; default: no evaluation.
    - ``on_evaluation``: called with the averaged module and the progress after each evaluation, in process 0.
    - ``health_rules``: metrics that show whether training goes wrong; default: none.
    - ``started``: when the call began, as :func:`time.monotonic` counts; default: when it runs.
    - ``ending``: what the call does after the last step, within its minutes; default: an evaluation, which is timed
      when the first one is made.
    - ``resume_words``: command, or option, that continues the run, for messages.
    - ``state``: network, averaged weights and optimizers.
    - ``progress``: everything else that the next step depends on.
    """

    network: Network
    batches: Callable[[int], Mapping[str, np.ndarray]]
    settings: TrainingSettings
    folder: Path
    observer: Observer
    evaluate: Callable[[nn.Module], dict[str, float]] | None = None
    on_evaluation: Callable[[nn.Module, Progress], None] | None = None
    health_rules: HealthRules = field(default_factory=HealthRules)
    started: float | None = None
    ending: Ending | None = None
    resume_words: str = "--resume"
    state: TrainState = field(init=False)
    progress: Progress = field(init=False)
    _clock: Clock | None = field(default=None, init=False)  # while the plan follows the minutes of this call
    _has_warned: bool = field(default=False, init=False)  # of a short plan
    _minutes_before: float = field(default=0.0, init=False)  # of earlier calls
    _step_seconds: float = field(default=0.0, init=False)  # of the last step
    _cause: Callable[[], str] = field(default=str, init=False)  # signal that asked to stop while steps are timed

    def __post_init__(self) -> None:
        self.state = TrainState(self.network, self.settings)
        self.progress = Progress(steps=self.settings.steps, threads=self.settings.threads)

    @property
    def average(self) -> nn.Module:
        """The inference module of the network, with averaged weights."""
        return self.state.average

    # --- checkpoints

    def save(self, name: str) -> None:
        """Write a checkpoint with this file name, in process 0."""
        if processes.rank() == 0:
            state = self.state
            checkpoint.save(self.folder / name, self.progress, state.network, state.average, state.optimizers)

    def load(self, name: str) -> None:
        """Load a checkpoint; raise BadModel if it is damaged or of another network."""
        state = self.state
        self.progress = checkpoint.load(self.folder / name, state.network, state.average, state.optimizers)

    def resume(self) -> bool:
        """Load the last checkpoint, or the best one where the last is missing; return False if there is none yet.

        The number of threads is that of the settings, or as before, but no more than this machine has.
        """
        name = next((name for name in (LAST, BEST) if (self.folder / name).is_file()), None)
        if name is None:
            return False
        self.load(name)
        progress = self.progress
        if name == BEST:
            self.observer.log(f"{LAST} is missing; continuing from the best checkpoint, step {progress.step}.")
        if self.state.device.type == "cpu":
            threads = self.settings.threads or min(progress.threads, max(thread_counts(self.state.device)))
            if progress.step and threads != progress.threads:
                self.observer.log(f"{threads} thread(s) from here on, {progress.threads} before.")
                progress.threads = threads
        return True

    # --- a run

    @single_blas_thread()
    def run(self, max_minutes: float | None = None) -> Progress:
        """Train until the plan, the patience or the minutes of this call end, or a signal arrives; save a checkpoint.

        If the minutes determine the number of steps, the plan is compared with the clock again and again, so that it
        ends with them.

        - ``max_minutes``: duration of this call, from ``started`` on and with its ``ending``; default: as long as the
          plan takes.

        Raises BadSetting if neither steps nor minutes are given, or the metric that chooses the best checkpoint is not
        measured, or TrainingStopped if training diverges again after MAX_ROLLBACKS rollbacks.
        """
        self.started = time.monotonic() if self.started is None else self.started
        self._minutes_before = self.progress.minutes
        deadline = self.started + 60 * max_minutes if max_minutes else float("inf")
        with stop_request(self.observer.log, DURING_TIMING) as cause:
            self._cause = cause
            seconds_per_step = self.plan(max_minutes, deadline)
            self._end_timing_if_asked()
        if seconds_per_step:
            self._clock = self._new_clock(deadline, seconds_per_step, self.progress.step + REPLAN_EVERY)
            deadline = float("inf")  # the plan ends then
        torch.set_num_threads(self.progress.threads)
        first_step = self.progress.step
        if first_step == 0:
            self.save(LAST)
        with (
            stop_request(self.observer.log) as cause,
            prefetched_batches(self.batches_from, self._batches_per_step()) as batch_source,
        ):
            while not self.progress.finished:
                is_over = self.progress.step > first_step and self._is_over(deadline)  # each call makes a step
                if processes.any_process(bool(cause()) or is_over):
                    break
                step, step_started = self.progress.step, time.monotonic()
                losses = self.train_step(batch_source)
                step_ended = time.monotonic()
                self._step_seconds = step_ended - step_started
                self.count_minutes()
                self.observer.step(self.progress, losses, self._step_seconds)
                self._after_step(losses)
                self.count_minutes()
                if self._clock and not self.progress.finished:
                    self._clock.record(step, self._step_seconds, time.monotonic() - step_ended)
                    self._adjust_plan(self._clock)
            if self.state.is_finite():
                self.save(LAST)
        self.progress.stopped_by = "" if self.progress.finished else cause()
        self._log_end()
        return self.progress

    def count_minutes(self) -> None:
        """Add the duration of this call, until now, to the minutes of earlier ones."""
        if self.started is not None:
            self.progress.minutes = self._minutes_before + (time.monotonic() - self.started) / 60

    def _is_over(self, deadline: float) -> bool:
        """Return True if the next step, with the evaluation that follows it, would end after a call's deadline."""
        now, ending = time.monotonic(), self.ending
        if ending is None or deadline == float("inf"):
            return now >= deadline
        is_last = self.progress.step + 1 >= self.progress.steps
        evaluates = is_last or (self.progress.step + 1) % self._evaluate_every == 0
        after = ending.export + (evaluates * (ending.evaluation + ending.export)) + is_last * ending.final
        return now + self._step_seconds + after > deadline

    def _log_end(self) -> None:
        progress, cause = self.progress, self.progress.stopped_by
        reason = progress.finished or (f"stopped by {cause}" if cause else "the minutes are over")
        remedy = EXTEND if progress.finished else CONTINUE
        remedy = remedy.format(resume=self.resume_words, steps=2 * progress.step)
        self.observer.log(f"{reason} at step {progress.step} of {progress.steps}; {remedy}.")

    # --- the plan

    def stage_starts(self) -> Sequence[int]:
        """Return the steps at which the training stages start."""
        return self.network.stage_starts()

    def plan(self, max_minutes: float | None, deadline: float = float("inf")) -> list[float]:
        """Choose the number of threads and of steps, once in a run.

        - returns: seconds of a step of each stage if the minutes determined the number of steps, else empty.

        Raises BadSetting if neither steps nor minutes are given, or what is exported would not learn in so many steps.
        """
        progress = self.progress
        is_by_clock = not progress.steps
        if is_by_clock and not max_minutes:
            raise BadSetting(NO_LENGTH)
        counts = thread_counts(self.state.device)
        if not is_by_clock and not is_worth_timing(progress.steps, self.stage_starts(), counts):
            progress.threads = progress.threads or counts[0]
        left = deadline - time.monotonic() - (self.ending.seconds() if self.ending else 0.0)
        has_limit = is_by_clock and processes.world_size() == 1  # all processes time the same steps
        limit = max(left, 0.0) if has_limit else float("inf")
        seconds_per_step = [] if progress.threads and progress.steps else self.choose_threads(limit)
        if is_by_clock and max_minutes:
            left = deadline - time.monotonic()
            seconds = STEP_FRACTION * left if self.ending is None else left - self.ending.seconds()
            self._check_time(seconds / 60, max_minutes)
            n_steps = steps_within(seconds, 0, self.stage_starts(), seconds_per_step)
            progress.steps = min(max(n_steps, MIN_STEPS), MAX_STEPS)
            if self.ending is not None:
                progress.evaluate_every = evaluation_interval(
                    self.settings.evaluate_every, min(seconds_per_step), self.ending
                )
        progress.steps, progress.threads, progress.evaluate_every = processes.broadcast(
            (progress.steps, progress.threads, progress.evaluate_every)
        )
        self.network.check_plan(progress.steps)
        if seconds_per_step:
            self.observer.log(
                describe_plan(progress.steps, progress.threads, self.stage_starts(), seconds_per_step, is_by_clock)
            )
        if progress.step == 0:
            self._warn_of_short_plan()
        return seconds_per_step if is_by_clock else []

    def _check_time(self, minutes: float, max_minutes: float) -> None:
        """Warn if little of the time of the call remains for steps."""
        if minutes < POOR_FRACTION * max_minutes:
            spent = max_minutes - max(minutes, 0.0)
            self.observer.log(
                f"warning: preparation, the last evaluation and the export take about {spent:.1f} of the "
                f"{max_minutes:g} minutes; give --max-minutes {max(math.ceil(4 * spent), 1)} or more, or a smaller "
                "--size."
            )

    def _warn_of_short_plan(self) -> None:
        """Warn, once, of a plan in which the model hardly learns."""
        if self.progress.steps > SHORT_PLAN or self._has_warned:
            return
        self._has_warned = True
        self.observer.log(TOO_SHORT.format(steps=self.progress.steps, minutes=30))

    @single_blas_thread()
    def choose_threads(self, seconds_for_steps: float = float("inf")) -> list[float]:
        """Time a few steps with each number of threads, choose the fastest and restore the network.

        ``seconds_for_steps`` limits the timing. Returns the seconds of a step of each stage with that number.
        """
        counts = [self.settings.threads] if self.settings.threads else thread_counts(self.state.device)
        before = self.state.snapshot()
        seconds = time_steps(self._timed_step, self.stage_starts(), counts, self.observer.log, seconds_for_steps)
        self.state.restore(before)
        self.progress.step = 0
        self.progress.threads = min(seconds, key=lambda count: sum(seconds[count]))
        return seconds[self.progress.threads]

    def _timed_step(self, step: int) -> None:
        self._end_timing_if_asked()
        self.progress.step = step
        self.train_step(self.batches_from)

    def _end_timing_if_asked(self) -> None:
        """Raise what a signal raises that arrived before the first step: there is nothing to save."""
        cause = self._cause()
        if cause:
            raise KeyboardInterrupt if cause == "Ctrl-C" else Terminated(cause)

    def extend(self, steps: int = 0, minutes: float = 0.0) -> None:
        """Extend the plan to ``steps``, or by minutes, after which it follows the clock.

        The learning rate rises to that of the longer plan and then falls to its end, see plan.py.
        """
        progress = self.progress
        previous_steps = progress.steps
        new_steps = steps or self._steps_after(minutes)
        progress.breakpoints = rewarm(progress.step, previous_steps, progress.breakpoints, new_steps)
        progress.steps, progress.breakpoints, progress.evaluate_every = processes.broadcast(
            (new_steps, progress.breakpoints, progress.evaluate_every)
        )
        progress.finished = ""
        progress.evaluations_since_best = 0
        self.save(LAST)
        peak_step = rewarm_end(progress.step, progress.steps)
        now, peak, final = (self._learning_rate(step) for step in (progress.step, peak_step, progress.steps))
        self.observer.log(
            f"{'about ' if minutes else ''}{progress.steps - progress.step} steps from step {progress.step} on; the "
            f"learning rate goes from {now:.2g} to {peak:.2g} by step {peak_step}, as in a run of {progress.steps} "
            f"steps, and to {final:.2g} at the end."
        )

    def _steps_after(self, minutes: float) -> int:
        """Return the steps of a plan that takes so many minutes longer, and let the plan follow the clock.

        Steps are expected to take as long as those before; if they do not, the end of the plan moves.
        """
        progress = self.progress
        seconds = max(60 * progress.minutes / progress.step, 1e-6)
        planned = 0 if progress.finished else progress.steps - progress.step
        steps = min(progress.step + max(planned + int(60 * minutes / seconds), 1), MAX_STEPS)
        began = time.monotonic() if self.started is None else self.started
        ends_at = began + planned * seconds + 60 * minutes
        if self.ending is not None:
            progress.evaluate_every = evaluation_interval(self.settings.evaluate_every, seconds, self.ending)
        due = max(rewarm_end(progress.step, steps), progress.step + REPLAN_EVERY)
        self._clock = self._new_clock(ends_at, [seconds] * len(self.stage_starts()), due)
        return steps

    def _new_clock(self, ends_at: float, seconds_per_step: list[float], first_due: int) -> Clock:
        settings = self.settings
        return Clock(
            ends_at,
            self.stage_starts(),
            seconds_per_step,
            self._evaluate_every,
            settings.save_every,
            first_due,
            ending=self.ending,
        )

    @property
    def _evaluate_every(self) -> int:
        """Steps between evaluations: of the plan by the clock, or of the settings."""
        return self.progress.evaluate_every or self.settings.evaluate_every

    def _adjust_plan(self, clock: Clock) -> None:
        """Move the end of the plan if steps are slower or faster than planned, and save the new plan."""
        progress, now = self.progress, time.monotonic()
        if not processes.any_process(progress.step >= clock.due or clock.is_over(now)):
            return
        planned = progress.steps - progress.step
        left = processes.broadcast(clock.steps_left(progress.step, progress.steps, now))
        if abs(left - planned) <= REPLAN_TOLERANCE * planned:
            return
        progress.breakpoints = keep_position(progress.step, progress.steps, progress.breakpoints)
        progress.steps = min(progress.step + left, MAX_STEPS)
        self._warn_of_short_plan()
        if self.state.is_finite():
            self.save(LAST)

    def _learning_rate(self, step: int) -> float:
        progress = self.progress
        return self.settings.learning_rate_at(step, progress.steps, progress.breakpoints) * 0.5**progress.rollbacks

    # --- a step

    def train_step(self, batch_source: BatchSource) -> dict[str, float]:
        """Train one step; return the losses by name, each the mean over the batches of the step."""
        progress = self.progress
        step = progress.step
        entropy = [self.settings.seed, step, progress.rollbacks, processes.rank()]
        torch.manual_seed(int(np.random.SeedSequence(entropy).generate_state(1, np.uint32)[0]))
        losses = self.state.update(step, batch_source(self._first_batch(step)), self._learning_rate(step))
        progress.step = step + 1
        return losses

    def batches_from(self, first: int) -> list[Mapping[str, np.ndarray]]:
        """Return the batches of a step of this process, the first of them with number ``first``."""
        return [self.batches(first + index) for index in range(self.settings.accumulate)]

    def _batches_per_step(self) -> int:
        """Return the number of batches of a step; each process and each accumulation has its own."""
        return self.settings.accumulate * processes.world_size()

    def _first_batch(self, step: int) -> int:
        """Return the number of the first batch of this process in a step."""
        offset = processes.rank() * self.settings.accumulate + ROLLBACK_OFFSET * self.progress.rollbacks
        return step * self._batches_per_step() + offset

    # --- after a step

    def _after_step(self, losses: dict[str, float]) -> None:
        """Check health, evaluate, save, and decide whether the run is finished."""
        settings, progress = self.settings, self.progress
        is_last = progress.step >= progress.steps
        evaluates = is_last or progress.step % self._evaluate_every == 0
        saves = progress.step % settings.save_every == 0
        problem = progress.health.after_step(losses)
        if problem is None and (evaluates or saves) and not self.state.is_finite():  # possible with finite losses
            problem = "A weight is not a number: training has diverged (try a lower training.learning_rate)."
        problem = processes.first_message(problem)
        if problem is not None:
            self.roll_back(problem, LAST)
            return
        problem = self._evaluate() if evaluates else None
        if problem is not None:  # it is older than the last checkpoint
            self.roll_back(problem, BEST if (self.folder / BEST).is_file() else LAST)
            return
        if is_last:
            progress.finished = "all planned steps are done"
        elif settings.patience and progress.evaluations_since_best >= settings.patience:
            progress.finished = f"{settings.metric} has not improved for {settings.patience} evaluations"
        if saves:
            self.save(LAST)

    def _evaluate(self) -> str | None:
        """Evaluate the averaged module, save it if it is the best, and return what is wrong with it, if anything."""
        if self.evaluate is None:
            return None
        metrics: dict[str, float] = {}
        if processes.rank() == 0:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(self.settings.seed)
                metrics = self.evaluate(self.average)
        metrics = processes.broadcast(metrics)
        self.progress.metrics = metrics
        self.observer.evaluation(self.progress, metrics)
        if self.settings.metric:
            self._save_if_best(metrics)
        if self.on_evaluation is not None and processes.rank() == 0:
            self.on_evaluation(self.average, self.progress)
        return self.progress.health.after_evaluation(
            metrics, self.health_rules, self.observer.log, self.settings.metric
        )

    def _save_if_best(self, metrics: Mapping[str, float]) -> None:
        """Save a checkpoint if the metric is better than before; the best of an earlier stage does not count."""
        progress = self.progress
        metric = self.settings.metric.removeprefix("-")
        if metric not in metrics:
            raise BadSetting(
                f"There is no validation metric {metric!r}; this family measures {', '.join(sorted(metrics))}."
            )
        value = -metrics[metric] if self.settings.metric.startswith("-") else metrics[metric]
        progress.evaluations_since_best += 1
        stage_start = max(start for start in self.stage_starts() if start <= progress.step)
        is_first_of_stage = progress.best_step <= stage_start < progress.step
        if progress.best is None or is_first_of_stage or value < progress.best:
            progress.best = value
            progress.best_step = progress.step
            progress.evaluations_since_best = 0
            self.save(BEST)

    def roll_back(self, problem: str, name: str) -> None:
        """Return to a checkpoint with half the learning rate and other batches.

        Raises TrainingStopped after MAX_ROLLBACKS rollbacks.
        """
        current = self.progress
        if current.rollbacks >= MAX_ROLLBACKS:
            raise TrainingStopped(
                f"{problem} It happened again after {MAX_ROLLBACKS} rollbacks to an earlier checkpoint, so training "
                "stops."
            )
        self.load(name)
        progress = self.progress
        progress.rollbacks = current.rollbacks + 1
        progress.minutes = current.minutes
        progress.health = Health()
        # The plan may be newer than the checkpoint, which may even be the last one of a plan that was extended.
        progress.steps = current.steps
        progress.breakpoints = current.breakpoints
        progress.finished = ""
        self.save(LAST)
        self.observer.log(f"warning: {problem} Going back to step {progress.step} with half the learning rate.")
