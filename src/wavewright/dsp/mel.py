"""Mel filterbanks, mel and log-mel spectrograms and MFCC on arrays ``(..., time)``."""

from __future__ import annotations

from typing import Literal

import numpy as np

from ..errors import BadSetting

MelPreset = Literal["librosa", "htk"]
"""``librosa``: Slaney's scale (linear to 1 kHz, then logarithmic) with filters of equal area, librosa's default;
``htk``: HTK's scale ``2595 log10(1 + f / 700)`` with filters of equal height 1."""


def hz_to_mel(frequency_hz, preset: MelPreset = "librosa"):
    """Frequency in hertz to mel, on the scale of the preset."""
    frequency_hz = np.asarray(frequency_hz, dtype=np.float64)
    if preset == "htk":
        return 2595.0 * np.log10(1.0 + frequency_hz / 700.0)
    # M. Slaney, "Auditory Toolbox", 1998: 200/3 Hz a mel up to 1 kHz = 15 mel, then 27 mel for a factor 6.4.
    above = 15.0 + 27.0 * np.log(np.maximum(frequency_hz, 1000.0) / 1000.0) / np.log(6.4)
    return np.where(frequency_hz < 1000.0, frequency_hz * 3.0 / 200.0, above)


def mel_to_hz(mel, preset: MelPreset = "librosa"):
    """Mel to frequency in hertz, the inverse of :func:`hz_to_mel`."""
    mel = np.asarray(mel, dtype=np.float64)
    if preset == "htk":
        return 700.0 * (10.0 ** (mel / 2595.0) - 1.0)
    return np.where(mel < 15.0, mel * 200.0 / 3.0, 1000.0 * 6.4 ** ((np.maximum(mel, 15.0) - 15.0) / 27.0))


def mel_filterbank(
    sample_rate: int,
    n_fft: int,
    n_mels: int = 80,
    f_min_hz: float = 0.0,
    f_max_hz: float | None = None,
    preset: MelPreset = "librosa",
) -> np.ndarray:
    """Triangular filters ``(n_mels, n_fft // 2 + 1)`` float32, evenly spaced in mel from ``f_min_hz`` to ``f_max_hz``.

    ``f_max_hz`` is half the sample rate if not given. Raises BadSetting where the limits or the preset are impossible.
    """
    f_max_hz = sample_rate / 2 if f_max_hz is None else f_max_hz
    if preset not in ("librosa", "htk"):
        raise BadSetting(f"The mel preset is {preset!r}; it must be 'librosa' or 'htk'.")
    if n_mels < 1:
        raise BadSetting(f"n_mels is {n_mels}; it must be at least 1.")
    if not 0 <= f_min_hz < f_max_hz <= sample_rate / 2:
        raise BadSetting(
            f"The mel limits are {f_min_hz} to {f_max_hz} Hz; they must rise and lie between 0 and half the sample rate "
            f"({sample_rate / 2} Hz)."
        )
    bins_hz = np.arange(n_fft // 2 + 1) * sample_rate / n_fft
    edges_hz = mel_to_hz(np.linspace(hz_to_mel(f_min_hz, preset), hz_to_mel(f_max_hz, preset), n_mels + 2), preset)
    left, centre, right = edges_hz[:-2, None], edges_hz[1:-1, None], edges_hz[2:, None]
    filters = np.maximum(0.0, np.minimum((bins_hz - left) / (centre - left), (right - bins_hz) / (right - centre)))
    if preset == "librosa":
        filters *= 2.0 / (right - left)
    return filters.astype(np.float32)
