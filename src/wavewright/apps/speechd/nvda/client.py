"""A client of the output module of Wavewright: starts its process, sends messages, and yields what is spoken.

SPDX-License-Identifier: Apache-2.0

The protocol is that of the output modules of Speech Dispatcher, on standard input and output. This file runs inside
NVDA and uses the standard library alone.
"""

from __future__ import annotations

import queue
import re
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

REPLY_SECONDS = 30.0
"""Longest time of a reply; the first one waits for the start of Python."""

MESSAGE_SECONDS = 60.0
"""Longest time to the next event of a message; a voice is loaded within a few seconds."""

QUIT_SECONDS = 2.0

AUDIO, MARK, END, STOPPED = 705, 700, 702, (703, 704)
_EVENTS = range(700, 800)
_ESCAPED = re.compile(rb"\}(.)", re.DOTALL)


class ModuleGone(Exception):
    """The process has ended, does not answer, or refuses what it is told."""


@dataclass(frozen=True)
class Spoken:
    """A piece of a message: samples of 16 bits, little-endian, one channel, or the name of a mark after them."""

    audio: bytes = b""
    sample_rate: int = 0
    mark: str = ""


class ModuleClient:
    """A running output module.

    One thread speaks messages, one after another; `stop` may be called by any.

    Raises ModuleGone if it does not start.
    """

    def __init__(self, command: Sequence[str]) -> None:
        flags = getattr(subprocess, "CREATE_NO_WINDOW", 0)  # on Windows, where NVDA is
        try:
            self._process = subprocess.Popen(
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                creationflags=flags,
            )
        except OSError as error:
            raise ModuleGone(f"{command[0]} does not start: {error}") from error
        self._write_lock = threading.Lock()
        self._replies: queue.Queue[list[bytes]] = queue.Queue()
        self._events: queue.Queue[list[bytes]] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            self._ask("INIT\n", "299")
            self._ask("AUDIO\naudio_output_method=server\n.\n", "207", "203")
        except ModuleGone:
            self.close()
            raise

    @property
    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self._process.poll() is None

    def voices(self) -> list[tuple[str, str]]:
        """Return name and language of each voice, the default one first; raise ModuleGone if there is no answer."""
        lines = self._ask("LIST VOICES\n", "200")
        rows = [line.decode("utf-8", "replace")[4:].split("\t") for line in lines[:-1]]
        return [(row[0], row[1]) for row in rows]

    def speak(self, document: str, settings: Mapping[str, str]) -> Iterator[Spoken]:
        """Send SSML, with settings of the module by name; yield its pieces as they are spoken, to the end or `stop`.

        Raises ModuleGone if the module does not answer, or cannot speak the message.
        """
        values = "".join(f"{name}={value}\n" for name, value in settings.items())
        self._ask(f"SET\n{values}.\n", "203", "203")
        lines = "".join(f"{'.' if line.startswith('.') else ''}{line}\n" for line in document.splitlines())
        self._ask(f"SPEAK\n{lines}.\n", "202", "200")
        return self._pieces()

    def _pieces(self) -> Iterator[Spoken]:
        while True:
            event = self._next(self._events, MESSAGE_SECONDS)
            code = int(event[-1][:3])
            if code == AUDIO:
                yield _audio(event)
            elif code == MARK:
                yield Spoken(mark=event[0][4:].decode("utf-8", "replace"))
            elif code == END or code in STOPPED:
                return

    def stop(self) -> None:
        """End the message that is spoken, if there is one."""
        with suppress(ModuleGone):
            self._send("STOP\n")

    def close(self) -> None:
        """End the process."""
        with suppress(ModuleGone):
            self._send("STOP\nQUIT\n")
        try:
            self._process.wait(QUIT_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(QUIT_SECONDS)
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            with suppress(OSError):
                pipe.close()

    def _send(self, text: str) -> None:
        stdin = self._process.stdin
        assert stdin is not None
        try:
            with self._write_lock:
                stdin.write(text.encode())
                stdin.flush()
        except (OSError, ValueError) as error:
            raise ModuleGone(f"the process has ended ({error})") from error

    def _ask(self, text: str, *codes: str) -> list[bytes]:
        """Send commands, and return the lines of the last of their replies, which have the given codes."""
        self._send(text)
        lines: list[bytes] = []
        for code in codes:
            lines = self._next(self._replies, REPLY_SECONDS)
            if not lines[-1].startswith(code.encode()):
                command, answer = text.split(maxsplit=1)[0], b" ".join(lines).decode("utf-8", "replace")
                raise ModuleGone(f"the answer to {command} is {answer!r}")
        return lines

    def _next(self, kind: queue.Queue[list[bytes]], seconds: float) -> list[bytes]:
        try:
            lines = kind.get(timeout=seconds)
        except queue.Empty:
            raise ModuleGone(f"there is no answer within {seconds:g} s") from None
        if not lines:
            kind.put(lines)  # for whoever asks next
            raise ModuleGone("the process has ended")
        return lines

    def _read(self) -> None:
        """Sort what the process writes into replies and events, until its end."""
        stdout = self._process.stdout
        assert stdout is not None
        lines: list[bytes] = []
        with suppress(OSError, ValueError):
            for line in stdout:
                lines.append(line.rstrip(b"\n"))
                if line[3:4] != b"-":
                    is_event = line[:3].isdigit() and int(line[:3]) in _EVENTS
                    (self._events if is_event else self._replies).put(lines)
                    lines = []
        for kind in (self._replies, self._events):
            kind.put([])


def _audio(event: Sequence[bytes]) -> Spoken:
    """Return the samples of an event, in which line breaks and ``}`` are escaped."""
    values = dict(line[4:].partition(b"=")[::2] for line in event[:-2])
    samples = event[-2].partition(b"\0")[2]
    audio = _ESCAPED.sub(lambda match: bytes([match[1][0] ^ 0x20]), samples)
    return Spoken(audio, int(values[b"sample_rate"]))
