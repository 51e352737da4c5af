"""Requests for tasks, checked: parameters, files to read by id, names of files to write; nothing is a path."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_origin

from ....base.errors import BadSetting
from ....base.json_text import JsonValue
from ....base.names import file_stem, quoted
from ....base.parameters import FREE_TEXT, READS_RUNS, TERMINAL, WritesRun
from ....base.task_parameters import TaskParameter
from ....tasks.description import CommandTask, innermost_types
from ..speech_request import BadRequest
from .files import safe_name

ATTACHMENTS = "attachments"
ATTACHMENTS_HELP = "Further files that texts or files of this request name, such as those of a mix or a chain."

FileSource = Callable[[Mapping[str, JsonValue]], list[tuple[str, Path]]]
"""Returns the names and paths of the files that a reference stands for; raises BadRequest if there is none."""


@dataclass(frozen=True)
class PreparedTask:
    """A request that was checked."""

    task: CommandTask
    arguments: dict[str, object]  # arguments of its function, as JSON; files are relative to the job's folder
    files: dict[str, Path]  # files to link into the job's folder, by their relative paths
    command: str  # the command line that does the same
    run: str | None = None
    """Name of the run folder that a training writes, which is the name of its model; None for other tasks."""


def parameters_of(task: CommandTask) -> tuple[TaskParameter, ...]:
    """Return the parameters that a request may give."""
    return tuple(each for each in task.description.parameters.values() if TERMINAL not in each.markers)


def prepare(
    task: CommandTask,
    fields: Mapping[str, JsonValue],
    source_of: FileSource,
    runs_folder: Path,
    fixed: Mapping[str, object] | None = None,
) -> PreparedTask:
    """Check the parameters of a request.

    - ``fields``: parameters by name, as JSON. A file is ``{"upload": id}`` or ``{"job": id, "file": name}``; a list of
      them, or ``{"job": id}``, is a folder.
    - ``source_of``: finds files.
    - ``runs_folder``: folder of the runs, which training writes to.
    - ``fixed``: values of parameters that requests cannot give, by name, for tasks that have them.
    - returns: the task with its arguments.

    Raises BadRequest for the first parameter that is missing, unknown or not valid.
    """
    allowed = {each.key: each for each in parameters_of(task)}
    inputs = _Inputs(source_of)
    arguments: dict[str, object] = {}
    for name, value in fields.items():
        if value is None:
            continue
        if name == ATTACHMENTS:
            inputs.add_all(value, name)
            continue
        parameter = allowed.get(name) or _unknown(task, name)
        try:
            arguments[parameter.name] = _argument(parameter, value, inputs)
        except BadSetting as error:
            raise BadRequest(str(error), name) from error
    for each in allowed.values():
        if each.is_required and each.name not in arguments:
            raise BadRequest(f"{task.name} needs {each.key}; give it.", each.key, "missing_parameter")
    try:
        task.description.check_together(arguments)
    except BadSetting as error:
        raise BadRequest(str(error)) from error
    command = task.command_line({name.rstrip("_"): value for name, value in arguments.items()})
    _set_outputs(task, arguments, inputs, runs_folder)
    own = {each.name: each for each in task.description.parameters.values()}
    given = {"quiet": True, **(fixed or {})}
    arguments |= {name: value for name, value in given.items() if name in own and TERMINAL in own[name].markers}
    written = [arguments[each.name] for each in own.values() if isinstance(each.writes, WritesRun)]
    run = Path(str(written[0])).name if written else None
    return PreparedTask(task, arguments, dict(inputs.files), command, run)


def _unknown(task: CommandTask, name: str) -> TaskParameter:
    """Raise BadRequest for a parameter that the task does not have, or not over HTTP."""
    try:
        known = task.description.parameter(name)
    except BadSetting as error:
        raise BadRequest(str(error), name[:100], "unknown_parameter") from error
    raise BadRequest(
        f"The parameter {known.key} is one of the command line alone; leave it out.", name, "unknown_parameter"
    )


def _argument(parameter: TaskParameter, value: JsonValue, inputs: _Inputs) -> object:
    if parameter.role == "output":
        return parameter.check_file_name(value)
    if parameter.role == "input" and not (parameter.takes_text and isinstance(value, str)):
        return _input(parameter, value, inputs)
    if isinstance(value, dict) and {"upload", "job"} & value.keys() and str in innermost_types(parameter.type):
        return inputs.add(value, parameter.key)
    parameter.check(value)
    if FREE_TEXT not in parameter.markers:
        _check_names(parameter.key, value)
    return value


def _input(parameter: TaskParameter, value: JsonValue, inputs: _Inputs) -> object:
    """Return the relative path, or paths, of the files to read."""
    takes_several = any(
        get_origin(hint) is tuple for hint in (parameter.type, *getattr(parameter.type, "__args__", ()))
    )
    if isinstance(value, list) and takes_several:
        return [_one_input(parameter.key, each, inputs) for each in value]
    path = _one_input(parameter.key, value, inputs)
    return [path] if parameter.is_repeated else path


def _one_input(name: str, value: JsonValue, inputs: _Inputs) -> str:
    is_folder = isinstance(value, list) or (isinstance(value, dict) and "job" in value and "file" not in value)
    return inputs.add_folder(value, name) if is_folder else inputs.add(value, name)


def _check_names(parameter: str, value: JsonValue) -> None:
    """Raise BadRequest for texts that are paths."""
    if isinstance(value, str):
        if {"/", "\\", "\0"} & {*value} or value in (".", ".."):
            raise BadRequest(
                f"{parameter} is {quoted(value)}, a path; give a name, or a file as an upload.", parameter, "path"
            )
    elif isinstance(value, dict):
        _check_names(parameter, [*value, *value.values()])
    elif isinstance(value, list):
        for each in value:
            _check_names(parameter, each)


def _set_outputs(task: CommandTask, arguments: dict[str, object], inputs: _Inputs, runs_folder: Path) -> None:
    """Choose the folders of what is written, relative to that of the job."""
    for each in task.description.parameters.values():
        if isinstance(each.writes, WritesRun):
            name = arguments.get(each.name) or f"run-{secrets.token_hex(4)}{each.writes.name_end}"
            arguments[each.name] = str(runs_folder / str(name))
        elif READS_RUNS in each.markers:
            arguments[each.name] = [str(runs_folder)]
        elif each.role == "output" and each.name not in arguments and isinstance(each.default, Path):
            arguments[each.name] = str(each.default) if each.default.suffix else "."
        elif each.role == "output" and arguments.get(each.name) in inputs.files:
            raise BadRequest(
                f"{each.key} has the name of a file to read, {arguments[each.name]}; give another one.",
                each.key,
            )


@dataclass
class _Inputs:
    """Files that go into the folder of a job, by relative paths that are all different."""

    source_of: FileSource
    files: dict[str, Path] = field(default_factory=dict)

    def add(self, reference: JsonValue, parameter: str) -> str:
        """Add one file; return its relative path."""
        found = self._find(reference, parameter)
        if len(found) != 1:
            raise BadRequest(f"{parameter} needs one file; name it by file.", parameter, "bad_reference")
        return self._put(found[0][1], found[0][0])

    def add_all(self, references: JsonValue, parameter: str) -> None:
        """Add files beside each other, or where their references say."""
        for reference in references if isinstance(references, list) else [references]:
            for name, path in self._find(reference, parameter):
                self._put(path, _path_of(reference, name))

    def add_folder(self, references: JsonValue, parameter: str) -> str:
        """Add a folder of files, which is named after the parameter; return its relative path."""
        folder = self._free(parameter.replace("_", "-"))
        for reference in references if isinstance(references, list) else [references]:
            for name, path in self._find(reference, parameter):
                self._put(path, f"{folder}/{_path_of(reference, name)}")
        return folder

    def _find(self, reference: JsonValue, parameter: str) -> list[tuple[str, Path]]:
        if not isinstance(reference, dict) or not {"upload", "job"} & reference.keys():
            raise BadRequest(
                f'{parameter} must be a file, {{"upload": id}} or {{"job": id, "file": name}}; paths are not read.',
                parameter,
                "bad_reference",
            )
        return self.source_of(reference)

    def _put(self, path: Path, name: str) -> str:
        relative = self._free(name)
        self.files[relative] = path
        return relative

    def _free(self, name: str) -> str:
        """Return a name that no other file has."""
        taken = {part.casefold() for each in self.files for part in (each, each.partition("/")[0])}
        stem, dot, suffix = name.rpartition(".")
        candidate, number = name, 1
        while (candidate.casefold() in taken and "/" not in candidate) or candidate in self.files:
            number += 1
            candidate = f"{stem}-{number}.{suffix}" if dot else f"{name}-{number}"
        return candidate


def _path_of(reference: Mapping[str, JsonValue], name: str) -> str:
    """Return the relative path of a file, made of the client's: allowed characters, a known ending; else its name."""
    wanted = reference.get("path")
    if not isinstance(wanted, str):
        return name
    folders: Sequence[str] = wanted.replace("\\", "/").split("/")[:-1]
    return "/".join([*(file_stem(folder) for folder in folders if folder not in ("", ".", "..")), safe_name(wanted)])
