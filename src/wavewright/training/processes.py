"""Train one network in several processes, started by ``torchrun``; every function also works in a single process."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TypeVar

import torch
from threadpoolctl import ThreadpoolController
from torch import distributed, nn

from ..base.torchrun import n_processes

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
