"""Batches of random crops, and fixed crops for evaluation, of clips of any length."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..base.ranges import RangedSettings, ranged
from ..base.units import db_to_gain
from .entry import Entry
from .selection import label_index
from .store import ClipStore

MAX_CROPS = 500  # of one store in FixedCrops


@dataclass(frozen=True)
class CropSettings(RangedSettings):
    """Settings of random crops of recordings; raises BadSetting for a number out of its range."""

    crop_frames: int = ranged(40, 8, 10_000)  # length of a crop
    valid_fraction: float = ranged(0.05, 0.0, 0.9)  # of the recordings (or groups), unless a manifest names splits
    gain_range_db: float = ranged(24.0, 0.0, 60.0)  # largest attenuation of a crop
    speaker_exponent: float = ranged(0.6, 0.0, 1.0)  # 0 draws each speaker equally often, 1 in proportion to length


@dataclass(frozen=True)
class FixedCrops:
    """Crops at fixed positions that represent all clips of a store; make them with :meth:`of`."""

    store: ClipStore  # whole clips
    positions: Sequence[tuple[int, int]]  # row in the store and first sample of each crop
    labels: Sequence[int]  # label index of each crop
    groups: Sequence[str]  # of each crop's clip, or its path where there is none
    pitches: Sequence[float] | None = None  # MIDI numbers, None where pitches are not used

    @classmethod
    def of(
        cls, store: ClipStore, rows: Sequence[int], labels: Sequence[str], n_samples: int, has_pitch: bool = False
    ) -> FixedCrops:
        """Divide the clips in ``rows`` into crops, of which at most MAX_CROPS at regular intervals are retained.

        A clip has at least one crop, of ``n_samples``; ``labels`` are the names of the model's, empty for none.
        """
        lengths = store.lengths
        candidates = [
            (row, start) for row in rows for start in range(0, max(lengths[row] - n_samples, 0) + 1, n_samples)
        ]
        chosen = np.linspace(0, len(candidates) - 1, min(len(candidates), MAX_CROPS)).round().astype(int)
        positions = [candidates[index] for index in chosen]
        entries = [store.entries[row] for row, _ in positions]
        pitches = [float(entry.pitch or 0.0) for entry in entries] if has_pitch else None
        return cls(
            store,
            positions,
            [label_index(entry, labels) for entry in entries],
            [entry.group or str(entry.path) for entry in entries],
            pitches,
        )

    def __len__(self) -> int:
        return len(self.positions)

    def entry(self, index: int) -> Entry:
        """Return the entry of the clip that crop ``index`` is taken from."""
        return self.store.entries[self.positions[index][0]]

    def wave(self, index: int, n_samples: int) -> np.ndarray:
        """Return crop ``index``, ``(n_samples,)``."""
        row, start = self.positions[index]
        crop: np.ndarray = self.store.crop(row, start, n_samples)[0]
        return crop


def sampling_probabilities(entries: Sequence[Entry], lengths: np.ndarray, exponent: float) -> np.ndarray:
    """Return the probability with which each clip is drawn, balanced between speakers.

    - ``entries``: clips; those without a speaker count as one speaker.
    - ``lengths``: length of each clip, ``(n,)``, in any unit.
    - ``exponent``: a speaker is drawn in proportion to the total length of the recordings to this power: 0 draws each
      speaker equally often, 1 in proportion to the length. Clips of one speaker are drawn in proportion to their
      length.
    - returns: ``(n,)`` float64, sum 1.
    """
    weights = lengths.astype(np.float64)
    speakers = [entry.speaker or "" for entry in entries]
    totals: Counter[str] = Counter()
    for speaker, weight in zip(speakers, weights, strict=True):
        totals[speaker] += weight
    weights *= [totals[speaker] ** (exponent - 1) for speaker in speakers]
    probabilities: np.ndarray = weights / weights.sum()
    return probabilities


@dataclass(frozen=True)
class CropBatches:
    """Batches of random crops, a pure function of the step.

    Clips are drawn in proportion to their length. Each crop is attenuated by up to ``gain_range_db`` and padded with
    zeros after the end of its clip.
    """

    store: ClipStore  # whole clips
    rows: Sequence[int]  # of the store, to draw from
    labels: Sequence[str]  # names of the model's labels, empty for none
    n_samples: int  # length of a crop
    batch_size: int
    seed: int
    gain_range_db: float = 0.0
    has_pitch: bool = False  # add the clips' pitches to each batch

    @cached_property
    def lengths(self) -> list[int]:
        """Samples of every clip of the store."""
        return self.store.lengths

    @cached_property
    def probabilities(self) -> np.ndarray:
        """Probability of each of ``rows``, float64."""
        weights = np.maximum([self.lengths[row] for row in self.rows], self.n_samples).astype(np.float64)
        probabilities: np.ndarray = weights / weights.sum()
        return probabilities

    def __call__(self, step: int) -> dict[str, np.ndarray]:
        """Return the batch of a step: ``wave (batch, 1, n_samples)`` float32, ``label (batch,)`` int64.

        With ``has_pitch`` it also holds ``pitch (batch,)`` float32, MIDI numbers.
        """
        rng = np.random.default_rng([self.seed, step])
        rows = [self.rows[index] for index in rng.choice(len(self.rows), self.batch_size, p=self.probabilities)]
        waves = []
        for row in rows:
            start = int(rng.integers(max(self.lengths[row] - self.n_samples, 0) + 1))
            gain = np.float32(db_to_gain(-rng.uniform(0.0, self.gain_range_db)))
            waves.append(gain * self.store.crop(row, start, self.n_samples)[:1])
        entries = [self.store.entries[row] for row in rows]
        labels = np.array([label_index(entry, self.labels) for entry in entries], np.int64)
        batch: dict[str, np.ndarray] = {"wave": np.stack(waves), "label": labels}
        if self.has_pitch:
            batch["pitch"] = np.array([entry.pitch or 0.0 for entry in entries], np.float32)
        return batch
