"""The one training loop: turns, averaging, schedules, evaluation, saving, and an exact resume.

Nothing that a step does depends on anything but the state of the checkpoint and the number of the step: batches are a function of the
step, and torch's random generator is seeded anew at every step. So a run that is killed and resumed ends with the very numbers of a run
that was not.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from ..contracts.schedule import MOST_STEPS
from ..contracts.settings import TrainingSettings
from ..errors import BadSetting, TrainingStopped
from ..nn.network import Network
from ..nn.precision import supports_bfloat16
from . import checkpoint, processes
from .checkpoint import Progress
from .health import Health
from .plan import (
    REPLAN_EVERY,
    REPLAN_TOLERANCE,
    SHORT_PLAN,
    SHORTEST_PLAN,
    STEP_SHARE,
    Clock,
    keep_position,
    plan_in_words,
    rewarm,
    rewarm_end,
    steps_within,
)
from .prefetch import prefetched_batches
from .stop_request import stop_request
from .timing import BatchesFrom, time_threads

LAST, BEST = "last.safetensors", "best.safetensors"
NO_LENGTH = "Nothing says how long to train; give --max-minutes, or --set training.steps=10000."
MOST_ROLLBACKS = 3
GO_FURTHER = "go further with --resume --more-minutes 10, or --resume --set training.steps={steps}"


class Observer(Protocol):
    """What the loop tells as it goes: losses of a step, metrics of an evaluation, sentences; see training/report.py."""

    def step(self, progress: Progress, losses: dict[str, float], seconds: float) -> None: ...
    def evaluation(self, progress: Progress, metrics: dict[str, float]) -> None: ...
    def log(self, message: str) -> None: ...


class Loop:
    """Trains one network on one stream of batches, in one folder of checkpoints."""

    def __init__(
        self,
        network: Network,
        batches: Callable[[int], Mapping[str, np.ndarray]],
        settings: TrainingSettings,
        folder: Path,
        observer: Observer,
        evaluate: Callable[[nn.Module], dict[str, float]] | None = None,
        on_evaluation: Callable[[nn.Module, Progress], None] | None = None,
    ):
        self.network, self.batches, self.settings, self.folder, self.observer = (
            network,
            batches,
            settings,
            folder,
            observer,
        )
        self.evaluate, self.on_evaluation = evaluate, on_evaluation
        self.device = torch.device(settings.device)
        self.network.to(self.device).train()
        self.average = copy.deepcopy(network.inference_module()).eval().requires_grad_(False)
        self.optimizers = self.new_optimizers()
        self.parameters = {
            name: [p for p in player.parameters() if p.requires_grad] for name, player in network.players().items()
        }
        self.progress = Progress(steps=settings.steps, threads=settings.threads)
        self.precision = _precision(settings, self.device)
        self._clock: Clock | None = None  # while the plan follows the minutes that were asked for

    def new_optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """Return an optimizer for each player, which has seen no gradient yet."""
        return {name: _optimizer(player, self.settings) for name, player in self.network.players().items()}

    def resume(self) -> bool:
        """Continue from the last checkpoint; False where there is none yet."""
        if not (self.folder / LAST).is_file():
            return False
        self._load(LAST)
        return True

    def extend(self, steps: int = 0, minutes: float = 0.0) -> None:
        """Go on past the plan: to ``steps`` in all, or for so many more minutes than the plan takes, which the call then follows.

        The learning rate rises to that of a run planned for as many steps from its start, and falls to its end again; see plan.py.
        """
        progress, before = self.progress, self.progress.steps
        steps = steps or self._steps_after(minutes)
        progress.breakpoints = rewarm(progress.step, before, progress.breakpoints, steps)
        progress.steps, progress.finished, progress.evaluations_since_best = steps, "", 0
        progress.steps, progress.breakpoints = processes.as_process_0_says((progress.steps, progress.breakpoints))
        self.save(LAST)
        top = rewarm_end(progress.step, progress.steps)
        now, peak, last = (self._learning_rate(step) for step in (progress.step, top, progress.steps))
        self.observer.log(
            f"{'about ' if minutes else ''}{progress.steps - progress.step} steps from step {progress.step} on; the learning rate "
            f"goes from {now:.2g} to {peak:.2g} by step {top}, where a run of {progress.steps} steps has it, and to {last:.2g} at the end."
        )

    def _steps_after(self, minutes: float) -> int:
        """Return the steps of a plan that takes so many minutes longer, and let the plan follow the clock.

        Steps are expected to take as long as those before; what they really take moves the end of the plan.
        """
        progress, starts = self.progress, self.network.stage_starts()
        seconds = max(60 * progress.minutes / progress.step, 1e-6)
        planned = 0 if progress.finished else progress.steps - progress.step
        steps = min(progress.step + max(planned + int(60 * minutes / seconds), 1), MOST_STEPS)
        ends_at = time.monotonic() + planned * seconds + 60 * minutes
        due = max(rewarm_end(progress.step, steps), progress.step + REPLAN_EVERY)
        self._clock = self._clock_until(ends_at, [seconds] * len(starts), due)
        return steps

    def _clock_until(self, ends_at: float, seconds_per_step: list[float], due: int) -> Clock:
        settings = self.settings
        return Clock(
            ends_at, self.network.stage_starts(), seconds_per_step, settings.evaluate_every, settings.save_every, due
        )

    def run(self, max_minutes: float | None = None) -> Progress:
        """Train until the planned steps, the patience or the minutes of this call end, or Ctrl-C or SIGTERM; save.

        Where the minutes decide the number of steps, the plan is compared with the clock again and again, and the steps are done when
        the minutes are over. Raises BadSetting where nothing says how long to train, TrainingStopped where training diverges again and
        again.
        """
        seconds = self._plan(max_minutes)
        started, minutes_before = time.monotonic(), self.progress.minutes
        deadline = started + 60 * max_minutes if max_minutes else float("inf")
        if seconds and max_minutes:
            self._clock = self._clock_until(deadline, seconds, REPLAN_EVERY)
            deadline = float("inf")  # the plan ends then
        torch.set_num_threads(self.progress.threads)
        if self.progress.step == 0:
            self.save(LAST)
        log = self.observer.log
        with (
            stop_request(log) as cause,
            prefetched_batches(self.batches_from, self._batches_per_step()) as batches_from,
        ):
            while not self.progress.finished:
                if processes.any_of_them(bool(cause()) or time.monotonic() >= deadline):
                    break
                step, step_started = self.progress.step, time.monotonic()
                losses = self.step_once(batches_from)
                now = time.monotonic()
                self.progress.minutes = minutes_before + (now - started) / 60
                self.observer.step(self.progress, losses, now - step_started)
                self._after_step(losses)
                if self._clock and not self.progress.finished:
                    self._clock.note(step, now - step_started, time.monotonic() - now)
                    self._follow(self._clock)
            if self._weights_problem() is None:
                self.save(LAST)
        progress = self.progress
        ended = progress.finished or (f"stopped by {cause()}" if cause() else "the minutes are over")
        further = GO_FURTHER.format(steps=2 * progress.step) if progress.finished else "go on with --resume"
        self.observer.log(f"{ended} at step {progress.step} of {progress.steps}; {further}.")
        return progress

    def save(self, name: str) -> None:
        """Write a checkpoint of that file name."""
        if processes.rank() == 0:
            checkpoint.save(self.folder / name, self.progress, self.network, self.average, self.optimizers)

    def _load(self, name: str) -> None:
        self.progress = checkpoint.load(self.folder / name, self.network, self.average, self.optimizers)

    def _plan(self, max_minutes: float | None) -> list[float]:
        """Choose the thread count and the number of steps, once in the life of a run.

        Returns the seconds of a step of each stage where the minutes decided the number of steps, or nothing.
        """
        settings, progress = self.settings, self.progress
        if not settings.steps and not progress.steps and not max_minutes:
            raise BadSetting(NO_LENGTH)
        is_by_clock = not progress.steps
        seconds = [] if progress.threads and progress.steps else time_threads(self)
        if is_by_clock:
            fitting = steps_within(STEP_SHARE * 60 * (max_minutes or 1), 0, self.network.stage_starts(), seconds)
            progress.steps = min(max(fitting, SHORTEST_PLAN), MOST_STEPS)
        progress.steps, progress.threads = processes.as_process_0_says((progress.steps, progress.threads))
        if seconds:
            self.observer.log(
                plan_in_words(progress.steps, progress.threads, self.network.stage_starts(), seconds, is_by_clock)
            )
        if progress.step == 0 and progress.steps <= SHORT_PLAN:
            self.observer.log(
                f"warning: a plan of {progress.steps} steps is short; what the model makes will be noise or a blur. Give it more "
                "minutes (--max-minutes 30) or steps, a smaller --size, or a faster machine."
            )
        return seconds if is_by_clock else []

    def _follow(self, clock: Clock) -> None:
        """Move the end of the plan where the steps turn out slower or faster than planned; the new plan is saved at once."""
        progress, now = self.progress, time.monotonic()
        if not processes.any_of_them(progress.step >= clock.due or now >= clock.ends_at):
            return
        left, planned = clock.steps_left(progress.step, progress.steps, now), progress.steps - progress.step
        left = processes.as_process_0_says(left)
        if abs(left - planned) <= REPLAN_TOLERANCE * planned:
            return
        progress.breakpoints = keep_position(progress.step, progress.steps, progress.breakpoints)
        progress.steps = min(progress.step + left, MOST_STEPS)
        if self._weights_problem() is None:
            self.save(LAST)

    def _learning_rate(self, step: int) -> float:
        progress = self.progress
        return self.settings.learning_rate_at(step, progress.steps, progress.breakpoints) * 0.5**progress.rollbacks

    def _batches_per_step(self) -> int:
        """Each process and each accumulation has its own."""
        return self.settings.accumulate * processes.count()

    def _first_batch(self, step: int) -> int:
        """The number of the first batch of this process in a step; after going back others are drawn."""
        mine = processes.rank() * self.settings.accumulate
        return step * self._batches_per_step() + mine + 1_000_003 * self.progress.rollbacks

    def batches_from(self, first: int) -> list[Mapping[str, np.ndarray]]:
        """The batches of a step of this process."""
        return [self.batches(first + index) for index in range(self.settings.accumulate)]

    def step_once(self, batches_from: BatchesFrom) -> dict[str, float]:
        """Every player's turn on one step's batches; returns the losses, each the mean over the batches."""
        step = self.progress.step
        chosen_by = np.random.SeedSequence([self.settings.seed, step, self.progress.rollbacks, processes.rank()])
        torch.manual_seed(int(chosen_by.generate_state(1, np.uint32)[0]))
        batches = [
            {name: torch.as_tensor(value, device=self.device) for name, value in batch.items()}
            for batch in batches_from(self._first_batch(step))
        ]
        if step and step in self.network.freeze_steps():
            self._go_on_from_average()
        weights = self.network.loss_weights(step)
        means: dict[str, Tensor] = {}
        for player, loss_function in self.network.turns(step):
            for batch in batches:
                with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.precision == "bfloat16"):
                    losses = loss_function(batch)
                unknown = losses.keys() - weights.keys()
                if unknown:
                    raise KeyError(f"losses {sorted(unknown)} have no weight; loss_weights() names {sorted(weights)}")
                total = torch.stack([weights[name] * loss for name, loss in losses.items()]).sum() / len(batches)
                total.backward(inputs=self.parameters[player])
                for name, loss in losses.items():
                    means[name] = means.get(name, 0) + loss.detach() / len(batches)
            self._update(player, step)
        self._average(step)
        self.progress.step = step + 1
        return {name: float(mean) for name, mean in means.items()}

    def _update(self, player: str, step: int) -> None:
        """One optimizer step for one player, with gradients averaged over processes."""
        parameters, optimizer = self.parameters[player], self.optimizers[player]
        processes.average_gradients(parameters)
        if self.settings.clip_norm:
            nn.utils.clip_grad_norm_(parameters, self.settings.clip_norm)
        for group in optimizer.param_groups:
            group["lr"] = self._learning_rate(step)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    @torch.no_grad()
    def _average(self, step: int) -> None:
        """Move the averaged weights towards the present ones; early averages are short."""
        current = self.network.inference_module()
        decay = min(self.settings.ema_decay, (1 + step) / (10 + step))
        for average, weight in zip(self.average.parameters(), current.parameters(), strict=True):
            average.lerp_(weight, 1 - decay)
        for average, buffer in zip(self.average.buffers(), current.buffers(), strict=True):
            average.copy_(buffer)

    @torch.no_grad()
    def _go_on_from_average(self) -> None:
        """The averaged weights become the present ones."""
        current = self.network.inference_module()
        for average, weight in zip(self.average.parameters(), current.parameters(), strict=True):
            weight.copy_(average)

    def _after_step(self, losses: dict[str, float]) -> None:
        """Watch health, evaluate, save and decide whether the run is over."""
        settings, progress = self.settings, self.progress
        over = progress.step >= progress.steps
        evaluates = over or progress.step % settings.evaluate_every == 0
        saves = progress.step % settings.save_every == 0
        problem = progress.health.after_step(losses)
        if problem is None and (evaluates or saves):
            problem = self._weights_problem()
        problem = processes.first_message(problem)
        if problem is not None:
            self._roll_back(problem, LAST)
            return
        problem = self._evaluate() if evaluates else None
        if problem is not None:  # it began before the last checkpoint
            self._roll_back(problem, BEST if (self.folder / BEST).is_file() else LAST)
            return
        if over:
            progress.finished = "all planned steps are done"
        elif settings.patience and progress.evaluations_since_best >= settings.patience:
            progress.finished = f"{settings.metric} has not improved for {settings.patience} evaluations"
        if saves:
            self.save(LAST)

    def _weights_problem(self) -> str | None:
        """A sentence where a weight is not finite, which may be so before a loss shows it; such weights must not be saved."""
        finite = all(bool(tensor.isfinite().all()) for tensors in self.parameters.values() for tensor in tensors)
        return (
            None if finite else "A weight is not a number: training has diverged (try a lower training.learning_rate)."
        )

    def _evaluate(self) -> str | None:
        """Measure the averaged weights, keep the best checkpoint, and return what is wrong, if anything is.

        The best of an earlier stage does not count: critics, for instance, take their share of what a metric measured before them.
        """
        if self.evaluate is None:
            return None
        progress, metric = self.progress, self.settings.metric.lstrip("-")
        metrics: dict[str, float] = {}
        if processes.rank() == 0:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(self.settings.seed)
                metrics = self.evaluate(self.average)
        progress.metrics = metrics = processes.as_process_0_says(metrics)
        self.observer.evaluation(progress, metrics)
        if metric:
            if metric not in metrics:
                raise BadSetting(
                    f"There is no validation metric {metric!r}; this family measures {', '.join(sorted(metrics))}."
                )
            value = -metrics[metric] if self.settings.metric.startswith("-") else metrics[metric]
            progress.evaluations_since_best += 1
            begun = max(start for start in self.network.stage_starts() if start <= progress.step)
            if progress.best is None or progress.best_step <= begun < progress.step or value < progress.best:
                progress.best, progress.best_step, progress.evaluations_since_best = value, progress.step, 0
                self.save(BEST)
        if self.on_evaluation is not None and processes.rank() == 0:
            self.on_evaluation(self.average, progress)
        return progress.health.after_evaluation(metrics, self.observer.log)

    def _roll_back(self, problem: str, name: str) -> None:
        """Return to a checkpoint with half the learning rate and other batches; give up after MOST_ROLLBACKS times."""
        left = self.progress
        rollbacks = left.rollbacks + 1
        if rollbacks > MOST_ROLLBACKS:
            raise TrainingStopped(
                f"{problem} It happened again after {MOST_ROLLBACKS} returns to an earlier checkpoint, so training stops."
            )
        self._load(name)
        self.progress.rollbacks, self.progress.minutes, self.progress.health = rollbacks, left.minutes, Health()
        # The plan may be newer than the checkpoint, which may even be the last of a plan that has been extended.
        self.progress.steps, self.progress.breakpoints, self.progress.finished = left.steps, left.breakpoints, ""
        self.save(LAST)
        self.observer.log(f"{problem} Going back to step {self.progress.step} with half the learning rate.")


def _optimizer(player: nn.Module, settings: TrainingSettings) -> torch.optim.Optimizer:
    parameters = [parameter for parameter in player.parameters() if parameter.requires_grad]
    return torch.optim.AdamW(
        parameters, lr=settings.learning_rate, betas=settings.betas, weight_decay=settings.weight_decay
    )


def _precision(settings: TrainingSettings, device: torch.device) -> str:
    """bfloat16 where the machine multiplies it natively, else float32, since emulation is slower."""
    if settings.precision != "auto":
        return settings.precision
    return "bfloat16" if supports_bfloat16(device) else "float32"
