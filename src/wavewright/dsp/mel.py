"""Mel filterbanks, mel and log-mel spectrograms, MFCC, and the mel frames of speech, on arrays ``(..., time)``."""

from __future__ import annotations

import math
from typing import Literal, overload

import numpy as np

from ..base.errors import BadSetting
from .spectrum import Padding, spectrogram

MelPreset = Literal["librosa", "htk"]
"""``librosa``: Slaney's scale (linear to 1 kHz, then logarithmic) with filters of equal area, librosa's default;
``htk``: HTK's scale ``2595 log10(1 + f / 700)`` with filters of equal height 1."""


@overload
def hz_to_mel(frequency_hz: float, preset: MelPreset = ...) -> np.float64: ...
@overload
def hz_to_mel(frequency_hz: np.ndarray, preset: MelPreset = ...) -> np.ndarray: ...
def hz_to_mel(frequency_hz: float | np.ndarray, preset: MelPreset = "librosa") -> np.float64 | np.ndarray:
    """Convert frequencies in hertz to mel.

    - ``frequency_hz``: any shape.
    - ``preset``: the scale: ``librosa`` (Slaney's) or ``htk``.
    - returns: the same shape.

    References
    ----------
    M. Slaney, "Auditory Toolbox", 1998: 200/3 Hz a mel up to 1 kHz = 15 mel, then 27 mel for a factor 6.4.
    """
    frequency_hz = np.asarray(frequency_hz, dtype=np.float64)
    mel: np.ndarray
    if preset == "htk":
        mel = 2595.0 * np.log10(1.0 + frequency_hz / 700.0)
        return mel
    above = 15.0 + 27.0 * np.log(np.maximum(frequency_hz, 1000.0) / 1000.0) / np.log(6.4)
    mel = np.where(frequency_hz < 1000.0, frequency_hz * 3.0 / 200.0, above)
    return mel


@overload
def mel_to_hz(mel: float, preset: MelPreset = ...) -> np.float64: ...
@overload
def mel_to_hz(mel: np.ndarray, preset: MelPreset = ...) -> np.ndarray: ...
def mel_to_hz(mel: float | np.ndarray, preset: MelPreset = "librosa") -> np.float64 | np.ndarray:
    """Convert mel to frequencies in hertz, the inverse of :func:`hz_to_mel`."""
    mel = np.asarray(mel, dtype=np.float64)
    frequency_hz: np.ndarray
    if preset == "htk":
        frequency_hz = 700.0 * (10.0 ** (mel / 2595.0) - 1.0)
        return frequency_hz
    above = 1000.0 * 6.4 ** ((np.maximum(mel, 15.0) - 15.0) / 27.0)
    frequency_hz = np.where(mel < 15.0, mel * 200.0 / 3.0, above)
    return frequency_hz


