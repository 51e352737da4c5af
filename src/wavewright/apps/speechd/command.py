"""The command ``speechd``: an output module of Speech Dispatcher, and its installation."""

from __future__ import annotations

import os
import shlex
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

from pydantic import Field

from ...base.errors import BadFolder, BadSetting
from ...base.parameters import STANDARD_STREAM, IsMarked, LexiconPath, MarkKey, VocoderName, VoiceName, Writes
from ...base.rules import Without
from ...base.task_parameters import checked
from ...base.whole_file import write_whole
from ...outputs.made import Made, MadeFile
from ...outputs.watermark.payload import DEFAULT_KEY
from ...speech.voice import DEFAULT_VOCODER, DEFAULT_VOICE
from .nvda.addon import write_addon

if TYPE_CHECKING:
    from .module_voices import ModuleVoices


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


SWITCH_SECONDS = 0.001
"""Longest time for which a computing thread holds Python's lock while a command waits for it."""


@checked
def speechd(
    install_module: Annotated[
        bool, Field(description="Write the script that Speech Dispatcher starts, and show lines for its settings.")
    ] = False,
    nvda_addon: Annotated[
        Path | None,
        Field(description="Write an add-on for NVDA, a file .nvda-addon, which starts this command."),
        Writes(".nvda-addon", is_only=True),
        Without("install_module"),
    ] = None,
    voice: VoiceName = DEFAULT_VOICE,
    vocoder: VocoderName = DEFAULT_VOCODER,
    lexicon: LexiconPath = None,
    watermark: IsMarked = True,
    watermark_key: MarkKey = DEFAULT_KEY,
) -> Made:
    """Speak for screen readers: an output module of Speech Dispatcher, on standard input and output.

    Speech Dispatcher, or NVDA with the add-on, starts the command, sends texts and settings, and plays the audio. The
    options set what clients do not ask for; with ``install_module`` and ``nvda_addon`` they become those of the script
    and of the add-on.

    Raises
    ------
    BadSetting
        If standard input is the terminal, the lexicon cannot be read, or both are to be written, or the package has
        another suffix.
    BadModel
        With ``install_module`` or ``nvda_addon``, if the voice does not exist.
    BadFolder
        If the script or package cannot be written, or another file of the script's name is there.
    """
    from ..server.serve import checked_lexicon
    from .module_voices import ModuleVoices

    def open_voices() -> ModuleVoices:
        return ModuleVoices(voice, vocoder, checked_lexicon(lexicon), watermark, watermark_key)

    if install_module or nvda_addon is not None:
        open_voices()
        arguments = _arguments(voice, vocoder, lexicon, watermark, watermark_key)
        return install(arguments) if nvda_addon is None else write_addon(nvda_addon, module_command(arguments))
    if sys.stdin.isatty():
        raise BadSetting(
            "Speech Dispatcher starts this command and writes to its standard input, which is the terminal; give "
            "--install-module to install it, or --nvda-addon for NVDA."
        )
    _answer_commands(open_voices)
    return Made(out=STANDARD_STREAM)


def _answer_commands(open_voices: Callable[[], ModuleVoices]) -> None:
    """Answer the commands on standard input; all but replies and events goes to standard error."""
    from .protocol import OutputModule

    sys.setswitchinterval(SWITCH_SECONDS)
    with _own_output() as sink, suppress(BrokenPipeError):
        OutputModule(sys.stdin.buffer, sink, open_voices).run()
        if threading.active_count() > 1:
            os._exit(0)  # the end of the interpreter would abort what computes still


@contextmanager
def _own_output() -> Iterator[BinaryIO]:
    """Yield standard output, and let what libraries print go to standard error meanwhile."""
    sys.stdout.flush()
    number = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    try:
        with suppress(BrokenPipeError), open(number, "wb", closefd=False) as sink:
            yield sink
    finally:
        os.dup2(number, sys.stdout.fileno())
        os.close(number)


def _arguments(voice: str, vocoder: str, lexicon: Path | None, watermark: bool, watermark_key: str) -> tuple[str, ...]:
    """Return the arguments that differ from their defaults, as a script in another folder gives them."""
    own_vocoder = str(Path(vocoder).resolve()) if Path(vocoder).exists() else vocoder
    options = {
        "--voice": (voice, DEFAULT_VOICE),
        "--vocoder": (own_vocoder, DEFAULT_VOCODER),
        "--lexicon": (None if lexicon is None else str(lexicon.resolve()), None),
        "--watermark-key": (watermark_key, DEFAULT_KEY),
    }
    given = [(name, str(value)) for name, (value, default) in options.items() if value not in (default, None)]
    return (*(word for option in given for word in option), *(() if watermark else ("--no-watermark",)))
