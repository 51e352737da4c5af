"""Worker processes that run jobs; a process that dies is replaced."""

from __future__ import annotations

import itertools
import json
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ....base.errors import WavewrightError, sentence_of
from ....base.json_text import line_of
from ....base.runner import RETRIES, Answer, Item, Lanes, ProcessLane, Runner
from ....base.worker_process import WorkerLost, WorkerProcess
from ..scheduler import TooManyRequests
from .files import JobFiles
from .task_job import State, TaskJob
from .worker import run_worker

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


@dataclass(frozen=True)
class JobSigner:
    """Signs what jobs wrote. The processes of jobs have no key: they run what clients ask for."""

    key: Ed25519PrivateKey  # private key

    def sign(self, job: TaskJob, sounds: Sequence[str]) -> list[str]:
        """Sign sound files of a job by their paths; return a sentence for each one that is not signed."""
        from ....outputs.provenance.signing import sign_file

        problems = []
        for path in map(job.folder.joinpath, sounds):
            if not _is_in(job.folder, path):
                continue  # a file that was given, or one of another folder
            try:
                sign_file(path, self.key, task=job.prepared.task.name)
            except (WavewrightError, OSError) as error:
                problems.append(f"{path.name} is not signed: {sentence_of(error)}")
        return problems


def _is_in(folder: Path, path: Path) -> bool:
    """Whether a path is a file of a folder, and no link."""
    return path.is_file() and not path.is_symlink() and path.resolve().is_relative_to(folder.resolve())


SAVE_SECONDS = 60.0
"""Time for an interrupted training to save, before its process is killed."""

MAX_KEYS = 8


class WorkerPool:
    """Processes that are started when jobs arrive and stay for the next ones.

    - ``is_long``: each job has a process of its own, which is interrupted to stop it.
    - ``model_folders``: further folders of models, which jobs may read.
    """

    def __init__(
        self,
        n_workers: int,
        max_queued: int,
        job_files: JobFiles,
        runs_folder: Path,
        is_long: bool = False,
        signer: JobSigner | None = None,
        model_folders: Sequence[Path] = (),
    ) -> None:
        self._n_workers = n_workers
        self._max_queued = max_queued
        self._is_long = is_long
        numbers = itertools.count()

        def start(name: str) -> WorkerProcess:
            folder = job_files.temporary_folder(name)
            return WorkerProcess(run_worker, str(runs_folder), str(folder), is_long, [*map(str, model_folders)])

        def new() -> JobLane:
            name = f"{'training' if is_long else 'job'}-{next(numbers)}"
            return JobLane(partial(start, name), is_long, signer)

        self._runner = Runner(Lanes(new, lambda: n_workers), is_open=True)
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    @property
    def process_ids(self) -> list[int]:
        """Ids of the processes that run."""
        lanes = [lane for lane in self._runner.lanes if isinstance(lane, JobLane)]
        return [lane.process_id for lane in lanes if lane.process_id]

    def start(self) -> None:
        """Start the threads and, unless each job has its own, the processes, without waiting for them."""
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=lambda: deque(self._runner.run(), 0), daemon=True)
                self._thread.start()

    def check_room(self) -> None:
        """Raise TooManyRequests if no further job may wait."""
        n_waiting, n_idle = self._runner.n_waiting, self._n_workers - self._runner.n_running
        if n_waiting >= self._max_queued + n_idle:
            raise TooManyRequests(
                f"The server has {n_waiting} jobs waiting, as many as it takes; try again in a moment."
            )

    def submit(self, job: TaskJob) -> None:
        """Add a job to the queue."""
        self._runner.add(Item(job.id, job))
        self.start()

    def cancel(self, job: TaskJob) -> None:
        """End a job at once: take it out of the queue, or stop its process."""
        job.is_cancelled = True
        lane = self._runner.remove(job)
        if lane is None or not self._is_long:
            job.end("cancelled", "The job was cancelled.")
        if isinstance(lane, JobLane):
            lane.stop_job(job)

    def close(self) -> None:
        """End all jobs and processes."""
        for item in self._runner.close():
            item.given.end("cancelled", "The server ended.")
        if self._thread is not None:
            self._thread.join()


