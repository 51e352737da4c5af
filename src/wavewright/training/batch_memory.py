"""Refuse batches that do not fit into memory, or that are far larger than the recordings, before they are made."""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from ..base.errors import BadSetting
from ..data.entry import Entry

if TYPE_CHECKING:
    from .loop import Loop


MEMINFO = Path("/proc/meminfo")
CGROUP = Path("/sys/fs/cgroup")


def available_bytes() -> int | None:
    """Return the memory that is free, or that the container leaves, in bytes; None where the system does not say."""
    limits = []
    with suppress(OSError):
        if match := re.search(r"^MemAvailable:\s+(\d+) kB", MEMINFO.read_text(), re.MULTILINE):
            limits.append(1024 * int(match[1]))
    with suppress(OSError, ValueError):  # "max" where the container has no limit
        limits.append(int((CGROUP / "memory.max").read_text()) - int((CGROUP / "memory.current").read_text()))
    return max(min(limits), 0) if limits else None


MAX_DRAWS = 64
"""How often a batch may draw each second of the recordings, or each recording that is shorter."""

ALWAYS_ALLOWED = 256
"""Clips of a batch that are allowed with however few recordings."""

MEASURED_CLIPS = (4, 8)
"""Sizes of two batches whose steps are measured; four clips of a class are adjacent in those of a GAN."""

OVERHEAD = 1.5
"""Memory of a step over the tensors that its gradients need."""


def check_batch_size(loop: Loop, entries: Sequence[Entry]) -> None:
    """Raise BadSetting for a batch that draws the recordings again and again, or that does not fit into memory.

    The memory of a step is extrapolated from those of two small batches, which are only computed for batches of more
    than ALWAYS_ALLOWED clips.
    """
    size = loop.settings.batch_size
    if size <= ALWAYS_ALLOWED:
        return
    n_different = sum(max(math.ceil(entry.seconds), 1) for entry in entries)
    most = max(ALWAYS_ALLOWED, MAX_DRAWS * n_different)
    if size > most:
        raise BadSetting(
            f"training.batch_size is {size}, and there are {len(entries)} training recordings of "
            f"{sum(entry.seconds for entry in entries):.3g} s: a batch would draw each again and again; give at most "
            f"{most}."
        )
    available = available_bytes()
    if loop.state.device.type != "cpu" or available is None:
        return
    fixed, each = bytes_of_step(loop)
    needed = fixed + size * each
    if needed > available:
        fitting = max(int((available - fixed) / each) // 4 * 4, 4)
        raise BadSetting(
            f"training.batch_size={size} needs about {needed / 1e9:.3g} GB of memory, and {available / 1e9:.3g} GB are "
            f"free; give training.batch_size={fitting} or less, and training.accumulate for the mean over several."
        )


def bytes_of_step(loop: Loop) -> tuple[float, float]:
    """Return about how much memory a step needs, for any batch and for each clip of it, by two small batches."""
    batch = _small_batch(loop.batches)
    small, large = (_kept_bytes(loop, _first(batch, count)) for count in MEASURED_CLIPS)
    each = max(large - small, 0) / (MEASURED_CLIPS[1] - MEASURED_CLIPS[0])
    return OVERHEAD * (small - each * MEASURED_CLIPS[0]), OVERHEAD * each


def _small_batch(batches: Callable[[int], Mapping[str, np.ndarray]]) -> Mapping[str, np.ndarray]:
    """Return a batch of the largest of MEASURED_CLIPS where the batches have a size, else a whole one."""
    if getattr(batches, "batch_size", None) is not None:
        batches = copy.copy(batches)
        object.__setattr__(batches, "batch_size", max(MEASURED_CLIPS))  # of a frozen dataclass, too
    return batches(0)


def _first(batch: Mapping[str, np.ndarray], count: int) -> dict[str, np.ndarray]:
    return {name: array[:count] for name, array in batch.items()}


def _kept_bytes(loop: Loop, batch: Mapping[str, np.ndarray]) -> int:
    """Return the bytes that the largest turn of a step keeps for its gradients."""
    storages: dict[int, int] = {}

    def count(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        storages[storage.data_ptr()] = storage.nbytes()
        return tensor

    largest = 0
    tensors = {name: torch.as_tensor(array) for name, array in batch.items()}
    with torch.random.fork_rng(devices=[]), torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
        for _, losses in loop.network.turns(loop.progress.step):
            storages.clear()
            kept = losses(tensors)
            largest = max(largest, sum(storages.values()))
            del kept
    return largest
