"""Chords of a melody by a hidden Markov model: no training, results at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..bars import Bar, first_whole
from ..score import Chord
from ..theory import ChordSymbol, MusicalKey, chord_of_numeral
from .melody import profile_of

MAJOR_CHORDS = {
    "I": 1.0,
    "V": 0.6,
    "V7": 0.4,
    "IV": 0.6,
    "vi": 0.25,
    "ii": 0.2,
    "iii": 0.08,
    "II7": 0.03,
    "VI7": 0.004,
    "III7": 0.01,
    "I7": 0.01,
    "bVII": 0.03,
    "iv": 0.01,
    "viio": 0.01,
}
MINOR_CHORDS = {
    "i": 1.0,
    "V": 0.45,
    "V7": 0.4,
    "iv": 0.45,
    "VI": 0.2,
    "III": 0.22,
    "VII": 0.3,
    "v": 0.06,
    "IV": 0.05,
    "iio": 0.04,
    "I7": 0.01,
    "VII7": 0.06,
}
"""Weights of the chords of a key, before normalisation."""

SECONDARY_DOMINANTS = frozenset({"II7", "III7", "VI7", "I7", "VII7"})
"""Dominants of other chords than the tonic, which they lead to."""

ROOT_MOTION = (1.4, 0.35, 1.0, 0.5, 0.45, 2.0, 0.15, 1.2, 0.6, 0.9, 0.8, 0.3)
"""Weights of the intervals from a root up to the next, in semitones; 5 is a fifth down."""

CHORD_TONE_WEIGHTS = (0.3, 0.28, 0.24, 0.12)
SCALE_TONES_WEIGHT, OTHER_TONES_WEIGHT = 0.14, 0.02
"""Probability of the notes of a chord, root first, and of all others of the scale and outside of it."""

EVIDENCE = 1.25
"""Weight of the melody's log-likelihood."""

STAY = 3.0
"""Weight of a chord that stays in the middle of a bar, in relation to a change."""

INITIAL_TONIC, FINAL_TONIC = 4.0, 20.0
"""Weights of the tonic as the first and as the last chord."""


@dataclass(frozen=True)
class HiddenMarkovModel:
    """Probabilities of chords in a key, as logarithms.

    - ``initial``, ``final``: of the first and the last chord, ``(n,)``.
    - ``transitions``: from each chord to the next, ``(n, n)``.
    - ``tones``: of the pitch classes, given each chord, ``(n, 12)``.
    """

    chords: tuple[ChordSymbol, ...]
    initial: np.ndarray
    final: np.ndarray
    transitions: np.ndarray
    tones: np.ndarray


def viterbi(
    initial: np.ndarray, transitions: np.ndarray, evidence: np.ndarray, final: np.ndarray | None = None
) -> np.ndarray:
    """Return the most probable path ``(steps,)`` of states.

    All arguments are logarithms: of the first and the last state ``(n,)``, of transitions ``(n, n)`` from row to column
    or ``(steps - 1, n, n)``, and of the evidence ``(steps, n)``.
    """
    steps, n = evidence.shape
    each = np.broadcast_to(transitions, (steps - 1, n, n))
    best = initial + evidence[0]
    previous = np.zeros((steps, n), int)
    for step in range(1, steps):
        candidates = best[:, None] + each[step - 1]
        previous[step] = candidates.argmax(0)
        best = candidates.max(0) + evidence[step]
    path = np.zeros(steps, int)
    path[-1] = int((best if final is None else best + final).argmax())
    for step in range(steps - 1, 0, -1):
        path[step - 1] = previous[step, path[step]]
    return path


