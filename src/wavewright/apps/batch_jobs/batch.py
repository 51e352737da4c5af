"""Run any task for the files or texts of a list or folder, each exactly once, on all cores and several machines."""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Annotated

from pydantic import Field

from ...audio.file_kind import SOUND_SUFFIXES
from ...base.errors import BadFolder, BadSetting, WavewrightError
from ...base.json_text import JsonValue
from ...base.names import quoted
from ...base.parameters import STANDARD_STREAM, Quiet
from ...base.progress_bar import progress_bar
from ...base.result import Failed, count_of
from ...base.runner import MAX_LANES, RETRIES, Item, Lanes, in_processes, in_this_process, outcomes
from ...base.tables import TableRecord, table_records
from ...base.task_parameters import TaskParameter, checked
from ...base.text_encoding import decoded_text
from ...outputs.made import Made
from ...tasks.catalogue import TaskDescription, describe
from ...tasks.json_results import plain
from .job import BatchJob, InputFile, JobOutcome, ModelHashes, are_unchanged, digest_of, job_key
from .locations import files_below, is_below, is_folder, is_url, joined, located, matches, name_of, read_bytes
from .ray_lanes import is_ray, ray_lanes
from .store import RESULTS_FILE, FolderStore, Record, RemoteStore, Store
from .worker import JobWorker, begin_jobs

LIST_SUFFIX = ".jsonl"
LIST_SUFFIXES = (LIST_SUFFIX, ".ndjson", ".json", ".csv", ".tsv")
TASK_KEY = "task"
EXAMPLE = '{"task": ..., "file": ...}'
FILE_KEY = "file"
"""Key of the file to work on, whatever the parameter of the task is called."""


def read_jobs(
    source: str,
    task: str | None = None,
    settings: Sequence[str] = (),
    pattern: str | None = None,
    out: str | None = None,
) -> list[BatchJob | Failed]:
    """Read the jobs of a list or folder.

    - ``source``: a ``.jsonl`` file with an object a line: the task, and the values of its parameters by name; a
      ``.json`` file with an array of them, or a ``.csv`` table with a column for each. Or a folder, whose files are the
      jobs of one task. All may be URLs.
    - ``task``: task of lines without one, and of a folder.
    - ``settings``: values of jobs that have none of that name, as ``name=value``.
    - ``pattern``: pattern of the files of a folder, such as ``*.mid``; by default all sound files.
    - ``out``: folder of the batch, whose files are no jobs where it lies in the folder of files.
    - returns: the lines that are not empty.

    Raises BadFolder if there is no such list or folder, or nothing in it, or BadSetting if the task does not exist or
    has no such parameters, or a folder comes without one.
    """
    usual = _Usual(task, settings)
    if is_folder(source):
        return list(_jobs_of_folder(source, usual, pattern, out))
    if pattern is not None:
        raise BadSetting(f"{source} is no folder, whose files --pattern {pattern} could choose; leave it out.")
    if not source.lower().endswith(LIST_SUFFIXES) or not (is_url(source) or Path(source).is_file()):
        raise BadFolder(f"{source} is neither a folder nor a {LIST_SUFFIX}, .json or .csv file of jobs; give one.")
    jobs = list(_jobs_of_list(source, usual))
    if not jobs:
        raise BadFolder(f'{source} lists no job; write {{"task": "enhance", "file": "a.wav"}} for example, one a line.')
    return jobs


class _Usual:
    """The task and the values of lines that say nothing else."""

    def __init__(self, task: str | None, settings: Sequence[str]) -> None:
        self.task = None if task is None else describe(task)
        self._settings = [_divide(setting) for setting in settings]
        if self.task is not None:
            self.values_for(self.task)  # refuse what does not exist before any line is read

    def values_for(self, task: TaskDescription) -> dict[str, JsonValue]:
        """Return the values by key; those of a repeated parameter are a list."""
        values: dict[str, JsonValue] = {}
        for name, text in self._settings:
            parameter = _parameter(task, name)
            if parameter.is_repeated:
                values.setdefault(parameter.key, []).append(text)
            else:
                values[parameter.key] = text
        return values


def _divide(setting: str) -> tuple[str, str]:
    name, equals, value = setting.partition("=")
    if not equals or not name:
        raise BadSetting(f"--set is {quoted(setting)}; write name=value, such as model=denoise-16k.")
    return name, value


