"""Run jobs one after another, with models that stay open; outputs appear whole or not at all."""

from __future__ import annotations

import json
import os
import signal
import threading
import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from ...audio.clip import FORMATS
from ...audio.video_file import is_video
from ...base.errors import READ_WARNINGS, BadModel, WavewrightError, printable, sentence_of
from ...base.json_text import JsonValue
from ...base.names import file_stem
from ...base.whole_file import write_whole
from ...families.loading import models_stay_open
from ...tasks.catalogue import TaskParameter, describe
from ...tasks.plain_data import plain
from .inputs import LocalFiles, local_files
from .job import BatchJob, JobOutcome
from .job_list import SETTLED
from .keys import ModelHashes, file_digest, job_key
from .store import RESULT_FILE, Store

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


OUT_KEY = "out"


class JobWorker:
    """Runs jobs into a store.

    - ``store``: folder of the batch.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._model_hashes = ModelHashes()
        self._open = ExitStack()
        self._open.enter_context(models_stay_open())

    def close(self) -> None:
        """Close the models."""
        self._open.close()

    def run(self, job: BatchJob, expected_models: dict[str, str]) -> JobOutcome:
        """Run a job unless its outputs are there; a problem becomes the sentence of the outcome.

        - ``expected_models``: hashes of its models where the batch was started.
        """
        try:
            if self._model_hashes.of_job(job) != expected_models:
                raise BadModel("The models of this worker are not those of the machine that started the batch.")
            with local_files(job) as files:
                return self._run(job, files, job_key(job, files.inputs, expected_models))
        except (WavewrightError, OSError) as error:
            return JobOutcome(problem=sentence_of(error))
        except MemoryError:
            return JobOutcome(problem="The memory is too small for it; run fewer jobs at a time.")
        except Exception as error:
            return JobOutcome(problem=printable(f"{job.task} failed unexpectedly ({type(error).__name__}: {error})."))

    def _run(self, job: BatchJob, files: LocalFiles, key: str) -> JobOutcome:
        stem = _stem_of(job, files)
        name = f"{stem}-{key}"
        output = self._store.output(name)
        if output is not None:
            return JobOutcome(key, name, files.inputs, output, is_new=False)
        with self._store.new(name) as folder:
            try:
                output = _call(job, files, folder, stem)
            except WavewrightError as error:  # its sentence is the same at every call
                raise type(error)(str(error).replace(f"{folder}{os.sep}", "")) from error
            write_whole(folder / RESULT_FILE, (json.dumps(output, indent=1) + "\n").encode())
        return JobOutcome(key, name, files.inputs, output)


def _stem_of(job: BatchJob, files: LocalFiles) -> str:
    """Return the start of the names of a job's folder and file: that of its file or of ``out``, else the task's."""
    task = describe(job.task)
    given = job.values.get(OUT_KEY)
    main = None if task.main_input is None else files.values.get(task.main_input.key)
    if given is None and main is not None:
        given = (main[0] if isinstance(main, list) else main).name
    return file_stem(job.task if given is None else Path(given).stem)


def _call(job: BatchJob, files: LocalFiles, folder: Path, stem: str) -> dict[str, JsonValue]:
    """Call the task of a job with outputs in a folder; return the contents of its ``result.json``."""
    task = describe(job.task)
    values = {task.parameters[key].name: value for key, value in job.values.items()}
    values |= {task.parameters[key].name: value for key, value in files.values.items()}
    for parameter in task.of_role("output"):
        if parameter.key in job.values or parameter.key == OUT_KEY:
            values[parameter.name] = _target(parameter, job, files, folder, stem)
    values |= {key: SETTLED[key] for key in SETTLED if key in task.parameters}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = plain(task.call(**values))
    written = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        "task": job.task,
        "values": job.values,
        "result": _renamed(result, {f"{folder}{os.sep}": "", str(folder): ".", **files.given}),
        "warnings": sorted({printable(str(warning.message)) for warning in caught if _is_for_users(warning)}),
        "files": {path.relative_to(folder).as_posix(): file_digest(path) for path in written},
    }


def _is_for_users(warning: warnings.WarningMessage) -> bool:
    return issubclass(warning.category, READ_WARNINGS)


def _target(parameter: TaskParameter, job: BatchJob, files: LocalFiles, folder: Path, stem: str) -> Path:
    """Return the path that a task writes to: the job's own name, the usual one, or the folder itself."""
    writes = parameter.writes
    assert writes is not None
    has_several = any(isinstance(paths, list) and len(paths) > 1 for paths in files.values.values())
    is_folder = not writes.suffix or has_several or any(key in job.values for key in writes.folder_with)
    given = job.values.get(parameter.key)
    if given is not None:
        return folder / str(given)
    if is_folder:
        return folder
    source = files.values.get(writes.like or "")
    if isinstance(source, Path) and (source.suffix.lower() in FORMATS or is_video(source)):
        return folder / f"{stem}{source.suffix}"
    return folder / f"{stem}{writes.suffix}"


def _renamed(value: JsonValue, names: Mapping[str, str]) -> JsonValue:
    """Return a result with other names of paths: those in the job's folder, and of its files as they were given."""
    if isinstance(value, str):
        for path, name in names.items():
            value = value.replace(path, name)
        return value
    if isinstance(value, list):
        return [_renamed(item, names) for item in value]
    if isinstance(value, dict):
        return {_renamed(key, names): _renamed(item, names) for key, item in value.items()}
    return value
