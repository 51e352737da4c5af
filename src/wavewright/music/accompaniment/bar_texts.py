"""Bars of a score as the text of patterns: the inverse of playing them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from ..bars import Bar
from ..theory import ChordSymbol
from .patterns import APPROACH, HOLD, REST, STRIKES
from .style import DRUMS

STEPS_PER_QUARTER = (4, 3, 6, 8, 12)
"""Grids of patterns, in the order of preference."""

BASS_DEGREES = ("1", "2", "2", "3", "3", "5", "5", "5", "6", "6", "7", "7")
"""Characters of the bass by the semitones above the root; the fourth and the tritone are nearest to the fifth."""

SIMILAR_DRUMS = {
    35: 36,
    40: 38,
    41: 45,
    43: 45,
    48: 50,
    52: 49,
    55: 49,
    57: 49,
    59: 51,
    71: 67,
    72: 68,
    74: 73,
    77: 76,
    79: 86,
    80: 81,
}
"""Drums of General MIDI that have no name in a style, and the nearest that has."""

BASE_PERCENTILE = 75
SOFT, ACCENTED = 0.79, 1.12
"""Velocities below and above which a note is soft and accented, as factors of the usual one of its part."""

MIN_CHORD = 2
"""Notes that start together from which they are a chord and no single voice."""


@dataclass(frozen=True)
class BarGrid:
    """A bar and the steps that its notes are rounded to."""

    bar: Bar
    n_steps: int

    def steps(self, notes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the notes that start in the bar, and their steps.

        Notes up to half a step before the bar belong to it.
        """
        ticks = notes["start"] - self.bar.start
        steps = np.floor(ticks * self.n_steps / self.bar.length + 0.5).astype(np.int64)
        inside = (steps >= 0) & (steps < self.n_steps)
        return notes[inside], steps[inside]

    def text(self, symbols: dict[int, str], ends: dict[int, float]) -> str:
        """Return the text of symbols by step, each held up to its end in steps."""
        characters = [REST] * self.n_steps
        for step, following in itertools.pairwise([*sorted(symbols), self.n_steps]):
            last = min(following, max(step + 1, round(ends[step])))
            characters[step:last] = [symbols[step], *(HOLD * (last - step - 1))]
        return "".join(characters)

    def ends(self, notes: np.ndarray, steps: np.ndarray) -> dict[int, float]:
        """Return the latest end of the notes of each step, in steps."""
        durations = notes["duration"] * self.n_steps / self.bar.length
        return {int(step): float(step + durations[steps == step].max()) for step in np.unique(steps)}


def drum_texts(grid: BarGrid, notes: np.ndarray) -> dict[str, str]:
    """Return the text of each drum of a bar by its name."""
    names = {pitch: name for name, pitch in DRUMS.items()}
    base = float(np.percentile(notes["velocity"], BASE_PERCENTILE))
    inside, steps = grid.steps(notes)
    symbols: dict[str, dict[int, str]] = {}
    for note, step in zip(inside, steps, strict=True):
        pitch = int(note["pitch"])
        name = names.get(SIMILAR_DRUMS.get(pitch, pitch))
        if name is not None:
            symbols.setdefault(name, {})[int(step)] = _strike(float(note["velocity"]), base)
    return {name: grid.text(each, {step: step + 1.0 for step in each}) for name, each in symbols.items()}


def chords_text(grid: BarGrid, notes: np.ndarray) -> str:
    """Return the text of the chords of a bar: strikes of all voices, or numbers of single ones."""
    base = float(np.percentile(notes["velocity"], BASE_PERCENTILE))
    inside, steps = grid.steps(notes)
    pitches = sorted({int(pitch) for pitch in inside["pitch"]})
    symbols = {}
    for step in np.unique(steps):
        together = inside[steps == step]
        if len(together) >= MIN_CHORD:
            symbols[int(step)] = _strike(float(together["velocity"].mean()), base)
        else:
            symbols[int(step)] = str(min(6, 1 + pitches.index(int(together["pitch"][0]))))
    return grid.text(symbols, grid.ends(inside, steps))


def bass_text(grid: BarGrid, notes: np.ndarray, chords: tuple[tuple[int, ChordSymbol], ...]) -> str:
    """Return the text of the bass of a bar: steps above the bass of the chord at each note."""
    inside, steps = grid.steps(notes)
    ticks = np.array([tick for tick, _ in chords])
    following = _chord_at(ticks, chords, grid.bar.end)
    symbols: dict[int, str] = {}
    roots: list[int] = []
    for step in np.unique(steps):
        pitch = int(inside["pitch"][steps == step].min())
        tick = grid.bar.start + round(int(step) * grid.bar.length / grid.n_steps)
        chord = _chord_at(ticks, chords, tick)
        symbol = BASS_DEGREES[(pitch - chord.lowest) % 12]
        if symbol == "1":
            roots.append(pitch)
            symbol = "8" if pitch >= min(roots) + 12 else "1"
        elif pitch % 12 not in chord.pitch_classes and following.lowest != chord.lowest:
            distance = (pitch - following.lowest + 6) % 12 - 6
            is_last = step == steps.max()
            symbol = APPROACH if is_last and abs(distance) <= 2 else symbol
        symbols[int(step)] = symbol
    return grid.text(symbols, grid.ends(inside, steps))


def _chord_at(ticks: np.ndarray, chords: tuple[tuple[int, ChordSymbol], ...], tick: int) -> ChordSymbol:
    return chords[max(0, int(np.searchsorted(ticks, tick, side="right")) - 1)][1]


def _strike(velocity: float, base: float) -> str:
    """Return the character of a strike by its velocity."""
    symbols = {1.0: "x", STRIKES["X"]: "X", STRIKES["o"]: "o"}
    factor = STRIKES["X"] if velocity > ACCENTED * base else STRIKES["o"] if velocity < SOFT * base else 1.0
    return symbols[factor]
