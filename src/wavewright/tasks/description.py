"""Tasks for programs that call them without a command line: JSON schemas, checks, command lines."""

from __future__ import annotations

import re
import shlex
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Union, get_args, get_origin

from ..base.parameters import InForm
from ..base.task_parameters import TaskParameter
from .catalogue import TaskDescription, describe_function, function_of
from .commands import COMMANDS, Group, Local, all_commands

UNITS = (("_db", "dB"), ("_hz", "Hz"), ("seconds", "s"), ("minutes", "min"), ("kbps", "kbit/s"), ("lufs", "LUFS"))
"""Ends of names of parameters, and their units."""

UNITS_IN_TEXT = (
    (re.compile(r"\bin seconds\b"), "s"),
    (re.compile(r"\bin semitones\b"), "semitones"),
    (re.compile(r"\bin dB\b"), "dB"),
    (re.compile(r"\bin Hz\b|, Hz\b"), "Hz"),
    (re.compile(r"a minute\b"), "per minute"),
    (re.compile(r"\ba factor\b"), "×"),
)


@dataclass(frozen=True)
class CommandTask:
    """A command of the command line as a task of other programs.

    Attributes
    ----------
    words
        Its words on the command line, such as ``("data", "inspect")``.
    entry
        ``module:function``.
    """

    words: tuple[str, ...]
    entry: str

    @property
    def name(self) -> str:
        """Its words, joined by dashes; the default command of a group has the group's name."""
        group = COMMANDS.commands.get(self.words[0])
        words = self.words[:1] if isinstance(group, Group) and group.default == self.words[-1] else self.words
        return "-".join(words)

    @cached_property
    def description(self) -> TaskDescription:
        """Its function and parameters; the function is imported when this is first needed."""
        return describe_function(self.name, function_of(self.entry))

    def command_line(self, values: Mapping[str, object]) -> str:
        """Return the command line that calls the task.

        Parameters
        ----------
        values : mapping of str to object
            Values by keys of the parameters; those that equal the defaults are left out.
        """
        arguments: list[str] = []
        options: list[str] = []
        for each in self.description.parameters.values():
            if each.key not in values or values[each.key] == each.default:
                continue
            value = values[each.key]
            if each.option.startswith("--"):
                options += _as_option(each, value)
            else:
                arguments += [_text(item) for item in value] if isinstance(value, list | tuple) else [_text(value)]
        if any(argument.startswith("-") for argument in arguments):
            return shlex.join(["wavewright", *self.words, *options, "--", *arguments])
        return shlex.join(["wavewright", *self.words, *arguments, *options])


def http_tasks() -> dict[str, CommandTask]:
    """Return the commands that are jobs of a server as tasks, by name; no function is imported."""
    tasks = [CommandTask(words, entry) for words, entry in all_commands() if not isinstance(entry, Local)]
    return {task.name: task for task in tasks}


def unit_of(parameter: TaskParameter) -> str | None:
    """Return the unit of a parameter, where its name or its help says one."""
    if not any(member in (int, float) for member in innermost_types(parameter.type)):
        return None
    by_name = next((unit for end, unit in UNITS if parameter.name.endswith(end)), None)
    return by_name or next((unit for text, unit in UNITS_IN_TEXT if text.search(parameter.help)), None)


def schema_of(parameter: TaskParameter) -> dict[str, object]:
    """Return the JSON schema of a parameter; one for files is described by the caller, who knows how they arrive."""
    is_file = parameter.role in ("input", "output")
    schema: dict[str, object] = {"type": "string"} if is_file else _merged(parameter.json_schema())
    schema["description"] = parameter.help
    if not parameter.is_required and not is_file:
        schema["default"] = list(parameter.default) if isinstance(parameter.default, tuple) else parameter.default
    unit, form = unit_of(parameter), form_of(parameter)
    return schema | ({} if unit is None else {"unit": unit}) | ({"form": form} if form else {})


def form_of(parameter: TaskParameter) -> dict[str, float]:
    """Return what a form needs besides the range, as far as set: ``step``, ``minimum``, ``maximum`` and ``value``."""
    hint = next((marker for marker in parameter.markers if isinstance(marker, InForm)), InForm())
    values = {"step": hint.step, "minimum": hint.low, "maximum": hint.high, "value": hint.start}
    return {name: value for name, value in values.items() if value is not None}


def innermost_types(hint: object) -> Iterator[object]:
    """Yield the types inside a type, such as str and None of ``tuple[str, ...] | None``."""
    arguments = get_args(hint)
    if get_origin(hint) is Literal or not arguments:
        yield hint
        return
    for argument in arguments:
        yield from innermost_types(argument)


def _as_option(parameter: TaskParameter, value: object) -> list[str]:
    """Return an option with its value as the command line takes it."""
    if isinstance(value, bool):
        return [parameter.option] if value is not (parameter.default is True) else []
    if isinstance(value, Mapping):
        return [text for key, item in value.items() for text in (parameter.option, f"{key}={_text(item)}")]
    if isinstance(value, list | tuple):
        arguments = get_args(_without_none(parameter.type))
        is_repeated = get_origin(_without_none(parameter.type)) is not tuple or arguments[-1] is Ellipsis
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


def _merged(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema without the alternative null, which a missing property stands for, and without titles."""
    choices = [choice for choice in schema.get("anyOf", ()) if choice != {"type": "null"}]
    rest = {key: value for key, value in schema.items() if key not in ("anyOf", "title")}
    if len(choices) == 1:
        rest.update(choices[0])
        return rest
    return rest | ({"anyOf": choices} if choices else {})
