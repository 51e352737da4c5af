"""Gains that make decoded audio as loud as its recordings, one for each number of codebooks.

A decoder leaves out what its codes do not hold, so its output is quieter, the more so the fewer codebooks it uses.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...base.errors import BadSetting
from ...base.units import db_to_gain, gain_to_db

GAINS = "gains_db"
"""Name of the tensor ``(n_codebooks,)`` float32 in the file of frequencies; models of earlier versions have none."""

N_MEASURED_CLIPS = 60  # training clips that the gains are measured on
MAX_GAIN_DB = 6.0
LIMITER_THRESHOLD = np.float32(0.9)  # of full scale
SILENT_RMS = 1e-4  # clips below it are not measured


def level_difference_db(references: Sequence[np.ndarray], estimates: Sequence[np.ndarray]) -> float:
    """Return by how many dB estimates are quieter than their references, all ``(time,)``: the median, limited.

    0 if all references are silent or all estimates are not finite.
    """
    levels = [(_rms(reference), _rms(estimate)) for reference, estimate in zip(references, estimates, strict=True)]
    differences = [
        float(gain_to_db(reference / max(estimate, SILENT_RMS)))
        for reference, estimate in levels
        if reference > SILENT_RMS and np.isfinite(estimate)
    ]
    return float(np.clip(np.median(differences), -MAX_GAIN_DB, MAX_GAIN_DB)) if differences else 0.0


def linear_gains(gains_db: np.ndarray | None, n_codebooks: int) -> np.ndarray:
    """Return the gains of the first 1 to all codebooks as factors ``(n_codebooks,)``; 1 without ``gains_db``.

    Raises BadSetting for another shape or type, NaN, or gains beyond ``MAX_GAIN_DB``.
    """
    if gains_db is None:
        return np.ones(n_codebooks, np.float32)
    if gains_db.shape != (n_codebooks,) or gains_db.dtype.kind != "f" or not (np.abs(gains_db) <= MAX_GAIN_DB).all():
        raise BadSetting(
            f"The gains are {gains_db}; they must be {n_codebooks} numbers between -{MAX_GAIN_DB:g} and "
            f"{MAX_GAIN_DB:g} dB."
        )
    return db_to_gain(gains_db.astype(np.float64)).astype(np.float32)


def amplify(wave: np.ndarray, gain: np.float32) -> np.ndarray:
    """Multiply a wave ``(time,)`` by a gain; above 1, compress samples over the limiter's threshold softly.

    The result is below full scale. Each sample is computed by itself, by sums, products and quotients alone, so that
    streams and whole clips give the same bits.
    """
    amplified = gain * wave
    if gain <= 1:
        return amplified
    magnitude = np.abs(amplified)
    excess = np.maximum(magnitude - LIMITER_THRESHOLD, np.float32(0)) / (1 - LIMITER_THRESHOLD)
    limited = np.minimum(magnitude, LIMITER_THRESHOLD) + (1 - LIMITER_THRESHOLD) * excess / (1 + excess)
    return np.copysign(limited, amplified)


def _rms(wave: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(wave, dtype=np.float64)))) if len(wave) else 0.0