class JobLane(ProcessLane):
    """A process that runs jobs. `run` is called by one thread, everything else by any.

    - ``start``: starts it.
    - ``is_long``: each job has a process of its own, which is interrupted to stop it.
    - ``signer``: signs the sound files of jobs.
    """

    def __init__(self, start: Callable[[], WorkerProcess], is_long: bool, signer: JobSigner | None) -> None:
        super().__init__(start)
        self._is_long = is_long
        self._signer = signer
        self._job: TaskJob | None = None
        self._has_begun = False
        self._keys: deque[tuple[object, ...]] = deque(maxlen=MAX_KEYS)  # of the jobs that the process has run
        if not is_long:
            with suppress(OSError, RuntimeError):  # which its first job reports
                self.process()

    def knows(self, item: Item[TaskJob]) -> bool:
        """Return whether this process has run a job with the same models."""
        return _key_of(item.given) in self._keys

    def run(self, item: Item[TaskJob]) -> Answer:
        """Run a job to its end."""
        job = self._job = item.given
        try:
            self._run(job)
        except Exception as error:  # whatever it is, there are further jobs
            self.kill()
            job.end("failed", f"The process of the job cannot be started ({_reason(error)}); try again.")
        self._job = None
        if self._is_long:
            self.kill()
        return None, {}

    def stop(self) -> None:
        """End the job and the process."""
        if (job := self._job) is not None:
            job.is_cancelled = True
        super().stop()

    def stop_job(self, job: TaskJob) -> None:
        """End the process if it runs this job; where each has its own, let it save, once it has begun."""
        if self._job is not job:
            return
        process = self._process
        if self._is_long and self._has_begun and process is not None and sys.platform != "win32":
            process.interrupt()
            timer = threading.Timer(SAVE_SECONDS, lambda: self.kill() if self._job is job else None)
            timer.daemon = True
            timer.start()
            return
        self.kill()

    def _run(self, job: TaskJob) -> None:
        for attempt in range(1 + RETRIES):
            if job.is_cancelled or self._is_stopped:
                break
            try:
                self._talk(job)
                self._keys.append(_key_of(job))
                return
            except (WorkerLost, ValueError):
                self.kill()
                self._keys.clear()
            if attempt < RETRIES and not self._is_long:
                job.change(message="its process ended; the job starts again", progress=None)
        if job.is_cancelled or self._is_stopped:
            job.end("cancelled", "The job was cancelled.")
        else:
            job.end(
                "failed", f"The process of the job ended before the job did, {1 + RETRIES} times; try a smaller one."
            )

    def _talk(self, job: TaskJob) -> None:
        """Send a job to the process, and take its messages until the job has ended."""
        task = job.prepared.task
        request = {"task": task.name, "entry": task.entry, "arguments": job.prepared.arguments}
        self._has_begun = False
        with self.process().talk() as connection:
            job.change(state="running")
            connection.send_bytes(line_of({**request, "folder": str(job.folder)}).encode())
            while not self._receive(job, json.loads(connection.recv_bytes())):
                self._has_begun = True

    def _receive(self, job: TaskJob, message: dict[str, Any]) -> bool:
        """Take a message of the process; return True at the end of the job."""
        kind = message["kind"]
        if kind == "progress":
            job.change(message=message["message"], progress=message["fraction"])
        elif kind == "done":
            state: State = "cancelled" if job.is_cancelled else "done"
            error = "The training was stopped and saved; resume continues it." if job.is_cancelled else None
            unsigned = [] if self._signer is None else self._signer.sign(job, message["sounds"])
            warnings = message["warnings"] + unsigned
            job.end(state, error, result=message["result"], text=message["text"], warnings=warnings)
        elif kind == "failed":
            job.end("cancelled" if job.is_cancelled else "failed", message["error"])
        return kind in ("done", "failed")


def _reason(error: Exception) -> str:
    """Return the first sentence of an error, on one line."""
    text = getattr(error, "strerror", None) or str(error).strip().split("\n\n")[0] or type(error).__name__
    return " ".join(text.split()).rstrip(".")


def _key_of(job: TaskJob) -> tuple[object, ...]:
    """Return what decides which models a job needs."""
    arguments = job.prepared.arguments
    return (job.prepared.task.name, *(arguments.get(name) for name in ("model", "voice", "size")))
