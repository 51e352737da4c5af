"""Tasks described as data, for programs that call them without a command line: JSON schemas, checks, command lines."""

from __future__ import annotations

import difflib
import inspect
import re
import shlex
import types
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from ..errors import BadSetting
from ..names import quoted
from . import refusal_sentence
from .commands import COMMANDS, Group, all_commands, function_of
from .names import name_of_option

OUTPUTS = frozenset({"out", "stems", "plot", "image", "html", "subtitles", "save_style"})
"""Parameters that name files to write; every other parameter that is a path names files to read."""

Role = Literal["value", "input", "output"]

UNITS = (("_db", "dB"), ("_hz", "Hz"), ("seconds", "s"), ("minutes", "min"), ("kbps", "kbit/s"), ("lufs", "LUFS"))
"""Ends of names of parameters, and their units."""

UNITS_IN_TEXT = (
    (re.compile(r"\bin seconds\b"), "s"),
    (re.compile(r"\bin semitones\b"), "semitones"),
    (re.compile(r"\bin dB\b"), "dB"),
    (re.compile(r"\bin Hz\b|, Hz\b"), "Hz"),
    (re.compile(r"a minute\b"), "per minute"),
)


@dataclass(frozen=True)
class ParameterDescription:
    """One parameter of a task.

    Attributes
    ----------
    name
        Its name in the function.
    hint
        Its annotated type.
    default
        Its default; `inspect.Parameter.empty` if it must be given.
    option
        Its name on the command line: ``--seconds``, or without dashes that of an argument.
    """

    name: str
    hint: Any
    default: object
    option: str

    @property
    def public_name(self) -> str:
        """Its name in JSON, without the ``_`` that avoids a keyword of Python."""
        return self.name.rstrip("_")

    @property
    def is_required(self) -> bool:
        """Whether it has no default."""
        return self.default is inspect.Parameter.empty

    @cached_property
    def type(self) -> object:
        """Its type without None and annotations."""
        return _without_none(get_args(self.hint)[0])

    @cached_property
    def role(self) -> Role:
        """Whether it names files to read or to write, or is a value."""
        if not any(member is Path for member in members(self.type)):
            return "value"
        return "output" if self.name in OUTPUTS else "input"

    @property
    def description(self) -> str:
        """Its help."""
        field: FieldInfo = get_args(self.hint)[1]
        return field.description or ""

    @property
    def unit(self) -> str | None:
        """Its unit, where its name or its help says one."""
        if not any(member in (int, float) for member in members(self.type)):
            return None
        by_name = next((unit for end, unit in UNITS if self.name.endswith(end)), None)
        return by_name or next((unit for text, unit in UNITS_IN_TEXT if text.search(self.description)), None)

    def check(self, value: object) -> object:
        """Return a value as the function takes it; raise BadSetting if it is not valid."""
        try:
            return self._adapter.validate_python(value)
        except ValidationError as error:
            raise BadSetting(refusal_sentence(error, self.public_name)) from error

    def schema(self) -> dict[str, object]:
        """Return its JSON schema; a file to read is described by the caller, since it is no path there."""
        schema: dict[str, object] = _merged(self._adapter.json_schema()) if self.role == "value" else {"type": "string"}
        schema["description"] = self.description
        if not self.is_required and self.role == "value":
            schema["default"] = _plain_default(self.default)
        if self.unit is not None:
            schema["unit"] = self.unit
        return schema

    @cached_property
    def _adapter(self) -> TypeAdapter[object]:
        return TypeAdapter(self.hint)


