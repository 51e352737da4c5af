"""Beats and bars of a melody: its tempo, a path of beats that follows it, and where the bars begin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..analysis.tempo import HIGHEST_BPM, LOWEST_BPM, strength_correlation, tempo_of_strength
from .notes import MelodyNote

FRAMES_PER_SECOND = 100.0
ONSET_FRAMES = 2.5  # standard deviation of an onset
LONGEST_S = 1.0  # interval to the next note above which a note is not stronger
TIGHTNESS = 60.0  # of the beats: cost of a squared logarithm of an interval over the usual one
USUAL_BPM = 120.0  # of melodies too short for a tempo
LEVELS = (1 / 3, 1 / 2, 2 / 3, 1, 3 / 2, 2, 3)  # times the tempo of the autocorrelation, one of which is the beat
MIDDLE_BPM = 110.0
METRICAL_LAGS = (0.5, 1.0, 2.0, 3.0, 4.0)  # in beats
LAG_DEVIATIONS = (0.99, 1.0, 1.01)
METRICAL_WEIGHTS = np.array((1.21, -1.94, -0.79, -0.75, 1.92, 4.09, 3.22, 3.51, 3.54))
"""Of the evidence that a level is the beat: a conditional logit model of folk tunes, chorales and random rhythms."""
NEAR_S = 0.07  # between a beat and the note on it
TRIPLE_MARGIN = 1.15  # by which bars of three must be stronger than those of four


@dataclass(frozen=True)
class Beats:
    """Beats of a recording."""

    times_s: np.ndarray  # beats in seconds, rising, from before the first note to after the last, ``(beats,)``
    first_downbeat: int  # index of the first beat that begins a bar, below `beats_per_bar`
    beats_per_bar: int

    @property
    def tempo(self) -> float:
        """The median tempo in beats per minute."""
        return 60 / float(np.median(np.diff(self.times_s)))


def track_beats(
    notes: Sequence[MelodyNote], seconds: float, tempo: float | None = None, beats_per_bar: int | None = None
) -> Beats:
    """Track the beats of a melody.

    - ``seconds``: length of the recording.
    - ``tempo``: beats per minute, approximately; estimated by default.
    - ``beats_per_bar``: 3 or 4 by default, whichever fits better.
    - returns: at least two beats.

    References
    ----------
    D. P. W. Ellis: Beat tracking by dynamic programming. Journal of New Music Research 36(1), 2007.
    """
    strength = _strength(notes, seconds)
    if tempo is None:
        tempo = _tempo(notes, strength)
    period = 60 / float(np.clip(tempo, LOWEST_BPM, HIGHEST_BPM))
    if len(notes) < 2:
        first = notes[0].start_s if notes else 0.0
        times_s = _extended(np.array([first, first + period]), period, seconds)
    else:
        times_s = _extended(_best_beats(strength, period * FRAMES_PER_SECOND), period, seconds)
    accents = _accents(notes, times_s)
    if beats_per_bar is None:
        contrasts = {n: max(_bar_strengths(accents, n)) / max(accents.mean(), 1e-9) for n in (3, 4)}
        beats_per_bar = 3 if contrasts[3] > TRIPLE_MARGIN * contrasts[4] else 4
    strengths = _bar_strengths(accents, beats_per_bar)
    return Beats(times_s, int(np.argmax(strengths)), beats_per_bar)


def _tempo(notes: Sequence[MelodyNote], strength: np.ndarray) -> float:
    """Return the tempo of the metrical level that is most like a beat."""
    tempo = tempo_of_strength(strength, FRAMES_PER_SECOND).bpm
    if tempo is None or len(notes) < 2:
        return tempo or USUAL_BPM
    tempi = np.array([level * tempo for level in LEVELS if LOWEST_BPM <= level * tempo <= HIGHEST_BPM])
    return float(tempi[np.argmax(metrical_evidence(notes, strength, tempi) @ METRICAL_WEIGHTS)])


def metrical_evidence(notes: Sequence[MelodyNote], strength: np.ndarray, tempi: np.ndarray) -> np.ndarray:
    """Return what tells whether each tempo is that of the beat.

    - ``notes``: at least two.
    - ``strength``: strength of their onsets, FRAMES_PER_SECOND, ``(frames,)``.
    - ``tempi``: in beats per minute, ``(tempi,)``.
    - returns: ``(tempi, 9)``: octaves above MIDDLE_BPM and octaves of notes per beat, and their squares; the
      autocorrelation after each of METRICAL_LAGS.
    """
    correlation = strength_correlation(strength, FRAMES_PER_SECOND)
    octaves = np.log2(tempi / MIDDLE_BPM)
    density = np.log2(len(notes) * 60 / tempi / max(notes[-1].start_s - notes[0].start_s, 1e-3))
    period = 60 / tempi * FRAMES_PER_SECOND
    lags = period[:, None, None] * np.outer(METRICAL_LAGS, LAG_DEVIATIONS)
    periodicity = np.interp(lags, np.arange(len(correlation)), correlation).max(axis=2)
    return np.column_stack([octaves, octaves**2, density, density**2, periodicity])


def _weights(notes: Sequence[MelodyNote]) -> np.ndarray:
    """Return the weight of the onset of each note: more for loud ones, and those after which the next is late."""
    starts = np.array([note.start_s for note in notes])
    ends = np.append(starts[1:], notes[-1].end_s if notes else [])
    intervals = np.clip(ends - starts, 0.05, LONGEST_S)
    weights: np.ndarray = np.sqrt(intervals) * np.array([note.velocity for note in notes]) / 100
    return weights


def _strength(notes: Sequence[MelodyNote], seconds: float) -> np.ndarray:
    """Return the strength of the onsets over time, ``(frames,)``."""
    strength = np.zeros(round(seconds * FRAMES_PER_SECOND) + 1)
    around = np.arange(-8, 9)
    for note, weight in zip(notes, _weights(notes), strict=True):
        frames = round(note.start_s * FRAMES_PER_SECOND) + around
        is_inside = (frames >= 0) & (frames < len(strength))
        strength[frames[is_inside]] += weight * np.exp(-0.5 * (around[is_inside] / ONSET_FRAMES) ** 2)
    return strength


def _best_beats(strength: np.ndarray, period: float) -> np.ndarray:
    """Return the beats in seconds that lie on onsets and at similar distances."""
    onset = strength / max(float(strength.std()), 1e-9)
    lags = np.arange(max(1, round(period / 2)), round(2 * period) + 1)
    costs = TIGHTNESS * np.log(lags / period) ** 2
    total = np.zeros(len(onset))
    before = np.full(len(onset), -1)
    for t in range(len(onset)):
        total[t] = onset[t]
        reachable = lags[: np.searchsorted(lags, t, side="right")]
        if len(reachable):
            sums = total[t - reachable] - costs[: len(reachable)]
            best = int(sums.argmax())
            if sums[best] > 0:
                total[t] += sums[best]
                before[t] = t - reachable[best]
    t = len(total) - 1 - int(total[::-1][: round(2 * period)].argmax())
    beats = [t]
    while before[t] >= 0:
        t = int(before[t])
        beats.append(t)
    return np.array(beats[::-1]) / FRAMES_PER_SECOND


def _extended(times_s: np.ndarray, period: float, seconds: float) -> np.ndarray:
    """Return beats continued at their own tempo to the beginning and the end of a recording."""
    first = float(np.median(np.diff(times_s[:9]))) if len(times_s) > 2 else period
    last = float(np.median(np.diff(times_s[-9:]))) if len(times_s) > 2 else period
    before = times_s[0] - first * np.arange(int((times_s[0] + 1e-6) / first), 0, -1)
    n_after = max(int(np.ceil((seconds - times_s[-1]) / last)), 2 - len(times_s), 1)
    after = times_s[-1] + last * np.arange(1, n_after + 1)
    return np.concatenate([before, times_s, after])


def _accents(notes: Sequence[MelodyNote], times_s: np.ndarray) -> np.ndarray:
    """Return the weight of the notes that begin on each beat."""
    accents = np.zeros(len(times_s))
    for note, weight in zip(notes, _weights(notes), strict=True):
        beat = int(np.abs(times_s - note.start_s).argmin())
        if abs(times_s[beat] - note.start_s) < NEAR_S:
            accents[beat] += weight
    return accents


def _bar_strengths(accents: np.ndarray, beats_per_bar: int) -> list[float]:
    """Return the mean accent of the beats that would begin bars, for each first downbeat."""
    return [float(accents[first::beats_per_bar].mean()) for first in range(min(beats_per_bar, len(accents)))]
