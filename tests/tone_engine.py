"""An instrument for tests: decaying pulses of exact amplitudes, and a record of all events with their samples."""

from __future__ import annotations

import numpy as np

from wavewright.music.engine import InstrumentEngine


class RecordingEngine(InstrumentEngine):
    """Notes are constants of ``velocity / 1000`` on both channels; after their ends they halve every 64 samples."""

    def __init__(self, sample_rate: int = 8_000, n_release: int = 640) -> None:
        self.sample_rate = sample_rate
        self.n_release = n_release
        self.reset()

    def reset(self) -> None:
        self.position = 0
        self.events: list[tuple[object, ...]] = []
        self._held: list[list[int]] = []
        self._released: list[list[int]] = []

    def note_on(self, channel: int, key: int, velocity: int) -> None:
        self.events.append((self.position, "on", channel, key, velocity))
        self._held.append([channel, key, velocity])

    def note_off(self, channel: int, key: int) -> None:
        self.events.append((self.position, "off", channel, key))
        note = next((note for note in self._held if note[:2] == [channel, key]), None)
        if note is not None:
            self._held.remove(note)
            self._released.append([note[2], self.position])

    def control(self, channel: int, controller: int, value: int) -> None:
        self.events.append((self.position, "control", channel, controller, value))

    def pitch_bend(self, channel: int, value: int) -> None:
        self.events.append((self.position, "bend", channel, value))

    def program(self, channel: int, bank: int, program: int) -> None:
        self.events.append((self.position, "program", channel, bank, program))

    def process(self, n_samples: int) -> np.ndarray:
        at = np.arange(self.position, self.position + n_samples)
        wave = np.full(n_samples, sum(note[2] for note in self._held), np.float64)
        for velocity, end in self._released:
            wave += np.where(at < end + self.n_release, velocity * 0.5 ** ((at - end) // 64), 0)
        self.position += n_samples
        return np.tile((wave / 1000).astype(np.float32), (2, 1))

    def is_silent(self) -> bool:
        return not self._held and all(end + self.n_release <= self.position for _, end in self._released)