@dataclass(frozen=True)
class TaskDescription:
    """A task: its words on the command line, its function and the parameters of that."""

    words: tuple[str, ...]
    entry: str

    @property
    def name(self) -> str:
        """Its words, joined by dashes; the default command of a group has the group's name."""
        group = COMMANDS.commands.get(self.words[0])
        words = self.words[:1] if isinstance(group, Group) and group.default == self.words[-1] else self.words
        return "-".join(words)

    @cached_property
    def function(self) -> Callable[..., object]:
        """The function, imported when it is first needed."""
        return function_of(self.entry)

    @property
    def summary(self) -> str:
        """The first sentence of its docstring."""
        return " ".join((inspect.getdoc(self.function) or "").split("\n\n")[0].replace("``", "").split())

    @cached_property
    def parameters(self) -> tuple[ParameterDescription, ...]:
        """Its parameters, in the order of the function."""
        hints = typing.get_type_hints(self.function, include_extras=True)
        return tuple(
            ParameterDescription(name, hints[name], parameter.default, name_of_option(parameter, hints[name]))
            for name, parameter in inspect.signature(self.function).parameters.items()
        )

    def parameter(self, public_name: str) -> ParameterDescription:
        """Return a parameter by its name in JSON; raise BadSetting if there is none."""
        for each in self.parameters:
            if each.public_name == public_name:
                return each
        nearest = difflib.get_close_matches(public_name, [each.public_name for each in self.parameters], n=3)
        advice = f"the nearest are {', '.join(nearest)}" if nearest else "its description lists them"
        raise BadSetting(f"{self.name} has no parameter {quoted(public_name)}; {advice}.")

    def command_line(self, values: Mapping[str, object]) -> str:
        """Return the command line that calls the task.

        Parameters
        ----------
        values : mapping of str to object
            Values by names of the function's parameters; those that equal the defaults are left out.
        """
        arguments: list[str] = []
        options: list[str] = []
        for each in self.parameters:
            if each.name not in values or values[each.name] == each.default:
                continue
            value = values[each.name]
            if each.option.startswith("--"):
                options += _as_option(each, value)
            else:
                arguments += [_text(item) for item in value] if isinstance(value, list | tuple) else [_text(value)]
        separator = ["--"] if any(argument.startswith("-") for argument in arguments) else []
        ordered = [*options, *separator, *arguments] if separator else [*arguments, *options]
        return shlex.join(["wavewright", *self.words, *ordered])


def described_tasks(excluded: Sequence[str] = ()) -> dict[str, TaskDescription]:
    """Return all tasks by name, except those whose first word is excluded; no function is imported."""
    described = [TaskDescription(words, entry) for words, entry in all_commands() if words[0] not in excluded]
    return {task.name: task for task in described}


def _as_option(parameter: ParameterDescription, value: object) -> list[str]:
    """Return an option with its value as the command line takes it."""
    if isinstance(value, bool):
        return [parameter.option] if value else []
    if isinstance(value, Mapping):
        return [text for key, item in value.items() for text in (parameter.option, f"{key}={_text(item)}")]
    if isinstance(value, list | tuple):
        arguments = get_args(parameter.type)
        is_repeated = get_origin(parameter.type) is not tuple or arguments[-1] is Ellipsis
        if is_repeated:
            return [text for item in value for text in (parameter.option, _text(item))]
        return [parameter.option, *map(_text, value)]
    return [parameter.option, _text(value)]


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value)


def _without_none(hint: object) -> object:
    """Return a type without None as one of its members."""
    if get_origin(hint) not in (Union, types.UnionType):
        return hint
    others = tuple(member for member in get_args(hint) if member is not types.NoneType)
    return others[0] if len(others) == 1 else Union[others]  # noqa: UP007 - the members are known at run time only


def members(hint: object) -> Iterator[object]:
    """Yield the types inside a type."""
    arguments = get_args(hint)
    if get_origin(hint) is Literal or not arguments:
        yield hint
        return
    for argument in arguments:
        yield from members(argument)


def _merged(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema without the alternative null, which a missing property stands for, and without titles."""
    choices = [choice for choice in schema.get("anyOf", ()) if choice != {"type": "null"}]
    rest = {key: value for key, value in schema.items() if key not in ("anyOf", "title")}
    if len(choices) == 1:
        rest.update(choices[0])
        return rest
    return rest | ({"anyOf": choices} if choices else {})


def _plain_default(default: object) -> object:
    return list(default) if isinstance(default, tuple) else default
