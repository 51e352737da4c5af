"""Notes of a training, and batches of pairs of notes of one instrument."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...base.ranges import RangedSettings, ranged
from .config import FLOOR_DB, InstrumentConfig, conditions


@dataclass(frozen=True)
class InstrumentDataSettings(RangedSettings):
    """Preparation of the recordings."""

    align: bool = True  # let recordings start at their onset
    valid_fraction: float = ranged(0.05, 0.0, 0.9)  # of the notes
    frames_per_note: int = ranged(12, 1, 200)  # that a step learns, drawn anew for each batch
    smallest_class: int = ranged(2, 1, 1_000_000)  # training notes; a label with fewer is left out


@dataclass(frozen=True)
class Notes:
    """Measured notes.

    - ``levels``: ``(n, n_times, n_levels)``, in dB of the loudest note of the label, at least FLOOR_DB.
    - ``pitch``, ``velocity``, ``label``: ``(n,)``.
    """

    levels: np.ndarray
    pitch: np.ndarray
    velocity: np.ndarray
    label: np.ndarray

    def __len__(self) -> int:
        return len(self.levels)

    def select(self, rows: Sequence[int] | np.ndarray) -> Notes:
        """Return some of the notes."""
        index = np.asarray(rows, np.int64)
        return Notes(self.levels[index], self.pitch[index], self.velocity[index], self.label[index])

    def sources(self, config: InstrumentConfig) -> dict[str, np.ndarray]:
        """Return the inputs of the encoder: levels in dB of each note's peak, and conditions."""
        condition = conditions(self.pitch, self.velocity, np.zeros(len(self)), config)
        return {"source": encoder_levels(self.levels), "source_condition": condition}

    def targets(self, config: InstrumentConfig, frames: np.ndarray | None = None) -> dict[str, np.ndarray]:
        """Return levels at some frames, by default all, the conditions of the decoder, and the levels that count."""
        chosen = np.arange(config.n_times) if frames is None else frames
        columns = (self.pitch[:, None], self.velocity[:, None], config.times_s[None, chosen])
        return {
            "target": self.levels[:, chosen],
            "target_condition": conditions(*columns, config),
            "mask": level_mask(self.pitch, config),
        }


def encoder_levels(levels: np.ndarray) -> np.ndarray:
    """Return levels ``(n, n_times, n_levels)`` in dB of the largest of each note, at least FLOOR_DB."""
    return np.asarray(np.maximum(levels - levels.max(axis=(1, 2), keepdims=True), FLOOR_DB), np.float32)


def level_mask(pitch: np.ndarray, config: InstrumentConfig) -> np.ndarray:
    """Return ones ``(n, n_levels)``, zeros for partials above the bands."""
    f0_hz = 440 * 2 ** ((np.asarray(pitch) - 69) / 12)
    harmonics = f0_hz[:, None] * np.arange(1, config.n_partials + 1)
    mask = np.ones((len(f0_hz), config.n_levels), np.float32)
    mask[:, : config.n_partials] = harmonics < config.band_edges_hz[-1]
    return mask


def relative_levels(levels_db: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Return levels in dB of the loudest moment of each label, at least FLOOR_DB."""
    totals = 10 * np.log10((10 ** (levels_db / 10)).sum(axis=2)).max(axis=1)
    loudest = np.array([totals[label == each].max() for each in label])
    return np.asarray(np.maximum(levels_db - loudest[:, None, None], FLOOR_DB), np.float32)


class NotePairs:
    """Batches of two notes of one label each, a pure function of the step; every label is equally probable."""

    def __init__(
        self, notes: Notes, config: InstrumentConfig, data: InstrumentDataSettings, batch_size: int, seed: int
    ) -> None:
        self.notes, self.config = notes, config
        self.n_frames = min(data.frames_per_note, config.n_times)
        self.batch_size, self.seed = batch_size, seed
        self.rows = [np.flatnonzero(notes.label == label) for label in np.unique(notes.label)]

    def __call__(self, step: int) -> dict[str, np.ndarray]:
        """Return the batch of a step: inputs of the encoder, the target, its label, and noise for the latent."""
        rng = np.random.default_rng([self.seed, step])
        chosen = rng.integers(len(self.rows), size=self.batch_size)
        source, target = (np.array([rng.choice(self.rows[each]) for each in chosen]) for _ in range(2))
        targets = self.notes.select(target)
        frames = np.sort(rng.choice(self.config.n_times, self.n_frames, replace=False))
        noise = rng.standard_normal((self.batch_size, self.config.latent_size)).astype(np.float32)
        return {
            **self.notes.select(source).sources(self.config),
            **targets.targets(self.config, frames),
            "label": targets.label,
            "noise": noise,
        }
