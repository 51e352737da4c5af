"""Worker processes: they end with the process that started them, and with all that they started."""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from types import ModuleType

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
"""Environment variables that limit the threads of numeric libraries; they are read when a library is loaded."""

SECONDS_TO_END = 10.0
"""Time for a process to end that has closed its connection."""

_starting = threading.RLock()


class WorkerLost(Exception):
    """A worker process ended while it had something to do; the message is the sentence that says why."""


class WorkerProcess:
    """A process that calls a function with a connection to this process.

    It neither runs the script of this process again, so that scripts need no ``if __name__ == "__main__":``, nor gets
    the Ctrl-C of a terminal, which this process handles. `talk` is for one thread, everything else for any.

    - ``target``: function of a module, which is called with the connection and ``arguments``.
    - ``one_thread``: let numeric libraries compute with one thread, unless the environment says otherwise.
    """

    def __init__(self, target: Callable[..., None], *arguments: object, one_thread: bool = False) -> None:
        context = get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._ending = threading.Lock()
        self._has_ended = False
        call = pickle.dumps((target, arguments))
        self._process = context.Process(target=_begin, args=(theirs, call, one_thread))
        with theirs, _without_script():
            self._process.start()

    @property
    def id(self) -> int | None:
        """Number of the process."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether it has not ended."""
        return self._process.is_alive()

    @contextmanager
    def talk(self) -> Iterator[Connection]:
        """Yield the connection; raise WorkerLost if the process has ended, or ends in the block."""
        try:
            yield self._connection
        except (EOFError, OSError) as error:
            wait([self._process.sentinel], SECONDS_TO_END)
            self.kill()
            self._connection.close()  # here, for another thread would close what this one reads
            raise WorkerLost(_sentence_of(self._process.exitcode)) from error

    def join(self) -> None:
        """Wait until the process has ended by itself."""
        self._process.join()

    def interrupt(self) -> None:
        """Raise KeyboardInterrupt in the process, where the system can."""
        if self._process.pid and sys.platform != "win32":
            with suppress(OSError):
                os.kill(self._process.pid, signal.SIGINT)

    def kill(self) -> None:
        """End the process and all that it started."""
        with self._ending:
            if self._has_ended:
                return
            if self._process.pid and sys.platform != "win32":
                with suppress(OSError):
                    os.killpg(self._process.pid, signal.SIGKILL)
            self._process.kill()
            self._process.join()
            self._has_ended = True


@contextmanager
def _without_script() -> Iterator[None]:
    """Keep multiprocessing from importing the script of this process in one that is started in the block."""
    with _starting:
        script = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = script


def _begin(connection: Connection, call: bytes, one_thread: bool) -> None:
    """Call the function of a process, which an interruption ends, and a closed connection with all that it started."""
    if hasattr(os, "setsid"):
        os.setsid()
    else:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    for name in THREAD_VARIABLES if one_thread else ():
        os.environ.setdefault(name, "1")
    try:
        target, arguments = pickle.loads(call)  # which imports the libraries
        target(connection, *arguments)
    except KeyboardInterrupt:
        pass
    except (EOFError, ConnectionError):  # the parent has closed its end, or has ended
        _end_with_all()


def _end_with_parent() -> None:
    """End this process when its parent has ended, however that ended."""
    parent = parent_process()
    assert parent is not None
    parent.join()
    _end_with_all()


def _end_with_all() -> None:
    """End this process and all that it started."""
    if hasattr(os, "killpg"):
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def _sentence_of(exit_code: int | None) -> str:
    """Return why there is no answer."""
    if exit_code is not None and exit_code < 0:
        name = signal.Signals(-exit_code).name
        advice = "; the memory may be too small for it" if name == "SIGKILL" else ""
        return f"Its process was ended by {name}{advice}."
    return f"Its process ended with exit code {exit_code}."
