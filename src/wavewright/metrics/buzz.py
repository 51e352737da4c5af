"""How much a sound repeats itself from frame to frame: the buzz of a codec or vocoder, which other measures do not notice."""

from __future__ import annotations

import numpy as np

LOW_HZ, HIGH_HZ = 2_500.0, 7_000.0  # where voices are nearly noise


def frame_correlation(wave: np.ndarray, sample_rate: int, lag_seconds: float) -> float:
    """The normalised autocorrelation, -1 to 1, of the band from 2.5 to 7 kHz of ``wave (time,)`` at a lag; 0 for silence.

    ``r(lag) = sum_t b(t) b(t + lag) / sum_t b(t)^2``. A decoder that repeats a pattern in every frame has nearly 1 at the frame's length;
    speech has nearly 0.
    """
    n_fft = 1 << int(np.ceil(np.log2(max(2 * len(wave), 2))))
    spectrum = np.fft.rfft(np.asarray(wave, np.float64), n_fft)
    hertz = np.fft.rfftfreq(n_fft, 1 / sample_rate)
    power = np.where((hertz >= LOW_HZ) & (hertz <= HIGH_HZ), np.abs(spectrum) ** 2, 0.0)
    correlation = np.fft.irfft(power, n_fft)
    lag = round(lag_seconds * sample_rate)
    return float(correlation[lag] / correlation[0]) if correlation[0] > 0 and lag < len(wave) else 0.0
