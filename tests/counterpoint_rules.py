"""The rules of species counterpoint as a checker of finished voices, apart from the search that finds them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

CONSONANT = {0, 3, 4, 7, 8, 9}
LEAPS = {0, 1, 2, 3, 4, 5, 7, 8, 12}


def faults_of(line: np.ndarray, cantus: np.ndarray, *, is_above: bool, bar: int) -> list[str]:
    """Return the faults of a counterpoint to a cantus firmus of one note a bar, each as a sentence."""
    voices = Voices(line, cantus, is_above=is_above, bar=bar)
    return [*voices.melodic(), *voices.on_bars(), *voices.dissonances(), *voices.perfect(), *voices.ending()]


class Voices:
    def __init__(self, line, cantus, *, is_above, bar):
        self.sign, self.bar = 1 if is_above else -1, bar
        self.starts, self.pitches = line["start"].tolist(), line["pitch"].astype(int).tolist()
        self.ends = (line["start"] + line["duration"]).tolist()
        self.firmus = cantus["pitch"].astype(int).tolist()

    def at(self, tick: int) -> int:
        notes = zip(self.starts, self.ends, self.pitches, strict=True)
        return next(pitch for start, end, pitch in notes if start <= tick < end)

    def interval(self, tick: int) -> int:
        return self.sign * (self.at(tick) - self.firmus[tick // self.bar])

    def melodic(self) -> Iterator[str]:
        for before, after in pairwise(self.pitches):
            if abs(after - before) not in LEAPS:
                yield f"leap of {after - before}"

    def on_bars(self) -> Iterator[str]:
        for tick in range(0, len(self.firmus) * self.bar, self.bar):
            if self.interval(tick) < 0:
                yield f"crossing at {tick}"
            if self.interval(tick) % 12 not in CONSONANT and tick in self.starts:
                yield f"dissonance on the beat at {tick}"

    def dissonances(self) -> Iterator[str]:
        for index, (start, pitch) in enumerate(zip(self.starts, self.pitches, strict=True)):
            after = self.pitches[index + 1] - pitch if index + 1 < len(self.pitches) else 99
            for tick in range(start - start % self.bar, self.ends[index], self.bar):
                if self.interval(max(tick, start)) % 12 in CONSONANT:
                    continue
                if tick > start and self.interval(start) % 12 not in CONSONANT:
                    yield f"suspended dissonance at {tick} that was none before"
                elif tick > start and after not in (-1, -2):
                    yield f"suspended dissonance at {tick} that does not fall"
                elif tick <= start and (abs(pitch - self.pitches[index - 1]) > 2 or abs(after) > 2):
                    yield f"dissonance at {start} that no step reaches and leaves"

    def perfect(self) -> Iterator[str]:
        for tick in range(self.bar, len(self.firmus) * self.bar, self.bar):
            if tick not in self.starts:
                continue
            before, after = self.interval(tick - self.bar) % 12, self.interval(tick) % 12
            moved = self.firmus[tick // self.bar] - self.firmus[tick // self.bar - 1]
            last = max(start for start in self.starts if start < tick)
            if before == after in (0, 7) and (self.at(tick) - self.at(tick - self.bar)) * moved > 0:
                yield f"parallel perfect intervals at {tick}"
            if after in (0, 7) and (self.at(tick) - self.at(last)) * moved > 0:
                yield f"hidden or parallel perfect interval at {tick}"

    def ending(self) -> Iterator[str]:
        if self.interval((len(self.firmus) - 1) * self.bar) % 12 or abs(self.pitches[-1] - self.pitches[-2]) > 2:
            yield "the end is no octave that a step reaches"
