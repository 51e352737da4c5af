"""Prosody as numbers: pitch in octaves, voicing and energy, by frame and by symbol."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...dsp.alignment import averages_by_symbol
from .config import N_PROSODY

REFERENCE_F0_HZ = 200.0  # 0 octaves
ENERGY_MEAN, ENERGY_STD = -3.0, 3.0  # of speech, in nats, for normalisation
MAX_F0_HZ, MIN_F0_HZ = 500.0, 65.0  # limits of the pitch tracker


def hz_to_octaves(f0_hz: np.ndarray) -> np.ndarray:
    """Return octaves above REFERENCE_F0_HZ, float32; 0 where unvoiced (0 Hz)."""
    octaves = np.where(f0_hz > 0, np.log2(np.maximum(f0_hz, 1.0) / REFERENCE_F0_HZ), 0.0)
    return octaves.astype(np.float32)


def octaves_to_hz(octaves: np.ndarray) -> np.ndarray:
    """Invert :func:`hz_to_octaves` for voiced symbols."""
    f0_hz: np.ndarray = REFERENCE_F0_HZ * 2.0**octaves
    return f0_hz.astype(np.float32)


def frame_energy(mel: np.ndarray) -> np.ndarray:
    """Return the normalised log of the mean power of log-mel frames ``(frames, n_mels)``, ``(frames,)`` float32."""
    power = np.exp(mel.astype(np.float64)).mean(axis=1)
    energy: np.ndarray = (np.log(power) - ENERGY_MEAN) / ENERGY_STD
    return energy.astype(np.float32)


def energy_to_nats(energy: np.ndarray) -> np.ndarray:
    """Invert the normalisation of :func:`frame_energy`."""
    nats: np.ndarray = ENERGY_STD * energy + ENERGY_MEAN
    return nats.astype(np.float32)


def average_prosody(
    octaves: np.ndarray, voiced: np.ndarray, energy: np.ndarray, durations: np.ndarray, n_frames: Sequence[int]
) -> np.ndarray:
    """Average the prosody of frames over symbols.

    - ``octaves``, ``voiced``, ``energy``: of each frame, ``(batch, frames)``.
    - ``durations``: frames of each symbol, ``(batch, symbols)``.
    - returns: ``(batch, symbols, N_PROSODY)`` float32: octaves times voicing, voicing (the fraction of voiced frames),
      energy.
    """
    prosody = np.zeros((*durations.shape, N_PROSODY), np.float32)
    for row, (clip_durations, end) in enumerate(zip(durations, n_frames, strict=True)):
        mean_octaves, voicing = averages_by_symbol(octaves[row, :end], voiced[row, :end], clip_durations)
        mean_energy, _ = averages_by_symbol(energy[row, :end], np.ones(end), clip_durations)
        prosody[row] = np.stack([mean_octaves * voicing, voicing, mean_energy], axis=1)
    return prosody
