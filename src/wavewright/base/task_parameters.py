"""Parameters of a task as its signature describes them, and the checks of a call: the one way from text to values.

Every parameter of a task is ``Annotated[type, Field(description=..., ge=..., le=...), *markers]``, with the markers of
:mod:`.parameters`. The command line, Python, HTTP and forms read the same parameters, and refuse in the same sentences.
"""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Literal,
    ParamSpec,
    TypeAlias,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from pydantic import ConfigDict, TypeAdapter, ValidationError, validate_call

from .errors import BadSetting
from .names import name_problem, quoted
from .parameters import FREE_TEXT, NAMES_MODEL, OF_FILES, POSITIONAL, STANDARD_STREAM, Writes
from .rules import Needs, broken_rule, is_given, shown_with
from .validation import fault_of

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S")

ENDINGS = (
    *(".wav", ".flac", ".ogg", ".opus", ".mp3", ".m4a", ".m4b", ".aac", ".aif", ".aiff", ".mid", ".midi", ".csv"),
    *(".mp4", ".mov", ".mkv", ".webm", ".avi"),
)
"""Endings of files, which a folder is not given on purpose."""

NEGATION = "no_"
"""Before the name of a parameter that is true by default: its option makes it false."""

_unchecked: dict[Callable[..., Any], Callable[..., Any]] = {}
"""Functions of tasks without their checks, for callers that check with other names of the parameters."""

Role: TypeAlias = Literal["input", "output", "model", "value"]


@dataclass(frozen=True)
class TaskParameter:
    """A parameter of a task."""

    name: str  # its name in Python
    type: object  # its type without the field, such as ``float | None``
    field: FieldInfo  # its description and range
    default: object  # its default; `inspect.Parameter.empty` where a value is required
    markers: tuple[object, ...]  # what follows the field of its annotation
    key: str  # its name in JSON: that of Python without a final ``_``, which avoids a keyword of Python
    option: str  # its name on the command line: with dashes that of an option, without that of an argument
    is_required: bool  # it has no default
    is_argument: bool  # it is an argument of the command line, not an option
    writes: Writes | None  # the file or folder that the task writes to its path
    role: Role  # whether its value is a path to read, a path to write, the name of a model, or anything else

    @property
    def help(self) -> str:
        """Its description, and the options that it needs."""
        rules = [marker for marker in self.markers if isinstance(marker, Needs)]
        needed = [shown_with(f"--{rule.other.rstrip('_')}".replace("_", "-"), rule.value) for rule in rules]
        return "; with ".join([(self.field.description or "").rstrip("."), *needed]) + "."

    @property
    def is_repeated(self) -> bool:
        """True where it takes any number of values, or several."""
        return any(get_origin(member) is tuple for member in _members(self.type))

    @property
    def is_list(self) -> bool:
        """True where it takes a list alone: the task makes one thing of all its values."""
        return all(get_origin(member) is tuple for member in _members(self.type) if member is not types.NoneType)

    @property
    def takes_text(self) -> bool:
        """True for a file to read in whose place a text may stand, such as the name of a note."""
        return self.role == "input" and str in _members(self.type)

    def check(self, value: object) -> object:
        """Return a value as the task takes it; raise BadSetting if it is not valid."""
        try:
            return self._adapter.validate_python(value)
        except ValidationError as error:
            raise BadSetting(refusal_sentence(error, self.key)) from error

    def check_file_name(self, value: object) -> str:
        """Return the name of a file to write; raise BadSetting for a path: the caller chooses the folder."""
        problem = name_problem(value, is_file=True) if isinstance(value, str) else "is not text"
        if problem is None and str(value).startswith((".", "-")):
            problem = "starts with a dot or a dash"
        if problem is not None:
            raise BadSetting(
                f"{self.key} is {quoted(str(value))}, which {problem}; "
                "give the name of a file alone, such as speech.mp3."
            )
        return str(value)

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON schema of its values, as pydantic makes it."""
        return self._adapter.json_schema()

    @cached_property
    def _adapter(self) -> TypeAdapter[object]:
        annotated: Any = Annotated[self.type, self.field]
        return TypeAdapter(annotated)


def _members(task_type: object) -> tuple[object, ...]:
    """Return the members of a union, or the type itself."""
    return get_args(task_type) if get_origin(task_type) in (Union, types.UnionType) else (task_type,)


@functools.cache
def parameters_of(task: Callable[..., object]) -> dict[str, TaskParameter]:
    """Return the parameters of a task, or the fields of a dataclass, by their names in Python."""
    found, hints = {}, get_type_hints(task, include_extras=True)
    for name, parameter in inspect.signature(task).parameters.items():
        task_type, field, *markers = get_args(hints[name])
        key, default = name.rstrip("_"), parameter.default
        is_required = default is inspect.Parameter.empty
        is_argument = is_required or POSITIONAL in markers
        option = name if is_argument else f"--{NEGATION if default is True else ''}{key}".replace("_", "-")
        writes = next((marker for marker in markers if isinstance(marker, Writes)), None)
        is_path = any(member is Path or Path in get_args(member) for member in _members(task_type))
        role: Role = "output" if writes else "model" if NAMES_MODEL in markers else "input" if is_path else "value"
        found[name] = TaskParameter(
            *(name, task_type, field, default, tuple(markers), key, option, is_required, is_argument, writes, role)
        )
    return found


@functools.cache
def _validator(task: Callable[..., Any]) -> Callable[..., inspect.BoundArguments]:
    @functools.wraps(task)
    def bound(*args: object, **kwargs: object) -> inspect.BoundArguments:
        return inspect.signature(task).bind(*args, **kwargs)

    return validate_call(config=ConfigDict(arbitrary_types_allowed=True))(bound)


def checked(task: Callable[P, R], names: Mapping[str, str] | None = None) -> Callable[P, R]:
    """Return the task, which raises BadSetting for the first argument that is not valid by type, range or the others.

    Messages have the ``names`` of the parameters, such as ``{"out": "--out"}``; by default those of Python.
    """
    run: Callable[P, R] = _unchecked.get(task, task)

    @functools.wraps(task)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            given = _validator(run)(*args, **kwargs)
        except ValidationError as error:
            raise BadSetting(_refusal(error, task.__name__, names)) from error
        check_together(task, given.arguments, names or {})
        return run(*given.args, **given.kwargs)

    if names is None:
        _unchecked[call] = task
    return call


def parameters_from(dataclass: Callable[P, S]) -> Callable[[Callable[[S], R]], Callable[P, R]]:
    """Give a task the fields of a dataclass as its parameters, which tasks share by inheritance, and check them.

    The decorated function takes one object of the dataclass, whose fields are annotated as parameters are.
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
    """Raise BadSetting for a rule between parameters that is broken, or one of files alone where there is a stream.

    So it is for a file to write that is one of those that are read.

    ``values`` are by the names of Python, one that equals its default is not given; ``names`` are those in messages.
    """
    known = parameters_of(task)
    defaults = {name: parameter.default for name, parameter in known.items()}
    complete = {**defaults, **values}
    problem = broken_rule({name: each.markers for name, each in known.items()}, complete, defaults, names)
    if problem:
        raise BadSetting(problem)
    for name, parameter in known.items():
        if parameter.is_required and complete[name] in ((), []):
            raise BadSetting(f"{names.get(name, name)} is empty; give at least one.")
    given = {name: names.get(name, name) for name in known if is_given(complete[name], defaults[name])}
    of_files = [shown for name, shown in given.items() if OF_FILES in known[name].markers]
    if of_files and any(STANDARD_STREAM in (each if isinstance(each, tuple) else (each,)) for each in values.values()):
        raise not_of_streams(of_files[0])
    _check_written(known, values, given)


