"""Run commands of the user: recognisers and translators of other programs."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Collection, Sequence
from pathlib import Path

from ..base.errors import BadSetting, printable


def words_of(command: str, is_windows: bool = os.name == "nt") -> list[str]:
    """Return the words of a command line; raise BadSetting if it is empty or its quotes do not match."""
    try:
        words = list(_lexer(command, is_windows))
    except ValueError as error:
        raise BadSetting(f"The command {command!r} has a quote without an end; close it.") from error
    if not words:
        raise BadSetting("The command is empty; give a program and its arguments.")
    return words


def _lexer(command: str, is_windows: bool) -> shlex.shlex:
    lexer = shlex.shlex(command, posix=True, punctuation_chars=False)
    lexer.whitespace_split = True
    lexer.commenters = ""
    if is_windows:
        lexer.escape = ""
    return lexer


def model_of(name: str, providers: Collection[str]) -> Path | None:
    """Return the path of the model of a recogniser or translator; None for a command.

    - ``providers``: those whose name is followed by the path of a model.
    """
    provider, colon, rest = name.partition(":")
    return Path(rest) if colon and provider in providers else None


def absolute(name: str, providers: Collection[str]) -> str:
    """Return the name of a recogniser or translator with absolute paths, for processes in other folders.

    Parameters are those of `model_of`. Raises BadSetting if the program of a command is not installed.
    """
    model = model_of(name, providers)
    if model is not None:
        return f"{name.partition(':')[0]}:{model.absolute()}"
    words = words_of(name)
    program = shutil.which(words[0])
    if program is None:
        raise BadSetting(f"The program {words[0]!r} cannot be run; check its name.")
    return shlex.join([str(Path(program).absolute()), *words[1:]])


def output_of(words: Sequence[str], given: str | None, timeout_seconds: float) -> str:
    """Run a program and return what it prints.

    - ``given``: text for its standard input; None for none.
    - ``timeout_seconds``: after which it is killed.

    Raises BadSetting if it does not exist, fails, takes longer or prints no UTF-8; the message has its last words.
    """
    try:
        done = subprocess.run(
            list(words),
            input=None if given is None else given.encode("utf-8", "replace"),
            stdin=subprocess.DEVNULL if given is None else None,
            capture_output=True,
            timeout=timeout_seconds,
            check=False,
        )
    except (FileNotFoundError, PermissionError, NotADirectoryError) as error:
        raise BadSetting(f"The program {words[0]!r} cannot be run ({error.strerror}); check its name.") from error
    except subprocess.TimeoutExpired as error:
        raise BadSetting(
            f"The program {words[0]!r} gave no answer in {timeout_seconds:g} s and was stopped; try it by itself."
        ) from error
    if done.returncode:
        last = printable(done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]) or "it says nothing"
        raise BadSetting(f"The program {words[0]!r} failed with exit code {done.returncode} ({last}).")
    try:
        return done.stdout.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadSetting(f"The program {words[0]!r} printed no UTF-8 (byte {error.start}).") from error
