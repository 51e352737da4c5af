"""Tasks as JSON schemas, for lists of tasks and the description of the interface."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ....base.rules import Needs, OneOf, Without
from ....base.task_parameters import TaskParameter
from ....tasks.description import CommandTask, schema_of
from .request import ATTACHMENTS, ATTACHMENTS_HELP, parameters_of

FILE_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "An upload, or a file of an earlier job.",
    "properties": {
        "upload": {"type": "string", "description": "Id of an upload."},
        "job": {"type": "string", "description": "Id of a job."},
        "file": {"type": "string", "description": "Name of a file of the job; without it, all of them."},
        "path": {"type": "string", "description": "Path of an upload in a folder, such as kick/1.wav."},
    },
}
"""How a request names a file to read."""


def task_record(task: CommandTask) -> dict[str, object]:
    """Return a task as lists show it.

    - returns: ``name``, ``summary``, ``parameters`` (a JSON schema), ``files``, ``outputs`` and ``models`` (names of
      the parameters for files to read, files to write, and names of models), ``long`` (whether it is a training),
      ``command``.
    """
    parameters = parameters_of(task)
    return {
        "name": task.name,
        "summary": " ".join(task.description.summary.replace("``", "").split()),
        "parameters": parameters_schema(task),
        "files": [each.key for each in parameters if each.role == "input"],
        "outputs": [each.key for each in parameters if each.role == "output"],
        "models": [each.key for each in parameters if each.role == "model"],
        "long": task.description.trains,
        "command": " ".join(("wavewright", *task.words)),
    }


def parameters_schema(task: CommandTask) -> dict[str, object]:
    """Return the JSON schema of the parameters of a task."""
    parameters = parameters_of(task)
    properties = {each.key: _schema(each) for each in parameters}
    properties[ATTACHMENTS] = {"type": "array", "items": FILE_SCHEMA, "description": ATTACHMENTS_HELP}
    return {
        "type": "object",
        "properties": properties,
        "required": [each.key for each in parameters if each.is_required],
        "additionalProperties": False,
        **_relations(parameters),
    }


def _relations(parameters: Sequence[TaskParameter]) -> dict[str, object]:
    """Return the keywords of a schema for the rules between parameters."""
    keys = {each.name: each.key for each in parameters}
    needed: dict[str, list[str]] = {}
    rules: list[dict[str, object]] = []

    def given(*required: str, value: object = None) -> dict[str, object]:
        of_value = {} if value is None else {"properties": {required[0]: {"const": value}}}
        return {"required": [*required], **of_value}

    for each in parameters:
        for marker in each.markers:
            others = [keys[name] for name in getattr(marker, "others", ()) if name in keys]
            if isinstance(marker, Needs) and marker.other in keys:
                if marker.value is None:
                    needed.setdefault(each.key, []).append(keys[marker.other])
                else:
                    rules.append({"if": given(each.key), "then": given(keys[marker.other], value=marker.value)})
            elif isinstance(marker, Without):
                rules += [{"not": given(each.key, other, value=marker.value)} for other in others]
            elif isinstance(marker, OneOf):
                rules.append({"oneOf": [given(key) for key in (each.key, *others)]})
    return ({"dependentRequired": needed} if needed else {}) | ({"allOf": rules} if rules else {})


def _schema(parameter: TaskParameter) -> dict[str, object]:
    schema = schema_of(parameter)
    if parameter.role == "input":
        several = {"type": "array", "items": FILE_SCHEMA}
        text = [{"type": "string"}] if parameter.takes_text else []
        return {"description": schema["description"]} | (
            several if parameter.is_repeated else {"anyOf": [FILE_SCHEMA, several, *text]}
        )
    if parameter.role == "output":
        return schema | {"pattern": r"^[^./\\-][^/\\]*$"}
    return schema
