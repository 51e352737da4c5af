"""Unit conversions, each named ``<from>_to_<to>``; pure functions on numbers or arrays."""

from __future__ import annotations

import numpy as np


def db_to_gain(level_db):
    """Decibels to a linear amplitude factor: ``10 ** (db / 20)``."""
    return 10.0 ** (np.asarray(level_db) / 20.0)


def gain_to_db(gain, floor_db: float = -120.0):
    """A linear amplitude factor to decibels, not below ``floor_db``."""
    return np.maximum(20.0 * np.log10(np.maximum(np.abs(gain), 1e-30)), floor_db)


def hz_to_midi(frequency_hz):
    """Frequency in hertz to a MIDI note number, A4 = 440 Hz = 69."""
    return 69.0 + 12.0 * np.log2(np.asarray(frequency_hz) / 440.0)


def midi_to_hz(note):
    """MIDI note number to frequency in hertz, A4 = 69 = 440 Hz."""
    return 440.0 * 2.0 ** ((np.asarray(note) - 69.0) / 12.0)


def semitones_to_ratio(semitones):
    """Semitones to a factor of frequency: ``2 ** (semitones / 12)``."""
    return 2.0 ** (np.asarray(semitones) / 12.0)


def seconds_to_samples(seconds: float, sample_rate: int) -> int:
    """Seconds to the nearest whole number of samples."""
    return round(seconds * sample_rate)


def samples_to_seconds(n_samples: int, sample_rate: int) -> float:
    """A number of samples to seconds."""
    return n_samples / sample_rate
