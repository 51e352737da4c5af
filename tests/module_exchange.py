"""A client of the module of Speech Dispatcher: sends commands through pipes, and reads replies, events and audio."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from waiting import LIMIT_SECONDS

from wavewright.apps.speechd.module_voices import ModuleVoices
from wavewright.apps.speechd.protocol import OutputModule


@dataclass(frozen=True)
class Audio:
    """The samples of one event, ``(time,)`` int16, and their rate."""

    samples: np.ndarray
    sample_rate: int


def parse_audio(message: bytes) -> Audio:
    """Return the samples of an event as the protocol defines it."""
    match = re.fullmatch(
        rb"705-bits=16\n705-num_channels=1\n705-sample_rate=(\d+)\n705-num_samples=(\d+)\n"
        rb"705-AUDIO\0([^\n]*)\n705 AUDIO\n",
        message,
    )
    assert match, message[:100]
    data = re.sub(rb"\x7d(.)", lambda escaped: bytes([escaped[1][0] ^ 0x20]), match[3], flags=re.DOTALL)
    samples = np.frombuffer(data, "<i2")
    assert len(samples) == int(match[2])
    return Audio(samples, int(match[1]))


class Exchange:
    """A running module; ``open_voices`` as for `OutputModule`."""

    def __init__(self, open_voices: Callable[[], ModuleVoices] = lambda: ModuleVoices("en-kathleen")) -> None:
        commands, self._commands = os.pipe()
        replies, written = os.pipe()
        self._replies = os.fdopen(replies, "rb")
        self._source = os.fdopen(commands, "rb")
        self._sink = os.fdopen(written, "wb")
        self._thread = threading.Thread(target=self._run, args=[open_voices], daemon=True)
        self._thread.start()

    def _run(self, open_voices: Callable[[], ModuleVoices]) -> None:
        with self._source, self._sink:
            OutputModule(self._source, self._sink, open_voices).run()

    def send(self, text: str) -> None:
        os.write(self._commands, text.encode())

    def message(self) -> bytes:
        """Return the lines up to one without a hyphen after its code; empty at the end of the output."""
        lines = []
        while line := self._replies.readline():
            lines.append(line)
            if line[3:4] != b"-":
                break
        return b"".join(lines)

    def until(self, codes: bytes | tuple[bytes, ...]) -> list[bytes]:
        """Return the messages up to one that begins with a code."""
        messages = []
        while not messages or not messages[-1].startswith(codes):
            messages.append(self.message())
            assert messages[-1], messages
        return messages

    def ask(self, text: str, n_messages: int = 1) -> str:
        """Send lines; return so many replies."""
        self.send(text)
        return b"".join(self.message() for _ in range(n_messages)).decode()

    def started(self) -> Exchange:
        assert self.ask("INIT\n").endswith("299 OK LOADED SUCCESSFULLY\n")
        self.ask("AUDIO\naudio_output_method=server\n.\n", 2)
        return self

    def set(self, **values: object) -> str:
        return self.ask("SET\n" + "".join(f"{name}={value}\n" for name, value in values.items()) + ".\n", 2)

    def begin(self, text: str, kind: str = "SPEAK") -> None:
        replies = self.ask(f"{kind}\n{text}\n.\n", 2)
        assert replies == "202 OK RECEIVING MESSAGE\n200 OK SPEAKING\n"

    def events(self) -> list[Audio | str]:
        """Return the events up to the last one of a message: audio, and the lines of others."""
        events: list[Audio | str] = []
        while True:
            message = self.message()
            assert message.startswith(b"70"), message
            is_audio = message.startswith(b"705")
            events.append(parse_audio(message) if is_audio else message.decode())
            if message.startswith((b"702", b"703", b"704")):
                return events

    def spoken(self, text: str, kind: str = "SPEAK") -> list[Audio | str]:
        self.begin(text, kind)
        return self.events()

    def close(self) -> str:
        """End the module; return all that it writes until then."""
        os.close(self._commands)
        rest = self._replies.read().decode("latin-1")
        self._thread.join(LIMIT_SECONDS)
        self._replies.close()
        assert not self._thread.is_alive()
        return rest


def samples_of(events: list[Audio | str]) -> np.ndarray:
    """Return all samples ``(time,)`` of events."""
    waves = [event.samples for event in events if isinstance(event, Audio)]
    return np.concatenate(waves) if waves else np.zeros(0, np.int16)
