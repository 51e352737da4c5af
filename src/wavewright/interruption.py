"""Treat termination signals like Ctrl-C, so that half-written files are removed."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Termination signals: that of a supervisor and that of a closed terminal."""


class Terminated(KeyboardInterrupt):
    """A termination signal other than that of Ctrl-C arrived."""


@contextmanager
def ended_by_signals() -> Iterator[Callable[[], int | None]]:
    """Raise Terminated in the main thread when one of ``ENDING`` arrives, unless the signal has another handler.

    Further signals are ignored, so that cleaning up can finish.

    Yields
    ------
    Callable
        Returns the number of the signal that arrived, or None.
    """
    received: list[int] = []

    def end(number: int, frame: FrameType | None) -> None:
        if not received:
            received.append(number)
            raise Terminated(signal.Signals(number).name)

    is_main = threading.current_thread() is threading.main_thread()
    handled = [number for number in ENDING if is_main and signal.getsignal(number) is signal.SIG_DFL]
    for number in handled:
        signal.signal(number, end)
    try:
        yield lambda: received[0] if received else None
    finally:
        for number in handled:
            signal.signal(number, signal.SIG_DFL)
