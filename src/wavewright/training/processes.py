"""Several processes that train one network together, started by ``torchrun``; every function is right for a single process too."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

import torch
from torch import distributed, nn

from ..torchrun import n_processes

T = TypeVar("T")
PARTING_SECONDS = (
    0.1  # gloo's threads let go of what was sent last; one that does so while Python ends aborts the process
)


@contextmanager
def joined(device: torch.device) -> Iterator[None]:
    """Join the processes that ``torchrun`` started, and part at the end; nothing where there is one process."""
    if n_processes() == 1 or distributed.is_initialized():
        yield
        return
    if device.type == "cuda":
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield
        distributed.barrier()  # or one could leave while another still talks to it
        time.sleep(PARTING_SECONDS)
    finally:
        distributed.destroy_process_group()


def rank() -> int:
    """The number of this process; process 0 writes and speaks."""
    return distributed.get_rank() if _together() else 0


def count() -> int:
    """How many processes train together."""
    return distributed.get_world_size() if _together() else 1


def average_gradients(parameters: Sequence[nn.Parameter]) -> None:
    """Replace each gradient by its mean over the processes; all travel together, since each journey costs its time."""
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    if not _together() or not gradients:
        return
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    distributed.all_reduce(flat)
    flat /= count()
    for gradient, mean in zip(gradients, flat.split([gradient.numel() for gradient in gradients]), strict=True):
        gradient.copy_(mean.view_as(gradient))


def any_of_them(flag: bool) -> bool:
    """True where any process says true, so that all stop at the same step."""
    if not _together():
        return flag
    shared = torch.tensor(int(flag))
    if distributed.get_backend() == "nccl":
        shared = shared.cuda()
    distributed.all_reduce(shared, distributed.ReduceOp.MAX)
    return bool(shared.item())


def first_message(message: str | None) -> str | None:
    """The message of the first process that has one, so that all act on it; None where none has."""
    if not any_of_them(message is not None) or not _together():
        return message
    messages: list[str | None] = [None] * count()
    distributed.all_gather_object(messages, message)
    return next(text for text in messages if text is not None)


def as_process_0_says(value: T) -> T:
    """What process 0 gives, in every process: what each would measure differently, such as the planned steps."""
    if not _together():
        return value
    shared = [value]
    distributed.broadcast_object_list(shared, src=0)
    return shared[0]


def _together() -> bool:
    return distributed.is_available() and distributed.is_initialized()
