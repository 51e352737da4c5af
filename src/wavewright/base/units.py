"""Unit conversions, each named ``<from>_to_<to>``; pure functions on numbers or arrays."""

from __future__ import annotations

from typing import TypeVar

import numpy as np

Numbers = TypeVar("Numbers", float, np.ndarray)
"""A number or an array; of a number, the result is an ``np.float64``, which is a ``float``."""


def db_to_gain(level_db: Numbers) -> Numbers:
    """Convert decibels to a linear amplitude factor: ``10 ** (level_db / 20)``."""
    gain: Numbers = 10.0 ** np.divide(level_db, 20.0)
    return gain


def gain_to_db(gain: Numbers, floor_db: float = -120.0) -> Numbers:
    """Convert a linear amplitude factor to decibels, not below ``floor_db``."""
    level_db: Numbers = np.maximum(20.0 * np.log10(np.maximum(np.abs(gain), 1e-30)), floor_db)
    return level_db


def semitones_to_ratio(semitones: Numbers) -> Numbers:
    """Convert semitones to a frequency ratio: ``2 ** (semitones / 12)``."""
    ratio: Numbers = 2.0 ** np.divide(semitones, 12.0)
    return ratio


def seconds_to_samples(seconds: float, sample_rate: int) -> int:
    """Convert seconds to the nearest whole number of samples."""
    return round(seconds * sample_rate)


def samples_to_seconds(n_samples: int, sample_rate: int) -> float:
    """Convert a number of samples to seconds."""
    return n_samples / sample_rate


def clock(seconds: float, decimals: int = 0) -> str:
    """Return a time as hours, minutes and seconds, such as ``1:02:03``, or ``2:03.4`` with a decimal."""
    minutes, rest = divmod(round(seconds, decimals), 60)
    hours, minutes = divmod(int(minutes), 60)
    width = 3 + decimals if decimals else 2
    return f"{hours}:{minutes:02d}:{rest:0{width}.{decimals}f}" if hours else f"{minutes}:{rest:0{width}.{decimals}f}"
