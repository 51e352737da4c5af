"""Spectral tilt by a minimum-phase filter, as microphones, rooms and tone controls cause it."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from ..base.units import db_to_gain, seconds_to_samples

CENTRE_HZ, MIN_HZ = 1_000.0, 62.5  # unity gain, and the lowest frequency of the slope
RESPONSE_SECONDS = 0.5  # length of the impulse response, which has decayed below -80 dB by then


def tilt_spectrum(wave: np.ndarray, tilt_db: float, sample_rate: int) -> np.ndarray:
    """Tilt the spectrum of ``wave (..., time)`` by ``tilt_db`` an octave, from 1 kHz up and down to 62.5 Hz.

    The filter is causal and has minimum phase, so attacks are neither smeared nor delayed; its ringing is cut off at
    the end of the wave.

    - ``tilt_db``: slope in dB an octave.

    References
    ----------
    A. V. Oppenheim, R. W. Schafer, "Discrete-Time Signal Processing", section 13.5: minimum phase from the real
    cepstrum.
    """
    return tilting(wave, sample_rate)(tilt_db)


def tilting(wave: np.ndarray, sample_rate: int) -> Callable[[float], np.ndarray]:
    """Return a function of ``tilt_db`` that tilts the spectrum of one wave, which is transformed once."""
    from scipy.fft import next_fast_len

    n_samples = wave.shape[-1]
    n_fft = next_fast_len(n_samples + seconds_to_samples(RESPONSE_SECONDS, sample_rate))
    n_fft += n_fft % 2
    spectrum = np.fft.rfft(wave, n_fft)

    def tilted(tilt_db: float) -> np.ndarray:
        response = np.exp(np.log(db_to_gain(tilt_db)) * _log_response(n_fft, sample_rate))
        return np.fft.irfft(spectrum * response, n_fft)[..., :n_samples].astype(np.float32)

    return tilted


@lru_cache(maxsize=8)
def _log_response(n_fft: int, sample_rate: int) -> np.ndarray:
    """Return the log response ``(bins,)`` for 1 neper an octave: octaves above CENTRE_HZ, with minimum phase."""
    frequency_hz = np.fft.rfftfreq(n_fft, 1 / sample_rate)
    cepstrum = np.fft.irfft(np.log2(np.maximum(frequency_hz, MIN_HZ) / CENTRE_HZ), n_fft)
    cepstrum[1 : n_fft // 2] *= 2
    cepstrum[n_fft // 2 + 1 :] = 0
    return np.fft.rfft(cepstrum)
