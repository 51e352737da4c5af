"""Processes that start anew and need nothing of the script that runs."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

_LOCK = threading.RLock()


@contextmanager
def without_script() -> Iterator[None]:
    """Let processes that are spawned in the block not import the script that runs.

    multiprocessing imports it in each, which runs it again unless its calls are below ``if __name__ == "__main__":``.
    What the block sends to the processes must come from modules.
    """
    with _LOCK:
        script = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = script
