"""Mel frames that are given beside recordings, so that a vocoder learns to make sound of what a voice predicts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ...data.entry import Entry, Problem
from ...dsp.speech_mel import FRAMES_PER_SECOND, MEL_FLOOR, N_MELS

ENDING = ".npy"
MOST_FRAMES_APART = 2  # between given frames and the length of the recording


def with_mels(entries: Sequence[Entry]) -> tuple[list[Entry], tuple[Problem, ...]]:
    """The entries whose frames are given, ``(N_MELS, frames)`` in a file of the same name and ENDING, and why others are left out."""
    kept, problems = [], []
    for entry in entries:
        reason = _problem(entry)
        if reason:
            problems.append(Problem(entry.path, reason))
        else:
            kept.append(entry)
    return kept, tuple(problems)


def _problem(entry: Entry) -> str:
    """Why the frames of an entry cannot be used; empty where they can."""
    path = entry.path.with_suffix(ENDING)
    try:
        shape = np.load(path, mmap_mode="r", allow_pickle=False).shape
    except (OSError, ValueError, EOFError):
        return f"{path.name} with its mel frames is not beside it, or cannot be read; save them with numpy.save."
    expected = round(entry.n_frames / entry.sample_rate * FRAMES_PER_SECOND)
    if entry.offset_seconds or len(shape) != 2 or shape[0] != N_MELS or abs(shape[1] - expected) > MOST_FRAMES_APART:
        return f"{path.name} has shape {shape}; whole recordings need ({N_MELS}, frames), here about {expected} frames."
    return ""


def given_frames(path: Path, first: int, n_frames: int, gain: float) -> np.ndarray:
    """Given log-mel frames ``(N_MELS, n_frames)`` float32 of a recording from ``first`` on, for a wave times ``gain``; silence beyond them."""
    frames = np.full((N_MELS, n_frames), np.log(MEL_FLOOR), np.float32)
    stored = np.load(path.with_suffix(ENDING), mmap_mode="r", allow_pickle=False)
    start, end = max(first, 0), min(first + n_frames, stored.shape[1])
    if end > start:
        power = np.maximum(np.exp(stored[:, start:end].astype(np.float32)) - MEL_FLOOR, 0.0) * np.float32(gain**2)
        frames[:, start - first : end - first] = np.log(power + MEL_FLOOR)
    return frames
