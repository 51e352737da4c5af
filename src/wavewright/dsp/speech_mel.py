"""Mel frames of voices and vocoders: the same numbers for the same sound at every sample rate."""

from __future__ import annotations

import numpy as np

from ..base.errors import BadSetting
from .mel import mel_spectrogram

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
