"""Scores of transcribed recordings: notes on the beats of the recording, exact or quantised."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...base.errors import BadSetting
from ...music.accompaniment.chord_model import as_score_chords, find_chords
from ...music.accompaniment.melody import find_key
from ...music.bars import bars_of
from ...music.score import KEY, METRE, NOTE, RELEASE_VELOCITY, Score, Track, empty, key_event
from ...music.timing import MAX_US_PER_QUARTER, TEMPO, US_PER_SECOND
from .beats import Beats
from .notes import MelodyNote

TICKS_PER_QUARTER = 960
QUANTISATIONS = (4, 8, 12, 16, 24, 32)
"""Note values on which notes can start; 12 and 24 are triplets of eighths and sixteenths."""

SHORTEST_LEAD = 0.5  # beats before the first one, below which it begins the recording


def check_quantisation(quantise: int | None) -> None:
    """Raise BadSetting for a note value that notes are not quantised to."""
    if quantise is not None and quantise not in QUANTISATIONS:
        raise BadSetting(f"Notes are quantised to {quantise}; choose one of {', '.join(map(str, QUANTISATIONS))}.")


def score_of(
    notes: Sequence[MelodyNote],
    beats: Beats,
    quantise: int | None = None,
    *,
    is_steady: bool = False,
    is_polyphonic: bool = False,
    has_chords: bool = False,
) -> Score:
    """Return notes as a score whose quarters are beats.

    - ``quantise``: notes start and end on multiples of this note value: 4, 8, 12, 16, 24 or 32. By default times are
      kept, to a tick.
    - ``is_steady``: one tempo, the median, instead of that of every beat; then the score is not in time with the
      recording.
    - ``is_polyphonic``: notes of different pitches may sound at once; otherwise each ends before the next begins.
    - ``has_chords``: the most probable chord of each bar is written above it.
    - returns: a track ``melody`` or ``notes``, in time with the recording: tick 0 is its beginning.

    Raises BadSetting if `quantise` is another value.
    """
    check_quantisation(quantise)
    times_s, lead = beat_grid(beats)
    ticks = TICKS_PER_QUARTER * np.arange(len(times_s))
    tempos = np.zeros(len(times_s) - 1, TEMPO)
    tempos["tick"] = ticks[:-1]
    us = np.rint(US_PER_SECOND * np.diff(times_s)).astype(np.int64)
    tempos["us_per_quarter"] = np.clip(us, 1, MAX_US_PER_QUARTER)
    score = Score((), TICKS_PER_QUARTER, tempos, _metres(beats, lead))
    rows = _quantised(notes, score, quantise, is_polyphonic)
    if is_steady:
        tempos = tempos[:1].copy()
        tempos["us_per_quarter"] = round(US_PER_SECOND * 60 / beats.tempo)
    else:
        tempos = tempos[np.append(True, np.diff(tempos["us_per_quarter"]) != 0)]
    score = Score((Track(rows, "notes" if is_polyphonic else "melody"),), TICKS_PER_QUARTER, tempos, score.metres)
    bars = bars_of(score)
    key = find_key(rows, bars)
    keys = key_event(key) if len(rows) else empty(KEY)
    chords = as_score_chords(find_chords(rows, bars, key), key) if has_chords and len(rows) else ()
    return Score(score.tracks, TICKS_PER_QUARTER, tempos, score.metres, keys, chords)


def beat_grid(beats: Beats) -> tuple[np.ndarray, int]:
    """Return the times of the quarters from 0 on, and the number of them before the first bar."""
    times_s = beats.times_s
    first = times_s[beats.first_downbeat]
    step = times_s[beats.first_downbeat + 1] - first
    lead = beats.first_downbeat
    if times_s[0] >= SHORTEST_LEAD * step:  # a quarter before the first beat that is known
        return np.concatenate([[0.0], times_s]), lead + 1
    return np.concatenate([[0.0], times_s[1:]]), lead


def _metres(beats: Beats, lead: int) -> np.ndarray:
    """Return the metre, after a shorter bar if there are beats before the first whole one."""
    lead %= beats.beats_per_bar
    rows = [(0, lead, 4, 24, 8)] if lead else []
    return np.array([*rows, (lead * TICKS_PER_QUARTER, beats.beats_per_bar, 4, 24, 8)], METRE)


def _quantised(
    notes: Sequence[MelodyNote], score: Score, quantise: int | None, is_polyphonic: bool = False
) -> np.ndarray:
    """Return the notes in ticks, NOTE; each ends before the next begins, or before the next of its pitch."""
    if not is_polyphonic:
        return _quantised_voice(notes, score, quantise)
    pitches = sorted({note.pitch for note in notes})
    voices = [_quantised_voice([note for note in notes if note.pitch == each], score, quantise) for each in pitches]
    rows = np.concatenate([np.zeros(0, NOTE), *voices])
    return rows[np.lexsort((rows["pitch"], rows["start"]))]


def _quantised_voice(notes: Sequence[MelodyNote], score: Score, quantise: int | None) -> np.ndarray:
    """Return the notes of one voice in ticks, NOTE; each ends before the next begins."""
    step = 1 if quantise is None else 4 * TICKS_PER_QUARTER // quantise
    times_s = np.array([(note.start_s, note.end_s) for note in notes]).reshape(-1, 2)
    ticks = step * np.rint(score.tempo_map.ticks(times_s) / step).astype(np.int64)
    rows = np.zeros(len(notes), NOTE)
    for index, (row, note) in enumerate(zip(rows, notes, strict=True)):
        earliest = rows["start"][index - 1] + step if index else 0
        row["start"] = max(ticks[index, 0], earliest)
        row["duration"] = max(ticks[index, 1] - row["start"], step)
        row["pitch"], row["velocity"], row["release_velocity"] = note.pitch, note.velocity, RELEASE_VELOCITY
    if len(rows):
        room = np.append(np.diff(rows["start"]), rows["duration"][-1])
        rows["duration"] = np.minimum(rows["duration"], room)
    return rows
