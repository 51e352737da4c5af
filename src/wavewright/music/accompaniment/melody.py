"""The melody of a score: its notes, its key and where its phrases end."""

from __future__ import annotations

import numpy as np

from ...base.errors import BadSetting
from ..bars import Bar, bar_index, first_whole
from ..score import NOTE, Score, Track, empty
from ..theory import MusicalKey

MAJOR_PROFILE = (0.748, 0.060, 0.488, 0.082, 0.670, 0.460, 0.096, 0.715, 0.104, 0.366, 0.057, 0.400)
MINOR_PROFILE = (0.712, 0.084, 0.474, 0.618, 0.049, 0.460, 0.105, 0.747, 0.404, 0.067, 0.133, 0.330)
"""Fraction of bars with each pitch class above the tonic (D. Temperley: The Cognition of Basic Musical Structures. MIT
Press, 2001; measured on the corpus of Kostka and Payne)."""

FIRST_NOTE_BONUS, LAST_NOTE_BONUS = 0.1, 0.25
"""Bonus of a key whose tonic chord has the first note of the melody, and of one whose tonic is the last."""

MELODY_NAMES = ("melody", "lead", "vocal", "voice", "soprano", "tune", "solo", "sing")

PHRASE_BARS = 4


def melody_track(score: Score) -> int:
    """Return the index of the track of the melody: one that is called so, or else the highest.

    Raises BadSetting if no track but those of drums has notes.
    """
    candidates = [i for i, track in enumerate(score.tracks) if len(track.notes) and not track.is_drum]
    if not candidates:
        raise BadSetting("The score has no notes of a melody; give one with a track of notes that are no drums.")
    for index in candidates:
        name = score.tracks[index].name.lower()
        if any(each in name for each in MELODY_NAMES) and "inner" not in name:
            return index
    return max(candidates, key=lambda i: (float(np.median(score.tracks[i].notes["pitch"])), -i))


def skyline(track: Track) -> np.ndarray:
    """Return one voice of a track, NOTE: the highest of notes of one start, each ended by the next."""
    notes = track.notes[np.lexsort((-track.notes["pitch"].astype(int), track.notes["start"]))]
    if not len(notes):
        return empty(NOTE)
    notes = notes[np.append(True, np.diff(notes["start"]) > 0)]
    room = np.append(np.diff(notes["start"]), notes["duration"][-1])
    voice: np.ndarray = notes.copy()
    voice["duration"] = np.minimum(notes["duration"], room)
    return voice


def profile_of(notes: np.ndarray, bars: tuple[Bar, ...], start: int, end: int) -> np.ndarray:
    """Return the weights of the pitch classes between two ticks, ``(12,)``.

    The weight of a note is its length within the segment in quarters, more where it begins on a strong beat.
    """
    profile = np.zeros(12)
    overlaps = np.minimum(notes["start"] + notes["duration"], end) - np.maximum(notes["start"], start)
    inside = np.flatnonzero(overlaps > 0)
    for index, note, overlap in zip(
        bar_index(bars, notes["start"][inside]), notes[inside], overlaps[inside], strict=True
    ):
        bar = bars[index]
        quarters = float(overlap) * 4 * bar.numerator / (bar.denominator * bar.whole)
        profile[note["pitch"] % 12] += quarters * (0.5 + bar.strength(int(note["start"])))
    return profile


def find_key(notes: np.ndarray, bars: tuple[Bar, ...]) -> MusicalKey:
    """Return the key, major or minor, whose profile of pitch classes correlates best with that of the notes.

    The last note counts as a tonic, and the first as a note of the tonic chord.

    References
    ----------
    C. L. Krumhansl: Cognitive Foundations of Musical Pitch. Oxford University Press, 1990.
    """
    if not len(notes):
        return MusicalKey()
    profile = profile_of(notes, bars, bars[0].start, bars[-1].end)
    if np.ptp(profile) == 0:
        return MusicalKey(int(notes["pitch"][-1]) % 12)
    first, last = int(notes["pitch"][0]) % 12, int(notes["pitch"][-1]) % 12
    scores = {}
    for mode, weights in (("major", MAJOR_PROFILE), ("minor", MINOR_PROFILE)):
        third = 4 if mode == "major" else 3
        for tonic in range(12):
            correlation = float(np.corrcoef(profile, np.roll(weights, tonic))[0, 1])
            correlation += FIRST_NOTE_BONUS * ((first - tonic) % 12 in (0, third, 7))
            scores[tonic, mode] = correlation + LAST_NOTE_BONUS * (last == tonic)
    return MusicalKey(*max(scores, key=lambda key: scores[key]))


def phrase_ends(notes: np.ndarray, bars: tuple[Bar, ...]) -> tuple[int, ...]:
    """Return the indices of the bars that end phrases, the last bar among them.

    Phrases have four bars, or end up to one bar earlier or later where the melody has a long note or a rest there. A
    pickup belongs to the first one.
    """
    openness = [_openness(notes, bar) for bar in bars]
    ends, start = [], first_whole(bars)
    while start + PHRASE_BARS + 2 < len(bars):
        usual = start + PHRASE_BARS - 1
        end = max((usual, usual - 1, usual + 1), key=lambda bar: openness[bar] + 0.45 * (bar == usual))
        ends.append(end)
        start = end + 1
    if len(bars) - start >= PHRASE_BARS + 2:
        ends.append(start + PHRASE_BARS - 1)
    return (*ends, len(bars) - 1)


def _openness(notes: np.ndarray, bar: Bar) -> float:
    """Return the fraction of a bar after its last note begins."""
    starts = notes["start"][(notes["start"] >= bar.start) & (notes["start"] < bar.end)]
    return (bar.end - int(starts.max())) / bar.length if len(starts) else 1.0
