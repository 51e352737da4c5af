"""Batches of crops of sounds of any length."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..units import db_to_gain
from .entry import Entry
from .store import ClipStore

MOST_CROPS = 500  # that stand for a whole store


@dataclass(frozen=True)
class Crops:
    """Crops that stand for the whole sounds of a store, evenly spread: row and first sample of each, the number of its label, its group."""

    store: ClipStore
    places: Sequence[tuple[int, int]]
    labels: Sequence[int]
    groups: Sequence[str]
    pitches: Sequence[float] | None = None

    @classmethod
    def of(
        cls, store: ClipStore, rows: Sequence[int], label_names: Sequence[str], n_samples: int, has_pitch: bool = False
    ) -> Crops:
        """Crops of ``n_samples`` of the clips in ``rows``, at least one of each up to MOST_CROPS in all."""
        lengths = store.lengths
        places = [(row, start) for row in rows for start in range(0, max(lengths[row] - n_samples, 0) + 1, n_samples)]
        places = [
            places[index] for index in np.linspace(0, len(places) - 1, min(len(places), MOST_CROPS)).round().astype(int)
        ]
        entries = [store.entries[row] for row, _ in places]
        labels = [number_of(entry, label_names) for entry in entries]
        pitches = [float(entry.pitch or 0.0) for entry in entries] if has_pitch else None
        return cls(store, places, labels, [entry.group or str(entry.path) for entry in entries], pitches)

    def __len__(self) -> int:
        return len(self.places)

    def entry(self, index: int) -> Entry:
        """Which clip crop ``index`` is a part of."""
        return self.store.entries[self.places[index][0]]

    def wave(self, index: int, sample_rate: int, n_samples: int) -> np.ndarray:
        """Crop ``index``, ``(n_samples,)``."""
        row, start = self.places[index]
        return self.store.crop(row, start, n_samples)[0]


def shares_by_speaker(entries: Sequence[Entry], lengths: np.ndarray, exponent: float) -> np.ndarray:
    """How often each clip is drawn, ``(clips,)`` with the sum 1, by ``lengths (clips,)`` and speakers of ``entries``.

    A speaker's share grows with a power of the length of the recordings: ``exponent`` 0 draws each speaker alike, 1 each by that length.
    Clips without a speaker count as one.
    """
    weights = lengths.astype(np.float64)
    speakers = [entry.speaker or "" for entry in entries]
    totals: Counter[str] = Counter()
    for speaker, weight in zip(speakers, weights, strict=True):
        totals[speaker] += weight
    weights *= [totals[speaker] ** (exponent - 1) for speaker in speakers]
    return weights / weights.sum()


def number_of(entry: Entry, label_names: Sequence[str]) -> int:
    """The number of an entry's label, 0 where a model has none."""
    return label_names.index(str(entry.label)) if label_names else 0


class CropBatches:
    """Batches of random crops, a pure function of the step: clips in proportion to their length, each turned down by up to a range.

    Calling it with a step gives ``{"wave": (batch, 1, n_samples) float32, "label": (batch,) int64}``, with pitches also ``"pitch": (batch,)
    float32``. A crop is filled with silence after a clip's end.
    """

    def __init__(
        self,
        store: ClipStore,
        rows: Sequence[int],
        label_names: Sequence[str],
        n_samples: int,
        batch_size: int,
        seed: int,
        gain_range_db: float = 0.0,
        has_pitch: bool = False,
    ):
        self.store, self.rows, self.label_names, self.has_pitch = store, list(rows), label_names, has_pitch
        self.n_samples, self.batch_size, self.seed, self.gain_range_db = n_samples, batch_size, seed, gain_range_db
        self.lengths = store.lengths
        weights = np.maximum([self.lengths[row] for row in self.rows], n_samples).astype(np.float64)
        self.shares = weights / weights.sum()

    def __call__(self, step: int) -> dict[str, np.ndarray]:
        draw = np.random.default_rng([self.seed, step])
        rows = [self.rows[place] for place in draw.choice(len(self.rows), self.batch_size, p=self.shares)]
        waves = []
        for row in rows:
            start = int(draw.integers(max(self.lengths[row] - self.n_samples, 0) + 1))
            gain = np.float32(db_to_gain(-draw.uniform(0.0, self.gain_range_db)))
            waves.append(gain * self.store.crop(row, start, self.n_samples)[:1])
        entries = [self.store.entries[row] for row in rows]
        labels = np.array([number_of(entry, self.label_names) for entry in entries], np.int64)
        batch: dict[str, np.ndarray] = {"wave": np.stack(waves), "label": labels}
        if self.has_pitch:
            batch["pitch"] = np.array([entry.pitch or 0.0 for entry in entries], np.float32)
        return batch
