"""Keyed sequences of signs, the carrier that they make and its harmonics."""

from __future__ import annotations

import hashlib
from functools import lru_cache

import numpy as np

from .payload import Payload

DEFAULT_KEY = "wavewright"
"""Key of marks that anybody may detect."""

CHIP_RATE_HZ = 16_000
"""Signs per second, and the sample rate of the detector."""

N_CHIPS = 3_840
"""Signs of a period of 0.24 s, which is a whole number of samples at all usual sample rates."""

PERIOD_S = N_CHIPS / CHIP_RATE_HZ

LOWEST_HARMONIC, HIGHEST_HARMONIC = 60, 1_560
"""Harmonics of the period in the mark: 250 Hz, and below 6500 Hz."""

N_SEQUENCES = 3
"""One sequence for the position, and one for each byte of the payload, shifted by it."""

SHIFT_CHIPS = N_CHIPS // 256
"""Cyclic shift of a sequence for each unit of its byte."""


def keyed_signs(key: str, name: str, n_signs: int) -> np.ndarray:
    """Return signs, -1 or 1 ``(n_signs,)``, by SHAKE-256 of the key and a name.

    Without the key, they are as good as signs drawn at random.
    """
    digest = hashlib.shake_256(f"wavewright watermark\0{name}\0{key}".encode()).digest(-(-n_signs // 8))
    return 2.0 * np.unpackbits(np.frombuffer(digest, np.uint8))[:n_signs] - 1.0


@lru_cache(maxsize=16)
def sequence_spectra(key: str) -> np.ndarray:
    """Return the harmonics of the sequences ``(N_SEQUENCES, harmonics)`` from LOWEST_HARMONIC on."""
    signs = np.stack([keyed_signs(key, f"noise {index}", N_CHIPS) for index in range(N_SEQUENCES)])
    return np.fft.rfft(signs)[:, LOWEST_HARMONIC:HIGHEST_HARMONIC]


def carrier_spectrum(key: str, payload: Payload) -> np.ndarray:
    """Return the harmonics ``(harmonics,)`` of the carrier: the sequences, shifted by the payload, of unit power."""
    spectra = sequence_spectra(key)
    harmonics = np.arange(LOWEST_HARMONIC, HIGHEST_HARMONIC)
    shifts = SHIFT_CHIPS * np.array((0, *payload.to_bytes()))
    shifted = spectra * np.exp(-2j * np.pi / N_CHIPS * np.outer(shifts, harmonics))
    return np.asarray(shifted.sum(axis=0) / np.sqrt(N_SEQUENCES))
