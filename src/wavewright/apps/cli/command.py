"""Builds commands from tasks: options, help and ranges come from the annotations of a task's parameters."""

from __future__ import annotations

import inspect
import json
import os
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias, Union, cast, get_args, get_origin

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from ...base.errors import BadSetting
from ...base.parameters import STANDARD_STREAM
from ...base.processor import is_first
from ...base.task_parameters import NEGATION, TaskParameter, checked, not_of_streams
from ...tasks.catalogue import PACKAGE, Task, TaskDescription, describe_function, function_of
from ...tasks.commands import Group
from ...tasks.json_results import as_json

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from pydantic.fields import FieldInfo

    from ...outputs.made import Made


UNSIGNED = (".m4a", ".m4b")

OPENBLAS_THREADS = "OPENBLAS_NUM_THREADS"


@dataclass(frozen=True)
class Signer:
    """Signs what a command writes."""

    task: TaskDescription  # the command
    key: Ed25519PrivateKey  # private key
    folders: tuple[Path, ...]  # folders of the files that the command reads

    @classmethod
    def of(cls, task: TaskDescription, values: Mapping[str, object]) -> Signer:
        """Open the user's key, before any work; raise BadSetting without one, and for kinds without signatures.

        ``values`` are the arguments.
        """
        from ...audio.file_kind import is_video
        from ...outputs.provenance.keys import load_private_key

        out = values.get("out")
        target = Path(str(out or ""))
        if target.suffix.lower() in UNSIGNED or is_video(target):
            raise BadSetting(f"{out} is of a kind that cannot be signed; write wav, flac, aiff, ogg, opus or mp3.")
        inputs = [values[parameter.name] for parameter in task.of_role("input")]
        folders = {Path(str(value)).parent for value in inputs if value is not None}
        return cls(task, load_private_key(), tuple(sorted(folders)))

    def sign(self, result: Made) -> Made:
        """Sign the sound files of a result; return it with the signatures, or a note that there are none."""
        from ...outputs.provenance.signing import sign_file

        paths = [path for path in result.sound_files if path.suffix.lower() not in UNSIGNED]
        signed = [sign_file(path, self.key, task=self.task.name, ingredient_folders=self.folders) for path in paths]
        lines = [f"{file.path}: {note}" for file in signed for note in file.notes]
        signatures = [{"file": file.path, "is_new": file.is_new, **file.details} for file in signed]
        notes = result.notes if paths else (*result.notes, "There is no sound file to sign.")
        details = {**result.details, "signatures": signatures}
        return replace(result, lines=(*result.lines, *lines), notes=notes, details=details)


HELP = {"help_option_names": ["-h", "--help"]}
VALUES: dict[object, str] = {str: "TEXT", Path: "PATH", int: "INTEGER", float: "NUMBER"}
SIGN = Annotated[bool, typer.Option("--sign", metavar=" ", help="Sign the files with your key; see `sign`.")]
Command: TypeAlias = TyperCommand | TyperGroup


def group(commands: Group, name: str, callback: Callable[..., None] = lambda: None) -> TyperGroup:
    """Build the command of a group, whose tasks are imported when they are used; ``callback`` has its own options."""

    class TaskGroup(TyperGroup):
        lists_commands = False

        def get_command(self, _ctx: object, cmd_name: str) -> Command | None:
            entry = commands.commands.get(cmd_name)
            if entry is None:
                return None
            if self.lists_commands:
                return TyperCommand(cmd_name, help=_summary(entry))
            if isinstance(entry, Group):
                return group(entry, cmd_name)
            with _one_blas_thread():
                task = function_of(entry)
            return command(task, cmd_name)

        def format_help(self, ctx: typer.Context, formatter: object) -> None:  # type: ignore[override]
            self.lists_commands = True
            super().format_help(ctx, cast("Any", formatter))

        def parse_args(self, ctx: object, args: list[str]) -> list[str]:
            names_none = not args or (args[0].startswith("-") and not {"-h", "--help"} & {*args})
            completed = [commands.default, *args] if commands.default and names_none else args
            return super().parse_args(cast("typer.Context", ctx), completed)

    app = typer.Typer(name=name, cls=TaskGroup, add_completion=False, context_settings=HELP)
    app.callback(help=commands.help)(callback)
    built = cast("TyperGroup", _built(app))
    # The names alone, for help and for the nearest name to a mistyped one.
    built.commands = cast("dict[str, Any]", dict.fromkeys(commands.commands))
    return built


