"""Treat termination signals like Ctrl-C, so that half-written files are removed."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Termination signals: of a supervisor and of a closed terminal."""


class Terminated(KeyboardInterrupt):
    """A termination signal other than Ctrl-C arrived."""


_handled: list[int] = []
"""Signals that :func:`ended_by_signals` handles at the moment."""

_deferrals: list[Callable[[int], None]] = []
"""Callbacks of :func:`deferred_endings` that are active, the innermost last."""


@contextmanager
def ended_by_signals() -> Iterator[Callable[[], int | None]]:
    """Raise Terminated in the main thread when one of ``ENDING`` arrives, unless the signal has another handler.

    Further signals are ignored, so that cleaning up can finish. Within :func:`deferred_endings` nothing is raised; a
    signal that arrives after such a block counts as the first one.

    - returns: returns the number of the first signal that arrived, or None.
    """
    received: list[int] = []
    is_ending = False

    def end(number: int, _: FrameType | None) -> None:
        nonlocal is_ending
        if is_ending:
            return
        received.append(number)
        if _deferrals:
            _deferrals[-1](number)
        else:
            is_ending = True
            raise Terminated(signal.Signals(number).name)

    is_main = threading.current_thread() is threading.main_thread()
    handled = [number for number in ENDING if is_main and signal.getsignal(number) is signal.SIG_DFL]
    for number in handled:
        signal.signal(number, end)
    _handled.extend(handled)
    try:
        yield lambda: received[0] if received else None
    finally:
        for number in handled:
            signal.signal(number, signal.SIG_DFL)
            _handled.remove(number)


_takers: list[None] = []
"""One for each :func:`stopped_results` that is active."""


@contextmanager
def stopped_results() -> Iterator[None]:
    """Let tasks that Ctrl-C stopped return what they have saved, as a command or a job shows it."""
    _takers.append(None)
    try:
        yield
    finally:
        _takers.pop()


def raise_if_stopped(stopped_by: str, saved: object) -> None:
    """Raise KeyboardInterrupt if Ctrl-C stopped a task, once it has saved; not within :func:`stopped_results`."""
    if stopped_by == "Ctrl-C" and not _takers:
        raise KeyboardInterrupt(f"stopped by Ctrl-C; {saved} is saved and can be resumed")


def is_interruption(error: BaseException | None) -> bool:
    """Return whether an error comes of Ctrl-C or a signal: a broken import raises another one than the signal."""
    while error is not None:
        if isinstance(error, KeyboardInterrupt):
            return True
        error = error.__cause__ or error.__context__
    return False


def handled_endings() -> list[int]:
    """Return the signals that :func:`ended_by_signals` handles at the moment."""
    return [*_handled]


@contextmanager
def deferred_endings(request: Callable[[int], None]) -> Iterator[None]:
    """Call ``request`` with the signal number where :func:`ended_by_signals` would raise Terminated."""
    _deferrals.append(request)
    try:
        yield
    finally:
        _deferrals.remove(request)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold back the signals of :func:`ended_by_signals` until the block ends.

    It is for moving and removing files, which needs milliseconds. Ctrl-C is not held back.
    """
    received: list[int] = []
    try:
        with deferred_endings(received.append):
            yield
    finally:
        for number in received:
            signal.raise_signal(number)
