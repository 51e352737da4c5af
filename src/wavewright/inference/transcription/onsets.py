"""Onsets of notes of the same pitch: rises of the spectrum, falls of the level and dips of the clarity that stand out.

The evidence at a frame is compared with what is usual around it, since vibrato, tremolo and noise rise and fall all the
time. The weights are those of a logistic regression on the development set of ``benchmarks/music/transcription.py``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .note_path import BLOCK_FRAMES, windowed
from .salience import MelodyFrames

PEAK_FRAMES = 6  # around an onset without a stronger one
TIE_WEIGHT = 0.05  # of a dB of rise, where several frames are equally strong
NEAR_FRAMES = 4  # around an onset in which its evidence lies
USUAL_FRAMES, USUAL_PERCENTILE = 45, 80  # around an onset, for what is usual, and which of them
APART_FRAMES = 8  # that do not count for it
FALL_FRAMES = 3
DIP_FRAMES = 5
CLARITY_SCALE = 20.0
QUIETEST_DB = -75.0
MAX_STRENGTH = 0.4


@dataclass(frozen=True)
class Evidence:
    """A curve and its weights in the strength of an onset: near it, and as it usually is around."""

    curve: np.ndarray
    near_weight: float
    usual_weight: float


def onset_strengths(frames: MelodyFrames, onset_db: float) -> np.ndarray:
    """Return the strength of the onset of each frame.

    Parameters
    ----------
    frames : MelodyFrames
    onset_db : float
        Rise of the spectrum that alone is an onset where nothing else rises or falls.

    Returns
    -------
    np.ndarray
        ``(frames,)``; above 0 a note of the same pitch begins, -1 where there is no onset.
    """
    level_db = np.maximum(frames.level_db, QUIETEST_DB)
    before_db = np.concatenate([level_db[:1].repeat(FALL_FRAMES), level_db])[: len(level_db)]
    curves = (
        Evidence(frames.rise_db, 1.0, 0.62),
        Evidence(CLARITY_SCALE * _dips(frames.clarity[:, 0]), 0.44, 0.72),
        Evidence(np.maximum(before_db - level_db, 0.0), 0.5, 0.57),
    )
    strength = -np.log1p(onset_db) + np.zeros(len(frames))
    for evidence in curves:
        strength += evidence.near_weight * np.log1p(windowed(evidence.curve, NEAR_FRAMES, 0.0).max(axis=1))
        strength -= evidence.usual_weight * np.log1p(_usual(evidence.curve))
    ordered = strength + TIE_WEIGHT * frames.rise_db
    is_peak = ordered >= windowed(ordered, PEAK_FRAMES, -np.inf).max(axis=1)
    strengths: np.ndarray = np.where(is_peak, np.clip(strength, -1, MAX_STRENGTH), -1.0)
    return strengths


def _dips(curve: np.ndarray) -> np.ndarray:
    """Return how deep each frame lies below the maxima of the frames before and after it."""
    windows = windowed(curve, DIP_FRAMES, -np.inf)
    before, after = windows[:, :DIP_FRAMES].max(axis=1), windows[:, DIP_FRAMES + 1 :].max(axis=1)
    dips: np.ndarray = np.maximum(np.minimum(before, after) - curve, 0.0)
    return dips


def _usual(curve: np.ndarray) -> np.ndarray:
    """Return the USUAL_PERCENTILE of a curve around each frame, without the frames beside it."""
    windows = windowed(curve, USUAL_FRAMES, 0.0)
    offsets = np.arange(-USUAL_FRAMES, USUAL_FRAMES + 1)
    columns = np.flatnonzero(np.abs(offsets) > APART_FRAMES)
    usual = np.zeros(len(curve))
    for start in range(0, len(curve), BLOCK_FRAMES):
        block = slice(start, start + BLOCK_FRAMES)
        usual[block] = np.percentile(windows[block][:, columns], USUAL_PERCENTILE, axis=1)
    return usual
