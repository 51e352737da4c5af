"""The commands as plain functions, each with its help, units and ranges on its parameters.

Every parameter of a task is ``Annotated[type, Field(description=..., ge=..., le=...)]``; those of several tasks are
types in `wavewright.base.parameters`. `checked` validates calls from Python. The command line is built from the
same annotations: a parameter without a default, or with ``POSITIONAL`` after its field, is an argument, any other one
an option. A task returns a dataclass: its text is printed, its fields are the output of ``--json``.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, TypeVar, get_type_hints

from pydantic import ConfigDict, ValidationError, validate_call

from ..base.errors import BadSetting
from ..base.parameters import MAX_SEED as MAX_SEED, POSITIONAL as POSITIONAL

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S")


def checked(task: Callable[P, R], names: Mapping[str, str] | None = None) -> Callable[P, R]:
    """Validate the arguments of a task against their types and ranges.

    Parameters
    ----------
    task : callable
        The task.
    names : mapping of str to str, optional
        Names of the parameters in messages, such as ``{"out": "--out"}``; by default those of Python.

    Returns
    -------
    callable
        The task, which raises BadSetting for the first argument that is not valid.
    """
    validated = validate_call(config=ConfigDict(arbitrary_types_allowed=True))(task)

    @functools.wraps(task)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return validated(*args, **kwargs)
        except ValidationError as error:
            raise BadSetting(_refusal(error, task.__name__, names)) from error

    return call


def parameters_from(dataclass: Callable[P, S]) -> Callable[[Callable[[S], R]], Callable[P, R]]:
    """Give a task the fields of a dataclass as its parameters, which tasks share by inheritance, and check them.

    Parameters
    ----------
    dataclass : type
        The dataclass; the annotations of its fields are those of parameters.

    Returns
    -------
    callable
        Decorator of a function that takes one object of the dataclass.
    """

    def decorate(task: Callable[[S], R]) -> Callable[P, R]:
        @functools.wraps(task)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            return task(dataclass(*args, **kwargs))

        described: Any = call
        returned = inspect.signature(task).return_annotation
        described.__signature__ = inspect.signature(dataclass).replace(return_annotation=returned)
        described.__annotations__ = get_type_hints(dataclass, include_extras=True)
        return checked(call)

    return decorate


def _refusal(error: ValidationError, task_name: str, names: Mapping[str, str] | None) -> str:
    """Return the message with the value of the first invalid argument and the allowed ones."""
    location = error.errors()[0]["loc"]
    if names is not None and location:
        return refusal_sentence(error, names[str(location[0])])
    return f"{task_name}: {refusal_sentence(error, '.'.join(map(str, location)), shown=repr)}"


def refusal_sentence(error: ValidationError, name: str, shown: Callable[[object], str] = str) -> str:
    """Return the sentence for the first value that pydantic refuses, with the name of its parameter."""
    first = error.errors()[0]
    if first["type"].startswith("missing"):  # its input is everything that was given
        return f"{name} is missing; give it."
    return f"{name} is {shown(first['input'])}; {first['msg'][:1].lower()}{first['msg'][1:]}."
