"""What Wavewright does for a person: plain functions whose parameters carry their help, unit and range once.

Every parameter of a task is ``Annotated[type, Field(description=..., ge=..., le=...)]``. Python calls are checked against it by
``checked``, and the command line is built from it. A task returns a dataclass: its text is what a person reads, its fields are what
``--json`` prints.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from pydantic import ConfigDict, ValidationError, validate_call

from ..errors import BadSetting

P = ParamSpec("P")
R = TypeVar("R")


def checked(task: Callable[P, R]) -> Callable[P, R]:
    """A task that compares its arguments with their ranges first; raises BadSetting with the first that is out of its range."""
    validated = validate_call(config=ConfigDict(arbitrary_types_allowed=True))(task)

    @functools.wraps(task)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return validated(*args, **kwargs)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            message = first["msg"][:1].lower() + first["msg"][1:]
            raise BadSetting(f"{task.__name__}: {where} is {first['input']!r}; {message}.") from error

    return call
