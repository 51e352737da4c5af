"""Time the steps of a run on this machine, on one thread and on several."""

from __future__ import annotations

import copy
import math
import os
import time
from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np
import torch
from torch import nn

from ..contracts.settings import TrainingSettings
from ..nn.network import Network
from .checkpoint import Progress

BatchesFrom = Callable[[int], list[Mapping[str, np.ndarray]]]
"""The batches of a step of this process, from the number of the first one."""


class Log(Protocol):
    """Where messages go."""

    def log(self, message: str) -> None:
        """Show a message."""


class TimedLoop(Protocol):
    """The training loop, as far as its steps can be timed."""

    network: Network
    average: nn.Module
    optimizers: dict[str, torch.optim.Optimizer]
    progress: Progress
    settings: TrainingSettings
    device: torch.device

    @property
    def observer(self) -> Log: ...
    def new_optimizers(self) -> dict[str, torch.optim.Optimizer]: ...
    def batches_from(self, first: int) -> list[Mapping[str, np.ndarray]]: ...
    def step_once(self, batches_from: BatchesFrom) -> dict[str, float]: ...


TIMED_STEPS = 5  # of each stage and thread count, the first of them not counted
GIVE_UP_FACTOR = (
    3.0  # a step that takes so many times the slowest one of the first count ends the timing of another count
)


def time_threads(loop: TimedLoop) -> list[float]:
    """Time a few steps of each stage for each thread count, and keep the fastest; restore the networks afterwards.

    Returns
    -------
    list of float
        Seconds of a step of each stage.
    """
    before = copy.deepcopy((loop.network.state_dict(), loop.average.state_dict()))
    candidates = [loop.settings.threads] if loop.settings.threads else _thread_counts(loop.device)
    n_steps = TIMED_STEPS * len(loop.network.stage_starts()) * len(candidates)
    counts = " and ".join(f"{count} thread{'s' * (count > 1)}" for count in candidates)
    what_for = (
        "to keep the fastest (--set training.threads=1 skips the others)" if len(candidates) > 1 else "to plan the run"
    )
    loop.observer.log(f"timing {n_steps} steps on {counts} first, {what_for} ...")
    seconds = {}
    limit = math.inf
    for threads in candidates:
        torch.set_num_threads(threads)
        times = [_time_steps(loop, start, limit) for start in loop.network.stage_starts()]
        seconds[threads] = [float(np.median(each[1:] or each)) for each in times]
        limit = min(limit, GIVE_UP_FACTOR * max(map(max, times)))
        if len(seconds) == 1 and len(candidates) > 1:
            rest = TIMED_STEPS * sum(seconds[threads]) * (len(candidates) - 1)
            loop.observer.log(
                f"{_milliseconds(seconds[threads])} a step on 1 thread; about {rest:.0f} s more of timing ..."
            )
    loop.network.load_state_dict(before[0])
    loop.average.load_state_dict(before[1])
    loop.optimizers = loop.new_optimizers()
    loop.progress.step = 0
    loop.progress.threads = min(seconds, key=lambda count: sum(seconds[count]))
    return seconds[loop.progress.threads]


def _time_steps(loop: TimedLoop, start: int, limit: float) -> list[float]:
    """Return the seconds of each step from step ``start`` on; one above ``limit`` is the last."""
    loop.progress.step = start
    times: list[float] = []
    while len(times) < TIMED_STEPS and max(times, default=0.0) <= limit:
        started = time.perf_counter()
        loop.step_once(loop.batches_from)
        times.append(time.perf_counter() - started)
    return times


def _milliseconds(seconds: list[float]) -> str:
    return " and ".join(f"{1e3 * each:.0f} ms" for each in seconds)


def _thread_counts(device: torch.device) -> list[int]:
    """Return the thread counts to time: one, all cores that this process may use, and half of them."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if device.type != "cpu" or cores == 1:
        return [torch.get_num_threads() if device.type != "cpu" else 1]
    return sorted({1, cores} | ({cores // 2} if cores > 3 else set()))
