"""The command line: parse, call a task, print its result; wrong input gives one sentence and exit code 2."""

from __future__ import annotations

import gc
import io
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, TextIO, cast

import typer

from ...base.errors import BAD_INPUT, EXPECTED_ERRORS, READ_WARNINGS, BadFolder, BadText, sentence_of
from ...base.interruption import ended_by_signals, stopped_results
from ...base.names import has_lone_surrogate, quoted
from ...base.version import __version__
from ...tasks.commands import COMMANDS
from .command import group

STREAMS = (("stdin", os.O_RDONLY), ("stdout", os.O_WRONLY), ("stderr", os.O_WRONLY))


def open_standard_streams() -> None:
    """Open the null device in place of every closed standard stream; replace characters that the console cannot encode.

    A closed stream leaves its file descriptor free: the next file that is opened would receive the program's output.
    """
    for number, (name, flags) in enumerate(STREAMS):
        if _is_closed(number):
            opened = os.open(os.devnull, flags)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            os.set_inheritable(number, True)
        stream = getattr(sys, name)
        if stream is None:
            mode = "r" if flags == os.O_RDONLY else "w"
            stream = open(number, mode, encoding="utf-8", closefd=False)  # noqa: SIM115 - lasts as long as the process
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)
        if flags == os.O_WRONLY and isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # file names may contain characters that the console cannot encode


def drop_unread_output() -> None:
    """Flush the output streams; discard what a closed reader did not take, so that the interpreter exits silently."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            with suppress(OSError, ValueError):
                null = os.open(os.devnull, os.O_WRONLY)
                os.dup2(null, stream.fileno())
                os.close(null)


def _is_closed(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return True
    return False


INTERRUPTED = 130  # exit codes
SIGNALLED = 128  # with the number of the signal added

# The usage errors of the copy of click inside typer, which has no public name for them.
_UsageError = cast("type[typer.BadParameter]", typer.BadParameter.__base__)


def main() -> None:
    """Run the command line of this process and exit."""
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # or it reads what all installed packages offer
    open_standard_streams()
    with ended_by_signals() as signal_received:
        code = run(sys.argv[1:])
        code = code if (number := signal_received()) is None else SIGNALLED + number
        drop_unread_output()
        gc.freeze()  # or the interpreter looks through every object several times before it exits
        sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """Run one command; return its exit code: 0, 2 for wrong input, 130 for an interruption."""
    with warnings.catch_warnings():
        for category in READ_WARNINGS:
            warnings.simplefilter("always", category)
        warnings.showwarning = _once_each()
        return _run(arguments)


def _run(arguments: Sequence[str]) -> int:
    try:
        _check_surroundings(arguments)
        commands = group(COMMANDS, "wavewright", _options)
        with stopped_results():
            code = commands.main(list(arguments) or ["--help"], "wavewright", standalone_mode=False) or 0
        sys.stdout.flush()  # a disk may be full, a reader gone
        return code
    except KeyboardInterrupt:
        return INTERRUPTED
    except typer.Abort as abort:  # Ctrl-C, or an EOFError, of which typer makes the same
        if isinstance(abort.__cause__, EOFError):
            raise abort.__cause__ from None
        return INTERRUPTED
    except BrokenPipeError:
        return 0  # whoever reads the output has read enough
    except SystemExit as exit_:
        if not isinstance(exit_.__context__, BrokenPipeError):  # typer ends the process with 1
            raise
        return 0
    except UnicodeEncodeError as error:
        return _refuse(f"{quoted(error.object)} is not valid UTF-8 and cannot be written; give it another name.")
    except EXPECTED_ERRORS as error:
        return _refuse(sentence_of(error))
    except _UsageError as error:
        return _refuse(_describe_usage_error(error))


def _check_surroundings(arguments: Sequence[str]) -> None:
    """Raise BadFolder if the working folder was deleted, BadText for bytes that are neither UTF-8 nor a path."""
    try:
        Path.cwd()
    except FileNotFoundError as error:
        raise BadFolder("The folder in which this runs was deleted; change to another one.") from error
    for argument in arguments:
        if not argument.isascii() and has_lone_surrogate(argument) and not os.path.lexists(argument):
            raise BadText(f"The argument {quoted(argument)} is not valid UTF-8; write it in UTF-8.")


def _describe_usage_error(error: typer.BadParameter) -> str:
    """Return the sentence for a command line that does not parse."""
    message = " ".join(error.format_message().split())
    end = "" if message.endswith((".", "?")) else "."
    return f"{message}{end} See `{error.ctx.command_path if error.ctx else 'wavewright'} --help`."


def _show_version(is_requested: bool) -> None:
    if is_requested:
        typer.echo(f"wavewright {__version__}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool, typer.Option("--version", metavar=" ", help="Show the version.", is_eager=True, callback=_show_version)
    ] = False,
) -> None:
    """Options that stand before a command."""


def _once_each() -> Callable[..., None]:
    """Return the function that prints a warning, each text once: a file may be read in several passes."""
    shown: set[tuple[type[Warning], str]] = set()

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if (category, str(message)) not in shown:
            shown.add((category, str(message)))
            _show_warning(message, category, filename, lineno, file, line)

    return show


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Print a warning for users as one line, any other as Python does."""
    if issubclass(category, READ_WARNINGS):
        typer.echo(f"wavewright: {message}", file=file, err=True)
    else:
        typer.echo(warnings.formatwarning(message, category, filename, lineno, line), file=file, err=True, nl=False)


def _refuse(sentence: str) -> int:
    with suppress(OSError):  # nobody may be there to read it
        typer.echo(f"wavewright: {sentence}", err=True)
    return BAD_INPUT
