"""How tests wait: for the event itself, with a limit that only a fault reaches. No test knows the time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

LIMIT_SECONDS = 1_800.0
"""How long a test waits for what must happen; a machine that is busy, or stalls for half a minute, is far below it."""


def wait_until(condition: Callable[[], Any], what: object = "the condition does not hold") -> Any:
    """Wait until a condition holds, and return what it returns; raise AssertionError where it never does.

    - ``what``: what the error shows; called where it is a function.
    """
    end = time.monotonic() + LIMIT_SECONDS
    while not (found := condition()):
        assert time.monotonic() < end, what() if callable(what) else what
        time.sleep(0.005)
    return found
