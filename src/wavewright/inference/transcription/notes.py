"""Notes of a melody: scores of its frames, the path through them, and what each note is like."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .salience import FRAMES_PER_SECOND, MelodyFrames
from .settings import LOWEST_PITCH, TranscriptionSettings

BLOCK_FRAMES = 3_000
SETTLED_FRAMES = 1_000  # after which the path does not change


@dataclass(frozen=True)
class PathNote:
    """First frame, end and index of the pitch of a note on a path."""

    start: int
    end: int
    pitch: int


def windowed(values: np.ndarray, n_around: int, outside: float) -> np.ndarray:
    """Return each value with those around it, ``(frames, 2 * n_around + 1)``."""
    padded = np.pad(values, n_around, constant_values=outside)
    return np.lib.stride_tricks.sliding_window_view(padded, 2 * n_around + 1)


class NotePath:
    """The path through frames that are added in blocks; what lies SETTLED_FRAMES back is fixed.

    A note lasts at least `n_attack` frames and one. It begins after silence or another note, or after itself.

    - ``n_attack``: frames of an attack, at least 1.
    - ``repeat_cost``: of a note after one of the same pitch.
    """

    def __init__(self, n_pitches: int, n_attack: int, repeat_cost: float = 0.0) -> None:
        self._repeat_cost = repeat_cost
        self._attack = np.full((n_attack, n_pitches), -np.inf)  # of notes that are so many frames old
        self._sustain = np.full(n_pitches, -np.inf)
        self._silence = 0.0
        self._start = 0  # frame before which the path is fixed
        self._is_sustained = np.zeros((0, n_pitches), bool)  # of notes that go on
        self._before = np.zeros((0, n_pitches), np.int16)  # index of the pitch before a new note, -1 for silence
        self._before_silence = np.zeros(0, np.int16)

    def add(self, scores: np.ndarray, starts: np.ndarray) -> list[PathNote]:
        """Add frames; return the notes that are settled.

        - ``scores``: how much better each pitch fits than silence, ``(frames, pitches)``.
        - ``starts``: score of a note that begins at the frame, ``(frames, pitches)``.
        - returns: in order.
        """
        n_known = len(self._before_silence)
        self._extend(len(scores))
        for t in range(len(scores)):
            self._step(n_known + t, scores[t], starts[t])
        notes = self._traced()
        settled = [note for note in notes if note.end <= self._start + len(self._before_silence) - SETTLED_FRAMES]
        if settled:
            n_settled = settled[-1].end - self._start
            self._start += n_settled
            self._is_sustained = self._is_sustained[n_settled:].copy()
            self._before = self._before[n_settled:].copy()
            self._before_silence = self._before_silence[n_settled:].copy()
        return settled

    def rest(self) -> list[PathNote]:
        """Return the notes after those that were returned."""
        return self._traced()

    def _extend(self, n_frames: int) -> None:
        n_pitches = len(self._sustain)
        self._is_sustained = np.concatenate([self._is_sustained, np.zeros((n_frames, n_pitches), bool)])
        self._before = np.concatenate([self._before, np.full((n_frames, n_pitches), -1, np.int16)])
        self._before_silence = np.concatenate([self._before_silence, np.full(n_frames, -1, np.int16)])

    def _step(self, t: int, scores: np.ndarray, starts: np.ndarray) -> None:
        """Advance all states by a frame."""
        attack, sustain = self._attack, self._sustain
        last = int(sustain.argmax())
        ended = float(sustain[last])
        before = np.full(len(sustain), max(self._silence, ended))
        self._before[t] = last if ended > self._silence else -1
        before[last] = max(self._silence, ended - self._repeat_cost)
        self._before[t, last] = last if ended - self._repeat_cost > self._silence else -1
        if ended > self._silence:
            self._silence, self._before_silence[t] = ended, last
        self._is_sustained[t] = sustain > attack[-1]
        self._sustain = np.maximum(sustain, attack[-1]) + scores
        attack[1:] = attack[:-1] + scores
        attack[0] = before + starts + scores

    def _traced(self) -> list[PathNote]:
        """Return the notes of the best path to the last frame, as far as it is not fixed."""
        notes = []
        n_attack = len(self._attack)
        pitch = int(self._sustain.argmax())
        is_note = self._sustain[pitch] > self._silence
        t = len(self._before_silence) - 1
        end = t + 1
        while t >= 0:
            if not is_note:
                pitch, end = int(self._before_silence[t]), t
                is_note = pitch >= 0
                t -= 1
                continue
            while t > n_attack and self._is_sustained[t, pitch]:
                t -= 1
            start = max(t - n_attack, 0)
            notes.append(PathNote(self._start + start, self._start + end, pitch))
            pitch = int(self._before[start, pitch])
            t, end, is_note = start - 1, start, pitch >= 0
        return notes[::-1]


SOUNDS_WEIGHT, BEGINS_WEIGHT = 0.2, 0.6  # of the log odds of a frame and of a beginning, in the score of the path
CLARITY_WEIGHT, SURE_CLARITY = 1.0, 0.4  # of the clearest candidate, above so much, in that score
SILENT = -0.8  # score of a note in a silent frame
START_COST = 0.8  # of a note
MAX_DEVIATION = 1.3  # semitones between a candidate and its note
RELEASE_DB, RELEASE_FRAMES = 15.0, 15  # fall of the level within so many frames, after which a note has ended
RELEASE_LAG, EARLIEST_RELEASE = 4, 10  # frames from the end to that level, and from the onset
LOUDEST_PERCENTILE = 95
USUAL_ONSET_DB = 3.0
VELOCITY_OF_LOUDEST = 100
DB_PER_OCTAVE_OF_VELOCITY = 12.0  # MIDI's usual curve: amplitude is the square of the velocity
ATTACK_SECONDS = 0.12  # in which the level of a note is measured


@dataclass(frozen=True)
class MelodyNote:
    """A note of a recording.

    - ``start_s``, ``end_s``: in seconds.
    - ``pitch``: MIDI pitch; 69 is A4.
    - ``cents``: deviation of the median of its pitch from equal temperament at 440 Hz.
    - ``velocity``: 1 to 127, from the level of its beginning; the loudest notes have about 100.
    """

    start_s: float
    end_s: float
    pitch: int
    cents: float
    velocity: int


def find_notes(frames: MelodyFrames, settings: TranscriptionSettings) -> tuple[tuple[MelodyNote, ...], float]:
    """Return the notes of a recording, sorted, and its tuning in cents above 440 Hz.

    - returns: no two sound at once.
    - returns ``float``: between -50 and 50.
    """
    if not len(frames):
        return (), 0.0
    loudest_db = float(np.percentile(frames.level_db, LOUDEST_PERCENTILE))
    is_sounding = frames.level_db > max(loudest_db + settings.silence_db, -80.0)
    path = NotePath(
        frames.sounds.shape[1],
        max(1, round(settings.min_note_seconds * FRAMES_PER_SECOND) - 1),
        float(np.log(settings.onset_db / USUAL_ONSET_DB)),
    )
    path_notes: list[PathNote] = []
    for first in range(0, len(frames), BLOCK_FRAMES):
        block = slice(first, first + BLOCK_FRAMES)
        sounds, begins = (each[block].astype(np.float32) for each in (frames.sounds, frames.begins))
        scores = SOUNDS_WEIGHT * sounds + _clear_scores(frames, block)
        scores = np.where(is_sounding[block, None], scores, SILENT)
        path_notes += path.add(scores, BEGINS_WEIGHT * begins - START_COST)
    path_notes += path.rest()
    loudest_db = max((_attack_db(frames, note) for note in path_notes), default=0.0)
    notes = (_note(frames, note, settings.min_clarity, loudest_db) for note in path_notes)
    span = range(settings.lowest_pitch, settings.highest_pitch + 1)
    return tuple(note for note in notes if note is not None and note.pitch in span), round(100 * frames.tuning, 1)


def _clear_scores(frames: MelodyFrames, block: slice) -> np.ndarray:
    """Return what the clearest candidate of each frame adds to the score of its note, ``(frames, pitches)``."""
    clarity = frames.clarity[block, 0]
    index = np.rint(frames.pitch[block, 0] - frames.tuning).astype(int) - LOWEST_PITCH
    rows = np.flatnonzero((clarity > SURE_CLARITY) & (index >= 0) & (index < frames.sounds.shape[1]))
    scores = np.zeros(frames.sounds[block].shape, np.float32)
    scores[rows, index[rows]] = CLARITY_WEIGHT * (clarity[rows] - SURE_CLARITY)
    return scores


def _attack_db(frames: MelodyFrames, note: PathNote) -> float:
    """Return the level of the beginning of a note."""
    end = min(note.end, note.start + round(ATTACK_SECONDS * FRAMES_PER_SECOND))
    return float(frames.level_db[note.start : end].max())


def _note(frames: MelodyFrames, path_note: PathNote, min_clarity: float, loudest_db: float) -> MelodyNote | None:
    """Return a note of the path; None if its pitch is nowhere clear."""
    start, pitch = path_note.start, LOWEST_PITCH + path_note.pitch
    rows = np.arange(start, start + _length(frames.level_db[start : path_note.end]))
    is_near = np.abs(frames.pitch[rows] - frames.tuning - pitch) < MAX_DEVIATION
    clarity = np.where(is_near, frames.clarity[rows], 0.0)
    best = clarity.argmax(axis=1)
    is_clear = clarity[rows - start, best] > 0
    if clarity.max(initial=0.0) < min_clarity:
        return None
    cents = 100 * (float(np.median(frames.pitch[rows, best][is_clear])) - pitch)
    octaves = (_attack_db(frames, path_note) - loudest_db) / DB_PER_OCTAVE_OF_VELOCITY
    velocity = int(np.clip(round(VELOCITY_OF_LOUDEST * 2.0**octaves), 1, 127))
    return MelodyNote(
        start / FRAMES_PER_SECOND, (start + len(rows)) / FRAMES_PER_SECOND, pitch, round(cents, 1), velocity
    )


def _length(level_db: np.ndarray) -> int:
    """Return the frames of a note up to where its level falls so fast that it is released."""
    before = windowed(level_db, RELEASE_FRAMES, -np.inf)[:, :RELEASE_FRAMES].max(axis=1)
    falls = np.flatnonzero(level_db[EARLIEST_RELEASE:] < before[EARLIEST_RELEASE:] - RELEASE_DB)
    return EARLIEST_RELEASE + int(falls[0]) - RELEASE_LAG if len(falls) else len(level_db)
