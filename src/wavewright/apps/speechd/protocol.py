"""The protocol of output modules: commands on standard input, replies and events on standard output.

Speech Dispatcher's manual defines it in the section "Communication Protocol for Output Modules".
"""

from __future__ import annotations

import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, ParamSpec

import numpy as np

from ...audio.pcm import to_pcm
from ...base.errors import BadSetting, WavewrightError
from ...base.units import seconds_to_samples
from ...speech.chunk import Chunk, TimedMark
from ...speech.narration.narrator import Narrator
from ...speech.voice import WARM_UP_TEXT
from ...text.skipped import Skipped
from .message import MessageWriter, message_forms
from .module_settings import ModuleSettings
from .module_voices import ModuleVoices
from .sign_names import sign_names

BEGIN = b"701 BEGIN\n"
END = b"702 END\n"
STOP = b"703 STOP\n"
PAUSE = b"704 PAUSE\n"
OWN_MARK = "__spd_"
"""Start of the names of marks that Speech Dispatcher sets, after one of which a message is paused."""

MAX_PACKET = 4_800
"""Most samples in a packet, so that a pipe holds it whole."""

SILENCE = 1e-4
"""Amplitude below which audio at the end of a message is left out."""

_ESCAPE = b"}"


def mark_event(name: str) -> bytes:
    """Return the event that a mark is reached."""
    line = " ".join(name.split())
    return f"700-{line}\n700 INDEX MARK\n".encode()


def audio_event(wave: np.ndarray, sample_rate: int) -> bytes:
    r"""Return the event with samples for the server to play.

    - ``wave``: ``(1, time)``, float32 in [-1, 1].
    - returns: 16-bit little-endian samples after their description. Line breaks and ``}`` are two bytes, ``}`` and the
      byte with its sixth bit inverted.
    """
    samples = to_pcm(wave).replace(_ESCAPE, _ESCAPE + b"]").replace(b"\n", _ESCAPE + b"*")
    head = f"705-bits=16\n705-num_channels=1\n705-sample_rate={sample_rate}\n705-num_samples={wave.shape[1]}\n"
    return head.encode() + b"705-AUDIO\0" + samples + b"\n705 AUDIO\n"


class Output:
    """Standard output of the module, to which several threads write, each a whole reply or event at once."""

    def __init__(self, sink: BinaryIO) -> None:
        self.lock = threading.RLock()
        self._sink = sink

    def write(self, data: bytes) -> None:
        """Write a reply or event."""
        with self.lock:
            self._sink.write(data)
            self._sink.flush()