def mel_filterbank(
    sample_rate: int,
    n_fft: int,
    n_mels: int = 80,
    f_min_hz: float = 0.0,
    f_max_hz: float | None = None,
    preset: MelPreset = "librosa",
) -> np.ndarray:
    """Return triangular filters at equal intervals in mel, as ``librosa.filters.mel``.

    - ``f_min_hz``, ``f_max_hz``: limits of the filters, ``0 <= f_min_hz < f_max_hz <= sample_rate / 2``; the upper one
      is half the sample rate by default.
    - ``preset``: scale and height of the filters.
    - returns: ``(n_mels, n_fft // 2 + 1)`` float32.

    Raises BadSetting if the limits or the preset are invalid.
    """
    f_max_hz = sample_rate / 2 if f_max_hz is None else f_max_hz
    if preset not in ("librosa", "htk"):
        raise BadSetting(f"The mel preset is {preset!r}; it must be 'librosa' or 'htk'.")
    if n_mels < 1:
        raise BadSetting(f"n_mels is {n_mels}; it must be at least 1.")
    if not 0 <= f_min_hz < f_max_hz <= sample_rate / 2:
        raise BadSetting(
            f"The mel limits are {f_min_hz} to {f_max_hz} Hz; they must rise and lie between 0 and half the sample "
            f"rate ({sample_rate / 2} Hz)."
        )
    bins_hz = np.arange(n_fft // 2 + 1) * sample_rate / n_fft
    edges_hz = mel_to_hz(np.linspace(hz_to_mel(f_min_hz, preset), hz_to_mel(f_max_hz, preset), n_mels + 2), preset)
    left, centre, right = edges_hz[:-2, None], edges_hz[1:-1, None], edges_hz[2:, None]
    filters: np.ndarray = np.maximum(
        0.0, np.minimum((bins_hz - left) / (centre - left), (right - bins_hz) / (right - centre))
    )
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
    """Return the power in mel bands, ``mel_filterbank @ |stft|^2``, as ``librosa.feature.melspectrogram``.

    With ``preset="htk"`` it equals librosa's with ``htk=True, norm=None``.

    - ``wave``: ``(..., time)``.
    - ``n_mels``, ``f_min_hz``, ``f_max_hz``, ``preset``: as for :func:`mel_filterbank`.
    - ``padding``: as for :func:`.spectrum.stft`.
    - returns: ``(..., n_mels, frames)``.

    Raises BadSetting if the settings do not match the wave or each other.
    """
    filters = mel_filterbank(sample_rate, n_fft, n_mels, f_min_hz, f_max_hz, preset)
    mel: np.ndarray = filters @ spectrogram(wave, n_fft, hop_length, padding=padding)
    return mel


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
    """Return the natural logarithm ``log(floor + mel_spectrogram)``.

    The floor is added, not a limit, so that the result is smooth and quiet bands have gradients. For decibels as in
    librosa use :func:`power_to_db` on a :func:`mel_spectrogram`.

    - ``floor``: added to the power.
    - ``wave``, ``sample_rate``, ``n_fft``, ``hop_length``, ``n_mels``, ``f_min_hz``, ``f_max_hz``, ``preset``,
      ``padding``: as for :func:`mel_spectrogram`.
    - returns: ``(..., n_mels, frames)``.

    Raises BadSetting as :func:`mel_spectrogram`.
    """
    mel = mel_spectrogram(wave, sample_rate, n_fft, hop_length, n_mels, f_min_hz, f_max_hz, preset, padding)
    log_power: np.ndarray = np.log(mel + floor)
    return log_power


def power_to_db(
    power: np.ndarray, reference: float = 1.0, floor: float = 1e-10, range_db: float | None = 80.0
) -> np.ndarray:
    """Return ``10 log10(max(floor, power) / max(floor, reference))``, as ``librosa.power_to_db``.

    - ``power``: ``(..., bands, frames)``.
    - ``reference``: power of 0 dB.
    - ``floor``: smallest power.
    - ``range_db``: values are limited to this far below the maximum of each spectrogram ``(bands, frames)``, so that a
      batch does not change its members; None for no limit.
    - returns: the same shape, dB.
    """
    level_db: np.ndarray = 10.0 * np.log10(np.maximum(floor, power)) - 10.0 * math.log10(max(floor, float(reference)))
    if range_db is None:
        return level_db
    limited: np.ndarray = np.maximum(level_db, level_db.max(axis=(-2, -1), keepdims=True) - range_db)
    return limited


# Mel frames of voices and vocoders: the same numbers for the same sound at every sample rate

N_MELS = 80
F_MAX_HZ = 8_000.0
FRAMES_PER_SECOND = 62.5
WINDOW_HOPS = 4  # length of the window, 64 ms
MEL_FLOOR = 1e-5  # added to the power before the logarithm
MEL_MEAN, MEL_STD = -5.0, 4.0  # of log-mel values of speech, to normalise a network's features
REFERENCE_N_FFT = 1_024  # at 16 kHz, to whose power that of other rates is scaled


def speech_hop_length(sample_rate: int) -> int:
    """Return the samples between frames, a multiple of 8.

    Raises BadSetting if the rate is below 16 kHz or no multiple of 500 Hz.
    """
    hop_length = round(sample_rate / FRAMES_PER_SECOND)
    if sample_rate < 2 * F_MAX_HZ or sample_rate % 500:
        raise BadSetting(
            f"The sample rate is {sample_rate} Hz; mel frames of speech need {2 * F_MAX_HZ:g} Hz or more, and a "
            "multiple of 500: resample to 16000, 24000 or 48000."
        )
    return hop_length


def speech_mel(wave: np.ndarray, sample_rate: int) -> np.ndarray:
    """Return the log-mel frames of speech, ``log(power + MEL_FLOOR)``.

    - returns: ``(N_MELS, frames)`` float32, a frame for each hop or fraction of a hop; frame ``i`` is centred on sample
      ``i * speech_hop_length(sample_rate)``.

    Raises BadSetting as :func:`speech_hop_length`.
    """
    hop_length = speech_hop_length(sample_rate)
    return power_to_log(mel_power(wave, sample_rate, WINDOW_HOPS * hop_length, hop_length, N_MELS, F_MAX_HZ))


def mel_power(
    wave: np.ndarray, sample_rate: int, n_fft: int, hop_length: int, n_mels: int, f_max_hz: float
) -> np.ndarray:
    """Return the power in mel bands ``(n_mels, frames)`` of a wave ``(time,)``, scaled to REFERENCE_N_FFT samples.

    A frame for each hop or fraction of a hop; see :func:`power_scale`.
    """
    power = mel_spectrogram(np.asarray(wave, np.float32), sample_rate, n_fft, hop_length, n_mels, f_max_hz=f_max_hz)
    n_frames = -(-len(wave) // hop_length)
    return (power[:, :n_frames] * np.float32(power_scale(n_fft))).astype(np.float32, copy=False)


def power_scale(n_fft: int) -> float:
    """Return the factor that makes a window of ``n_fft`` samples give the same power as one of REFERENCE_N_FFT."""
    return float((REFERENCE_N_FFT / n_fft) ** 2)


def power_to_log(power: np.ndarray) -> np.ndarray:
    """Return ``log(power + MEL_FLOOR)``, float32, the same shape."""
    log_power: np.ndarray = np.log(power + np.float32(MEL_FLOOR))
    return log_power


def mel_to_features(mel: np.ndarray) -> np.ndarray:
    """Normalise and transpose log-mel frames: ``(n_mels, frames)`` to input features ``(frames, n_mels)`` float32."""
    features: np.ndarray = (mel.T - MEL_MEAN) / MEL_STD
    return features.astype(np.float32)


def features_to_mel(features: np.ndarray) -> np.ndarray:
    """Invert :func:`mel_to_features`: ``(frames, n_mels)`` to ``(n_mels, frames)``."""
    mel: np.ndarray = MEL_STD * features.T + MEL_MEAN
    return mel
