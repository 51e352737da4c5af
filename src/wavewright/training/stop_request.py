"""Handle Ctrl-C and SIGTERM during training: report them at once, stop between two steps."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

from ..interruption import Terminated, deferred_endings

SAVING = "{cause}: saving the checkpoint and the model, which takes some seconds; a second signal stops at once."


@contextmanager
def stop_request(log: Callable[[str], None]) -> Iterator[Callable[[], str]]:
    """Take the first Ctrl-C, SIGTERM or SIGHUP as a request to stop, and report it at once with ``log``.

    The loop stops between steps, so that no checkpoint holds half a step; a second signal raises at once. SIGTERM and
    SIGHUP are requests if :func:`.interruption.ended_by_signals` handles them, as in the command line.

    Parameters
    ----------
    log
        Called with SAVING as soon as a request arrives, in a thread.

    Yields
    ------
    Callable
        Returns "Ctrl-C", "SIGTERM" or "SIGHUP", or an empty string if nothing has arrived.
    """
    cause = ""
    requested = threading.Event()

    def request(number: int, *_: object) -> None:
        nonlocal cause
        is_ctrl_c = number == signal.SIGINT
        if cause:
            raise KeyboardInterrupt if is_ctrl_c else Terminated(signal.Signals(number).name)
        cause = "Ctrl-C" if is_ctrl_c else signal.Signals(number).name
        requested.set()

    def report() -> None:  # in a thread: a handler may interrupt the line that is being printed
        requested.wait()
        if cause:
            log(SAVING.format(cause=cause))

    # Only the main thread handles signals, and the handler of another library is left in place.
    is_main = threading.current_thread() is threading.main_thread()
    handles_ctrl_c = is_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    reporter = threading.Thread(target=report, daemon=True)
    reporter.start()
    if handles_ctrl_c:
        signal.signal(signal.SIGINT, request)
    try:
        with deferred_endings(request) if is_main else nullcontext():
            yield lambda: cause
    finally:
        if handles_ctrl_c:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        requested.set()
        reporter.join()
