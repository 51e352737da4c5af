"""How much quieter than a sound its copies come out of a codec, and the gains that make up for it, one for each number of levels of codes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...errors import BadSetting
from ...units import db_to_gain, gain_to_db

GAINS = "gains_db"
"""The tensor ``(n_codebooks,)`` float32 beside the frequencies of codes; a model from before there was one has no gains."""

CLIPS_TO_COPY = 60  # of those trained on
LARGEST_DB = 6.0
LOUD = np.float32(0.9)  # of full scale
SILENT_LEVEL = 1e-4  # root mean square of a sound that says nothing about levels


def missing_db(sounds: Sequence[np.ndarray], copies: Sequence[np.ndarray]) -> float:
    """By how many dB ``copies (time,)`` are quieter than the ``sounds (time,)``: the median, LARGEST_DB at most either way; 0 where all are
    silent or no numbers."""
    levels = [(_level(sound), _level(copy)) for sound, copy in zip(sounds, copies, strict=True)]
    heard = [(sound, copy) for sound, copy in levels if sound > SILENT_LEVEL and np.isfinite(copy)]
    missing = [float(gain_to_db(sound / max(copy, SILENT_LEVEL))) for sound, copy in heard]
    return float(np.clip(np.median(missing), -LARGEST_DB, LARGEST_DB)) if missing else 0.0


def gains_of(gains_db: np.ndarray | None, n_codebooks: int) -> np.ndarray:
    """The factors ``(n_codebooks,)`` float32 of the copies of 1 level and more; raises BadSetting for gains that cannot be meant."""
    if gains_db is None:
        return np.ones(n_codebooks, np.float32)
    if gains_db.shape != (n_codebooks,) or gains_db.dtype.kind != "f" or not (np.abs(gains_db) <= LARGEST_DB).all():
        raise BadSetting(
            f"The gains are {gains_db}; they must be {n_codebooks} numbers between -{LARGEST_DB:g} and {LARGEST_DB:g} dB."
        )
    return db_to_gain(gains_db.astype(np.float64)).astype(np.float32)


def played(wave: np.ndarray, gain: np.float32) -> np.ndarray:
    """``wave`` float32 times ``gain``; what would pass LOUD by that comes near to full scale without reaching it.

    Sample by sample and by sums, products and quotients alone, so that it is the same however a sound is cut up.
    """
    louder = gain * wave
    if gain <= 1:
        return louder
    size = np.abs(louder)
    excess = np.maximum(size - LOUD, np.float32(0)) / (1 - LOUD)
    return np.copysign(np.minimum(size, LOUD) + (1 - LOUD) * excess / (1 + excess), louder)


def _level(wave: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(wave, dtype=np.float64)))) if len(wave) else 0.0
