"""Notes of a melody: scores of its frames, the path through them, and what each note is like."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .note_path import BLOCK_FRAMES, SLACK_FRAMES, NotePath, PathNote, windowed
from .onsets import onset_strengths
from .salience import FRAMES_PER_SECOND, MelodyFrames
from .settings import HIGHEST_PITCH, LOWEST_PITCH, TranscriptionSettings

DEVIATION_COST = 0.1  # of a semitone between a candidate and the note, squared
MAX_DEVIATION = 1.3  # semitones
NO_CANDIDATE = -0.3  # score of a frame in which a note has no candidate
RISE_BEFORE, RISE_AFTER = 8, 3  # frames around the first of a note, in which its spectrum rises
RISE_FRACTION, RISE_FLOOR_DB = 0.2, 0.2
RELEASE_DB, RELEASE_FRAMES = 15.0, 15  # fall of the level within so many frames, after which a note has ended
RELEASE_LAG, EARLIEST_RELEASE = 4, 10  # frames from the end to that level, and from the onset
LOUDEST_PERCENTILE = 95
CLEAR = 0.35  # clarity of frames that the tuning is estimated from
LEAST_CONCENTRATION, SURE_CONCENTRATION = 0.6, 0.9  # of their deviations; 0 is none, 1 all the same
VELOCITY_OF_LOUDEST = 100
DB_PER_OCTAVE_OF_VELOCITY = 12.0  # MIDI's usual curve: amplitude is the square of the velocity
ATTACK_SECONDS = 0.12  # in which the level of a note is measured


@dataclass(frozen=True)
class MelodyNote:
    """A note of a recording.

    Attributes
    ----------
    start_s, end_s : float
        In seconds.
    pitch : int
        MIDI pitch; 69 is A4.
    cents : float
        Deviation of the median of its pitch from equal temperament at 440 Hz.
    velocity : int
        1 to 127, from the level of its beginning; the loudest notes have about 100.
    """

    start_s: float
    end_s: float
    pitch: int
    cents: float
    velocity: int


def find_notes(frames: MelodyFrames, settings: TranscriptionSettings) -> tuple[tuple[MelodyNote, ...], float]:
    """Return the notes of a recording, sorted, and its tuning in cents above 440 Hz.

    Parameters
    ----------
    frames : MelodyFrames
    settings : TranscriptionSettings

    Returns
    -------
    tuple of MelodyNote
        No two sound at once.
    float
        Between -50 and 50.
    """
    if not len(frames):
        return (), 0.0
    loudest_db = float(np.percentile(frames.level_db, LOUDEST_PERCENTILE))
    is_sounding = frames.level_db > max(loudest_db + settings.silence_db, -80.0)
    tuning = _tuning(frames, is_sounding, settings)
    onsets = onset_strengths(frames, settings.onset_db)
    near = windowed(onsets, SLACK_FRAMES, -1.0).max(axis=1)
    pitches = np.arange(LOWEST_PITCH, HIGHEST_PITCH + 1)
    path = NotePath(len(pitches), max(1, round(settings.min_note_seconds * FRAMES_PER_SECOND) - 1))
    path_notes: list[PathNote] = []
    for first in range(0, len(frames), BLOCK_FRAMES):
        block = slice(first, first + BLOCK_FRAMES)
        scores = _scores(frames, block, is_sounding, pitches + tuning, settings)
        path_notes += path.add(scores, onsets[block], near[block])
    path_notes += path.rest()
    loudest_db = max((_attack_db(frames, note) for note in path_notes), default=0.0)
    notes = (_note(frames, note, int(pitches[note.pitch]), loudest_db) for note in path_notes)
    span = range(settings.lowest_pitch, settings.highest_pitch + 1)
    return tuple(note for note in notes if note is not None and note.pitch in span), round(100 * tuning, 1)


def _tuning(frames: MelodyFrames, is_sounding: np.ndarray, settings: TranscriptionSettings) -> float:
    """Return the offset from equal temperament in semitones: the circular mean of the clearest candidates.

    It is less where they deviate by different amounts.
    """
    clarity = np.where(is_sounding & (frames.clarity[:, 0] > max(CLEAR, settings.min_clarity)), frames.clarity[:, 0], 0)
    mean = np.sum(clarity**2 * np.exp(2j * np.pi * frames.pitch[:, 0])) / max(np.sum(clarity**2), 1e-9)
    trust = np.clip((abs(mean) - LEAST_CONCENTRATION) / (SURE_CONCENTRATION - LEAST_CONCENTRATION), 0, 1)
    return float(trust * np.angle(mean) / (2 * np.pi))


def _scores(
    frames: MelodyFrames, block: slice, is_sounding: np.ndarray, pitches: np.ndarray, settings: TranscriptionSettings
) -> np.ndarray:
    """Return how much better each note fits each frame of a block than silence, ``(frames, pitches)``."""
    scores = np.full((len(frames.level_db[block]), len(pitches)), NO_CANDIDATE, np.float32)
    for pitch, clarity in zip(frames.pitch[block].T, frames.clarity[block].T, strict=True):
        deviation = np.abs(pitch[:, None] - pitches)
        score = clarity[:, None] - settings.min_clarity - DEVIATION_COST * deviation**2
        is_near = (clarity[:, None] > 0) & (deviation < MAX_DEVIATION)
        np.maximum(scores, np.where(is_near, score, NO_CANDIDATE), out=scores)
    scores[~is_sounding[block]] = NO_CANDIDATE
    return scores


def _attack_db(frames: MelodyFrames, note: PathNote) -> float:
    """Return the level of the beginning of a note."""
    end = min(note.end, note.start + round(ATTACK_SECONDS * FRAMES_PER_SECOND))
    return float(frames.level_db[note.start : end].max())


def _note(frames: MelodyFrames, path_note: PathNote, pitch: int, loudest_db: float) -> MelodyNote | None:
    """Return a note of the path, from the rise of the spectrum before it on; None if its pitch is nowhere clear."""
    start = _onset(frames.rise_db, path_note.start, path_note.end)
    rows = np.arange(start, start + _length(frames.level_db[start : path_note.end]))
    clarity = np.where(np.abs(frames.pitch[rows] - pitch) < MAX_DEVIATION, frames.clarity[rows], 0.0)
    best = clarity.argmax(axis=1)
    is_clear = clarity[rows - start, best] > 0
    if not is_clear.any():
        return None
    cents = 100 * (float(np.median(frames.pitch[rows, best][is_clear])) - pitch)
    octaves = (_attack_db(frames, path_note) - loudest_db) / DB_PER_OCTAVE_OF_VELOCITY
    velocity = int(np.clip(round(VELOCITY_OF_LOUDEST * 2.0**octaves), 1, 127))
    return MelodyNote(
        start / FRAMES_PER_SECOND, (start + len(rows)) / FRAMES_PER_SECOND, pitch, round(cents, 1), velocity
    )


def _onset(rise_db: np.ndarray, start: int, end: int) -> int:
    """Return the frame near the first of a note at which the spectrum completes a fraction of its rise."""
    first = max(0, start - RISE_BEFORE)
    total = np.cumsum(np.maximum(rise_db[first : min(start + RISE_AFTER, end)] - RISE_FLOOR_DB, 0.0))
    return first + int(np.argmax(total >= RISE_FRACTION * total[-1])) if total[-1] > 0 else start


def _length(level_db: np.ndarray) -> int:
    """Return the frames of a note up to where its level falls so fast that it is released."""
    before = windowed(level_db, RELEASE_FRAMES, -np.inf)[:, :RELEASE_FRAMES].max(axis=1)
    falls = np.flatnonzero(level_db[EARLIEST_RELEASE:] < before[EARLIEST_RELEASE:] - RELEASE_DB)
    return EARLIEST_RELEASE + int(falls[0]) - RELEASE_LAG if len(falls) else len(level_db)
