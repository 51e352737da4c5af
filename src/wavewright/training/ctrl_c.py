"""Handle Ctrl-C during training: report it at once, stop between two steps."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SAVING = "Ctrl-C: saving the checkpoint and the model, which takes some seconds; once more stops at once."


@contextmanager
def ctrl_c(say: Callable[[str], None]) -> Iterator[Callable[[], bool]]:
    """Defer Ctrl-C within the block; a second one raises KeyboardInterrupt at once.

    Parameters
    ----------
    say
        Called with SAVING as soon as Ctrl-C is pressed.

    Yields
    ------
    Callable
        Returns whether Ctrl-C was pressed, so that training stops between steps and no checkpoint holds half a step.
    """
    is_pressed, woken = False, threading.Event()

    def note(*_: object) -> None:
        nonlocal is_pressed
        if is_pressed:
            raise KeyboardInterrupt
        is_pressed = True
        woken.set()

    def answer() -> None:  # in a thread of its own: a handler may interrupt the very line that is being printed
        woken.wait()
        if is_pressed:
            say(SAVING)

    # Only the main thread may set a handler; another program's handler is kept.
    is_ours = (
        threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )
    answerer = threading.Thread(target=answer, daemon=True)
    if is_ours:
        answerer.start()
        signal.signal(signal.SIGINT, note)
    try:
        yield lambda: is_pressed
    finally:
        if is_ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            woken.set()
            answerer.join()
