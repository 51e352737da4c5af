"""Worker processes that run jobs, a thread of this process for each; a process that dies is replaced."""

from __future__ import annotations

import json
import sys
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from ....base.json_text import line_of
from ....base.worker_process import WorkerLost, WorkerProcess
from ..scheduler import TooManyRequests
from .files import JobFiles
from .signer import JobSigner
from .task_job import State, TaskJob
from .worker import run_worker

ATTEMPTS = 2
"""How often a job runs whose process dies, together."""

SAVE_SECONDS = 60.0
"""Time for an interrupted training to save, before its process is killed."""

MAX_KEYS = 8


class WorkerPool:
    """Processes that are started when jobs arrive and stay for the next ones.

    - ``n_workers``: processes.
    - ``max_queued``: jobs that may wait.
    - ``job_files``: has the folders for temporary files.
    - ``is_long``: each job has a process of its own, which is interrupted to stop it.
    - ``signer``: signs the sound files of jobs.
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
        self._max_queued = max_queued
        self._is_long = is_long
        self._changed = threading.Condition()
        self._queue: deque[TaskJob] = deque()
        self._is_closed = False
        kind = "training" if is_long else "job"
        self._workers = [
            _Worker(f"{kind}-{number}", job_files, runs_folder, is_long, signer, model_folders)
            for number in range(n_workers)
        ]
        self._threads: list[threading.Thread] = []

    @property
    def n_jobs(self) -> int:
        """Jobs that wait or run."""
        with self._changed:
            return len(self._queue) + sum(worker.job is not None for worker in self._workers)

    @property
    def process_ids(self) -> list[int]:
        """Ids of the processes that run."""
        return [worker.process_id for worker in self._workers if worker.process_id]

    def start(self) -> None:
        """Start the threads and, unless each job has its own, the processes, without waiting for them."""
        with self._changed:
            if self._threads or self._is_closed:
                return
            self._threads = [
                threading.Thread(target=self._serve, args=(worker,), name=f"wavewright-{worker.name}", daemon=True)
                for worker in self._workers
            ]
        for thread in self._threads:
            thread.start()

    def check_room(self) -> None:
        """Raise TooManyRequests if no further job may wait."""
        with self._changed:
            n_idle = sum(worker.job is None for worker in self._workers)
            if len(self._queue) >= self._max_queued + n_idle:
                raise TooManyRequests(
                    f"The server has {len(self._queue)} jobs waiting, as many as it takes; try again in a moment."
                )

    def submit(self, job: TaskJob) -> None:
        """Add a job to the queue."""
        self.start()
        with self._changed:
            self._queue.append(job)
            self._changed.notify_all()

    def cancel(self, job: TaskJob) -> None:
        """End a job at once: take it out of the queue, or stop its process."""
        job.is_cancelled = True
        with self._changed:
            if job in self._queue:
                self._queue.remove(job)
            worker = next((worker for worker in self._workers if worker.job is job), None)
        if worker is None or not self._is_long:
            job.end("cancelled", "The job was cancelled.")
        if worker is not None:
            worker.stop(job, gently=self._is_long)

    def close(self) -> None:
        """End all jobs and processes."""
        with self._changed:
            self._is_closed = True
            waiting, self._queue = list(self._queue), deque()
            self._changed.notify_all()
        for job in waiting:
            job.end("cancelled", "The server ended.")
        for worker in self._workers:
            if worker.job is not None:
                worker.job.is_cancelled = True
            worker.kill()
        for thread in self._threads:
            thread.join()

    def _serve(self, worker: _Worker) -> None:
        if not self._is_long:
            with suppress(OSError, RuntimeError):  # which its first job reports
                worker.start()
        while (job := self._next_job(worker)) is not None:
            try:
                self._run(worker, job)
            except Exception as error:  # whatever it is, this thread has further jobs to run
                worker.kill()
                job.end("failed", f"The process of the job cannot be started ({_reason(error)}); try again.")
            with self._changed:
                worker.job = None
                self._changed.notify_all()
            if self._is_long:
                worker.kill()
        worker.kill()

    def _next_job(self, worker: _Worker) -> TaskJob | None:
        """Wait for a job; leave one to another idle process that has its models."""
        with self._changed:
            while not self._is_closed:
                for job in self._queue:
                    if worker.knows(job) or not any(
                        other.job is None and other is not worker and other.knows(job) for other in self._workers
                    ):
                        self._queue.remove(job)
                        worker.job = job
                        return job
                self._changed.wait()
            return None

    def _run(self, worker: _Worker, job: TaskJob) -> None:
        for attempt in range(ATTEMPTS):
            if job.is_cancelled or self._is_closed:
                job.end("cancelled", "The job was cancelled.")
                return
            if worker.run(job):
                return
            if attempt == 0 and not self._is_long:
                job.change(message="its process ended; the job starts again", progress=None)
        if job.is_cancelled:
            job.end("cancelled", "The job was cancelled.")
            return
        job.end("failed", f"The process of the job ended before the job did, {ATTEMPTS} times; try a smaller one.")


class _Worker:
    """A process, or none yet, and the job that it runs. `run` is called by one thread, `stop` and `kill` by any."""

    def __init__(
        self,
        name: str,
        job_files: JobFiles,
        runs_folder: Path,
        is_long: bool,
        signer: JobSigner | None,
        model_folders: Sequence[Path],
    ) -> None:
        self.name = name
        self.job: TaskJob | None = None
        self._job_files = job_files
        self._runs_folder = runs_folder
        self._is_long = is_long
        self._signer = signer
        self._model_folders = [*map(str, model_folders)]
        self._lock = threading.Lock()
        self._is_ready = False
        self._process: WorkerProcess | None = None
        self._keys: deque[tuple[object, ...]] = deque(maxlen=MAX_KEYS)

    @property
    def process_id(self) -> int | None:
        """Id of the process, None if there is none."""
        process = self._process
        return None if process is None else process.id

    def knows(self, job: TaskJob) -> bool:
        """Return whether this process has run a job with the same models."""
        return _key_of(job) in self._keys

    def start(self) -> WorkerProcess:
        """Return the process, which is started if there is none."""
        with self._lock:
            if self._process is None or not self._process.is_alive:
                folder = str(self._job_files.temporary_folder(self.name))
                self._is_ready = False
                self._keys.clear()
                self._process = WorkerProcess(
                    run_worker, str(self._runs_folder), folder, self._is_long, self._model_folders
                )
            return self._process

    def run(self, job: TaskJob) -> bool:
        """Run a job to its end; return False if the process ended before."""
        process = self.start()
        request = {
            "task": job.prepared.task.name,
            "entry": job.prepared.task.entry,
            "arguments": job.prepared.arguments,
            "folder": str(job.folder),
        }
        try:
            with process.talk() as connection:
                job.change(state="running")
                connection.send_bytes(line_of(request).encode())
                while not self._receive(job, json.loads(connection.recv_bytes())):
                    pass
        except (WorkerLost, ValueError):
            self.kill()
            return False
        self._keys.append(_key_of(job))
        return True

    def stop(self, job: TaskJob, gently: bool) -> None:
        """Stop the process if it runs this job; gently: let it save, once it has begun."""
        if self.job is not job:
            return
        process = self._process
        if gently and self._is_ready and process is not None and sys.platform != "win32":
            process.interrupt()
            timer = threading.Timer(SAVE_SECONDS, lambda: self.kill() if self.job is job else None)
            timer.daemon = True
            timer.start()
            return
        self.kill()

    def kill(self) -> None:
        """End the process and all that it has started."""
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            process.kill()

    def _receive(self, job: TaskJob, message: dict[str, Any]) -> bool:
        """Take a message of the process; return True at the end of the job."""
        kind = message["kind"]
        if kind == "ready":
            self._is_ready = True
        elif kind == "progress":
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