class SpokenMessage:
    """The events of a message, the last of which is the end, a stop or a pause; nothing is written after it."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._has_begun = False
        self._has_ended = False
        self._is_pausing = False

    @property
    def has_ended(self) -> bool:
        """Whether the last event was written."""
        return self._has_ended

    def write(self, event: bytes) -> bool:
        """Write an event, with the begin before the first one; return False if the message has ended."""
        with self._output.lock:
            if not self._has_ended:
                self._output.write(event if self._has_begun else BEGIN + event)
                self._has_begun = True
            return not self._has_ended

    def end(self, event: bytes) -> None:
        """Write the last event, unless another one was the last."""
        with self._output.lock:
            self.write(event)
            self._has_ended = True

    def pause(self) -> None:
        """End after the next mark of Speech Dispatcher."""
        self._is_pausing = True

    def mark(self, name: str) -> bool:
        """Write the event of a mark; return False if the message has ended, or is paused here."""
        if self.write(mark_event(name)) and self._is_pausing and name.startswith(OWN_MARK):
            self.end(PAUSE)
        return not self._has_ended

    def speak(self, chunks: Iterable[Chunk], sample_rate: int) -> None:
        """Write audio and marks of chunks as they come, each mark at its sample, until the message ends."""
        for item in audio_and_marks(chunks, sample_rate):
            is_going_on = self.mark(item) if isinstance(item, str) else self.write(audio_event(item, sample_rate))
            if not is_going_on:
                return


@dataclass
class _Held:
    """Samples and marks after the last sample that is not silent."""

    items: list[np.ndarray | str]

    def released(self) -> Iterator[np.ndarray | str]:
        items, self.items = self.items, []
        yield from items


def audio_and_marks(chunks: Iterable[Chunk], sample_rate: int) -> Iterator[np.ndarray | str]:
    """Yield packets ``(1, time)`` and names of marks in the order in which they are played.

    A chunk has the marks of all its piece, with their times. There is no silence after the last sound.
    """
    marks: deque[TimedMark] = deque()
    held = _Held([])
    n_samples = 0
    for chunk in chunks:
        marks.extend(chunk.marks)
        wave = chunk.wave
        while wave.shape[1]:
            until_mark = MAX_PACKET
            if marks:
                until_mark = max(seconds_to_samples(marks[0].seconds, sample_rate) - n_samples, 0)
            if not until_mark:
                held.items.append(marks.popleft().name)
                continue
            packet = wave[:, : min(until_mark, MAX_PACKET)]
            wave = wave[:, packet.shape[1] :]
            n_samples += packet.shape[1]
            held.items.append(packet)
            if np.abs(packet).max() > SILENCE:
                yield from held.released()
    yield from (item for item in held.released() if isinstance(item, str))
    yield from (mark.name for mark in marks)


P = ParamSpec("P")

BAD_SYNTAX = "302 ERROR BAD SYNTAX"
BAD_VALUE = "303 ERROR INVALID PARAMETER OR VALUE"
CANNOT_SPEAK = "301 ERROR CANT SPEAK"
SERVER_AUDIO = "server"
MESSAGES = ("SPEAK", "CHAR", "KEY", "SOUND_ICON")
QUIT_SECONDS = 0.5
"""How long the end waits for each thread that computes still."""


class OutputModule:
    """Answers commands until QUIT or the end of the input; messages are spoken by threads of their own.

    - ``open_voices``: returns the voices; called once, for INIT.
    """

    def __init__(self, source: BinaryIO, sink: BinaryIO, open_voices: Callable[[], ModuleVoices]) -> None:
        self._source = source
        self._output = Output(sink)
        self._open_voices = open_voices
        self._voices: ModuleVoices | None = None
        self._settings = ModuleSettings()
        self._message: SpokenMessage | None = None  # that of the last message
        self._threads: list[threading.Thread] = []
        self._log: Path | None = None

    def run(self) -> None:
        """Answer all commands."""
        while line := self._next_line():
            words = line.split()
            if words == ["QUIT"]:
                break
            if words:
                self._answer(line.strip(), words)
        self._stop()
        for thread in self._threads:
            thread.join(QUIT_SECONDS)
        if line:
            self._reply("210 OK QUIT")

    def _answer(self, line: str, words: list[str]) -> None:
        commands: dict[str, Callable[[], None]] = {
            "INIT": self._init,
            "SET": self._set,
            "AUDIO": self._audio,
            "LOGLEVEL": self._log_level,
            "STOP": self._stop,
            "PAUSE": self._pause,
        }
        if line in commands:
            commands[line]()
        elif line in MESSAGES:
            self._speak(line)
        elif words[:2] == ["LIST", "VOICES"] and len(words) <= 4:
            self._list_voices(*words[2:])
        elif words[0] == "DEBUG":
            self._debug(words[1:])
        else:
            self._reply("300 ERR UNKNOWN COMMAND")

    def _next_line(self) -> str:
        """Return the next line with its end, empty at the end of the input."""
        line = self._source.readline().decode("utf-8", "replace")
        self._note("<", line)
        return line

    def _lines(self) -> Iterator[str]:
        """Yield lines up to a line with a dot alone; a dot before another one at the start of a line is removed."""
        while (line := self._next_line()) and line.rstrip("\r\n") != ".":
            yield line.removeprefix(".") if line.startswith("..") else line

    def _reply(self, *lines: str) -> None:
        """Write a reply, all but the last of whose lines begin with the code and a hyphen."""
        text = "".join(f"{line}\n" for line in lines)
        self._note(">", text)
        self._output.write(text.encode())

    def _init(self) -> None:
        try:
            self._voices = self._open_voices()
        except WavewrightError as error:
            self._reply(f"399-{_one_line(error)}", "399 ERR CANT INIT MODULE")
            return
        self._start_thread(self._warm_up, self._voices)
        self._reply(f"299-Wavewright speaks with {self._voices.default}.", "299 OK LOADED SUCCESSFULLY")

    def _warm_up(self, voices: ModuleVoices) -> None:
        """Load the default voice and speak a word; what is wrong with it is reported by the first message."""
        with suppress(WavewrightError):
            for chunk in voices.narrator(self._settings).chunks(f"<speak>{WARM_UP_TEXT}</speak>", _ignore):
                audio_event(chunk.wave, 1)

    def _values(self) -> dict[str, str] | None:
        """Read lines ``name=value``; return None if one has no name or value."""
        pairs = [line.strip().partition("=") for line in self._lines()]
        is_valid = all(name and separator and value for name, separator, value in pairs)
        return {name: value for name, _, value in pairs} if is_valid else None

    def _set(self) -> None:
        self._reply("203 OK RECEIVING SETTINGS")
        values = self._values()
        if values is None:
            self._reply(BAD_SYNTAX)
            return
        try:
            self._settings = self._settings.with_values(values)
        except BadSetting as error:
            self._complain(error)
            self._reply(BAD_VALUE)
            return
        self._reply("203 OK SETTINGS RECEIVED")

    def _audio(self) -> None:
        self._reply("207 OK RECEIVING AUDIO SETTINGS")
        values = self._values()
        if values is None:
            self._reply(BAD_SYNTAX)
        elif values.get("audio_output_method") == SERVER_AUDIO:
            self._reply("203 OK AUDIO INITIALIZED")
        else:
            self._reply(
                "300-Wavewright opens no audio device, the server must play its audio; use Speech Dispatcher 0.11.4 "
                "or later.",
                "300 MODULE ERROR",
            )

    def _log_level(self) -> None:
        self._reply("207 OK RECEIVING LOGLEVEL SETTINGS")
        self._reply(BAD_SYNTAX if self._values() is None else "203 OK LOGLEVEL SET")

    def _list_voices(self, language: str = "", variant: str = "") -> None:
        rows = [] if self._voices is None else self._voices.rows(language, variant)
        if rows:
            self._reply(*("200-" + "\t".join(row) for row in rows), "200 OK VOICE LIST SENT")
        else:
            self._reply("304 CANT LIST VOICES")

    def _debug(self, words: list[str]) -> None:
        if words == ["OFF"]:
            self._log = None
            self._reply("200 OK DEBUGGING OFF")
        elif len(words) == 2 and words[0] == "ON":
            try:
                Path(words[1]).open("a", encoding="utf-8").close()
            except OSError:
                self._reply("303 CANT OPEN CUSTOM DEBUG FILE")
                return
            self._log = Path(words[1])
            self._reply("200 OK DEBUGGING ON")
        else:
            self._reply(BAD_SYNTAX)

    def _stop(self) -> None:
        if self._message is not None:
            self._message.end(STOP)

    def _pause(self) -> None:
        if self._message is not None:
            self._message.pause()

    def _speak(self, kind: str) -> None:
        self._reply("202 OK RECEIVING MESSAGE")
        lines = list(self._lines())
        text = "".join(lines).removesuffix("\n")
        if kind == "CHAR":
            text = " " if text == "space" else text
        is_speaking = self._message is not None and not self._message.has_ended
        if not text or self._voices is None or is_speaking:
            self._reply(CANNOT_SPEAK)
            return
        if kind != "SPEAK" and len(lines) > 1 and text != "\n":
            self._reply("305 DATA MORE THAN ONE LINE")
            return
        self._message = SpokenMessage(self._output)
        self._reply("200 OK SPEAKING")
        self._start_thread(self._speak_message, self._message, self._voices, self._settings, kind, text)

    def _start_thread(self, function: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        thread = threading.Thread(target=function, args=args, kwargs=kwargs, daemon=True)
        self._threads = [other for other in self._threads if other.is_alive()] + [thread]
        thread.start()

    def _speak_message(
        self, message: SpokenMessage, voices: ModuleVoices, settings: ModuleSettings, kind: str, text: str
    ) -> None:
        """Speak a message; an error is reported on standard error, and the message stops."""
        try:
            narrator = voices.narrator(settings)
            writer = MessageWriter(sign_names(narrator.voice.language), settings)
            chunks = _first_that_speaks(narrator, message_forms(writer, kind, text))
            message.speak(chunks, narrator.voice.sample_rate)
            message.end(END)
        except BrokenPipeError as error:  # the server has gone
            self._complain(error)
        except Exception as error:
            if not isinstance(error, WavewrightError):
                traceback.print_exc()
            self._complain(error)
            message.end(STOP)

    def _complain(self, error: Exception) -> None:
        print(f"wavewright: {_one_line(error)}", file=sys.stderr, flush=True)

    def _note(self, direction: str, text: str) -> None:
        """Append lines to the file of DEBUG, if there is one."""
        if self._log is not None and text:
            with suppress(OSError), self._log.open("a", encoding="utf-8") as file:
                file.writelines(f"{direction} {line}\n" for line in text.splitlines())


def _first_that_speaks(narrator: Narrator, forms: Iterator[str]) -> Iterator[Chunk]:
    """Yield the chunks of the first form of a message that can be read; none if none has anything to speak."""
    for form in forms:
        has_spoken = False
        try:
            for chunk in narrator.chunks(form, _ignore):
                has_spoken = True
                yield chunk
        except WavewrightError:
            if has_spoken:
                raise
            continue
        return


def _ignore(_passage: Skipped) -> None:
    """Skip a passage that cannot be read."""


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
