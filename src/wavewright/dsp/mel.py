"""Mel filterbanks, mel and log-mel spectrograms and MFCC on arrays ``(..., time)``."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from ..errors import BadSetting
from .spectrum import Padding, spectrogram

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


def mel_spectrogram(
    wave: np.ndarray,
    sample_rate: int,
    n_fft: int = 1024,
    hop_length: int = 256,
    n_mels: int = 80,
    f_min_hz: float = 0.0,
    f_max_hz: float | None = None,
    preset: MelPreset = "librosa",
    padding: Padding = "zero",
) -> np.ndarray:
    """Power in mel bands, ``mel_filterbank @ |stft|^2``: ``(..., time)`` -> ``(..., n_mels, frames)``.

    The same as ``librosa.feature.melspectrogram`` with ``preset="librosa"``, or with ``htk=True, norm=None`` for ``"htk"``.
    Raises BadSetting where the settings do not fit the wave or each other.
    """
    filters = mel_filterbank(sample_rate, n_fft, n_mels, f_min_hz, f_max_hz, preset)
    return filters @ spectrogram(wave, n_fft, hop_length, padding=padding)


def log_mel(
    wave: np.ndarray,
    sample_rate: int,
    n_fft: int = 1024,
    hop_length: int = 256,
    n_mels: int = 80,
    f_min_hz: float = 0.0,
    f_max_hz: float | None = None,
    preset: MelPreset = "librosa",
    floor: float = 1e-5,
    padding: Padding = "zero",
) -> np.ndarray:
    """``log(floor + mel_spectrogram)``, natural logarithm: ``(..., time)`` -> ``(..., n_mels, frames)``.

    The floor is added, not a limit, so that the result is smooth and a gradient flows in quiet bands too. For decibels as librosa
    gives them use :func:`power_to_db` on a :func:`mel_spectrogram`.
    """
    return np.log(
        mel_spectrogram(wave, sample_rate, n_fft, hop_length, n_mels, f_min_hz, f_max_hz, preset, padding) + floor
    )


def power_to_db(
    power: np.ndarray, reference: float = 1.0, floor: float = 1e-10, range_db: float | None = 80.0
) -> np.ndarray:
    """``10 log10(max(floor, power) / max(floor, reference))``, at most ``range_db`` below the loudest, as ``librosa.power_to_db``.

    The loudest value is sought in each spectrogram ``(bands, frames)`` by itself, so that a batch does not change its members.
    """
    level_db = 10.0 * np.log10(np.maximum(floor, power)) - 10.0 * math.log10(max(floor, float(reference)))
    if range_db is None:
        return level_db
    return np.maximum(level_db, level_db.max(axis=(-2, -1), keepdims=True) - range_db)


def mfcc(
    wave: np.ndarray, sample_rate: int, n_mfcc: int = 20, n_fft: int = 2048, hop_length: int = 512, n_mels: int = 128
) -> np.ndarray:
    """Mel-frequency cepstral coefficients ``(..., time)`` -> ``(..., n_mfcc, frames)``, as ``librosa.feature.mfcc``.

    The orthonormal cosine transform (DCT-II) of the mel spectrogram in decibels. Raises BadSetting where the settings do not fit.
    """
    if not 1 <= n_mfcc <= n_mels:
        raise BadSetting(f"n_mfcc is {n_mfcc}; it must lie between 1 and n_mels ({n_mels}).")
    level_db = power_to_db(mel_spectrogram(wave, sample_rate, n_fft, hop_length, n_mels))
    order, band = np.arange(n_mfcc)[:, None], np.arange(n_mels)
    cosines = np.sqrt(2.0 / n_mels) * np.cos(np.pi * order * (2 * band + 1) / (2 * n_mels))  # (n_mfcc, n_mels)
    cosines[0] /= np.sqrt(2.0)
    return cosines.astype(level_db.dtype) @ level_db
