"""Sound files, scores and live instruments as blocks for a sound output: from a time on, and repeated."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...audio.sound_file import open_sound
from ...base.errors import BadScore, BadSetting
from ...base.units import seconds_to_samples
from ...music.engine import DRUM_CHANNEL, N_CHANNELS, InstrumentEngine
from ...music.formats import READABLE, read_score
from ...music.performance import perform
from .devices import Fill

BLOCK_SECONDS = 0.5


@dataclass(frozen=True)
class Playable:
    """A sound that can be played from any time on."""

    sample_rate: int
    n_channels: int
    seconds: float | None  # its length, None if it is unknown
    blocks: Callable[[float], Iterator[np.ndarray]]  # from a time in seconds on, ``(channels, time)`` each


def playable_sound(path: Path) -> Playable:
    """Open a sound file; raise BadAudio if it cannot be read."""
    sound = open_sound(path)
    header = sound.header

    def blocks(start: float) -> Iterator[np.ndarray]:
        skipped = seconds_to_samples(start, header.sample_rate)
        for block in sound.blocks(BLOCK_SECONDS):
            wave = block[:, min(skipped, block.shape[1]) :]
            skipped -= block.shape[1] - wave.shape[1]
            if wave.shape[1]:
                yield wave

    return Playable(header.sample_rate, header.n_channels, header.seconds, blocks)


def playable_score(path: Path, open_engine: Callable[[], InstrumentEngine], sample_rate: int, gain: float) -> Playable:
    """Open a score that an instrument plays; raise BadScore if it cannot be read or has no notes."""
    score = read_score(path)
    if not score.n_notes:
        raise BadScore(f"{path.name} has no notes to play.")
    performance = perform(score, sample_rate)

    def blocks(start: float) -> Iterator[np.ndarray]:
        skipped = seconds_to_samples(start, sample_rate)
        for wave in performance.blocks(open_engine):
            later = wave[:, min(skipped, wave.shape[1]) :]
            skipped -= wave.shape[1] - later.shape[1]
            if later.shape[1]:
                yield np.clip(later * np.float32(gain), -1.0, 1.0)

    return Playable(sample_rate, 2, performance.n_samples / sample_rate, blocks)


def is_score(path: Path) -> bool:
    """Return whether the name of a file ends as that of a score."""
    return path.suffix.lower() in READABLE


class BlockPlayer:
    """Fills blocks of any length with consecutive waves.

    - ``sound``: what to play.
    - ``start``: seconds; ``end``: seconds, None for the end of the sound.
    - ``is_loop``: begin again at the start without a gap.
    """

    def __init__(self, sound: Playable, start: float = 0.0, end: float | None = None, is_loop: bool = False) -> None:
        if sound.seconds is not None and start >= sound.seconds:
            raise BadSetting(
                f"start is {start:g} s, and the sound ends at {sound.seconds:.3f} s; choose an earlier one."
            )
        if end is not None and end <= start:
            raise BadSetting(f"end is {end:g} s, and start {start:g} s; the end must be the later one.")
        self._sound = sound
        self._start = start
        self._length = None if end is None else seconds_to_samples(end - start, sound.sample_rate)
        self._is_loop = is_loop
        self._waves = self._passes()
        self._rest = np.zeros((sound.n_channels, 0), np.float32)
        self.n_played = 0

    def _passes(self) -> Iterator[np.ndarray]:
        """Yield the waves of the part, again and again if it is a loop."""
        while True:
            left = self._length
            n_samples = 0
            for wave in self._sound.blocks(self._start):
                cut = wave if left is None else wave[:, :left]
                left = None if left is None else left - cut.shape[1]
                n_samples += cut.shape[1]
                yield cut
                if left == 0:
                    break
            if not self._is_loop or not n_samples:
                return

    def fill(self, block: np.ndarray) -> bool:
        """Fill a block ``(channels, time)``; return False at the end, after which zeros follow."""
        position = 0
        while position < block.shape[1]:
            if not self._rest.shape[1]:
                following = next(self._waves, None)
                if following is None:
                    block[:, position:] = 0.0
                    return False
                self._rest = following
            n = min(self._rest.shape[1], block.shape[1] - position)
            block[:, position : position + n] = self._rest[:, :n]
            self._rest = self._rest[:, n:]
            position += n
            self.n_played += n
        return True


NOTE_OFF, NOTE_ON, CONTROL, PROGRAM, PRESSURE, BEND = 0x80, 0x90, 0xB0, 0xC0, 0xD0, 0xE0
LENGTHS = {NOTE_OFF: 3, NOTE_ON: 3, 0xA0: 3, CONTROL: 3, PROGRAM: 2, PRESSURE: 2, BEND: 3}
BANK_MSB, BANK_LSB = 0, 32


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
        self._loader = ThreadPoolExecutor(1)  # of the samples of new programs, so that no block waits for them
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
            self._loader.submit(engine.load, channel)
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
