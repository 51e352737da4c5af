"""Read the environment variables of ``torchrun`` without PyTorch."""

from __future__ import annotations

import os


def n_processes() -> int:
    """Return the number of processes that ``torchrun`` started, 1 without it."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_first() -> bool:
    """Return True in the process of rank 0, which prints the result."""
    return n_processes() == 1 or os.environ.get("RANK", "0") == "0"
