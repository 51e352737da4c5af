"""One message that is spoken: its events, and its audio in packets, until its end or a command ends it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from ...audio.pcm import to_pcm
from ...base.units import seconds_to_samples
from ...speech.chunk import Chunk
from ...speech.timestamps import TimedMark

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

    - ``chunks``: the speech; a chunk has the marks of all its piece, with their times.
    - ``sample_rate``: sample rate in Hz.
    - returns: the samples, without silence after the last one that is not silent.
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
