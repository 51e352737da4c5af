"""Crops of recordings with the notes in them, in other keys, levels and mixtures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...base.ranges import RangedSettings, ranged
from ...contracts.recipe import Batch
from .config import N_PITCHES, STEPS_PER_SEMITONE, TranscriberConfig
from .features import FLOOR_DB, db_of_bytes, inputs_of_db

ONSET_FRAMES = 1.5  # from an onset at which its target is 0; it is 1 at the onset itself
CURVE_POINTS = 5  # of random equalisers
MIXED_DB = (-12.0, 6.0)  # level of a second recording over the first


@dataclass(frozen=True)
class TranscriberDataSettings(RangedSettings):
    """Selection and augmentation of the recordings; raises BadSetting for a number out of its range."""

    valid_fraction: float = ranged(0.1, 0.0, 0.9)  # of the recordings, for validation
    crop_frames: int = ranged(200, 16, 4_096)
    max_shift: int = ranged(4, 0, 12)  # semitones by which examples are transposed at most
    level_db: float = ranged(12.0, 0.0, 40.0)  # by which examples are made louder or softer at most
    equaliser_db: float = ranged(6.0, 0.0, 24.0)
    mixed_fraction: float = ranged(0.25, 0.0, 1.0)  # of the examples are mixtures of two recordings


@dataclass(frozen=True)
class Example:
    """A recording and its notes."""

    levels: np.ndarray  # ``(frames, 2, n_bins)`` uint8
    notes: np.ndarray  # onset and end in frames, index of the pitch, and velocity from 0 to 1, ``(notes, 4)`` float32

    def crop(self, start: int, n_frames: int, shift: int) -> tuple[np.ndarray, np.ndarray]:
        """Return levels in dB and notes from a frame on, ``shift`` semitones higher."""
        level_db = np.full((n_frames, *self.levels.shape[1:]), FLOOR_DB, np.float32)
        known = db_of_bytes(self.levels[start : start + n_frames])
        bins = shift * STEPS_PER_SEMITONE
        if bins >= 0:
            level_db[: len(known), :, bins:] = known[..., : known.shape[-1] - bins]
        else:
            level_db[: len(known), :, :bins] = known[..., -bins:]
        notes = self.notes.copy()
        notes[:, :2] -= start
        notes[:, 2] += shift
        is_inside = (notes[:, 1] > 0) & (notes[:, 0] < n_frames) & (notes[:, 2] >= 0) & (notes[:, 2] < N_PITCHES)
        return level_db, notes[is_inside]


def targets_of(notes: np.ndarray, n_frames: int) -> tuple[np.ndarray, np.ndarray]:
    """Return targets and the weight of the velocities.

    - ``notes``: onset and end in frames, index of the pitch, velocity, ``(notes, 4)``.
    - returns: onset, note and velocity, ``(3, n_frames, 88)``; weight, ``(n_frames, 88)``: 1 around onsets.
    """
    targets = np.zeros((3, n_frames, N_PITCHES), np.float32)
    weight = np.zeros((n_frames, N_PITCHES), np.float32)
    for onset, end, pitch, velocity in notes:
        column = int(pitch)
        first = max(int(np.ceil(onset - ONSET_FRAMES)), 0)
        frames = np.arange(first, min(int(np.floor(onset + ONSET_FRAMES)) + 1, n_frames))
        near = 1 - np.abs(frames - onset) / ONSET_FRAMES
        targets[0, frames, column] = np.maximum(targets[0, frames, column], near / max(near.max(initial=0), 1e-6))
        start = max(round(onset), 0)
        targets[1, start : max(round(end), start + 2), column] = 1
        targets[2, frames, column] = velocity
        weight[frames, column] = 1
    return targets, weight


class TranscriberBatches:
    """Batches of crops, a pure function of the step.

    A batch holds ``levels (batch, 2, frames, n_bins)``, ``targets (batch, 3, frames, 88)`` and ``velocity_weight
    (batch, frames, 88)``.
    """

    def __init__(
        self,
        examples: Sequence[Example],
        config: TranscriberConfig,
        settings: TranscriberDataSettings,
        batch_size: int,
        seed: int,
    ) -> None:
        self.examples, self.config, self.settings = examples, config, settings
        self.batch_size, self.seed = batch_size, seed
        lengths = np.array([len(example.levels) for example in examples], np.float64)
        self.probabilities = lengths / lengths.sum()

    def __call__(self, step: int) -> Batch:
        """Return the batch of a step."""
        rng = np.random.default_rng([self.seed, step])
        crops = [self._example(rng) for _ in range(self.batch_size)]
        return batch_of(crops)

    def _example(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Return the levels of a random crop, augmented, and its notes."""
        settings = self.settings
        level_db, notes = self._crop(rng)
        if rng.random() < settings.mixed_fraction:
            other_db, others = self._crop(rng)
            level_db = np.float32(10 / np.log(10)) * np.logaddexp(
                level_db * np.float32(np.log(10) / 10),
                (other_db + rng.uniform(*MIXED_DB)) * np.float32(np.log(10) / 10),
            )
            notes = np.concatenate([notes, others])
        points = rng.uniform(-settings.equaliser_db, settings.equaliser_db, CURVE_POINTS)
        curve_db = np.interp(np.linspace(0, CURVE_POINTS - 1, level_db.shape[-1]), np.arange(CURVE_POINTS), points)
        change_db = rng.uniform(-settings.level_db, settings.level_db) + curve_db
        return np.maximum(level_db + change_db.astype(np.float32), FLOOR_DB), notes

    def _crop(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        example = self.examples[rng.choice(len(self.examples), p=self.probabilities)]
        n_frames = self.settings.crop_frames
        start = int(rng.integers(max(len(example.levels) - n_frames, 0) + 1))
        shift = int(rng.integers(-self.settings.max_shift, self.settings.max_shift + 1))
        return example.crop(start, n_frames, shift)


def batch_of(crops: Sequence[tuple[np.ndarray, np.ndarray]]) -> Batch:
    """Return crops of one length, levels in dB and notes, as a batch."""
    targets, weights = zip(*(targets_of(notes, len(level_db)) for level_db, notes in crops), strict=True)
    levels = np.stack([inputs_of_db(level_db) for level_db, _ in crops])
    return {"levels": levels, "targets": np.stack(targets), "velocity_weight": np.stack(weights)}
