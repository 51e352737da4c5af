"""Train one network in one process or several, which ``torchrun`` started, on one thread or several, timed before."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from statistics import median
from typing import TypeVar

import torch
from threadpoolctl import ThreadpoolController
from torch import distributed, nn

from ..base.processor import n_processes

OPENBLAS = "openblas"
TORCH = "torch"  # in the paths of its own libraries, whose threads the training chooses


@contextmanager
def single_blas_thread() -> Iterator[None]:
    """Limit OpenBLAS to one thread within the block, or the function that this decorates; PyTorch keeps its own.

    The threads of OpenBLAS wait in busy loops. They take the processor from PyTorch, and from batches that are made in
    a thread of their own; beside other work a step of an encoder took six times as long.
    """
    with ExitStack() as stack:
        for library in ThreadpoolController().lib_controllers:
            if library.internal_api == OPENBLAS and TORCH not in str(library.filepath):
                stack.callback(library.set_num_threads, library.num_threads)
                library.set_num_threads(1)
        yield


T = TypeVar("T")
SHUTDOWN_SECONDS = 0.1
"""Time for gloo's threads to release what was sent last; one that does so while Python exits aborts the process."""


@contextmanager
def process_group(device: torch.device) -> Iterator[None]:
    """Join the processes that ``torchrun`` started, and leave them at the end; do nothing in a single process."""
    if n_processes() == 1 or distributed.is_initialized():
        yield
        return
    if device.type == "cuda":
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield
        distributed.barrier()  # a process that left earlier would break the communication of the others
        time.sleep(SHUTDOWN_SECONDS)
    finally:
        distributed.destroy_process_group()


def rank() -> int:
    """Return the number of this process; process 0 evaluates, writes files and prints."""
    return distributed.get_rank() if _is_distributed() else 0


def world_size() -> int:
    """Return the number of processes."""
    return distributed.get_world_size() if _is_distributed() else 1


def average_gradients(parameters: Sequence[nn.Parameter]) -> None:
    """Replace each gradient by its mean over the processes, in one exchange for all parameters."""
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    if not _is_distributed() or not gradients:
        return
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    distributed.all_reduce(flat)
    flat /= world_size()
    means = torch.split(flat, [gradient.numel() for gradient in gradients])
    for gradient, mean in zip(gradients, means, strict=True):
        gradient.copy_(mean.view_as(gradient))


def any_process(flag: bool) -> bool:
    """Return True in all processes if ``flag`` is true in any of them, so that all stop at the same step."""
    if not _is_distributed():
        return flag
    shared = torch.tensor(int(flag))
    if distributed.get_backend() == "nccl":
        shared = shared.cuda()
    distributed.all_reduce(shared, distributed.ReduceOp.MAX)
    return bool(shared.item())


def first_message(message: str | None) -> str | None:
    """Return the message of the first process that has one, in all processes; None if none has."""
    if not any_process(message is not None) or not _is_distributed():
        return message
    messages: list[str | None] = [None] * world_size()
    distributed.all_gather_object(messages, message)
    return next(text for text in messages if text is not None)


def broadcast(value: T) -> T:
    """Return the value of process 0, in all processes."""
    if not _is_distributed():
        return value
    values = [value]
    distributed.broadcast_object_list(values, src=0)
    return values[0]


def _is_distributed() -> bool:
    return distributed.is_available() and distributed.is_initialized()


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
