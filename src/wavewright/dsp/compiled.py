"""Compiles a function of numbers and arrays by numba, once for a machine where a folder to keep it can be written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit


def compiled(function: Callable[..., Any]) -> Any:
    """The function compiled when it is first called, and kept on disk where a folder for that can be written."""
    jit: Any = njit
    try:
        return jit(cache=True, nogil=True)(function)
    except RuntimeError:  # no such folder
        return jit(nogil=True)(function)
