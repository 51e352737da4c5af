"""The codes of recordings, each encoded a few times: as it is, then beginning elsewhere within a frame, and quieter."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...data.selection import label_indices
from ...data.store import ClipStore
from ...units import db_to_gain
from .config import PriorConfig


@dataclass(frozen=True)
class Variation:
    """How many times each recording is encoded, and by how many decibels it may be made quieter for that."""

    n_variants: int
    gain_range_db: float


@dataclass(frozen=True)
class Coded:
    """Codes ``(n_levels, frames)`` int16 of clips, several variants of each.

    ``labels`` and ``speakers`` ``(n,)`` are numbers, ``groups`` ``(n,)`` name the sound that each clip is a take of.
    """

    variants: tuple[tuple[np.ndarray, ...], ...]  # of each variant: the codes of each clip
    labels: np.ndarray
    speakers: np.ndarray
    groups: np.ndarray

    @property
    def as_they_are(self) -> tuple[np.ndarray, ...]:
        """The codes of each clip, nothing done to it."""
        return self.variants[0]

    def take(self, rows: Sequence[int]) -> Coded:
        """The clips at these places."""
        variants = tuple(tuple(codes[row] for row in rows) for codes in self.variants)
        return Coded(variants, self.labels[rows], self.speakers[rows], self.groups[rows])


def encoded(store: ClipStore, codec: Any, model: PriorConfig, variation: Variation) -> Coded:
    """The clips of a store by the codec's runtime, of the levels that a model has; done once, and kept beside the clips."""
    variants = []
    for number in range(variation.n_variants):
        gain = f"-{variation.gain_range_db:g}dB" if number else ""
        compute = functools.partial(_codes, store, codec, variation, number)
        kept = store.cached(f"codes-{codec.codes_hash}-{number}{gain}", compute)
        parts = np.split(kept["codes"], np.cumsum(kept["n_frames"])[:-1], axis=1)
        variants.append(tuple(part[: model.n_levels] for part in parts))
    labels = label_indices(store.labels, model.labels)
    speakers = label_indices((entry.speaker for entry in store.entries), model.speakers)
    groups = np.array([entry.group or str(entry.path) for entry in store.entries])
    return Coded(tuple(variants), labels, speakers, groups)


def _codes(store: ClipStore, codec: Any, variation: Variation, number: int) -> dict[str, np.ndarray]:
    """One variant: ``codes (n_levels, frames)`` int16 of all clips in a row, and each one's ``n_frames``."""
    found = [codec.encode(_varied(store[row][0], codec, variation, number, row)) for row in range(len(store))]
    return {
        "codes": np.ascontiguousarray(np.concatenate(found, axis=1)),
        "n_frames": np.array([codes.shape[1] for codes in found]),
    }


def _varied(wave: np.ndarray, codec: Any, variation: Variation, number: int, row: int) -> np.ndarray:
    """A clip ``(time,)``; in every variant but the first after less than a frame of silence, and quieter."""
    if not number:
        return wave
    draw = np.random.default_rng([number, row])
    delay = int(draw.integers(codec.hop_length))
    return np.pad(wave, (delay, 0)) * np.float32(db_to_gain(-draw.uniform(0, variation.gain_range_db)))
