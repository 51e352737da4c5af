"""Codes of recordings, each encoded several times: as it is, then delayed within a frame and quieter."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...base.units import db_to_gain

if TYPE_CHECKING:
    from ...data.sequences import SequenceClips
    from ...data.store import ClipStore
    from ..codec.runtime import CodecRuntime


@dataclass(frozen=True)
class CodedClips:
    """Codes of clips, several variants of each.

    - ``variants``: codes of each clip, ``(codebooks, frames)`` int16, for each variant; the first is the clip as it is.
    - ``labels``, ``speakers``: indices, ``(n,)``.
    - ``groups``: name of the sound that each clip is a take of, ``(n,)``.
    """

    variants: tuple[tuple[np.ndarray, ...], ...]
    labels: np.ndarray
    speakers: np.ndarray
    groups: np.ndarray

    @property
    def unvaried(self) -> tuple[np.ndarray, ...]:
        """Codes of each clip as it is."""
        return self.variants[0]

    def subset(self, rows: Sequence[int]) -> CodedClips:
        """Return the clips in these rows."""
        variants = tuple(tuple(codes[row] for row in rows) for codes in self.variants)
        return CodedClips(variants, self.labels[rows], self.speakers[rows], self.groups[rows])


def encode_clips(
    clips: SequenceClips, codec: CodecRuntime, n_codebooks: int, n_variants: int, gain_range_db: float
) -> CodedClips:
    """Encode clips, or read the codes that an earlier call cached beside them.

    - ``clips``: decoded clips.
    - ``n_codebooks``: codebooks to retain, the coarse ones.
    - ``n_variants``: variants of each clip.
    - ``gain_range_db``: all variants but the first are attenuated by up to this.
    """
    variants = []
    for variant in range(n_variants):
        gain = f"-{gain_range_db:g}dB" if variant else ""
        compute = functools.partial(_encode_variant, clips.store, codec, variant, gain_range_db)
        cached = clips.store.cached(f"codes-{codec.codes_hash}-{variant}{gain}", compute)
        codes = np.split(cached["codes"], np.cumsum(cached["n_frames"])[:-1], axis=1)
        variants.append(tuple(clip_codes[:n_codebooks] for clip_codes in codes))
    return CodedClips(tuple(variants), clips.labels, clips.speakers, clips.groups)


def _encode_variant(store: ClipStore, codec: CodecRuntime, variant: int, gain_range_db: float) -> dict[str, np.ndarray]:
    """Return ``codes (codebooks, frames)`` int16 of all clips in a row, and the ``n_frames`` of each."""
    codes = [
        codec.encode(_vary(store[row][0], codec.hop_length, gain_range_db, variant, row)) for row in range(len(store))
    ]
    return {
        "codes": np.ascontiguousarray(np.concatenate(codes, axis=1)),
        "n_frames": np.array([clip_codes.shape[1] for clip_codes in codes]),
    }


def _vary(wave: np.ndarray, hop_length: int, gain_range_db: float, variant: int, row: int) -> np.ndarray:
    """Return a clip ``(time,)``; every variant but the first is delayed by less than a frame and attenuated."""
    if not variant:
        return wave
    rng = np.random.default_rng([variant, row])
    delay = int(rng.integers(hop_length))
    gain = np.float32(db_to_gain(-rng.uniform(0, gain_range_db)))
    return np.asarray(np.pad(wave, (delay, 0)) * gain)