def _jobs_of_folder(folder: str, usual: _Usual, pattern: str | None, out: str | None) -> Iterator[BatchJob | Failed]:
    if usual.task is None:
        raise BadSetting(f"{folder} is a folder; name the task for its files with --task.")
    if usual.task.main_input is None:
        raise BadSetting(f"{usual.task.name} works on no file; list its jobs in a {LIST_SUFFIX} file.")
    files = [path for path in files_below(folder) if out is None or not is_below(joined(folder, path), out)]
    chosen = [path for path in files if (matches(path, pattern) if pattern else _is_sound(path))]
    if not chosen:
        wanted = f"no file that matches {pattern}" if pattern else "no sound file"
        raise BadFolder(f"{folder} contains {wanted}; give another folder, or --pattern.")
    for line, path in enumerate(chosen, 1):
        yield _job_or_problem(line, {FILE_KEY: path}, usual, folder)


def _is_sound(path: str) -> bool:
    return PurePosixPath(path).suffix.lower() in SOUND_SUFFIXES


def _jobs_of_list(source: str, usual: _Usual) -> Iterator[BatchJob | Failed]:
    base = source.rpartition("/")[0] if is_url(source) else str(Path(source).parent)
    try:
        content = decoded_text(source, read_bytes(source))
    except UnicodeDecodeError as error:
        raise BadFolder(f"{source} is no text (byte {error.start}); save it as UTF-8.") from error
    for line, record in table_records(PurePosixPath(source), content, EXAMPLE):
        yield _job_or_problem(line, record, usual, base)


def _job_or_problem(line: int, record: TableRecord | str, usual: _Usual, base: str) -> BatchJob | Failed:
    if isinstance(record, str):
        return Failed(f"line {line}", f"It {record}.")
    try:
        task, values = _checked(record, usual)
    except WavewrightError as error:
        return Failed(f"line {line}", str(error))
    return BatchJob(line, task, values, base)


def _checked(record: TableRecord, usual: _Usual) -> tuple[str, dict[str, JsonValue]]:
    """Return the task and the values of a line; raise BadSetting for the first that is not valid."""
    task = _task_of(record, usual)
    given = {key: value for key, value in record.items() if key != TASK_KEY and value is not None}
    values = usual.values_for(task)
    for name, value in given.items():
        values[_parameter(task, name).key] = value
    checked = {key: _checked_value(task.parameter(key), value) for key, value in values.items()}
    missing = [parameter.key for parameter in task.parameters.values() if parameter.is_required]
    missing = [key for key in missing if key not in checked]
    if missing:
        raise BadSetting(f"{task.name} needs {missing[0]}; add it to the line.")
    task.check_together({task.parameters[key].name: value for key, value in checked.items()})
    return task.name, checked


def _task_of(record: Mapping[str, JsonValue], usual: _Usual) -> TaskDescription:
    name = record.get(TASK_KEY)
    if name is None and usual.task is not None:
        return usual.task
    if not isinstance(name, str):
        raise BadSetting('It names no task; write "task": "enhance" for example, or give --task for all lines.')
    return describe(name)


def _parameter(task: TaskDescription, name: str) -> TaskParameter:
    """Return a parameter by its name in a line, where ``file`` is the file to work on."""
    if name == FILE_KEY and FILE_KEY not in task.parameters and task.main_input is not None:
        return task.main_input
    parameter = task.parameter(name)
    if parameter.name in task.settled:
        raise BadSetting(f"{task.name} has no {parameter.key} in a batch; leave it out.")
    return parameter


def _checked_value(parameter: TaskParameter, value: JsonValue) -> JsonValue:
    if parameter.role == "input":
        paths = value if isinstance(value, list) and parameter.is_repeated else [value]
        for path in paths:
            if not isinstance(path, str) or not path or path == str(STANDARD_STREAM) or "\0" in path:
                raise BadSetting(f"{parameter.key} is {quoted(str(path))}; give the path of a file.")
        return paths if parameter.is_list else value
    if parameter.role == "output":
        return parameter.check_file_name(value)
    return plain(parameter.check(value))


DONE, FAILED, WAITING = "done", "failed", "waiting"


def record_of(job: BatchJob, outcome: JobOutcome | Failed) -> Record:
    """Return the record of a job that ended, for the log of its shard."""
    ended: Record = {"job": job.id, "time": time.time()}
    if isinstance(outcome, Failed):
        return {**ended, "status": FAILED, "error": outcome.reason}
    inputs = {name: asdict(file) for name, file in outcome.inputs.items()}
    output = {key: outcome.output[key] for key in ("result", "warnings", "files")}
    return {**ended, "status": DONE, "key": outcome.key, "folder": outcome.folder, "inputs": inputs, **output}


