"""Lanes of a batch: each runs one job at a time, in this process or in one of its own."""

from __future__ import annotations

import os
import signal
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from ...base.errors import WavewrightError
from .job import BatchJob, JobOutcome
from .store import Store
from .worker import JobWorker

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
"""Environment variables that limit the threads of numeric libraries; they are read when a process starts."""

SECONDS_TO_END = 10.0
"""Time for a process to end by itself."""


class WorkerLost(Exception):
    """The process of a lane ended while it ran a job; the message is the sentence for the job."""


class Lane(ABC):
    """Runs one job at a time."""

    @abstractmethod
    def run(self, job: BatchJob, models: dict[str, str]) -> JobOutcome:
        """Run a job; raise WorkerLost if that ended the worker, so that the next job gets a new one."""

    @abstractmethod
    def stop(self) -> None:
        """End the worker at once; a job that runs is lost."""


class LocalLane(Lane):
    """Runs jobs in this process."""

    def __init__(self, store: Store) -> None:
        self._worker = JobWorker(store)

    def run(self, job: BatchJob, models: dict[str, str]) -> JobOutcome:
        """Run a job."""
        return self._worker.run(job, models)

    def stop(self) -> None:
        """Close the models; a job that runs ends by itself."""
        self._worker.close()


class ProcessLane(Lane):
    """Runs jobs in a process of its own, which is started at the first job and after each loss."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._process: BaseProcess | None = None
        self._connection: Connection | None = None
        self._is_stopped = False

    def run(self, job: BatchJob, models: dict[str, str]) -> JobOutcome:
        """Run a job in the process."""
        connection = self._connection or self._start()
        try:
            connection.send((job, models))
            outcome: JobOutcome = connection.recv()
        except (EOFError, OSError) as error:
            raise WorkerLost(_sentence_of(self._end())) from error
        return outcome

    def stop(self) -> None:
        """End the process."""
        self._is_stopped = True
        if self._process is not None:
            self._process.kill()
            self._process.join()

    def _start(self) -> Connection:
        """Start the process, and wait until it is ready for jobs."""
        if self._is_stopped:
            raise WorkerLost("The batch was stopped.")
        context = get_context("spawn")
        ours, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, self._store), daemon=True)
        self._process.start()
        theirs.close()
        try:
            ours.recv()
        except (EOFError, OSError) as error:
            code = self._end()
            raise WavewrightError(
                f"The processes of the batch end when they start (exit code {code}), as the lines above tell; a script "
                'that calls wavewright.batch needs if __name__ == "__main__": around it.'
            ) from error
        self._connection = ours
        return ours

    def _end(self) -> int | None:
        """Forget a process that ended, or end it; return its exit code."""
        process, self._process, self._connection = self._process, None, None
        if process is None:
            return None
        process.join(SECONDS_TO_END)
        if process.exitcode is None:
            process.kill()
            process.join()
        return process.exitcode


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Let processes that are started in the block compute with one thread, unless the environment says otherwise."""
    added = [name for name in THREAD_VARIABLES if name not in os.environ]
    os.environ.update(dict.fromkeys(added, "1"))
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]


def _serve(connection: Connection, store: Store) -> None:
    """Run the jobs that arrive, until the other end is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started the batch
    threading.Thread(target=_end_with_parent, daemon=True).start()
    worker = JobWorker(store)
    with suppress(EOFError, OSError):  # the other end is closed, or has died
        connection.send("ready")
        while True:
            job, models = connection.recv()
            connection.send(worker.run(job, models))


def _end_with_parent() -> None:
    """End this process when its parent has ended, however that ended."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _sentence_of(exit_code: int | None) -> str:
    """Return why a job has no outcome."""
    if exit_code is not None and exit_code < 0:
        name = signal.Signals(-exit_code).name
        advice = "; the memory may be too small for it" if name == "SIGKILL" else ""
        return f"Its process was ended by {name}{advice}."
    return f"Its process ended with exit code {exit_code}."
