"""What Wavewright does for a person: plain functions whose parameters carry their help, unit and range once.

Every parameter of a task is ``Annotated[type, Field(description=..., ge=..., le=...)]``. Python calls are checked against it by
``checked``, and the command line is built from it: a parameter without a default is an argument, one with a default an option, unless
``BY_PLACE`` stands behind its field. A task returns a dataclass: its text is what a person reads, its fields are what
``--json`` prints.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, TypeVar

from pydantic import ConfigDict, ValidationError, validate_call

from ..errors import BadSetting

BY_PLACE = "by place"
"""Behind the field of a parameter: on the command line it is given by its place, although it has a default."""

LARGEST_SEED = 2**32 - 1

IN_PYTHON_ALONE = {"in_python_alone": True}
"""Metadata of a result's field that ``--json`` leaves out: sound, for instance."""

P = ParamSpec("P")
R = TypeVar("R")


def checked(task: Callable[P, R], names: Mapping[str, str] | None = None) -> Callable[P, R]:
    """A task that compares its arguments with their types and ranges first; raises BadSetting with the first that does not fit.

    ``names`` are the parameters as the person knows them, where that is not from Python: ``{"out": "--out"}``.
    """
    validated = validate_call(config=ConfigDict(arbitrary_types_allowed=True))(task)

    @functools.wraps(task)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return validated(*args, **kwargs)
        except ValidationError as error:
            raise BadSetting(_refusal(error, task.__name__, names)) from error

    return call


def _refusal(error: ValidationError, task_name: str, names: Mapping[str, str] | None) -> str:
    """What was given, and what is allowed."""
    first = error.errors()[0]
    message = first["msg"][:1].lower() + first["msg"][1:]
    given: Any = first["input"]
    if names is not None and first["loc"]:
        return f"{names[str(first['loc'][0])]} is {given!s}; {message}."
    return f"{task_name}: {'.'.join(str(part) for part in first['loc'])} is {given!r}; {message}."
