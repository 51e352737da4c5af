"""Run jobs one after another, with models that stay open; outputs appear whole or not at all."""

from __future__ import annotations

import json
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from ...audio.clip import FORMATS
from ...audio.video_file import is_video
from ...base.errors import EXPECTED_ERRORS, BadModel, WavewrightError, printable, sentence_of
from ...base.json_text import JsonValue
from ...base.names import file_stem
from ...base.result import Failed
from ...base.whole_file import write_whole
from ...base.worker_process import WorkerLost, WorkerProcess
from ...families.loading import models_stay_open
from ...tasks.catalogue import TaskParameter, describe
from .inputs import LocalFiles, local_files
from .job import BatchJob, JobOutcome
from .keys import ModelHashes, file_digest, job_key
from .store import RESULT_FILE, Store


class PlaceLost(WorkerLost):
    """The place of a worker is gone, not by what the job did: the job runs again elsewhere, and nothing failed."""


class Lane(ABC):
    """Runs one job at a time."""

    @abstractmethod
    def run(self, job: BatchJob, models: dict[str, str]) -> JobOutcome | Failed:
        """Run a job; raise WorkerLost if that ended the worker, so that the next job gets a new one."""

    @abstractmethod
    def stop(self) -> None:
        """End the worker at once; a job that runs is lost."""

    def give_up_waiting(self) -> None:  # noqa: B027  (most lanes never wait)
        """End a wait for a place to work with PlaceLost."""


@dataclass(frozen=True)
class Lanes:
    """Where the lanes of a batch come from.

    - ``new``: returns one more.
    - ``count``: returns how many there is a place for now.
    """

    new: Callable[[], Lane]
    count: Callable[[], int]


class LocalLane(Lane):
    """Runs jobs in this process."""

    def __init__(self, store: Store) -> None:
        self._worker = JobWorker(store)

    def run(self, job: BatchJob, models: dict[str, str]) -> JobOutcome | Failed:
        """Run a job."""
        return self._worker.run(job, models)

    def stop(self) -> None:
        """Close the models; a job that runs ends by itself."""
        self._worker.close()


class ProcessLane(Lane):
    """Runs jobs in a process of its own, which is started at the first job and after each loss."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._process: WorkerProcess | None = None
        self._is_stopped = False

    def run(self, job: BatchJob, models: dict[str, str]) -> JobOutcome | Failed:
        """Run a job in the process."""
        if self._is_stopped:
            raise WorkerLost("The batch was stopped.")
        process = self._process = self._process or WorkerProcess(run_jobs_of, self._store, one_thread=True)
        if self._is_stopped:  # while it was started
            process.kill()
        try:
            with process.talk() as connection:
                connection.send((job, models))
                outcome: JobOutcome | Failed = connection.recv()
        except WorkerLost:
            self._process = None
            raise
        return outcome

    def stop(self) -> None:
        """End the process."""
        self._is_stopped = True
        if self._process is not None:
            self._process.kill()


def run_jobs_of(connection: Connection, store: Store) -> None:
    """Run the jobs that arrive."""
    worker = JobWorker(store)
    while True:
        job, models = connection.recv()
        connection.send(worker.run(job, models))


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

    def run(self, job: BatchJob, expected_models: dict[str, str]) -> JobOutcome | Failed:
        """Run a job unless its outputs are there; a job that fails has a sentence.

        - ``expected_models``: hashes of its models where the batch was started.
        """
        try:
            if self._model_hashes.of_job(job) != expected_models:
                raise BadModel("The models of this worker are not those of the machine that started the batch.")
            with local_files(job) as files:
                return self._run(job, files, job_key(job, files.inputs, expected_models))
        except EXPECTED_ERRORS as error:
            return Failed(f"line {job.line}", sentence_of(error))
        except Exception as error:
            sentence = f"{job.task} failed unexpectedly ({type(error).__name__}: {error})."
            return Failed(f"line {job.line}", printable(sentence))

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
    values |= task.settled
    made = task.run(values)
    written = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        "task": job.task,
        "values": job.values,
        "result": _renamed(made.result, {f"{folder}{os.sep}": "", str(folder): ".", **files.given}),
        "warnings": sorted({*map(printable, made.warnings)}),
        "files": {path.relative_to(folder).as_posix(): file_digest(path) for path in written},
    }


def _target(parameter: TaskParameter, job: BatchJob, files: LocalFiles, folder: Path, stem: str) -> Path:
    """Return the path that a task writes to: the job's own name, the usual one, or the folder itself."""
    writes = parameter.writes
    assert writes is not None
    has_several = any(isinstance(paths, list) and len(paths) > 1 for paths in files.values.values())
    is_folder = not writes.suffix or has_several
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
