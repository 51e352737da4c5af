"""Handle Ctrl-C and SIGTERM during training: report them at once, stop between two steps."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

from ..interruption import Terminated, deferred_endings

SAVING = "{cause}: saving the checkpoint and the model, which takes some seconds; once more stops at once."


@contextmanager
def stop_request(say: Callable[[str], None]) -> Iterator[Callable[[], str]]:
    """Take the first Ctrl-C, SIGTERM or SIGHUP as a request to stop, and answer it at once with ``say``.

    The loop stops between steps, so that no checkpoint holds half a step; a second signal raises at once. SIGTERM and
    SIGHUP are requests where :func:`.interruption.ended_by_signals` handles them, as in the command line.

    Parameters
    ----------
    say
        Called with SAVING as soon as a request arrives, in a thread.

    Yields
    ------
    Callable
        Returns "Ctrl-C", "SIGTERM" or "SIGHUP", or an empty string where nothing has arrived.
    """
    cause, woken = "", threading.Event()

    def request(number: int, *_: object) -> None:
        nonlocal cause
        is_ctrl_c = number == signal.SIGINT
        if cause:
            raise KeyboardInterrupt if is_ctrl_c else Terminated(signal.Signals(number).name)
        cause = "Ctrl-C" if is_ctrl_c else signal.Signals(number).name
        woken.set()

    def answer() -> None:  # in a thread of its own: a handler may interrupt the very line that is being printed
        woken.wait()
        if cause:
            say(SAVING.format(cause=cause))

    # Signals are handled in the main thread alone, and a handler of somebody else stays.
    is_main = threading.current_thread() is threading.main_thread()
    takes_ctrl_c = is_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    answerer = threading.Thread(target=answer, daemon=True)
    answerer.start()
    if takes_ctrl_c:
        signal.signal(signal.SIGINT, request)
    try:
        with deferred_endings(request) if is_main else nullcontext():
            yield lambda: cause
    finally:
        if takes_ctrl_c:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        woken.set()
        answerer.join()
