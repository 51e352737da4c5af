"""An instrument that MIDI messages play: they are taken in one thread, and blocks filled in another."""

from __future__ import annotations

from collections import deque

import numpy as np

from ...music.engine import N_CHANNELS, InstrumentEngine
from .devices import Fill

NOTE_OFF, NOTE_ON, CONTROL, PROGRAM, PRESSURE, BEND = 0x80, 0x90, 0xB0, 0xC0, 0xD0, 0xE0
LENGTHS = {NOTE_OFF: 3, NOTE_ON: 3, 0xA0: 3, CONTROL: 3, PROGRAM: 2, PRESSURE: 2, BEND: 3}
BANK_MSB, BANK_LSB = 0, 32
DRUM_CHANNEL = 9


class LivePerformer:
    """Plays an engine by the MIDI messages that it is given.

    - ``engine``: the instrument.
    - ``gain``: factor of all samples.
    - ``channel``: MIDI channel that all messages but those of channel 10 are played on, 0 to 15; None: their own.
    """

    def __init__(self, engine: InstrumentEngine, gain: float = 1.0, channel: int | None = None) -> None:
        self._engine = engine
        self._gain = np.float32(gain)
        self._channel = channel
        self._messages: deque[bytes] = deque()  # whose ends may be used by two threads
        self._banks = [[0, 0] for _ in range(N_CHANNELS)]
        self.n_notes = 0
        self.n_clipped = 0

    def receive(self, message: bytes) -> None:
        """Take a MIDI message, which takes effect with the next block; others than those of channels are left out."""
        if message and LENGTHS.get(message[0] & 0xF0) == len(message):
            self._messages.append(bytes(message))

    def fill(self, block: np.ndarray) -> bool:
        """Fill a block ``(channels, time)`` with the next samples; a mono block gets the mean of both sides."""
        while self._messages:
            self._apply(self._messages.popleft())
        wave = self._engine.process(block.shape[1]) * self._gain
        block[:] = wave if len(block) == 2 else wave.mean(axis=0)
        peak = float(np.abs(block).max(initial=0.0))
        if peak > 1.0:
            self.n_clipped += 1
            np.clip(block, -1.0, 1.0, out=block)
        return True

    def _apply(self, message: bytes) -> None:
        kind, channel = message[0] & 0xF0, message[0] & 0x0F
        if self._channel is not None and channel != DRUM_CHANNEL:
            channel = self._channel
        first, second = message[1] & 0x7F, message[-1] & 0x7F
        engine = self._engine
        if kind == NOTE_ON and second:
            self.n_notes += 1
            engine.note_on(channel, first, second)
        elif kind in (NOTE_ON, NOTE_OFF):
            engine.note_off(channel, first)
        elif kind == CONTROL:
            if first in (BANK_MSB, BANK_LSB):
                self._banks[channel][first == BANK_LSB] = second
            engine.control(channel, first, second)
        elif kind == PROGRAM:
            high, low = self._banks[channel]
            engine.program(channel, high << 7 | low, first)
        elif kind == PRESSURE:
            engine.pressure(channel, first)
        elif kind == BEND:
            engine.pitch_bend(channel, (second << 7 | first) - 8_192)


def with_meter(fill: Fill, seconds: list[float]) -> Fill:
    """Return a function that fills blocks, and adds how long each took, in seconds."""
    from time import perf_counter

    def measured(block: np.ndarray) -> bool:
        start = perf_counter()
        has_more = fill(block)
        seconds.append(perf_counter() - start)
        return has_more

    return measured
