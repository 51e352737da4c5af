"""The event vocabulary: rests, notes and chords in the cells of a grid, one cell for each voice and sixteenth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

REST = 0
FIRST_NOTE = 1
QUALITIES = ("", "m", "7", "m7", "maj7", "dim", "aug", "sus4")
"""Qualities of the chords of the vocabulary, as they are written after the root."""

N_CHORDS = 12 * len(QUALITIES)
MAX_INTERVAL = 24
"""Largest interval in semitones that is distinguished; larger ones count as this one."""

N_INTERVALS = 2 * MAX_INTERVAL + 2
"""Rows of a table of intervals: from -MAX_INTERVAL to MAX_INTERVAL, and one for no interval."""

NO_INTERVAL = N_INTERVALS - 1


@dataclass(frozen=True)
class Vocabulary:
    """Symbols of cells: 0 is a rest, then the pitches from ``lowest`` to ``highest``, then chords, last UNKNOWN.

    - ``lowest``, ``highest``: MIDI numbers of the lowest and the highest note.
    - ``has_chords``: chord symbols exist: the roots from C to B of each of `QUALITIES` in turn.
    """

    lowest: int
    highest: int
    has_chords: bool

    @property
    def n_notes(self) -> int:
        """Number of pitches."""
        return self.highest - self.lowest + 1

    @property
    def first_chord(self) -> int:
        """Symbol of the chord C."""
        return FIRST_NOTE + self.n_notes

    @property
    def n_events(self) -> int:
        """Symbols that can be drawn: rest, notes and chords."""
        return self.first_chord + (N_CHORDS if self.has_chords else 0)

    @property
    def unknown(self) -> int:
        """Symbol of a cell that is not known: before the first, or one that is to be drawn."""
        return self.n_events

    @property
    def size(self) -> int:
        """All symbols."""
        return self.n_events + 1

    def is_note(self, symbols: np.ndarray) -> np.ndarray:
        """Return True for the symbols of notes."""
        return (symbols >= FIRST_NOTE) & (symbols < self.first_chord)

    def is_chord(self, symbols: np.ndarray) -> np.ndarray:
        """Return True for the symbols of chords."""
        return (symbols >= self.first_chord) & (symbols < self.n_events)

    def transposed(self, symbols: np.ndarray, semitones: int) -> np.ndarray:
        """Return symbols with notes and the roots of chords moved; notes must stay within the vocabulary."""
        moved = np.where(self.is_note(symbols), symbols + semitones, symbols)
        if not self.has_chords:
            return moved
        quality, root = np.divmod(symbols - self.first_chord, 12)
        chords = self.first_chord + 12 * quality + (root + semitones) % 12
        return np.where(self.is_chord(symbols), chords, moved)

    def degrees(self, symbols: np.ndarray, tonic: int | np.ndarray) -> np.ndarray:
        """Return notes and the roots of chords in semitones above a tonic, 0 to 11; 12 for others, and for tonic 12."""
        pitch_classes = np.where(self.is_note(symbols), symbols - FIRST_NOTE + self.lowest, symbols - self.first_chord)
        has_degree = (self.is_note(symbols) | self.is_chord(symbols)) & (np.asarray(tonic) < 12)
        return np.where(has_degree, (pitch_classes - tonic) % 12, 12)

    def intervals(self, symbols: np.ndarray, references: np.ndarray) -> np.ndarray:
        """Return the rows of a table of intervals for ``symbols - references``; NO_INTERVAL unless both are notes."""
        intervals = np.clip(symbols - references, -MAX_INTERVAL, MAX_INTERVAL) + MAX_INTERVAL
        return np.where(self.is_note(symbols) & self.is_note(references), intervals, NO_INTERVAL)
