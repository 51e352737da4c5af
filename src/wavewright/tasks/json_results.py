"""Results of tasks as the dicts, lists, strings and numbers of JSON."""

from __future__ import annotations

import dataclasses
import math
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, cast

from pydantic import BaseModel

from ..base.json_text import JsonValue


@typing.runtime_checkable
class _Array(Protocol):
    """A number or array of NumPy, which is not imported to print a result without one."""

    def tolist(self) -> object: ...


FAILED_SCHEMA = {"type": "object", "properties": {"what": {"type": "string"}, "reason": {"type": "string"}}}
RESULT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "The result of the task, in the shape that all have.",
    "properties": {
        "out": {"type": ["string", "null"], "default": None},
        "files": {
            "type": "array",
            "items": {"type": "object", "properties": {"path": {"type": "string"}}},
            "default": [],
        },
        "by": {"type": "string", "default": ""},
        "notes": {"type": "array", "items": {"type": "string"}, "default": []},
        "failed": {"type": "array", "items": FAILED_SCHEMA, "default": []},
        "details": {"type": "object", "default": {}},
    },
}
"""JSON schema of the result of every command, with what each property is by default; docs/results.md describes it."""

SHAPE: Mapping[str, object] = {name: each["default"] for name, each in RESULT_SCHEMA["properties"].items()}


def as_json(result: object) -> dict[str, JsonValue]:
    """Return the result of a command as JSON in the shape of all; its own fields are the details."""
    fields = {"by": getattr(result, "by", ""), **cast("dict[str, JsonValue]", plain(result) or {})}
    details = {name: value for name, value in fields.items() if name not in SHAPE}
    return {name: fields.get(name, usual) for name, usual in SHAPE.items()} | {
        "details": fields.get("details", details)
    }


def plain(value: object) -> JsonValue:
    """Convert a result to the dicts, lists, strings and numbers of JSON; NaN and infinity, which it lacks, are None."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        shown = [field for field in dataclasses.fields(value) if not field.metadata.get("python_only")]
        return {field.name: plain(getattr(value, field.name)) for field in shown}
    if isinstance(value, BaseModel):
        return plain(value.model_dump())
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, _Array):
        return plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return str(value) if isinstance(value, Path) else value
