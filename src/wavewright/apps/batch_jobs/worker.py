"""Run jobs one after another, with models that stay open; outputs appear whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

from ...audio.clip import FORMATS
from ...audio.file_kind import is_video
from ...base.errors import BadModel, WavewrightError, printable
from ...base.json_text import JsonValue
from ...base.names import file_stem
from ...base.task_parameters import TaskParameter
from ...base.whole_file import write_whole
from ...families.loading import models_stay_open
from ...tasks.catalogue import describe
from .job import BatchJob, JobOutcome, LocalFiles, ModelHashes, digest_of, file_digest, job_key, local_files
from .store import RESULT_FILE, Store

OUT_KEY = "out"


def begin_jobs(store: Store) -> Callable[[tuple[BatchJob, str]], JobOutcome]:
    """Return the function that runs jobs into a store, for a process that does nothing else."""
    return JobWorker(store).run


class JobWorker:
    """Runs jobs into a store, with models that stay open.

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

    def run(self, given: tuple[BatchJob, str]) -> JobOutcome:
        """Run a job, given with the digest of its models where the batch was started, unless its outputs are there."""
        job, expected = given
        models = self._model_hashes.of_job(job)
        if digest_of(models) != expected:
            raise BadModel("The models of this worker are not those of the machine that started the batch.")
        with local_files(job) as files:
            return self._run(job, files, job_key(job, files.inputs, models))

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
    names = {f"{folder}{os.sep}": "", str(folder): ".", **files.given}
    return {
        "task": job.task,
        "values": job.values,
        "result": _renamed(made.result, names),
        "warnings": _renamed(sorted({*map(printable, made.warnings)}), names),
        "files": {path.relative_to(folder).as_posix(): file_digest(path) for path in written},
    }


def _target(parameter: TaskParameter, job: BatchJob, files: LocalFiles, folder: Path, stem: str) -> Path:
    """Return the path that a task writes to: the job's own name, the usual one, or the folder itself."""
    writes = parameter.writes
    assert writes is not None
    parameters = describe(job.task).parameters
    has_several = any(
        isinstance(paths, list) and len(paths) > 1 and not parameters[key].is_list
        for key, paths in files.values.items()
    )
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