def model_of(key: MusicalKey) -> HiddenMarkovModel:
    """Return the model of a key: that of minor where its third is minor, otherwise that of major."""
    plain = MusicalKey(key.tonic, "minor" if key.is_minor else "major")
    usual = MINOR_CHORDS if key.is_minor else MAJOR_CHORDS
    names = list(usual)
    chords = tuple(chord_of_numeral(name, plain) for name in names)
    prior = np.array(list(usual.values()))
    transitions = prior * [[_motion(names, chords, a, b) for b in range(len(chords))] for a in range(len(chords))]
    transitions /= transitions.sum(1, keepdims=True)
    is_tonic = np.arange(len(chords)) == 0
    is_dominant = np.isin(names, ["V", "V7"])
    initial = np.where(is_tonic, INITIAL_TONIC, prior)
    final = np.where(is_tonic, FINAL_TONIC, np.where(is_dominant, 0.5, 0.2))
    tones = np.stack([_tones(chord, plain) for chord in chords])
    return HiddenMarkovModel(
        chords, np.log(initial / initial.sum()), np.log(final / final.sum()), np.log(transitions), np.log(tones)
    )


def find_chords(
    notes: np.ndarray, bars: tuple[Bar, ...], key: MusicalKey, chords_per_bar: int = 1
) -> tuple[tuple[int, ChordSymbol], ...]:
    """Return the most probable chords of a melody, each with its first tick.

    - ``chords_per_bar``: 1 or 2; bars of an odd number of beats always have one. Pickups have none: the first chord
      starts with the first whole bar.
    """
    model = model_of(key)
    segments: list[tuple[int, int, bool]] = []
    for bar in bars[first_whole(bars) :]:
        if bar.is_pickup and segments:
            segments[-1] = (segments[-1][0], bar.end, segments[-1][2])
        else:
            segments += _segments(bar, chords_per_bar)
    profiles = np.stack([profile_of(notes, bars, start, end) for start, end, _ in segments])
    stay = np.where(np.eye(len(model.chords), dtype=bool), np.log(STAY), 0.0)
    transitions = np.stack(
        [model.transitions + (stay if is_inside else 0.0) for _, _, is_inside in segments[1:]] or [stay]
    )
    path = viterbi(model.initial, transitions[: len(segments) - 1], EVIDENCE * profiles @ model.tones.T, model.final)
    entries = [(start, model.chords[state]) for (start, _, _), state in zip(segments, path, strict=True)]
    return tuple(entry for i, entry in enumerate(entries) if i == 0 or entry[1] != entries[i - 1][1])


def as_score_chords(chords: tuple[tuple[int, ChordSymbol], ...], key: MusicalKey) -> tuple[Chord, ...]:
    """Return chords as a score has them, spelled with the flats or sharps of the key."""
    return tuple(Chord(tick, chord.symbol(key.sharps)) for tick, chord in chords)


def _segments(bar: Bar, chords_per_bar: int) -> list[tuple[int, int, bool]]:
    """Return start, end and whether it begins inside of the bar, for each segment of one chord."""
    if chords_per_bar == 1 or bar.n_beats % 2:
        return [(bar.start, bar.end, False)]
    middle = bar.start + bar.length // 2
    return (
        [(bar.start, middle, False), (middle, bar.end, True)] if middle > bar.start else [(bar.start, bar.end, False)]
    )


def _motion(names: list[str], chords: tuple[ChordSymbol, ...], a: int, b: int) -> float:
    """Return the weight of a chord after another, in relation to its own weight."""
    interval = (chords[b].root - chords[a].root) % 12
    if names[a] in SECONDARY_DOMINANTS:
        return 3.0 if interval == 5 else 1.0 if a == b else 0.3
    if names[a] == "V7":  # it resolves
        return 3.0 if b == 0 else 1.0 if names[b] in ("vi", "VI") or a == b else 0.25
    if names[a] == "viio":
        return 3.0 if b == 0 else 0.3
    return ROOT_MOTION[interval]


def _tones(chord: ChordSymbol, key: MusicalKey) -> np.ndarray:
    """Return the probabilities of the pitch classes over a chord, ``(12,)``."""
    tones = np.full(12, OTHER_TONES_WEIGHT / 12)
    for pitch_class in key.pitch_classes:
        tones[pitch_class] = SCALE_TONES_WEIGHT / 7
    for interval, weight in zip(chord.intervals, CHORD_TONE_WEIGHTS, strict=False):
        tones[(chord.root + interval) % 12] = weight
    normalised: np.ndarray = tones / tones.sum()
    return normalised
