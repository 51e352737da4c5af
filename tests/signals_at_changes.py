"""SIGTERM before the n-th change of a file or folder, for tests of what it leaves."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import suppress

import pytest

from wavewright.base.interruption import Terminated, ended_by_signals

CHANGES = ("rename", "replace", "link", "unlink", "rmdir", "mkdir")


def terminated_before_change(number: int, write: Callable[[], None]) -> bool:
    """Call ``write`` with a SIGTERM before its change of that number, from 1; return whether there were as many."""
    left = number

    def wrapped(change: Callable[..., object]) -> Callable[..., object]:
        def run(*args: object, **options: object) -> object:
            nonlocal left
            left -= 1
            if left == 0:
                signal.raise_signal(signal.SIGTERM)
            return change(*args, **options)

        return run

    handler = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        with pytest.MonkeyPatch.context() as patch, ended_by_signals(), suppress(Terminated):
            for name in CHANGES:
                patch.setattr(os, name, wrapped(getattr(os, name)))
            write()
    finally:
        signal.signal(signal.SIGTERM, handler)
    return left <= 0
