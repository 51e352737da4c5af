"""Tasks as JSON schemas, for lists of tasks and the description of the interface."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ....base.parameters import Needs, Without
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
    """Return the keywords of a schema for parameters that belong to others, and for those that exclude others."""
    keys = {each.name: each.key for each in parameters}
    needed: dict[str, list[str]] = {}
    excluded: list[dict[str, object]] = []
    for each in parameters:
        for marker in each.markers:
            if isinstance(marker, Needs) and marker.other in keys:
                needed.setdefault(each.key, []).append(keys[marker.other])
            elif isinstance(marker, Without):
                pairs = [[each.key, keys[other]] for other in marker.others if other in keys]
                excluded += [{"not": {"required": pair}} for pair in pairs]
    return ({"dependentRequired": needed} if needed else {}) | ({"allOf": excluded} if excluded else {})


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
