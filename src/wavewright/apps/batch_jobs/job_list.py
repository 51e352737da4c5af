"""Read the jobs of a batch: lines of JSON, or the files of a folder with a task for all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from ...audio.file_kind import SOUND_SUFFIXES
from ...base.errors import BadFolder, BadSetting, WavewrightError
from ...base.json_text import JsonValue, parse
from ...base.names import quoted
from ...base.parameters import STANDARD_STREAM
from ...base.result import Failed
from ...base.task_parameters import TaskParameter
from ...tasks.catalogue import TaskDescription, describe
from ...tasks.json_results import plain
from .job import BatchJob
from .locations import files_below, is_below, is_folder, is_url, joined, matches, read_bytes

LIST_SUFFIX = ".jsonl"
TASK_KEY = "task"
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

    - ``source``: a ``.jsonl`` file with an object a line: the task, and the values of its parameters by name. Or a
      folder, whose files are the jobs of one task. Both may be URLs.
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
    if not source.lower().endswith(LIST_SUFFIX) or not (is_url(source) or Path(source).is_file()):
        raise BadFolder(f"{source} is neither a folder nor a {LIST_SUFFIX} file with a job a line; give one.")
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
    try:
        lines = read_bytes(source).decode("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise BadFolder(f"{source} is not UTF-8 (byte {error.start}); convert it to UTF-8.") from error
    base = source.rpartition("/")[0] if is_url(source) else str(Path(source).parent)
    for line, text in enumerate(lines, 1):
        if text.strip():
            try:
                record = parse(text)
            except ValueError as error:
                yield Failed(f"line {line}", f"It is not JSON ({error}); write an object with the task and its values.")
                continue
            yield _job_or_problem(line, record, usual, base)


def _job_or_problem(line: int, record: JsonValue, usual: _Usual, base: str) -> BatchJob | Failed:
    try:
        task, values = _checked(record, usual)
    except WavewrightError as error:
        return Failed(f"line {line}", str(error))
    return BatchJob(line, task, values, base)


def _checked(record: JsonValue, usual: _Usual) -> tuple[str, dict[str, JsonValue]]:
    """Return the task and the values of a line; raise BadSetting for the first that is not valid."""
    if not isinstance(record, dict):
        raise BadSetting('It is no JSON object; write {"task": ..., "file": ...}.')
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
        return value
    if parameter.role == "output":
        return parameter.check_file_name(value)
    return plain(parameter.check(value))
