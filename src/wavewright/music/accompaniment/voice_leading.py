"""Sixteen rules of four-part harmony, and where a score breaks them.

The rules are those that textbooks have in common, such as W. Piston: Harmony (1941) and S. Kostka, D. Payne: Tonal
Harmony (1984). Composers break them too, so scores are judged by how often they do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

# --- The grid of four-part harmony: the pitches of soprano, alto, tenor and bass at every sixteenth

VOICES = ("soprano", "alto", "tenor", "bass")

VOICE_RANGES = ((60, 81), (53, 74), (48, 69), (38, 64))
"""Lowest and highest pitch of each voice: the usual ranges of a choir, C4 to A5, F3 to D5, C3 to A4, D2 to E4."""

LOWEST, HIGHEST = 36, 81
N_PITCHES = HIGHEST - LOWEST + 1

STEPS_PER_QUARTER = 4

SILENT = -1
"""Pitch of a voice that rests."""

UNKNOWN = 0
"""Cell of the network whose pitch is to be found; a known pitch is ``pitch - LOWEST + 1``."""

SILENT_CELL = N_PITCHES + 1
N_CELLS = N_PITCHES + 2


VIOLATION = np.dtype([("rule", "<i1"), ("step", "<i4"), ("upper", "<i1"), ("lower", "<i1")])
"""A rule that is broken: its index in RULES, the step, and the two voices; both are the same where it is one voice."""

PAIRS = tuple((upper, lower) for upper in range(4) for lower in range(upper + 1, 4))
ADJACENT = ((0, 1), (1, 2), (2, 3))
FIFTH, OCTAVE = 7, 0
STEP = 2  # semitones; larger intervals are leaps
DISSONANT_LEAPS = (6, 10, 11)
WIDEST_LEAP = 12
LARGE_LEAP = 8  # a sixth; the voice turns back after it
WIDEST_SPACING = 12

Broken = Iterator[tuple[int, int, int]]


@dataclass(frozen=True)
class Sonorities:
    """Simultaneous pitches of four voices."""

    pitches: np.ndarray  # ``(n, 4)``, one row for each change of any voice; SILENT where a voice rests
    steps: np.ndarray  # first step of each row
    on_beat: np.ndarray  # rows that are present at the start of a beat
    tonic: int | None  # pitch class of the tonic, if it is known

    def moving(self, upper: int, lower: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the rows to which both voices move, and by how many semitones each."""
        motion = self.motion
        rows = np.flatnonzero((motion[:, upper] != 0) & (motion[:, lower] != 0)) + 1
        return rows, motion[rows - 1, upper], motion[rows - 1, lower]

    @property
    def motion(self) -> np.ndarray:
        """Semitones by which each voice moves to the next row, ``(n - 1, 4)``; 0 to or from a rest."""
        before, after = self.pitches[:-1], self.pitches[1:]
        motion: np.ndarray = np.where((before != SILENT) & (after != SILENT), after - before, 0)
        return motion

    def interval(self, rows: np.ndarray, upper: int, lower: int) -> np.ndarray:
        """Return the interval of two voices without its octaves, 0 to 11."""
        intervals: np.ndarray = (self.pitches[rows, upper] - self.pitches[rows, lower]) % 12
        return intervals


@dataclass(frozen=True)
class Dominant:
    """Pitch classes of a dominant: its leading tone, its seventh (None in a triad), and the tonic it leads to."""

    leading_tone: int
    seventh: int | None
    tonic: int


def find_violations(pitches: np.ndarray, tonic: int | None = None) -> np.ndarray:
    """Return where four voices break the rules.

    - ``pitches``: ``(steps, 4)``: pitches of soprano, alto, tenor and bass at each sixteenth, SILENT for a rest.
    - ``tonic``: pitch class of the tonic, 0 (C) to 11. Without it, leading tones are those of sevenths and diminished
      triads.
    - returns: VIOLATION, sorted by step.
    """
    chords = sonorities_of(pitches, tonic)
    rows = [
        (index, chords.steps[row], upper, lower)
        for index, rule in enumerate(RULES.values())
        for row, upper, lower in rule(chords)
    ]
    violations = np.array(rows, VIOLATION)
    return violations[np.argsort(violations["step"], kind="stable")]


def violations_per_chord(pitches: np.ndarray, tonic: int | None = None) -> dict[str, float]:
    """Return how often each rule is broken, for each beat that is not silent."""
    n_chords = int((np.asarray(pitches)[::STEPS_PER_QUARTER] != SILENT).any(1).sum())
    counts = np.bincount(find_violations(pitches, tonic)["rule"], minlength=len(RULES))
    return {name: count / max(1, n_chords) for name, count in zip(RULES, counts.tolist(), strict=True)}


