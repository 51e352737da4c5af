"""Let the signals that end a process end it as Ctrl-C does, so that what is half-written is removed."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Signals that end a process which does not handle them: a supervisor's and a closed terminal's."""


class Terminated(KeyboardInterrupt):
    """The process was told to end by a signal other than that of Ctrl-C."""


@contextmanager
def ended_by_signals() -> Iterator[Callable[[], int | None]]:
    """Raise Terminated in the main thread where one of ``ENDING`` arrives; a signal that somebody else handles stays theirs.

    A second signal is ignored, so that cleaning up ends.

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
