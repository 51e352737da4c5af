"""From a task's signature to a command: options, help and ranges are read from its annotations, and its result is shown."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import json
import types
import typing
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import typer
from typer.core import TyperGroup

from ..errors import BadSetting
from ..tasks import BY_PLACE, checked
from ..torchrun import is_first

PACKAGE = __package__.split(".")[0]
HELP = {"help_option_names": ["-h", "--help"]}
VALUES = {str: "TEXT", Path: "PATH", int: "INTEGER", float: "NUMBER"}


@dataclasses.dataclass(frozen=True)
class Group:
    """Commands by name, each ``module:function`` of a task or a further group, and the one that runs where none is named."""

    help: str
    commands: dict[str, str | Group]
    default: str | None = None


def group(commands: Group, name: str, callback: Callable[..., None] = lambda: None) -> Any:
    """The command of a group. A task is imported when its command is asked for, so that every command starts quickly."""

    class TaskGroup(TyperGroup):
        def get_command(self, ctx: Any, cmd_name: str) -> Any:
            return _built(commands.commands[cmd_name], cmd_name) if cmd_name in commands.commands else None

        def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
            names_none = not args or (args[0].startswith("-") and not {"-h", "--help"} & {*args})
            return super().parse_args(ctx, [commands.default, *args] if commands.default and names_none else args)

    app = typer.Typer(name=name, cls=TaskGroup, add_completion=False, context_settings=HELP)
    app.callback(help=commands.help)(callback)
    built: Any = typer.main.get_command(app)
    built.commands = dict.fromkeys(commands.commands)  # the names alone, for help and for guessing what was meant
    return built


def command(task: Callable[..., Any], name: str) -> Any:
    """The command that calls a task and prints its result: as text or, with ``--json``, as one JSON object."""
    hints = typing.get_type_hints(task, include_extras=True)
    signature = inspect.signature(task).parameters.values()
    parameters = [_parameter(parameter, hints[parameter.name]) for parameter in signature]
    names = {parameter.name: _name(parameter, hints[parameter.name]) for parameter in signature}
    json_flag = Annotated[bool, typer.Option("--json", metavar=" ", help="Print the result as JSON.")]
    parameters.append(inspect.Parameter("as_json", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=json_flag))

    def run(as_json: bool, **values: Any) -> None:
        if as_json and values.get("stream"):
            raise BadSetting("What is streamed takes standard output, where --json would print; leave one of them out.")
        result = checked(task, names)(**values)
        # None: standard output carries the data itself. Under torchrun only the first process prints the result.
        if result is not None and is_first():
            typer.echo(json.dumps(plain(result)) if as_json else str(result))
        if code := getattr(result, "exit_code", 0):
            raise typer.Exit(code)

    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    app = typer.Typer(add_completion=False, context_settings=HELP)
    app.command(name, help=(inspect.getdoc(task) or "").split("\n\n")[0].replace("``", ""))(run)
    return typer.main.get_command(app)


def plain(value: Any) -> Any:
    """A result as the dicts, lists, strings and numbers that JSON knows."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        shown = [field for field in dataclasses.fields(value) if not field.metadata.get("in_python_alone")]
        return {field.name: plain(getattr(value, field.name)) for field in shown}
    if hasattr(value, "model_dump"):
        return plain(value.model_dump())
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if hasattr(value, "tolist"):
        return value.tolist()  # NumPy's numbers and arrays
    return str(value) if isinstance(value, Path) else value


def _built(where: str | Group, name: str) -> Any:
    if isinstance(where, Group):
        return group(where, name)
    module, function = where.split(":")
    return command(getattr(importlib.import_module(f"{PACKAGE}.{module}"), function), name)


def _is_by_place(parameter: inspect.Parameter, hint: Any) -> bool:
    """Whether a parameter of a task is an argument on the command line."""
    return parameter.default is parameter.empty or BY_PLACE in get_args(hint)


def _name(parameter: inspect.Parameter, hint: Any) -> str:
    """A parameter of a task as it is written on the command line; one that ends in ``_`` has a name that Python keeps to itself."""
    return parameter.name if _is_by_place(parameter, hint) else f"--{parameter.name.rstrip('_').replace('_', '-')}"


def _parameter(parameter: inspect.Parameter, hint: Any) -> inspect.Parameter:
    """A parameter of a task as typer reads it: text as it was given, which ``checked`` turns into the task's type."""
    task_type, field = get_args(hint)[:2]
    option_type, metavar = _option_type(task_type)
    default = parameter.default
    declared: Any = typer.Argument(help=field.description, metavar=parameter.name.upper())
    if not _is_by_place(parameter, hint):
        shown = " " if option_type is bool else f"{metavar}{_range(field)}"
        declared = typer.Option(_name(parameter, hint), help=field.description, metavar=shown)
        is_text = default is None or option_type is bool
        default = default if is_text else [*default] if get_origin(option_type) is list else str(default)
    return parameter.replace(annotation=Annotated[option_type, declared], default=default, kind=parameter.KEYWORD_ONLY)


def _range(field: Any) -> str:
    """The range of a parameter's numbers as the help shows it."""
    limits = {key: getattr(item, key) for item in field.metadata for key in ("gt", "ge", "le") if hasattr(item, key)}
    if "ge" in limits and "le" in limits:
        return f" {limits['ge']}..{limits['le']}"
    return "".join(f" {sign}{limits[key]}" for key, sign in (("gt", ">"), ("ge", ">="), ("le", "<=")) if key in limits)


def _option_type(task_type: Any) -> tuple[Any, str]:
    """The type that typer parses, and what stands for a value in the help; ``None`` is an option that was not given."""
    if get_origin(task_type) in (Union, types.UnionType):
        task_type = next(member for member in get_args(task_type) if member is not type(None))
    if task_type is bool:
        return bool, ""
    if get_origin(task_type) is Literal:
        return str, "|".join(get_args(task_type))
    arguments = get_args(task_type)
    if get_origin(task_type) in (list, Sequence) or (get_origin(task_type) is tuple and arguments[-1] is Ellipsis):
        return list[str], VALUES[arguments[0]]
    if get_origin(task_type) is tuple:
        return tuple[(str,) * len(arguments)], " ".join(VALUES[argument] for argument in arguments)  # type: ignore[misc]
    return str, VALUES[task_type]
