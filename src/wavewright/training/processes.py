"""Several processes that train one network together, started by ``torchrun``; every function is right for a single process too."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import distributed, nn


@contextmanager
def joined(device: torch.device) -> Iterator[None]:
    """Join the processes that ``torchrun`` started, and part at the end; nothing where there is one process."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1 or distributed.is_initialized():
        yield
        return
    if device.type == "cuda":
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield
    finally:
        distributed.destroy_process_group()


def rank() -> int:
    """The number of this process; process 0 writes and speaks."""
    return distributed.get_rank() if _together() else 0


def count() -> int:
    """How many processes train together."""
    return distributed.get_world_size() if _together() else 1


def average_gradients(parameters: Sequence[nn.Parameter]) -> None:
    """Replace each gradient by its mean over the processes."""
    if not _together():
        return
    for parameter in parameters:
        if parameter.grad is not None:
            distributed.all_reduce(parameter.grad)
            parameter.grad /= count()


def any_of_them(flag: bool) -> bool:
    """True where any process says true, so that all stop at the same step."""
    if not _together():
        return flag
    shared = torch.tensor(int(flag))
    if distributed.get_backend() == "nccl":
        shared = shared.cuda()
    distributed.all_reduce(shared, distributed.ReduceOp.MAX)
    return bool(shared.item())


def as_process_0_says(numbers: list[int]) -> list[int]:
    """Numbers that every process needs the same, such as the planned steps, which each would measure differently."""
    if not _together():
        return numbers
    shared: list[list[int]] = [numbers]
    distributed.broadcast_object_list(shared, src=0)
    return shared[0]


def _together() -> bool:
    return distributed.is_available() and distributed.is_initialized()
