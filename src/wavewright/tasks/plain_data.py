"""Results of tasks as the dicts, lists, strings and numbers of JSON."""

from __future__ import annotations

import dataclasses
import math
import typing
from pathlib import Path
from typing import Protocol

from pydantic import BaseModel


@typing.runtime_checkable
class _Array(Protocol):
    """A number or array of NumPy, which is not imported to print a result without one."""

    def tolist(self) -> object: ...


def plain(value: object) -> object:
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
