"""Time the steps of a training on this machine, on one thread and on several."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Sequence
from statistics import median

import torch

TIMED_STEPS = 5
"""Steps of each stage and thread count; the first of them is not counted."""

TIMEOUT_FACTOR = 3.0
"""A step that takes this many times the slowest one of earlier thread counts ends the timing of its thread count."""

TIMING_FRACTION = 0.1
"""Fraction of the time for steps that their timing may take."""

REACHED_FACTOR = 4.0
"""A stage that begins after this many times the time for steps is not timed; its steps count as those before it."""


def time_steps(
    run_step: Callable[[int], None],
    stage_starts: Sequence[int],
    counts: Sequence[int],
    log: Callable[[str], None],
    seconds_for_steps: float = math.inf,
) -> dict[int, list[float]]:
    """Time a few steps of each stage with each number of threads.

    - ``run_step``: trains the step with a number.
    - ``stage_starts``: first step of each stage.
    - ``counts``: numbers of threads to time, in this order.
    - ``log``: called with messages about the duration of the timing.
    - ``seconds_for_steps``: time for all steps of the training: stages that it does not reach are not timed, and the
      timing ends after TIMING_FRACTION of it, with one step of the first stage at least.
    - returns: median seconds of a step of each stage, by number of threads that were timed. PyTorch's number of threads
      is the last of them afterwards.
    """
    listed = " and ".join(f"{count} thread{'s' * (count > 1)}" for count in counts)
    purpose = "to choose the fastest (--set training.threads=1 skips the others)" if len(counts) > 1 else "for the plan"
    log(f"timing {TIMED_STEPS * len(stage_starts) * len(counts)} steps on {listed} first, {purpose} ...")
    seconds: dict[int, list[float]] = {}
    limit = math.inf
    ends_at = time.perf_counter() + TIMING_FRACTION * seconds_for_steps
    for count in counts:
        if seconds and time.perf_counter() + 2 * sum(seconds[counts[0]]) > ends_at:
            log(f"there is no time to time steps on {count} threads.")
            break
        torch.set_num_threads(count)
        durations: list[list[float]] = []
        for start in stage_starts:
            is_reached = not durations or start * median(durations[0]) < REACHED_FACTOR * seconds_for_steps
            durations.append(_time_stage(run_step, start, limit, ends_at) if is_reached else durations[-1])
        seconds[count] = [median(of_stage[1:] or of_stage) for of_stage in durations]
        limit = min(limit, TIMEOUT_FACTOR * max(map(max, durations)))
        if len(seconds) == 1 and len(counts) > 1:
            rest = min(TIMED_STEPS * sum(seconds[count]) * (len(counts) - 1), max(ends_at - time.perf_counter(), 0.0))
            each = " and ".join(f"{1e3 * of_stage:.0f} ms" for of_stage in seconds[count])
            log(f"{each} a step on 1 thread; about {rest:.0f} s more of timing ...")
    return seconds


def thread_counts(device: torch.device) -> list[int]:
    """Return the numbers of threads to time: one, all cores that this process may use, and half of them."""
    if device.type != "cpu":
        return [torch.get_num_threads()]
    n_cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return sorted({1, n_cores} | ({n_cores // 2} if n_cores > 3 else set()))


def is_worth_timing(n_steps: int, stage_starts: Sequence[int], counts: Sequence[int]) -> bool:
    """Return False for a plan so short that timing its steps would be more than a quarter of it."""
    return n_steps >= 4 * TIMED_STEPS * len(stage_starts) * len(counts)


def _time_stage(run_step: Callable[[int], None], start: int, limit: float, ends_at: float) -> list[float]:
    """Return the seconds of each step from ``start`` on; one longer than ``limit``, or after ``ends_at``, is the last.

    ``ends_at`` counts as :func:`time.perf_counter` does.
    """
    durations: list[float] = []
    while len(durations) < TIMED_STEPS and max(durations, default=0.0) <= limit:
        started = time.perf_counter()
        if durations and started >= ends_at:
            break
        run_step(start + len(durations))
        durations.append(time.perf_counter() - started)
    return durations
