"""Constraints on what is composed, as masks of the symbols that may start and of the steps at which they may."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...base.errors import BadSetting
from ...music.theory import ChordSymbol
from .config import DRUMS, ComposerConfig
from .conversion import chord_of
from .vocabulary import FIRST_NOTE, REST


@dataclass(frozen=True)
class Constraints:
    """Limits that every drawn cell keeps.

    - ``pitch_classes``: of all notes, and of the tones of all chords; None for any.
    - ``lowest``, ``highest``: MIDI numbers of the notes of melodies and voices.
    - ``chords``: chord of each step, whose tones are the only ones that start there; None where any do. Shorter than
      the piece, it is repeated.
    - ``onset_steps``: sixteenths between the positions in a bar at which something may start: 2 for eighths, 4 for
      quarters.
    - ``ends_at_bars``: notes end at the ends of bars at the latest.
    """

    pitch_classes: frozenset[int] | None = None
    lowest: int | None = None
    highest: int | None = None
    chords: Sequence[ChordSymbol | None] = ()
    onset_steps: int = 1
    ends_at_bars: bool = False

    def __post_init__(self) -> None:
        if self.onset_steps < 1:
            raise BadSetting(f"onset_steps is {self.onset_steps}; give the sixteenths between starts, at least 1.")
        if self.lowest is not None and self.highest is not None and self.lowest > self.highest:
            raise BadSetting(f"The range is {self.lowest} to {self.highest}; its lowest note is above its highest.")


@dataclass(frozen=True, eq=False)
class Masks:
    """Symbols that may be drawn."""

    can_start: np.ndarray  # symbols of each cell, ``(steps, lanes, n_events)`` bool
    is_onset: np.ndarray  # steps at which another symbol than a rest may start, ``(steps,)`` bool
    must_start: np.ndarray  # cells in which no note goes on, ``(steps, lanes)`` bool
    can_rest: np.ndarray  # cells in which a rest may start or go on, ``(steps, lanes)`` bool
    must_last: np.ndarray  # cells in which what sounds before goes on, ``(steps, lanes)`` bool

    def copy(self) -> Masks:
        """Return a copy, for more limits."""
        arrays = (self.can_start, self.is_onset, self.must_start, self.can_rest, self.must_last)
        return Masks(*(array.copy() for array in arrays))


def masks_of(constraints: Constraints, config: ComposerConfig, n_steps: int, bar_steps: int) -> Masks:
    """Return the masks of a piece.

    Raises BadSetting if no note of the model keeps the constraints.
    """
    in_bar = np.arange(n_steps) % bar_steps
    can_start = np.broadcast_to(lane_symbols(config), (n_steps, config.n_lanes, config.vocabulary.n_events)).copy()
    if config.layout != "drums":
        can_start &= _symbols_within(constraints, config)
        if constraints.chords:
            tones = {chord: _tones(chord, config) for chord in set(constraints.chords)}
            for step in range(n_steps):
                can_start[step] &= tones[constraints.chords[step % len(constraints.chords)]]
    if not can_start[:, :, FIRST_NOTE:].any():
        raise BadSetting("No note of the model keeps the constraints; widen the range, or allow more pitches.")
    must_start = np.tile((constraints.ends_at_bars & (in_bar == 0))[:, None], config.n_lanes)
    none = np.zeros_like(must_start)
    return Masks(can_start, in_bar % constraints.onset_steps == 0, must_start, can_rest=~none, must_last=none)


def lane_symbols(config: ComposerConfig) -> np.ndarray:
    """Return the symbols that each voice can have, ``(lanes, n_events)`` bool."""
    vocabulary, events = config.vocabulary, np.arange(config.vocabulary.n_events)
    notes, chords = vocabulary.is_note(events), vocabulary.is_chord(events)
    if config.layout == "lead-sheet":
        kinds = np.stack([notes, chords])
    elif config.layout == "drums":
        kinds = np.stack([events == drum - vocabulary.lowest + FIRST_NOTE for drum in DRUMS])
    else:
        kinds = np.tile(notes, (config.n_voices, 1))
    return np.asarray(kinds | (events == REST))


def _symbols_within(constraints: Constraints, config: ComposerConfig) -> np.ndarray:
    """Return the symbols within the range and the scale, ``(n_events,)`` bool."""
    vocabulary, events = config.vocabulary, np.arange(config.vocabulary.n_events)
    pitches = events - FIRST_NOTE + vocabulary.lowest
    is_within = np.ones(len(events), bool)
    for index in np.flatnonzero(vocabulary.is_note(events)):
        pitch = int(pitches[index])
        is_within[index] = (
            (constraints.pitch_classes is None or pitch % 12 in constraints.pitch_classes)
            and (constraints.lowest is None or pitch >= constraints.lowest)
            and (constraints.highest is None or pitch <= constraints.highest)
        )
    if constraints.pitch_classes is not None:
        for index in np.flatnonzero(vocabulary.is_chord(events)):
            is_within[index] = chord_of(int(index), vocabulary).pitch_classes <= constraints.pitch_classes
    return is_within


def _tones(chord: ChordSymbol | None, config: ComposerConfig) -> np.ndarray:
    """Return the notes of a chord and the chord itself, ``(n_events,)`` bool."""
    vocabulary, events = config.vocabulary, np.arange(config.vocabulary.n_events)
    if chord is None:
        return np.ones(len(events), bool)
    pitch_classes = (events - FIRST_NOTE + vocabulary.lowest) % 12
    is_tone = np.isin(pitch_classes, list(chord.pitch_classes)) & vocabulary.is_note(events)
    is_same = np.zeros(len(events), bool)
    for index in np.flatnonzero(vocabulary.is_chord(events)):
        is_same[index] = chord_of(int(index), vocabulary).pitch_classes == chord.pitch_classes
    if vocabulary.has_chords and not is_same.any():
        is_same = vocabulary.is_chord(events)
    return np.asarray(is_tone | is_same | (events == REST))
