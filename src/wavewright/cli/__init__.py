"""The command line: parse, call a task, show its result; what a person got wrong becomes one sentence and exit code 2."""

from __future__ import annotations

import errno
import gc
import sys
import warnings
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated, Any

import typer

from ..errors import SkippedText, WavewrightError
from ..interruption import ended_by_signals
from ..version import __version__
from .command import Group, group
from .streams import drop_unread_output, open_standard_streams

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
SIGNALLED = 128  # with the number of the signal added

_UsageError = typer.BadParameter.__base__  # click's; some versions of typer carry a click of their own


GARBAGE_THRESHOLD = (
    100_000  # objects; what imports make lives as long as the process, so looking for garbage in it is lost time
)


def main() -> None:
    """Run the command line of this process and exit."""
    gc.set_threshold(GARBAGE_THRESHOLD)
    open_standard_streams()
    with ended_by_signals() as signal_received:
        code = run(sys.argv[1:])
        code = code if (number := signal_received()) is None else SIGNALLED + number
        drop_unread_output()
        gc.freeze()  # or the interpreter looks through every object several times before it exits
        sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """Run one command; the exit code: 0, 2 for something the person can put right, 130 for an interruption."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", SkippedText)
        warnings.showwarning = _show_warning
        return _run(arguments)


def _run(arguments: Sequence[str]) -> int:
    try:
        commands = group(COMMANDS, "wavewright", _options)
        code = commands.main(list(arguments) or ["--help"], "wavewright", standalone_mode=False) or 0
        sys.stdout.flush()  # a disk may be full, a reader gone
        return code
    except WavewrightError as error:
        return _refuse(str(error))
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
    with suppress(OSError):  # nobody may be there to read it
        typer.echo(f"wavewright: {sentence}", err=True)
    return BAD_INPUT
