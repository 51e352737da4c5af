"""The command line: parse, call a task, show its result; what a person got wrong becomes one sentence and exit code 2."""

from __future__ import annotations

import errno
import io
import sys
import warnings
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from .. import __version__
from ..errors import SkippedText, WavewrightError
from .command import Group, group

COMMANDS = Group(
    "Train generative audio models on your own recordings and put them to use.",
    {
        "speak": "tasks.speak:speak",
        "generate": "tasks.generate:generate",
        "morph": "tasks.morph:morph",
        "vary": "tasks.vary:vary",
        "slide": "tasks.slide:slide",
        "map": "tasks.map_sounds:map_sounds",
        "neighbours": "tasks.neighbours:neighbours",
        "encode": "tasks.encode:encode",
        "decode": "tasks.decode:decode",
        "phonemes": "tasks.phonemes:phonemes",
        "demo": "tasks.demo:demo",
        "models": Group(
            "List the models that can be played, or show one.",
            {"list": "cli.models:list_models", "show": "cli.models:show_model"},
            default="list",
        ),
        "train": "tasks.train:train",
        "evaluate": "tasks.evaluate:evaluate",
        "data": Group("Look at recordings before training on them.", {"inspect": "tasks.inspect:inspect"}),
        "plot": "tasks.plot:plot",
        "bench": Group("Measure speed on this machine.", {"wavenet": "tasks.bench:bench_wavenet"}),
    },
)

BAD_INPUT = 2  # exit codes
INTERRUPTED = 130

_UsageError = typer.BadParameter.__base__  # click's; some versions of typer carry a click of their own


def main() -> None:
    """Run the command line of this process and exit."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a console may lack a letter of a file's name
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command; the exit code: 0, 2 for something the person can put right, 130 for an interruption."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", SkippedText)
        warnings.showwarning = _show_warning
        return _run(arguments)


def _run(arguments: Sequence[str]) -> int:
    try:
        return (
            group(COMMANDS, "wavewright", _options).main(list(arguments) or ["--help"], "wavewright", standalone_mode=False)
            or 0
        )
    except WavewrightError as error:
        return _refuse(str(error))
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except OSError as error:
        if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", None)):
            what = f" to write {error.filename}" if error.filename else ""
            return _refuse(f"There is no space left{what}; free some, or write to another disk.")
        what = f" {error.filename}" if error.filename else ""
        return _refuse(f"The system refused{what}: {error.strerror or error}.")
    except Exception as error:
        if not isinstance(error, _UsageError):  # type: ignore[arg-type]
            raise
        context = getattr(error, "ctx", None)
        message = " ".join(error.format_message().split())  # type: ignore[attr-defined]
        end = "" if message.endswith((".", "?")) else "."
        return _refuse(f"{message}{end} See `{context.command_path if context else 'wavewright'} --help`.")


def _show_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"wavewright {__version__}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool, typer.Option("--version", metavar=" ", help="Show the version.", is_eager=True, callback=_show_version)
    ] = False,
) -> None:
    """Options that stand before a command."""


def _show_warning(message: Warning | str, category: type[Warning], *args: Any, **kwargs: Any) -> None:
    """Print a warning for the person as one line, any other as Python does."""
    if issubclass(category, SkippedText):
        typer.echo(f"wavewright: {message}", err=True)
    else:
        typer.echo(warnings.formatwarning(message, category, *args[:2]), err=True, nl=False)


def _refuse(sentence: str) -> int:
    typer.echo(f"wavewright: {sentence}", err=True)
    return BAD_INPUT