def latest_records(records: Iterable[Record]) -> dict[str, Record]:
    """Return the last record of each job, by its id."""
    return {str(record.get("job")): record for record in records}


def done_jobs(jobs: Sequence[BatchJob], records: Mapping[str, Record], store: Store) -> set[str]:
    """Return the ids of the jobs whose outputs are there, and whose files and models are as they were.

    Files whose size and time of change are as recorded are not read again.
    """
    names = store.names()
    model_hashes = ModelHashes()
    return {job.id for job in jobs if (record := records.get(job.id)) and _is_done(job, record, names, model_hashes)}


def _is_done(job: BatchJob, record: Record, names: set[str], model_hashes: ModelHashes) -> bool:
    if record.get("status") != DONE or record.get("folder") not in names:
        return False
    inputs = record["inputs"]
    if not are_unchanged(job, inputs):
        return False
    files = {name: InputFile(**file) for name, file in inputs.items()}
    return bool(record["key"] == job_key(job, files, model_hashes.of_job(job)))


def result_lines(jobs: Sequence[BatchJob | Failed], records: Mapping[str, Record]) -> Iterator[Record]:
    """Yield the results of all jobs in the order of their list; they depend on what was done only, not on by whom."""
    for job in jobs:
        if isinstance(job, Failed):
            yield {"line": int(str(job.what).split()[-1]), "status": FAILED, "error": job.reason}
            continue
        line: Record = {"line": job.line, "task": job.task, "values": job.values}
        record = records.get(job.id, {"status": WAITING})
        line["status"] = record["status"]
        if record["status"] == FAILED:
            line["error"] = record["error"]
        if record["status"] == DONE:
            line["files"] = {f"{record['folder']}/{name}": digest for name, digest in record["files"].items()}
            line["result"] = record["result"]
            if record["warnings"]:
                line["warnings"] = record["warnings"]
        yield line


def items_of(jobs: Sequence[BatchJob]) -> tuple[list[Item[tuple[BatchJob, str]]], int]:
    """Return jobs as items of `JobWorker.run`, the first of each task at the start, and the number of these."""
    firsts: dict[str, BatchJob] = {}
    for job in jobs:
        firsts.setdefault(job.task, job)
    hashes = ModelHashes()
    in_order = [*firsts.values(), *(job for job in jobs if firsts[job.task] is not job)]
    return [Item(f"line {job.line}", (job, digest_of(hashes.of_job(job)))) for job in in_order], len(firsts)


MAX_SHARDS = 10_000

SERIAL = "serial"
OF_ONE_PROCESS = "memory://"


@checked
def batch(
    source: Annotated[
        Path | str,
        Field(description="JSONL, JSON or CSV file of tasks and values; or a folder of files, with --task. Or a URL."),
    ],
    out: Annotated[
        Path | str,
        Field(description="Folder to write to, with a folder for each job; or a URL such as s3://bucket/out."),
    ] = "wavewright-batch",
    task: Annotated[str | None, Field(description="Task of a folder's files, and of lines that name none.")] = None,
    set: Annotated[
        tuple[str, ...],
        Field(description="Value of jobs that have none of that name: name=value; may be given several times."),
    ] = (),
    pattern: Annotated[
        str | None, Field(description="Files of a folder, such as '*.mid'; default: all sound files.")
    ] = None,
    jobs: Annotated[int, Field(description="Jobs at a time; 0: one for each core.", ge=0, le=MAX_LANES)] = 0,
    shard: Annotated[
        str | None, Field(description="Run a part of the jobs: 2/3 for the second of three machines with one folder.")
    ] = None,
    on: Annotated[
        str,
        Field(
            description="Where jobs run: processes of this machine, serial for this process alone, ray, or the address "
            "of a Ray cluster such as ray://head:10001.",
            pattern=r"^(processes|serial|ray|ray://.+)$",
        ),
    ] = "processes",
    retries: Annotated[int, Field(description="How often a job that failed runs again.", ge=0, le=100)] = RETRIES,
    quiet: Quiet = False,
) -> Made:
    """Run a task for each line of a list, or each file of a folder.

    Each job has a folder, whose name is a hash of everything that its outputs depend on: task, values, contents of its
    files, models and version. The folder appears when the job is done, with all its files. Called again, after an
    interruption or with other lines, the batch runs what is missing. Jobs that fail do not keep the others from
    running; ``results.jsonl`` lists all of them with their files, the data that the task returned, or the reason.
    Workers open each model once and compute with one thread; if one dies, its job fails and the others go on.

    Raises BadFolder if the list or folder has no jobs, or the output cannot be written; BadSetting if a task, a shard
    or a value for all jobs does not exist; InUse if another process runs the same shard into the same folder.
    """
    index, n_shards = _shard_of(shard)
    listed = read_jobs(_location(source, on), task, set, pattern, _location(out, on))
    store = _store_of(_location(out, on), on)
    store.prepare()
    known = latest_records(store.records())
    mine = [job for job in listed if isinstance(job, BatchJob) and (job.line - 1) % n_shards == index - 1]
    done = done_jobs(mine, known, store)
    waiting = list({job.id: job for job in reversed(mine) if job.id not in done}.values())[::-1]
    with ExitStack() as stack:
        stack.callback(store.write_results, lambda: result_lines(listed, latest_records(store.records())))
        stack.callback(store.sweep)
        add = stack.enter_context(store.log(f"{index}-of-{n_shards}"))
        show = stack.enter_context(progress_bar(name_of(str(source)), len(waiting), quiet, unit="jobs"))
        new: list[str] = []
        if waiting:
            items, n_firsts = items_of(waiting)
            lanes = stack.enter_context(_lanes(on, jobs, store))
            ended = stack.enter_context(closing(outcomes(items, lanes, retries, n_firsts)))
            for n_ended, (item, outcome) in enumerate(ended, 1):
                job = item.given[0]
                add(record_of(job, outcome))
                new += [job.id] if isinstance(outcome, JobOutcome) and outcome.is_new else []
                show(n_ended)
    return _result(located(out), listed, latest_records(store.records()), {*new})


