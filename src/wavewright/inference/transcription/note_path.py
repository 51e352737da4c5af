"""The most probable notes of scored frames: a Viterbi path through silence, attacks and sustained notes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

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

    Parameters
    ----------
    n_pitches : int
        Number of the pitches of notes.
    n_attack : int
        Frames of an attack, at least 1.
    repeat_cost : float
        Of a note after one of the same pitch.
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

        Parameters
        ----------
        scores : np.ndarray
            How much better each pitch fits than silence, ``(frames, pitches)``.
        starts : np.ndarray
            Score of a note that begins at the frame, ``(frames, pitches)``.

        Returns
        -------
        list of PathNote
            In order.
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
