"""Log odds that each pitch sounds, and that a note of it begins, frame by frame, by a small network.

The network sees one pitch at a time, 0.3 s before and after: how clear it is in long and short windows, beside the
clearest other pitch, its neighbours and its octaves, and the levels of its first harmonics. So it knows a slow attack
from what swells, and a note from the release of the one before. Written by ``recipes/melody_notes.py``.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

import numpy as np

from .settings import HIGHEST_PITCH, LOWEST_PITCH

WEIGHTS_FILE = Path(__file__).parent / "data" / "melody_notes.npz"
N_PITCHES = HIGHEST_PITCH - LOWEST_PITCH + 1
STEPS_PER_SEMITONE = 4
MARGIN = 2  # semitones of candidates around the range of notes
OCTAVE = 12
RANGE_DB = (-60.0, 20.0)  # of levels, around the loudest frames
DILATIONS = (1, 2, 4, 8)  # of the convolutions over time
TAPS = 5
CONTEXT_FRAMES = TAPS // 2 * sum(DILATIONS)  # before and after a frame that its log odds depend on
MAX_LOG_ODDS = 8.0
LEAST_CLARITY = 0.12  # that a pitch must have somewhere to be looked at
BLOCK_FRAMES = 3_000  # of which the log odds are found at once
LOUDEST_PERCENTILE, LEAST_DB = 95, -80.0  # of the levels; and below which all is silent
FORGOTTEN_DB = 12.0  # of the loudest level, each block
CLEAR, LOUD_DB = 0.35, -45.0  # clarity, and level beside the loudest, of frames that the tuning is estimated from
LEAST_CONCENTRATION, SURE_CONCENTRATION = 0.6, 0.9  # of their deviations; 0 is none, 1 all the same


@dataclass(frozen=True)
class PitchEvidence:
    """Inputs of the features of a range of frames.

    - ``long``, ``short``: clarity in long and in short windows, ``(frames, steps)``; pitches STEPS_PER_SEMITONE apart.
    - ``harmonics_db``: level of the first harmonics of each note, ``(frames, N_PITCHES, harmonics)``.
    - ``level_db``, ``rise_db``: level, and rise of the spectrum, ``(frames,)``.
    - ``pitch``, ``clarity``: the clearest candidate, in semitones, ``(frames,)``.
    """

    long: np.ndarray
    short: np.ndarray
    harmonics_db: np.ndarray
    level_db: np.ndarray
    rise_db: np.ndarray
    pitch: np.ndarray
    clarity: np.ndarray

    def __len__(self) -> int:
        return len(self.level_db)

    def __getitem__(self, frames: slice) -> PitchEvidence:
        return PitchEvidence(*(each[frames] for each in self._arrays))

    @staticmethod
    def joined(parts: list[PitchEvidence]) -> PitchEvidence:
        """Return consecutive ranges as one."""
        return PitchEvidence(*map(np.concatenate, zip(*(part._arrays for part in parts), strict=True)))

    @property
    def _arrays(self) -> tuple[np.ndarray, ...]:
        return tuple(getattr(self, each.name) for each in fields(self))

    def features(self, tuning: float, loudest_db: float) -> tuple[np.ndarray, np.ndarray]:
        """Return features of each pitch that is clear somewhere, ``(frames, pitches, features)``, and its index.

        - ``tuning``: in semitones above 440 Hz for A4.
        - ``loudest_db``: level of the loudest frames.
        """
        long, short = self.pooled(tuning)
        pitches = np.flatnonzero(long.max(axis=0, initial=0.0) > LEAST_CLARITY)
        return self.features_of(pitches, long, short, loudest_db), pitches

    def pooled(self, tuning: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the clarity of each note in long and in short windows, ``(frames, N_PITCHES)``."""
        return _pooled(self.long, tuning), _pooled(self.short, tuning)

    def features_of(self, pitches: np.ndarray, long: np.ndarray, short: np.ndarray, loudest_db: float) -> np.ndarray:
        """Return features of some pitches, of their clarity ``(frames, N_PITCHES)``."""
        columns = [long[:, pitches], short[:, pitches], _others(long)[:, pitches], _others(short)[:, pitches]]
        columns += [_beside(each, step)[:, pitches] for each in (long, short) for step in (-1, 1)]
        columns += [_beside(long, step)[:, pitches] for step in (OCTAVE, -OCTAVE)]
        harmonics_db = np.clip(self.harmonics_db[:, pitches] - loudest_db, *RANGE_DB) / 20
        columns += list(np.moveaxis(harmonics_db, 2, 0))
        level_db = np.clip(self.level_db - loudest_db, *RANGE_DB) / 20
        wide = len(self), len(pitches)
        columns += [np.broadcast_to(each[:, None], wide) for each in (level_db, self.rise_db / 5)]
        columns.append(np.broadcast_to((pitches - N_PITCHES / 2) / 24, wide))
        return np.stack(columns, axis=2, dtype=np.float32)


