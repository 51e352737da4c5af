"""Find copies of a clip, and near-copies such as the velocity layers of one drum."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np

from ..clip import Clip
from ..dsp.mel import mel_spectrogram, power_to_db
from ..dsp.onset import onset_sample

NEAR_DUPLICATE_DB = 4.0
"""Clips whose fingerprints are closer than this are near-duplicates. Of 453 drum recordings it finds 54 % of the pairs of velocity
layers of one drum and not one pair of different drums (the closest of those are 4.3 dB apart)."""

SAMPLE_RATE = 16_000
N_FFT = 1024
HOP_LENGTH = 160
N_MELS = 48
N_FRAMES = 100
FRAMES_PER_CELL = 4
FLOOR_DB = 50.0

_ROWS_AT_ONCE = 512


def fingerprint(wave: np.ndarray, sample_rate: int) -> np.ndarray:
    """How ``wave (time,)`` begins, whatever its level: ``(1200,)`` float32, decibels above a floor 50 dB below its loudest cell.

    The cells are mel energies (48 bands up to 8 kHz, 40 ms) of the first second after the onset.
    """
    wave = Clip(wave[None, :], sample_rate).resample(SAMPLE_RATE).wave[0]
    n_samples = HOP_LENGTH * (N_FRAMES - 1) + 1
    head = np.zeros(n_samples, dtype=np.float32)
    kept = wave[onset_sample(wave, SAMPLE_RATE) :][:n_samples]
    head[: kept.size] = kept
    mel = mel_spectrogram(head, SAMPLE_RATE, N_FFT, HOP_LENGTH, N_MELS)  # (bands, frames)
    cells = mel.reshape(N_MELS, -1, FRAMES_PER_CELL).mean(axis=2)
    level_db = power_to_db(cells, floor=1e-20, range_db=FLOOR_DB)
    return (level_db - level_db.max() + FLOOR_DB).astype(np.float32).ravel()


def distances_db(some: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Distances ``(n, m)`` in decibels between fingerprints ``(n, cells)`` and ``(m, cells)``.

    The root of the mean square difference over the cells in which at least one of the two is above the floor, so that the silence
    after two short clips does not make them alike.
    """
    squared = np.square(some).sum(axis=1)[:, None] + np.square(others).sum(axis=1) - 2 * some @ others.T
    active, other_active = (some > 0).astype(np.float32), (others > 0).astype(np.float32)
    n_active = active.sum(axis=1)[:, None] + other_active.sum(axis=1) - active @ other_active.T
    return np.sqrt(np.maximum(squared, 0) / np.maximum(n_active, 1))


def near_duplicates(fingerprints: np.ndarray, closer_than_db: float = NEAR_DUPLICATE_DB) -> list[list[int]]:
    """Sets of two or more clips, each near another of its set, from fingerprints ``(n, cells)``; sets and members in order."""
    marks = np.arange(len(fingerprints))  # of each clip, the first clip of its set
    for start in range(0, len(fingerprints), _ROWS_AT_ONCE):
        rows = fingerprints[start : start + _ROWS_AT_ONCE]
        for near in distances_db(rows, fingerprints[start:]) < closer_than_db:
            meeting = np.unique(marks[start:][near])
            if meeting.size > 1:
                marks[np.isin(marks, meeting)] = meeting[0]
    return equal_sets(marks.tolist())


def equal_sets(marks: Sequence[Hashable]) -> list[list[int]]:
    """The positions of marks that occur twice or more, one list a mark, in order."""
    sets: dict[Hashable, list[int]] = {}
    for position, mark in enumerate(marks):
        sets.setdefault(mark, []).append(position)
    return [members for members in sets.values() if len(members) > 1]
