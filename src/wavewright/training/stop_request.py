"""Handle Ctrl-C and SIGTERM during training: report them at once, stop between two steps, or during a very long one."""

from __future__ import annotations

import os
import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress

from ..base.interruption import Terminated, deferred_endings, handled_endings

SAVING = "{cause}: saving the checkpoint and the model, which takes some seconds; a second signal stops at once."
DURING_TIMING = "{cause}: stopping; nothing has been trained yet."
ABANDONED = "{cause}: the step takes too long; stopping without it, at the last checkpoint."

GRACE_SECONDS = 30.0
"""Time after the first signal in which the main thread must act on it. Then the process ends without it; checkpoints
are written whole, so the last one stays."""

ANSWERED_SECONDS = 90.0
"""Further time for the step, and the evaluation after it, if the main thread knows of the signal."""

RESPONSE_SECONDS = 1.0
"""Time in which the main thread may act on a second signal, before the process ends without it."""

NO_SIGNAL = 0
"""Sent through the pipe when nobody waits for signals any more."""


@contextmanager
def stop_request(log: Callable[[str], None], message: str = SAVING) -> Iterator[Callable[[], str]]:
    """Take the first Ctrl-C, SIGTERM or SIGHUP as a request to stop, and report it at once with ``log``.

    The loop stops between steps, so that no checkpoint holds half a step; a second signal raises at once. SIGTERM and
    SIGHUP are requests if :func:`.interruption.ended_by_signals` handles them, as in the command line.

    Python runs signal handlers in the main thread between two of its own instructions, which a huge product of
    matrices keeps away for minutes. A thread reads the signals from a pipe meanwhile: it reports them, and ends the
    process some time after the first, or on the second, if the main thread does not.

    - ``log``: called in a thread with ``message`` as soon as a request arrives.
    - ``message``: with the field ``{cause}``.
    - returns: returns "Ctrl-C", "SIGTERM" or "SIGHUP", or an empty string if nothing has arrived.
    """
    cause = ""

    def request(number: int, *_: object) -> None:
        nonlocal cause
        is_ctrl_c = number == signal.SIGINT
        if cause:
            raise KeyboardInterrupt if is_ctrl_c else Terminated(signal.Signals(number).name)
        cause = _name(number)

    # Only the main thread handles signals, and the handler of another library is left in place.
    is_main = threading.current_thread() is threading.main_thread()
    handles_ctrl_c = is_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if handles_ctrl_c:
        signal.signal(signal.SIGINT, request)
    try:
        with deferred_endings(request) if is_main else nullcontext():
            handled = {*handled_endings(), *([int(signal.SIGINT)] if handles_ctrl_c else [])} if is_main else set()
            with _watched(handled, log, message, lambda: bool(cause)) if handled else nullcontext():
                yield lambda: cause
    finally:
        if handles_ctrl_c:
            signal.signal(signal.SIGINT, signal.default_int_handler)


def _name(number: int) -> str:
    return "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name


@contextmanager
def _watched(
    handled: set[int], log: Callable[[str], None], message: str, has_answered: Callable[[], bool]
) -> Iterator[None]:
    """Report signals in a thread, and end the process where the main thread does not stop."""
    receiver, sender = os.pipe()
    if os.name == "posix":
        os.set_blocking(sender, False)  # signal.set_wakeup_fd demands it
    received: queue.SimpleQueue[int] = queue.SimpleQueue()
    threads = [
        threading.Thread(target=_receive, args=(receiver, received), daemon=True),
        threading.Thread(target=_watch, args=(received, handled, log, message, has_answered), daemon=True),
    ]
    previous = signal.set_wakeup_fd(sender, warn_on_full_buffer=False)
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(previous)
        os.write(sender, bytes([NO_SIGNAL]))
        for thread in threads:
            thread.join()
        os.close(receiver)
        os.close(sender)


def _receive(receiver: int, received: queue.SimpleQueue[int]) -> None:
    """Put the numbers of signals into the queue; the last is ``NO_SIGNAL``."""
    number = -1
    while number != NO_SIGNAL:
        for number in os.read(receiver, 64):
            received.put(number)


def _watch(
    received: queue.SimpleQueue[int],
    handled: set[int],
    log: Callable[[str], None],
    message: str,
    has_answered: Callable[[], bool],
) -> None:
    first, ends_at, is_extended = 0, float("inf"), False
    while True:
        try:
            number = received.get(timeout=None if ends_at == float("inf") else max(ends_at - time.monotonic(), 0.0))
        except queue.Empty:
            number = -1
        if number == NO_SIGNAL:
            return
        if number in handled and first:
            is_extended, ends_at = True, time.monotonic() + RESPONSE_SECONDS
        elif number in handled:
            first, ends_at = number, time.monotonic() + GRACE_SECONDS
            log(message.format(cause=_name(number)))
        if first and time.monotonic() >= ends_at and has_answered() and not is_extended:
            is_extended, ends_at = True, ends_at + ANSWERED_SECONDS
        if time.monotonic() >= ends_at:
            with suppress(Exception):
                log(ABANDONED.format(cause=_name(first)))
            os._exit(128 + first)