@dataclass(frozen=True)
class NoteNetwork:
    """Residual convolutions over time, the same for all pitches.

    - ``weights``, ``biases``: ``(TAPS, inputs, hidden)`` and ``(hidden,)`` of each of DILATIONS.
    - ``out_weights``, ``out_bias``: ``(hidden, 2)`` and ``(2,)``.
    """

    weights: tuple[np.ndarray, ...]
    biases: tuple[np.ndarray, ...]
    out_weights: np.ndarray
    out_bias: np.ndarray

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """Return the log odds that a pitch sounds and that a note begins, ``(frames, pitches, 2)``."""
        rows = features
        for index, (weights, bias, dilation) in enumerate(zip(self.weights, self.biases, DILATIONS, strict=True)):
            padded = np.pad(rows, ((TAPS // 2 * dilation,) * 2, (0, 0), (0, 0)))
            hidden = sum(padded[tap * dilation : tap * dilation + len(rows)] @ weights[tap] for tap in range(TAPS))
            hidden = np.maximum(hidden + bias, 0.0)
            rows = hidden + rows if index else hidden
        log_odds: np.ndarray = np.clip(rows @ self.out_weights + self.out_bias, -MAX_LOG_ODDS, MAX_LOG_ODDS)
        return log_odds


class NoteLogOdds:
    """Log odds of the notes of consecutive frames; their tuning is estimated from block to block."""

    def __init__(self) -> None:
        self.tuning = 0.0
        """In semitones above 440 Hz for A4."""
        self._held: list[PitchEvidence] = []
        self._n_held = 0
        self._n_before = 0  # of them that are only context
        self._loudest_db = LEAST_DB
        self._mean, self._total = 0j, 0.0  # of the deviations
        self._parts = [np.zeros((0, N_PITCHES, 2), np.float16)]

    def add(self, evidence: PitchEvidence) -> None:
        """Add the next frames."""
        self._held.append(evidence)
        self._n_held += len(evidence)
        while self._n_held >= self._n_before + BLOCK_FRAMES + CONTEXT_FRAMES:
            self._find(BLOCK_FRAMES)

    def result(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the log odds that each note sounds, and that it begins, ``(frames, N_PITCHES)``."""
        if self._n_held > self._n_before:
            self._find(self._n_held - self._n_before)
        log_odds = np.concatenate(self._parts)
        return log_odds[:, :, 0], log_odds[:, :, 1]

    def evidence(self) -> tuple[PitchEvidence, float, float]:
        """Return what is held, its tuning and its loudest level."""
        held = PitchEvidence.joined(self._held)
        self._measure(held)
        return held, self.tuning, self._loudest_db

    def _find(self, n_frames: int) -> None:
        """Find the log odds of the first frames that are held."""
        held = PitchEvidence.joined(self._held)
        end = self._n_before + n_frames
        seen, rest = held[: end + CONTEXT_FRAMES], held[max(0, end - CONTEXT_FRAMES) :]
        new = slice(self._n_before, end)
        self._measure(held[new])
        features, pitches = seen.features(self.tuning, self._loudest_db)
        log_odds = np.full((n_frames, N_PITCHES, 2), -MAX_LOG_ODDS, np.float16)
        log_odds[:, pitches] = note_network()(features)[new]
        self._parts.append(log_odds)
        self._n_before = end - max(0, end - CONTEXT_FRAMES)
        self._held, self._n_held = [rest], len(rest)

    def _measure(self, evidence: PitchEvidence) -> None:
        """Measure the loudest level, and the tuning: the circular mean of the deviations of the clearest candidates.

        The tuning is less where they differ.
        """
        loudest_db = float(np.percentile(evidence.level_db, LOUDEST_PERCENTILE))
        self._loudest_db = max(loudest_db, self._loudest_db - FORGOTTEN_DB, LEAST_DB)
        is_used = (evidence.level_db > self._loudest_db + LOUD_DB) & (evidence.clarity > CLEAR)
        weights = np.where(is_used, evidence.clarity, 0.0) ** 2
        self._mean += complex(np.sum(weights * np.exp(2j * np.pi * evidence.pitch)))
        self._total += float(weights.sum())
        mean = self._mean / max(self._total, 1e-9)
        trust = np.clip((abs(mean) - LEAST_CONCENTRATION) / (SURE_CONCENTRATION - LEAST_CONCENTRATION), 0, 1)
        tuning = trust * float(np.angle(mean)) / (2 * np.pi)
        if len(self._parts) > 1:  # half a semitone above is half a semitone below: as before
            tuning += round(self.tuning - tuning)
        self.tuning = float(tuning)


@cache
def note_network() -> NoteNetwork:
    """Return the network of the package."""
    with np.load(WEIGHTS_FILE) as arrays:
        each = range(len(DILATIONS))
        weights, biases = (tuple(arrays[f"{kind}_{n}"] for n in each) for kind in ("weights", "bias"))
        return NoteNetwork(weights, biases, arrays["out_weights"], arrays["out_bias"])


def _pooled(clarity: np.ndarray, tuning: float) -> np.ndarray:
    """Return the largest clarity within half a semitone of each note, ``(frames, N_PITCHES)``."""
    half = STEPS_PER_SEMITONE // 2
    first = MARGIN * STEPS_PER_SEMITONE + round(tuning * STEPS_PER_SEMITONE) - half
    n_steps = (N_PITCHES - 1) * STEPS_PER_SEMITONE + 1
    steps = [clarity[:, first + step : first + step + n_steps : STEPS_PER_SEMITONE] for step in range(2 * half + 1)]
    pooled: np.ndarray = np.maximum.reduce(steps)
    return pooled


def _beside(clarity: np.ndarray, step: int) -> np.ndarray:
    """Return the clarity of the pitch so many semitones above each, 0 outside."""
    before, after = max(-step, 0), max(step, 0)
    return np.pad(clarity, ((0, 0), (before, after)))[:, after : after + clarity.shape[1]]


def _others(clarity: np.ndarray) -> np.ndarray:
    """Return the largest clarity of pitches more than a semitone away from each."""
    padded = np.pad(clarity, ((0, 0), (2, 2)))
    below = np.maximum.accumulate(padded, axis=1)[:, :-4]
    above = np.maximum.accumulate(padded[:, ::-1], axis=1)[:, ::-1][:, 4:]
    largest: np.ndarray = np.maximum(below, above)
    return largest
