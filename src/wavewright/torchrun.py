"""What ``torchrun`` tells the processes that it starts, read without PyTorch."""

from __future__ import annotations

import os


def n_processes() -> int:
    """Return how many processes ``torchrun`` started to train together; 1 without it."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_first() -> bool:
    """Return whether this is the process that prints the result, the first of those that train together."""
    return n_processes() == 1 or os.environ.get("RANK", "0") == "0"
