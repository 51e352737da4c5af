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
from typing import Any, ParamSpec, TypeVar, get_args, get_type_hints

from pydantic import ConfigDict, ValidationError, validate_call

from ..base.errors import BadSetting
from ..base.parameters import MAX_SEED as MAX_SEED, OF_FILES, POSITIONAL as POSITIONAL, STANDARD_STREAM, Needs, Without

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S")

_unchecked: dict[Callable[..., Any], Callable[..., Any]] = {}
"""Functions of tasks without their checks, for callers that check with other names of the parameters."""


def checked(task: Callable[P, R], names: Mapping[str, str] | None = None) -> Callable[P, R]:
    """Validate the arguments of a task against their types and ranges, and what they say of each other.

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
    task = _unchecked.get(task, task)

    @functools.wraps(task)
    def together(*args: P.args, **kwargs: P.kwargs) -> R:
        check_together(task, inspect.signature(task).bind(*args, **kwargs).arguments, names or {})
        return task(*args, **kwargs)

    @functools.cache
    def validated() -> Callable[P, R]:
        return validate_call(config=ConfigDict(arbitrary_types_allowed=True))(together)

    @functools.wraps(task)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return validated()(*args, **kwargs)
        except ValidationError as error:
            raise BadSetting(_refusal(error, task.__name__, names)) from error

    if names is None:
        _unchecked[call] = task
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


def check_together(task: Callable[..., object], values: Mapping[str, object], names: Mapping[str, str]) -> None:
    """Raise BadSetting for parameters without the one that they belong to, that exclude each other, or of files alone.

    ``values`` are by the names of Python, one that equals its default is not given; ``names`` are those in messages.
    """
    relations, defaults = _relations(task)
    given = {name for name, value in values.items() if name in defaults and value not in (defaults[name], None, [])}
    for name, relation in relations:
        if name not in given:
            continue
        shown = names.get(name, name)
        if relation == OF_FILES:
            if any(STANDARD_STREAM in (each if isinstance(each, tuple) else (each,)) for each in values.values()):
                raise BadSetting(f"{shown} is for files, and a stream is none; leave {shown} out, or name a file.")
        elif isinstance(relation, Needs):
            if relation.other not in given:
                other = names.get(relation.other, relation.other)
                raise BadSetting(f"{shown} belongs to {other}; give both, or leave {shown} out.")
        elif isinstance(relation, Without):
            for other in relation.others:
                if other in given:
                    shown_other = names.get(other, other)
                    raise BadSetting(f"{shown} and {shown_other} exclude each other; leave one of them out.")


@functools.cache
def _relations(task: Callable[..., object]) -> tuple[list[tuple[str, object]], dict[str, object]]:
    """Return what the parameters of a task say of others, and the defaults of all that are concerned."""
    hints = get_type_hints(task, include_extras=True)
    marked = [(name, marker) for name, hint in hints.items() for marker in get_args(hint)[1:]]
    relations = [(name, marker) for name, marker in marked if isinstance(marker, Needs | Without) or marker == OF_FILES]
    concerned = {name for name, _ in relations}
    for _, marker in relations:
        concerned.update((marker.other,) if isinstance(marker, Needs) else getattr(marker, "others", ()))
    parameters = inspect.signature(task).parameters
    return relations, {name: parameters[name].default for name in concerned}


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