def _location(given: str | Path, on: str) -> str:
    """Return the path or URL as it is in all workers; those of Ray have other working folders."""
    location = located(given)
    return str(Path(location).resolve()) if is_ray(on) and not is_url(location) else location


def _store_of(out: str, on: str) -> Store:
    if not is_url(out):
        return FolderStore(Path(out))
    if out.startswith(OF_ONE_PROCESS) and on != SERIAL:
        raise BadSetting(f"{out} is in the memory of this process alone; add --on {SERIAL}.")
    return RemoteStore(out)


@contextmanager
def _lanes(on: str, n_wanted: int, store: Store) -> Iterator[Lanes]:
    """Yield lanes, as many as are wanted or there are processors."""
    if on == SERIAL:
        with closing(JobWorker(store)) as worker:
            yield in_this_process(lambda: worker.run)
    elif is_ray(on):
        with ray_lanes(on, n_wanted, partial(begin_jobs, store)) as lanes:
            yield lanes
    else:
        yield in_processes(partial(begin_jobs, store), n_wanted, one_thread=True)


def _shard_of(text: str | None) -> tuple[int, int]:
    """Return number and count of a shard such as ``2/3``."""
    match = re.fullmatch(r"([0-9]{1,5})/([0-9]{1,5})", text or "1/1")
    index, count = (int(match[1]), int(match[2])) if match else (0, 0)
    if not 1 <= index <= count <= MAX_SHARDS:
        raise BadSetting(f"--shard is {quoted(str(text))}; write 2/3 for the second of three, at most {MAX_SHARDS}.")
    return index, count


def _title(job: BatchJob | Failed) -> str:
    """Return the line of a job, with the file that it is for."""
    if isinstance(job, Failed):
        return str(job.what)
    main = describe(job.task).main_input
    file = None if main is None else job.values.get(main.key)
    return f"line {job.line}" if file is None else f"line {job.line} ({file})"


def _result(out: str, listed: Sequence[BatchJob | Failed], records: Mapping[str, Record], new: Collection[str]) -> Made:
    lines = list(result_lines(listed, records))
    failed = tuple(
        Failed(_title(job), line["error"]) for job, line in zip(listed, lines, strict=True) if line["status"] == FAILED
    )
    states = [line["status"] for line in lines]
    n_done, n_waiting, results = states.count(DONE), states.count(WAITING), joined(out, RESULTS_FILE)
    n_new = sum(isinstance(job, BatchJob) and job.id in new for job in listed)
    waiting = f", {n_waiting} wait for other shards" if n_waiting else ""
    done = f"{n_done} of {len(listed)} jobs are done in {out}: {count_of(n_new, n_done - n_new, len(failed))}{waiting}"
    counts = {"n_jobs": len(listed), "n_done": n_done, "n_new": n_new, "n_waiting": n_waiting}
    return Made(out=out, failed=failed, details={"results": results, **counts}, lines=(done,))
