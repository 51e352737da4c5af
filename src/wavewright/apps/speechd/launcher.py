"""The program that Speech Dispatcher starts, which has no arguments of its own: a script that calls the command."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from ...base.errors import BadFolder
from ...base.whole_file import write_whole
from ...outputs.made import Made, MadeFile

FOLDER = Path("libexec/speech-dispatcher-modules")
"""Folder of modules beside that of the user's data; those whose names begin with ``sd_`` are loaded."""

NAME = "sd_wavewright"
SHARED_CONFIGURATION = Path("/etc/speech-dispatcher/speechd.conf")
EXECUTABLE = 0o755


def module_command(arguments: Sequence[str]) -> list[str]:
    """Return the command that starts the output module with arguments of ``wavewright speechd``."""
    return [sys.executable, "-m", "wavewright", "speechd", *arguments]


def install(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> Made:
    """Write the script; a file that is there is not changed.

    - ``arguments``: arguments of ``wavewright speechd``.
    - ``environment``: variables, of which ``XDG_DATA_HOME`` and ``XDG_CONFIG_HOME`` may set the user's folders.

    Raises BadFolder if another file of the name is there, or the folder cannot be written.
    """
    data = Path(environment.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    settings = Path(environment.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    path = data.parent / FOLDER / NAME
    command = shlex.join(module_command(arguments))
    script = f"#!/bin/sh\nexec {command}\n".encode()
    is_new = not path.exists() and not path.is_symlink()
    if is_new:
        try:
            data.mkdir(parents=True, exist_ok=True)  # Speech Dispatcher goes through it
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, script)
            path.chmod(EXECUTABLE)
        except OSError as error:
            raise BadFolder(f"{path} cannot be written ({error.strerror}); write it by hand: {command}") from error
    elif not path.is_file() or path.read_bytes() != script:
        raise BadFolder(f"{path} is another file than this call would write; remove or edit it. Its command: {command}")
    lines = (f'AddModule "wavewright" "{path}" "wavewright.conf"', "DefaultModule wavewright")
    configuration = settings / "speech-dispatcher" / "speechd.conf"
    text = (
        f"Lines for {configuration}, which begins as a copy of {SHARED_CONFIGURATION};",
        "the first line is needed only if the file has other lines with AddModule:",
        *(f"    {line}" for line in lines),
        "Then end Speech Dispatcher, which starts again with the next text: killall speech-dispatcher",
    )
    made = MadeFile(path=path, is_new=is_new)
    return Made.of(made, details={"configuration": configuration, "lines": lines}, lines=text)
