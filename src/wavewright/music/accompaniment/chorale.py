"""A melody as a chorale: a score with soprano, alto, tenor and bass."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...base.errors import BadSetting
from ..bars import bars_of
from ..score import Score, Track, notes_of
from ..theory import MusicalKey, pitch_name
from .arrangement import MIN_TICKS_PER_QUARTER, key_event, key_of, with_resolution
from .chorale_grid import SILENT, STEPS_PER_QUARTER, VOICE_RANGES, VOICES
from .harmonising import HarmonySettings, harmonise_grid
from .melody import find_key, melody_track, skyline

CHOIR_PROGRAM = 52
VELOCITY = 72
MAX_STEPS = 40_000
LONGEST_BREATH = STEPS_PER_QUARTER  # rests of the melody up to so many steps are none for the other voices


def harmonise(
    melody: Score,
    *,
    voice: str = "soprano",
    key: MusicalKey | None = None,
    seed: int = 0,
    settings: HarmonySettings | None = None,
) -> Score:
    """Return a melody in four voices, in the style of the chorales of J. S. Bach.

    The notes of the melody stay as they are, but a melody beyond the range of its voice is transposed into it, by
    octaves where that is enough. The other voices move in eighths at the shortest. They rest where the melody rests
    for more than a quarter.

    - ``voice``: voice that the melody is: soprano, alto, tenor or bass.
    - ``key``: by default that of the score, or else the most probable one.
    - ``seed``: same seed, same notes.
    - ``settings``: effort of the search.
    - returns: with a track for each voice and no others.

    Raises BadSetting if there is no melody or no such voice, or the melody is too wide or too long.
    """
    if voice not in VOICES:
        raise BadSetting(f"There is no voice {voice!r}; give one of {', '.join(VOICES)}.")
    score = with_resolution(melody, MIN_TICKS_PER_QUARTER)
    track = score.tracks[melody_track(score)]
    notes = skyline(track)
    bars = bars_of(score)
    known_key = key or key_of(score) or find_key(notes, bars)
    index = VOICES.index(voice)
    shift = _shift_into(notes["pitch"], index)
    notes["pitch"] += shift
    line = _line_of(notes, score.ticks_per_quarter)
    known = np.repeat(np.where(line == SILENT, SILENT, 0)[:, None], len(VOICES), axis=1)
    known[:, index] = line
    is_known = np.repeat((line == SILENT)[:, None], len(VOICES), axis=1)
    is_known[:, index] = True
    tonic = (known_key.tonic + shift) % 12
    pitches = harmonise_grid(known, is_known, tonic, seed=seed, settings=settings)
    tracks = [
        Track(
            notes if lane == index else _voice_notes(pitches[:, lane], notes, score, bars[0].lead), name, channel=lane
        )
        for lane, name in enumerate(VOICES)
    ]
    final_key = MusicalKey(tonic, known_key.scale)
    return replace(
        score,
        tracks=tuple(each.with_program(CHOIR_PROGRAM) for each in tracks),
        keys=score.keys if len(score.keys) and shift % 12 == 0 and key is None else key_event(final_key),
        chords=(),
    )


def _shift_into(pitches: np.ndarray, voice: int) -> int:
    """Return the semitones that move a melody into the range of a voice, octaves if possible."""
    low, high = VOICE_RANGES[voice]
    lowest, highest = int(pitches.min()), int(pitches.max())
    if highest - lowest > high - low:
        raise BadSetting(
            f"The melody spans {highest - lowest} semitones, {pitch_name(lowest)} to {pitch_name(highest)}; a "
            f"{VOICES[voice]} has {high - low}. Give a melody with a smaller range."
        )
    fitting = range(low - lowest, high - highest + 1)
    return min(fitting, key=lambda shift: (shift != 0, shift % 12 != 0, abs(shift)))


def _line_of(notes: np.ndarray, ticks_per_quarter: int) -> np.ndarray:
    """Return the pitch of a voice at each sixteenth; notes go on through short rests."""

    def step_of(ticks: np.ndarray) -> np.ndarray:
        steps: np.ndarray = (2 * ticks * STEPS_PER_QUARTER + ticks_per_quarter) // (2 * ticks_per_quarter)
        return steps

    starts, ends = step_of(notes["start"]), step_of(notes["start"] + notes["duration"])
    if ends.max() > MAX_STEPS:
        raise BadSetting(
            f"The melody has {ends.max() // STEPS_PER_QUARTER} quarters; at most {MAX_STEPS // 4} can be "
            "harmonised. Give a part of it."
        )
    line = np.full(max(1, int(ends.max())), SILENT)
    following = np.append(starts[1:], ends[-1])
    for start, end, after, pitch in zip(starts, ends, following, notes["pitch"], strict=True):
        line[start : after if after - end <= LONGEST_BREATH else end] = pitch
    return line


def _voice_notes(pitches: np.ndarray, melody: np.ndarray, score: Score, lead: int) -> np.ndarray:
    """Return the notes of a voice; a held pitch is struck again on a beat where the melody has a note."""
    step_ticks = score.ticks_per_quarter / STEPS_PER_QUARTER
    beats = melody["start"][(melody["start"] + lead) % score.ticks_per_quarter == 0]
    is_start = np.append(True, np.diff(pitches) != 0)
    again = np.rint(beats / step_ticks).astype(int)
    is_start[again[again < len(pitches)]] = True
    starts = np.flatnonzero(is_start)
    ends = np.append(starts[1:], len(pitches))
    rows = [
        (round(start * step_ticks), round(end * step_ticks) - round(start * step_ticks), int(pitches[start]), VELOCITY)
        for start, end in zip(starts, ends, strict=True)
        if pitches[start] != SILENT
    ]
    return notes_of(rows)
