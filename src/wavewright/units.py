"""Unit conversions, each named ``<from>_to_<to>``; pure functions on numbers or arrays."""

from __future__ import annotations

from typing import overload

import numpy as np


@overload
def db_to_gain(level_db: float) -> np.float64: ...
@overload
def db_to_gain(level_db: np.ndarray) -> np.ndarray: ...
def db_to_gain(level_db: float | np.ndarray) -> np.float64 | np.ndarray:
    """Convert decibels to a linear amplitude factor: ``10 ** (level_db / 20)``."""
    gain: np.float64 | np.ndarray = 10.0 ** (np.asarray(level_db) / 20.0)
    return gain


@overload
def gain_to_db(gain: float, floor_db: float = ...) -> np.float64: ...
@overload
def gain_to_db(gain: np.ndarray, floor_db: float = ...) -> np.ndarray: ...
def gain_to_db(gain: float | np.ndarray, floor_db: float = -120.0) -> np.float64 | np.ndarray:
    """Convert a linear amplitude factor to decibels, not below ``floor_db``."""
    level_db: np.float64 | np.ndarray = np.maximum(20.0 * np.log10(np.maximum(np.abs(gain), 1e-30)), floor_db)
    return level_db


@overload
def hz_to_midi(frequency_hz: float) -> np.float64: ...
@overload
def hz_to_midi(frequency_hz: np.ndarray) -> np.ndarray: ...
def hz_to_midi(frequency_hz: float | np.ndarray) -> np.float64 | np.ndarray:
    """Convert a frequency in hertz to a MIDI note number, A4 = 440 Hz = 69."""
    note: np.float64 | np.ndarray = 69.0 + 12.0 * np.log2(np.asarray(frequency_hz) / 440.0)
    return note


@overload
def midi_to_hz(note: float) -> np.float64: ...
@overload
def midi_to_hz(note: np.ndarray) -> np.ndarray: ...
def midi_to_hz(note: float | np.ndarray) -> np.float64 | np.ndarray:
    """Convert a MIDI note number to a frequency in hertz, A4 = 69 = 440 Hz."""
    frequency_hz: np.float64 | np.ndarray = 440.0 * 2.0 ** ((np.asarray(note) - 69.0) / 12.0)
    return frequency_hz


@overload
def semitones_to_ratio(semitones: float) -> np.float64: ...
@overload
def semitones_to_ratio(semitones: np.ndarray) -> np.ndarray: ...
def semitones_to_ratio(semitones: float | np.ndarray) -> np.float64 | np.ndarray:
    """Convert semitones to a frequency ratio: ``2 ** (semitones / 12)``."""
    ratio: np.float64 | np.ndarray = 2.0 ** (np.asarray(semitones) / 12.0)
    return ratio


def seconds_to_samples(seconds: float, sample_rate: int) -> int:
    """Convert seconds to the nearest whole number of samples."""
    return round(seconds * sample_rate)


def samples_to_seconds(n_samples: int, sample_rate: int) -> float:
    """Convert a number of samples to seconds."""
    return n_samples / sample_rate
