"""Find copies of a clip, and near-copies such as the velocity layers of one drum, by fingerprints."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from functools import cache

import numpy as np

from ..audio.clip import Clip
from ..dsp.mel import mel_filterbank, power_to_db
from ..dsp.onset import onset_sample
from ..dsp.spectrum import spectrogram

NEAR_DUPLICATE_DB = 4.0
"""Distance of fingerprints below which clips are near-duplicates.

Of 453 drum recordings it detects 54 % of the pairs of velocity layers of one drum and not one pair of different drums,
the closest of which are 4.3 dB apart.
"""

SAMPLE_RATE = 16_000
N_FFT = 1024
HOP_LENGTH = 160
N_MELS = 48
N_FRAMES = 100
FRAMES_PER_CELL = 4
FLOOR_DB = 50.0

PRODUCT_FRAMES = 8
"""Frames of a product of matrices: so small that it is computed in one thread, and that folders of thousands of short
clips do not wait for the threads of each."""

_BLOCK_ROWS = 512


@cache
def _filters() -> np.ndarray:
    return mel_filterbank(SAMPLE_RATE, N_FFT, N_MELS)


def fingerprint(wave: np.ndarray, sample_rate: int) -> np.ndarray:
    """Return a fingerprint of the start of a wave ``(time,)``, independent of its level.

    Mel energies (48 bands up to 8 kHz, cells of 40 ms) of the first second after the onset.

    - returns: ``(1200,)`` float32, dB above a floor 50 dB below the loudest cell.
    """
    wave = Clip(wave[None, :], sample_rate).resample(SAMPLE_RATE).wave[0]
    from_onset = wave[onset_sample(wave, SAMPLE_RATE) :][: HOP_LENGTH * (N_FRAMES - 1) + 1]
    n_cells = min(-(-(from_onset.size + N_FFT // 2) // (HOP_LENGTH * FRAMES_PER_CELL)), N_FRAMES // FRAMES_PER_CELL)
    n_frames = n_cells * FRAMES_PER_CELL  # all others are silent
    head = np.zeros(HOP_LENGTH * (n_frames - 1) + 1, dtype=np.float32)
    head[: from_onset.size] = from_onset[: head.size]
    power = spectrogram(head, N_FFT, HOP_LENGTH, padding="zero")  # (bins, frames)
    mel = np.zeros((N_MELS, N_FRAMES), np.float32)
    for start in range(0, n_frames, PRODUCT_FRAMES):
        mel[:, start : start + PRODUCT_FRAMES][:, : n_frames - start] = (
            _filters() @ power[:, start : start + PRODUCT_FRAMES]
        )
    cells = mel.reshape(N_MELS, -1, FRAMES_PER_CELL).mean(axis=2)
    level_db = power_to_db(cells, floor=1e-20, range_db=FLOOR_DB)
    above_floor: np.ndarray = level_db - level_db.max() + FLOOR_DB
    return above_floor.astype(np.float32).ravel()


def distances_db(fingerprints: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the distances between fingerprints.

    The root mean square difference over the cells in which at least one of the two is above the floor, so that silence
    after two short clips does not make them alike.

    - ``fingerprints``, ``others``: ``(n, cells)`` and ``(m, cells)``, dB.
    - returns: ``(n, m)``, dB.
    """
    norms, other_norms = np.square(fingerprints).sum(axis=1), np.square(others).sum(axis=1)
    squared = norms[:, None] + other_norms - 2 * fingerprints @ others.T
    active, other_active = (fingerprints > 0).astype(np.float32), (others > 0).astype(np.float32)
    n_active = active.sum(axis=1)[:, None] + other_active.sum(axis=1) - active @ other_active.T
    distances: np.ndarray = np.sqrt(np.maximum(squared, 0) / np.maximum(n_active, 1))
    return distances


def near_duplicates(fingerprints: np.ndarray, closer_than_db: float = NEAR_DUPLICATE_DB) -> list[list[int]]:
    """Return sets of near-duplicates: the connected components of pairs that are closer than a distance.

    - ``fingerprints``: ``(n, cells)``.
    - ``closer_than_db``: distance of near-duplicates.
    - returns: indices of two or more clips a set; sets and members in order.
    """
    components = np.arange(len(fingerprints))  # of each clip, the first clip of its set
    for start in range(0, len(fingerprints), _BLOCK_ROWS):
        rows = fingerprints[start : start + _BLOCK_ROWS]
        for near in distances_db(rows, fingerprints[start:]) < closer_than_db:
            merged = np.unique(components[start:][near])
            if merged.size > 1:
                components[np.isin(components, merged)] = merged[0]
    return equal_sets(components.tolist())


def equal_sets(values: Sequence[Hashable]) -> list[list[int]]:
    """Return the indices of each value that occurs twice or more, in order."""
    sets: dict[Hashable, list[int]] = {}
    for index, value in enumerate(values):
        sets.setdefault(value, []).append(index)
    return [members for members in sets.values() if len(members) > 1]
