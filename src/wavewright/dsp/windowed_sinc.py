"""Low-pass filters by windowing, without SciPy's design functions, whose import takes 80 MB."""

from __future__ import annotations

import numpy as np


def windowed_sinc(n_taps: int, cutoff: float, beta: float) -> np.ndarray:
    """Return a linear-phase low pass, a sinc in a Kaiser window, as ``scipy.signal.firwin`` does.

    - ``cutoff``: frequency of half the amplitude, relative to half the sample rate.
    - ``beta``: shape of the window: larger is a wider transition and less of the stop band.
    - returns: ``(n_taps,)`` float64, whose sum is 1.
    """
    taps = np.sinc(cutoff * (np.arange(n_taps) - 0.5 * (n_taps - 1))) * np.kaiser(n_taps, beta)
    normalised: np.ndarray = taps / taps.sum()
    return normalised