def not_of_streams(option: str) -> BadSetting:
    """Return the error for an option of files that is given with a stream."""
    return BadSetting(f"{option} is for files, and a stream is none; leave {option} out, or name a file.")


def _check_written(known: Mapping[str, TaskParameter], values: Mapping[str, object], given: Mapping[str, str]) -> None:
    """Raise BadSetting for a file to write that another parameter names, and for a name with a wrong ending."""
    files = [(name, path) for name in given if FREE_TEXT not in known[name].markers for path in _files(values[name])]
    for name, path in files:
        if known[name].writes is not None and any(path.samefile(other) for of, other in files if of != name):
            raise BadSetting(
                f"{path} is a file that is read, and is never replaced; give another name with {given[name]}."
            )
    for name, shown in given.items():
        writes = known[name].writes
        if writes is not None and writes.is_only and Path(str(values[name])).suffix.lower() != writes.suffix:
            raise BadSetting(f"{shown} is {values[name]}; give a name that ends in {writes.suffix}.")
        if _names_no_folder(writes, values[name], values):
            raise BadSetting(
                f"{shown} is {values[name]}, the name of a file, and a folder is written, as there can be several "
                "files; give a name without the ending."
            )


def _names_no_folder(writes: Writes | None, value: object, values: Mapping[str, object]) -> bool:
    """Return whether a new folder would have the name of a file."""
    if writes is None or writes.or_file or not isinstance(value, Path) or value.is_dir():
        return False
    source = values.get(writes.like or "")
    is_folder = not writes.suffix or (isinstance(source, Path) and source.is_dir())
    return is_folder and value.suffix.lower() in ENDINGS


def _files(value: object) -> list[Path]:
    """Return the files among a path, a name that may be one, or several."""
    if isinstance(value, tuple):
        return [path for each in value for path in _files(each)]
    with suppress(OSError, ValueError):  # of texts that are no names
        if isinstance(value, str | Path) and Path(value).is_file():
            return [Path(value)]
    return []


def _refusal(error: ValidationError, task_name: str, names: Mapping[str, str] | None) -> str:
    """Return the message with the value of the first invalid argument and the allowed ones."""
    fault = fault_of(error)
    if names is not None and fault.keys:
        return refusal_sentence(error, names[str(fault.keys[0])])
    return f"{task_name}: {refusal_sentence(error, fault.position, shown=repr)}"


def refusal_sentence(error: ValidationError, name: str, shown: Callable[[object], str] = str) -> str:
    """Return the sentence for the first value that pydantic refuses, with the name of its parameter."""
    fault = fault_of(error)
    if fault.kind.startswith("missing"):  # its value is everything that was given
        return f"{name} is missing; give it."
    return f"{name} is {shown(fault.value)}; {fault.message}."
