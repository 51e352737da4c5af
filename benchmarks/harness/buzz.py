"""Frame correlation: the buzz of a codec or vocoder that repeats a pattern in every frame."""

from __future__ import annotations

import numpy as np

LOW_HZ, HIGH_HZ = 2_500.0, 7_000.0  # the band in which speech is nearly noise


def frame_correlation(wave: np.ndarray, sample_rate: int, lag_seconds: float) -> float:
    """Compute the normalised autocorrelation of the band from 2.5 to 7 kHz at one lag.

    ``r(lag) = sum_t b(t) b(t + lag) / sum_t b(t)^2`` for the band ``b``. A decoder that repeats a pattern in every
    frame has nearly 1 at the length of the frame; speech has nearly 0.

    Parameters
    ----------
    wave : np.ndarray of shape ``(time,)``
    sample_rate : int, in Hz
    lag_seconds : float
        Lag, usually the length of a frame.

    Returns
    -------
    float
        Correlation from -1 to 1; 0 for silence, and for waves shorter than the lag.
    """
    n_fft = 1 << int(np.ceil(np.log2(max(2 * len(wave), 2))))
    spectrum = np.fft.rfft(np.asarray(wave, np.float64), n_fft)
    frequencies_hz = np.fft.rfftfreq(n_fft, 1 / sample_rate)
    is_in_band = (frequencies_hz >= LOW_HZ) & (frequencies_hz <= HIGH_HZ)
    correlation = np.fft.irfft(np.where(is_in_band, np.abs(spectrum) ** 2, 0.0), n_fft)
    lag = round(lag_seconds * sample_rate)
    return float(correlation[lag] / correlation[0]) if correlation[0] > 0 and lag < len(wave) else 0.0
