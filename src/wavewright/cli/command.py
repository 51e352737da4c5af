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

from ..tasks import checked

PACKAGE = __package__.split(".")[0]


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
            names_none = not args or (args[0].startswith("-") and "--help" not in args)
            return super().parse_args(ctx, [commands.default, *args] if commands.default and names_none else args)

    app = typer.Typer(name=name, cls=TaskGroup, add_completion=False)
    app.callback(help=commands.help)(callback)
    built: Any = typer.main.get_command(app)
    built.commands = dict.fromkeys(commands.commands)  # the names alone, for help and for guessing what was meant
    return built


def command(task: Callable[..., Any], name: str) -> Any:
    """The command that calls a task and prints its result: as text or, with ``--json``, as one JSON object."""
    hints = typing.get_type_hints(task, include_extras=True)
    parameters = [_parameter(parameter, hints[parameter.name]) for parameter in inspect.signature(task).parameters.values()]
    json_flag = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
    parameters.append(inspect.Parameter("as_json", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=json_flag))

    def run(as_json: bool, **values: Any) -> None:
        result = checked(task)(**values)
        typer.echo(json.dumps(plain(result)) if as_json else str(result))

    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    app = typer.Typer(add_completion=False)
    app.command(name, help=(inspect.getdoc(task) or "").split("\n\n")[0].replace("``", ""))(run)
    return typer.main.get_command(app)


def plain(value: Any) -> Any:
    """A result as the dicts, lists, strings and numbers that JSON knows."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
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


def _parameter(parameter: inspect.Parameter, hint: Any) -> inspect.Parameter:
    """A parameter of a task as typer reads it: an argument where it has no default, else an option."""
    task_type, field = get_args(hint)[:2]
    option_type, choices = _option_type(task_type)
    limits = {key: getattr(item, key) for item in field.metadata for key in ("ge", "le") if hasattr(item, key)}
    is_number = option_type in (int, float)
    low, high = (limits.get(key) if is_number else None for key in ("ge", "le"))
    declared: Any = typer.Argument(help=field.description, min=low, max=high)
    default = parameter.default
    if default is not parameter.empty:
        flag = f"--{parameter.name.replace('_', '-')}"
        declared = typer.Option(flag, help=field.description, min=low, max=high, metavar=choices)
        default = list(default) if get_origin(option_type) is list and default is not None else default
    return parameter.replace(annotation=Annotated[option_type, declared], default=default, kind=parameter.KEYWORD_ONLY)


def _option_type(task_type: Any) -> tuple[Any, str | None]:
    """The type that typer parses, and the choices to show; ``None`` is an option that was not given, pydantic checks the rest."""
    if get_origin(task_type) in (Union, types.UnionType):
        task_type = next(member for member in get_args(task_type) if member is not type(None))
    if get_origin(task_type) is Literal:
        return str, f"[{'|'.join(get_args(task_type))}]"
    arguments = get_args(task_type)
    if get_origin(task_type) in (list, Sequence) or (get_origin(task_type) is tuple and arguments[-1] is Ellipsis):
        return list[arguments[0]], None  # type: ignore[valid-type]
    return task_type, None
