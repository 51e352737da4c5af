"""Probabilities of onsets and notes, frame by frame, to notes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from ...base.ranges import RangedSettings, ranged
from ...contracts.note_detection import DetectedNote
from ...dsp.stream import ChunkStream
from .config import LOWEST_PITCH, N_PITCHES

SUPPORT_FRAMES = 4  # after an onset, in which the note must be probable
LEAST_FRAMES = 2  # between two onsets of a pitch, and of a note
GAP_SECONDS = 0.16  # in which a note that has ended is improbable; for shorter, others cover it or its partials beat
TOLERANCE_S = 0.05  # between onsets of notes that are the same, and between their ends
END_TOLERANCE = 0.2  # of the length of a long note


@dataclass(frozen=True)
class NoteThresholds(RangedSettings):
    """Probabilities from which on an onset is one, a note sounds after it, and below which it may have ended."""

    onset: float = ranged(0.5, 0.0, 1.0)
    note: float = ranged(0.4, 0.0, 1.0)
    end: float = ranged(0.3, 0.0, 1.0)


class NoteDecoder(ChunkStream[list[DetectedNote]]):
    """Notes of consecutive frames; the sizes of the pieces change no note."""

    def __init__(self, thresholds: NoteThresholds, frame_seconds: float) -> None:
        self._thresholds, self._frame_seconds = thresholds, frame_seconds
        self._gap = max(SUPPORT_FRAMES, round(GAP_SECONDS / frame_seconds))  # frames
        self._held = np.zeros((3, 1, N_PITCHES), np.float32)  # the frame before the first that is not decided
        self._frame = 0  # of the first that is not decided
        self._onset = np.full(N_PITCHES, -1.0)  # of the note that sounds, in frames; -1 for none
        self._last = np.full(N_PITCHES, -LEAST_FRAMES)  # frame of the last onset
        self._velocity = np.zeros(N_PITCHES)

    def push(self, probabilities: np.ndarray) -> list[DetectedNote]:
        """Return the notes that end within the next frames, ``(3, frames, 88)``."""
        known = np.concatenate([self._held, probabilities], axis=1)
        n_decided = known.shape[1] - 1 - self._gap
        if n_decided < 1:
            self._held = known
            return []
        notes = self._decided(known, n_decided)
        self._held = known[:, n_decided:].copy()
        self._frame += n_decided
        return notes

    def finish(self) -> list[DetectedNote]:
        """Return the notes that end with the recording."""
        n_frames = self._frame + self._held.shape[1] - 1
        notes = self.push(np.zeros((3, self._gap, N_PITCHES), np.float32))
        return notes + [self._closed(pitch, n_frames) for pitch in np.flatnonzero(self._onset >= 0).tolist()]

    def _decided(self, known: np.ndarray, n_decided: int) -> list[DetectedNote]:
        """Return notes that end in the frames 1 to ``n_decided`` of those that are known."""
        onset, note, velocity = known
        limits = self._thresholds
        here, before, after = (onset[1 + k : 1 + k + n_decided] for k in (0, -1, 1))
        windows = np.lib.stride_tricks.sliding_window_view(note[1:], self._gap, axis=0)[:n_decided]
        is_supported = windows[..., :SUPPORT_FRAMES].max(axis=-1) >= limits.note
        is_onset = (here >= limits.onset) & (here > before) & (here >= after) & is_supported
        is_low = windows.max(axis=-1) < limits.end
        shift = _peak_shift(before, here, after)
        notes = []
        for t in np.flatnonzero(is_onset.any(axis=1) | (is_low.any(axis=1))):
            frame = self._frame + int(t)
            ends = (self._onset >= 0) & is_low[t] & (frame - self._last >= LEAST_FRAMES)
            begins = is_onset[t] & (frame - self._last >= LEAST_FRAMES)
            for pitch in np.flatnonzero(ends | (begins & (self._onset >= 0))).tolist():
                notes.append(self._closed(pitch, frame))
            self._onset[begins] = np.maximum(frame + shift[t, begins], 0.0)
            self._last[begins] = frame
            self._velocity[begins] = velocity[1 + t, begins]
        return notes

    def _closed(self, pitch: int, end: float) -> DetectedNote:
        """Return the note of a pitch index that ends at a frame, and forget it."""
        onset, self._onset[pitch] = self._onset[pitch], -1.0
        end = max(end, onset + LEAST_FRAMES)
        velocity = int(np.clip(round(127 * self._velocity[pitch]), 1, 127))
        start_s, end_s = (round(float(frame) * self._frame_seconds, 4) for frame in (onset, end))
        return DetectedNote(start_s, end_s, LOWEST_PITCH + pitch, velocity)


def _peak_shift(before: np.ndarray, here: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Return the position of the maximum of the parabola through three values, from -0.5 to 0.5 frames."""
    curvature = before - 2 * here + after
    shift: np.ndarray = np.clip(0.5 * (before - after) / np.where(curvature < 0, curvature, -1.0), -0.5, 0.5)
    return shift


def decode(probabilities: np.ndarray, thresholds: NoteThresholds, frame_seconds: float) -> list[DetectedNote]:
    """Return the notes of all frames of a recording, ``(3, frames, 88)``."""
    notes = chain.from_iterable(NoteDecoder(thresholds, frame_seconds).outputs([probabilities]))
    return sorted(notes, key=lambda note: (note.start_s, note.pitch))


def matches(reference: np.ndarray, notes: Sequence[DetectedNote], *, with_ends: bool = False) -> int:
    """Return how many notes have an onset within 50 ms and the pitch of a reference note ``(onset, end, pitch)``.

    With ends, they also end within 50 ms, or a fifth of the reference note, of its end. Times are in seconds. Within
    each pitch, notes are matched in order of their onsets, which is the largest matching without ends.
    """
    n_matched = 0
    for pitch in {note.pitch for note in notes}:
        found = sorted((note for note in notes if note.pitch == pitch), key=lambda note: note.start_s)
        index = 0
        for onset, end, _ in sorted(reference[reference[:, 2] == pitch].tolist()):
            tolerance_s = max(TOLERANCE_S, END_TOLERANCE * (end - onset)) if with_ends else math.inf
            while index < len(found) and found[index].start_s < onset - TOLERANCE_S:
                index += 1
            if index < len(found) and found[index].start_s <= onset + TOLERANCE_S:
                n_matched += abs(found[index].end_s - end) <= tolerance_s
                index += 1
    return n_matched
