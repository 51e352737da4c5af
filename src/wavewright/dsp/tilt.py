"""Spectra that rise or fall evenly towards high frequencies, as microphones, rooms and a tone control make them."""

from __future__ import annotations

import numpy as np

from ..units import db_to_gain

CENTRE_HZ, LOWEST_HZ = 1_000.0, 62.5  # where the level stays, and below which it changes no further


def tilted(wave: np.ndarray, tilt_db: float, sample_rate: int) -> np.ndarray:
    """``wave (..., time)`` with a spectrum that rises by ``tilt_db`` an octave, from 1 kHz up and down to 62.5 Hz; float32."""
    frequency_hz = np.fft.rfftfreq(wave.shape[-1], 1 / sample_rate)
    octaves = np.log2(np.maximum(frequency_hz, LOWEST_HZ) / CENTRE_HZ)
    return np.fft.irfft(np.fft.rfft(wave) * db_to_gain(tilt_db * octaves), wave.shape[-1]).astype(np.float32)