def command(task: Task, name: str) -> TyperCommand:
    """Build the command that calls a task and prints its result, as text or as one JSON object (``--json``)."""
    description = describe_function(name, task)
    known = description.parameters.values()
    parameters = [*map(_parameter, known)]
    negated = [parameter.name for parameter in known if parameter.default is True]
    names = {parameter.name: parameter.option for parameter in known}
    paths = [each.name for each in known if each.role in ("input", "output")]
    json_flag = Annotated[bool, typer.Option("--json", metavar=" ", help="Print the result as JSON.")]
    parameters.append(inspect.Parameter("in_json", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=json_flag))
    if description.signs:
        parameters.append(inspect.Parameter("sign", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=SIGN))

    def run(in_json: bool, sign: bool = False, **values: object) -> None:
        if (in_json or sign) and any(str(values.get(path)) == str(STANDARD_STREAM) for path in paths):
            raise not_of_streams("--json" if in_json else "--sign")
        values |= {name: not values.pop(f"{NEGATION}{name}") for name in negated}
        signer = Signer.of(description, values) if sign else None
        result: Any = checked(task, names)(**values)
        result = result if signer is None else signer.sign(result)
        # Without a text, standard output carries the data itself. Under torchrun only the first process prints.
        text = "" if result is None else str(result)
        if text and is_first():
            typer.echo(json.dumps(as_json(result)) if in_json else text)
        if code := getattr(result, "exit_code", 0):
            raise typer.Exit(code)

    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    app = typer.Typer(add_completion=False, context_settings=HELP)
    app.command(name, help=_first_paragraph(inspect.getdoc(task) or ""))(run)
    built = cast("TyperCommand", _built(app))
    for option in cast("list[TyperArgument | TyperOption]", built.params):
        option.process_value = partial(_text_of, option)  # type: ignore[method-assign]
    return built


def _text_of(option: TyperArgument | TyperOption, ctx: typer.Context, value: object) -> object:
    """Return a text, or several, as it was given: `checked` converts it, and typer's own validators take time."""
    if option.callback is not None or (option.required and option.value_is_missing(value)):
        return type(option).process_value(option, ctx, value)
    return () if value is None and (option.multiple or option.nargs == -1) else value


def _built(app: typer.Typer) -> Command:
    """Return the command of an application; help shows no type of its option for help."""
    built = cast("Command", typer.main.get_command(app))
    if option := built.get_help_option(typer.Context(built, help_option_names=HELP["help_option_names"])):
        option.metavar = " "
    return built


@contextmanager
def _one_blas_thread() -> Iterator[None]:
    """Let NumPy start no threads of OpenBLAS as it is imported; that takes longer than what most commands multiply."""
    if OPENBLAS_THREADS in os.environ:
        yield
        return
    os.environ[OPENBLAS_THREADS] = "1"
    try:
        yield
    finally:
        del os.environ[OPENBLAS_THREADS]  # which PyTorch may read, too


def _summary(entry: str | Group) -> str:
    """Return what the help says of a command; its module is read, but not imported."""
    if isinstance(entry, Group):
        return entry.help
    module, name = entry.split(":")
    spec: Any = find_spec(f"{PACKAGE}.{module}")
    constants = spec.loader.get_code(spec.name).co_consts
    function = next(each for each in constants if isinstance(each, types.CodeType) and each.co_name == name)
    return _first_paragraph(inspect.cleandoc(function.co_consts[0] or ""))


def _first_paragraph(doc: str) -> str:
    return doc.partition("\n\n")[0].replace("``", "")


def _parameter(parameter: TaskParameter) -> inspect.Parameter:
    """Return a parameter for typer, which reads text; ``checked`` converts it to the task's type."""
    option_type, metavar = _option_type(parameter.type)
    name, default, described = parameter.name, parameter.default, parameter.help
    declared: Any = typer.Argument(help=described, metavar=name.upper())
    if not parameter.is_argument:
        shown = " " if option_type is bool else f"{metavar}{_range(parameter.field)}"
        declared = typer.Option(parameter.option, help=described, metavar=shown)
        if default is not None and option_type is not bool:
            default = [*cast("Sequence[str]", default)] if get_origin(option_type) is list else str(default)
    if default is True:
        name, default = f"{NEGATION}{name}", False
    annotation: Any = Annotated[option_type, declared]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _range(field: FieldInfo) -> str:
    """Return the range of a parameter's numbers for the help."""
    shown = {}
    for item in field.metadata:
        for key, sign in (("gt", ">"), ("ge", ">="), ("le", "<=")):
            if hasattr(item, key):
                shown[sign] = f"{getattr(item, key)}"
    if ">=" in shown and "<=" in shown:
        return f" {shown['>=']}..{shown['<=']}"
    return "".join(f" {sign}{limit}" for sign, limit in shown.items())


def _option_type(task_type: object) -> tuple[object, str]:
    """Return the type that typer parses, and the placeholder of a value in the help."""
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