def sonorities_of(pitches: np.ndarray, tonic: int | None = None) -> Sonorities:
    """Return one row for each change of any voice."""
    pitches = np.asarray(pitches, np.int64)
    steps = np.flatnonzero(np.append(True, (pitches[1:] != pitches[:-1]).any(1)))[: len(pitches)]
    ends = np.append(steps[1:], len(pitches))
    on_beat = -(-steps // STEPS_PER_QUARTER) * STEPS_PER_QUARTER < ends
    return Sonorities(pitches[steps], steps, on_beat, tonic)


def _consecutive(chords: Sonorities, interval: int, *, similar: bool) -> Broken:
    for upper, lower in PAIRS:
        rows, above, below = chords.moving(upper, lower)
        repeated = chords.interval(rows, upper, lower) == interval
        repeated &= chords.interval(rows - 1, upper, lower) == interval
        for row in rows[repeated & ((above > 0) == (below > 0) if similar else (above > 0) != (below > 0))]:
            yield int(row), upper, lower


def parallel_fifths(chords: Sonorities) -> Broken:
    """Find voices a fifth apart that move in one direction to another fifth."""
    return _consecutive(chords, FIFTH, similar=True)


def parallel_octaves(chords: Sonorities) -> Broken:
    """Find voices a unison or octave apart that move in one direction to another unison or octave."""
    return _consecutive(chords, OCTAVE, similar=True)


def contrary_fifths_and_octaves(chords: Sonorities) -> Broken:
    """Find voices that move from a fifth or octave to another one in opposite directions."""
    yield from _consecutive(chords, FIFTH, similar=False)
    yield from _consecutive(chords, OCTAVE, similar=False)


def _hidden(chords: Sonorities, interval: int) -> Broken:
    rows, above, below = chords.moving(0, 3)
    reached = (chords.interval(rows, 0, 3) == interval) & (chords.interval(rows - 1, 0, 3) != interval)
    for row in rows[reached & ((above > 0) == (below > 0)) & (np.abs(above) > STEP)]:
        yield int(row), 0, 3


def hidden_fifths(chords: Sonorities) -> Broken:
    """Find outer voices that move in one direction to a fifth while the soprano leaps."""
    return _hidden(chords, FIFTH)


def hidden_octaves(chords: Sonorities) -> Broken:
    """Find outer voices that move in one direction to an octave while the soprano leaps."""
    return _hidden(chords, OCTAVE)


def crossing(chords: Sonorities) -> Broken:
    """Find voices above the next higher one."""
    for upper, lower in ADJACENT:
        above, below = chords.pitches[:, upper], chords.pitches[:, lower]
        for row in np.flatnonzero((above != SILENT) & (below != SILENT) & (above < below)):
            yield int(row), upper, lower


def overlap(chords: Sonorities) -> Broken:
    """Find voices that move beyond the pitch that the adjacent voice had before, without crossing it."""
    for upper, lower in ADJACENT:
        rows, above, below = chords.moving(upper, lower)
        before, after = chords.pitches[rows - 1], chords.pitches[rows]
        beyond = (after[:, lower] > before[:, upper]) & (above > 0) | (after[:, upper] < before[:, lower]) & (below < 0)
        for row in rows[beyond & (after[:, upper] >= after[:, lower])]:
            yield int(row), upper, lower


def spacing(chords: Sonorities) -> Broken:
    """Find soprano and alto, or alto and tenor, more than an octave apart."""
    for upper, lower in ADJACENT[:2]:
        above, below = chords.pitches[:, upper], chords.pitches[:, lower]
        for row in np.flatnonzero((below != SILENT) & (above - below > WIDEST_SPACING)):
            yield int(row), upper, lower


def voice_range(chords: Sonorities) -> Broken:
    """Find voices beyond their range."""
    for voice, (low, high) in enumerate(VOICE_RANGES):
        pitches = chords.pitches[:, voice]
        for row in np.flatnonzero((pitches != SILENT) & ((pitches < low) | (pitches > high))):
            yield int(row), voice, voice


def dissonant_leap(chords: Sonorities) -> Broken:
    """Find leaps by a tritone or a seventh."""
    for row, voice in np.argwhere(np.isin(np.abs(chords.motion), DISSONANT_LEAPS)):
        yield int(row) + 1, int(voice), int(voice)


def wide_leap(chords: Sonorities) -> Broken:
    """Find leaps by more than an octave."""
    for row, voice in np.argwhere(np.abs(chords.motion) > WIDEST_LEAP):
        yield int(row) + 1, int(voice), int(voice)


def uncompensated_leap(chords: Sonorities) -> Broken:
    """Find voices that go on in the direction of a leap of a sixth or more."""
    for voice in range(4):
        motion = chords.motion[:, voice]
        rows = np.flatnonzero(motion)
        leaps, following = motion[rows[:-1]], motion[rows[1:]]
        for row in rows[1:][(np.abs(leaps) >= LARGE_LEAP) & ((leaps > 0) == (following > 0))]:
            yield int(row) + 1, voice, voice


def unresolved_leading_tone(chords: Sonorities) -> Broken:
    """Find leading tones in soprano or bass that do not rise to the tonic that follows."""
    for row, following, dominant in _dominants(chords):
        for voice in (0, 3):
            before, after = chords.pitches[row, voice], chords.pitches[following, voice]
            is_leading = before % 12 == dominant.leading_tone and before != SILENT != after
            if is_leading and after - before != 1 and dominant.tonic in _classes(chords, following):
                yield following, voice, voice


def unresolved_seventh(chords: Sonorities) -> Broken:
    """Find sevenths of dominants that do not fall by a step, or stay, where the chord changes."""
    for row, following, dominant in _dominants(chords):
        for voice in range(4):
            before, after = chords.pitches[row, voice], chords.pitches[following, voice]
            if before % 12 == dominant.seventh and before != SILENT != after and not -STEP <= after - before <= 0:
                yield following, voice, voice


def doubled_leading_tone(chords: Sonorities) -> Broken:
    """Find leading tones of dominants that two voices have on a beat."""
    for row in np.flatnonzero(chords.on_beat):
        dominant = _dominant(_classes(chords, row), chords.tonic)
        if dominant is not None:
            voices = np.flatnonzero(
                (chords.pitches[row] != SILENT) & (chords.pitches[row] % 12 == dominant.leading_tone)
            )
            if len(voices) > 1:
                yield int(row), int(voices[0]), int(voices[-1])


def missing_third(chords: Sonorities) -> Broken:
    """Find beats on which four voices have only a root, or a root and a fifth."""
    for row in np.flatnonzero(chords.on_beat & (chords.pitches != SILENT).all(1)):
        classes = _classes(chords, row)
        if any(classes <= {root, (root + FIFTH) % 12} for root in classes):
            yield int(row), 0, 3


def _classes(chords: Sonorities, row: int | np.signedinteger) -> frozenset[int]:
    return frozenset(int(pitch) % 12 for pitch in chords.pitches[row] if pitch != SILENT)


def _dominants(chords: Sonorities) -> Iterator[tuple[int, int, Dominant]]:
    """Yield the last row of each dominant, the row that follows, and its pitch classes."""
    known = [_dominant(_classes(chords, row), chords.tonic) for row in range(len(chords.pitches))]
    for row, dominant in enumerate(known[:-1]):
        if dominant is not None and dominant.leading_tone not in _classes(chords, row + 1):
            yield row, row + 1, dominant
        elif dominant is not None and dominant.seventh not in {None, *_classes(chords, row + 1)}:
            yield row, row + 1, Dominant(-1, dominant.seventh, dominant.tonic)


def _dominant(classes: frozenset[int], tonic: int | None) -> Dominant | None:
    """Return what a dominant seventh, a diminished triad or the dominant of the key leads to."""
    for root in sorted(classes):
        third, fifth, seventh = (root + 4) % 12, (root + 7) % 12, (root + 10) % 12
        if {root, third, seventh} <= classes <= {root, third, fifth, seventh}:
            return Dominant(third, seventh, (root + 5) % 12)
        if classes == {root, (root + 3) % 12, (root + 6) % 12}:
            return Dominant(root, None, (root + 1) % 12)
        if tonic is not None and root == (tonic + 7) % 12 and {root, third} <= classes <= {root, third, fifth}:
            return Dominant(third, None, tonic)
    return None


RULES: dict[str, Callable[[Sonorities], Broken]] = {
    rule.__name__: rule
    for rule in (
        parallel_fifths,
        parallel_octaves,
        contrary_fifths_and_octaves,
        hidden_fifths,
        hidden_octaves,
        crossing,
        overlap,
        spacing,
        voice_range,
        dissonant_leap,
        wide_leap,
        uncompensated_leap,
        unresolved_leading_tone,
        unresolved_seventh,
        doubled_leading_tone,
        missing_third,
    )
}
"""The sixteen rules by name."""
