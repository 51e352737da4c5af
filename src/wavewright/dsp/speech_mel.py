"""The mel frames that voices and vocoders speak by: the same numbers for the same sound, whatever its sample rate."""

from __future__ import annotations

import numpy as np

from ..errors import BadSetting
from .mel import mel_spectrogram

N_MELS, F_MAX_HZ, FRAMES_PER_SECOND = 80, 8_000.0, 62.5
WINDOW_HOPS = 4  # that a frame hears: 64 ms
MEL_FLOOR = 1e-5  # added to the power before the logarithm
MEL_MEAN, MEL_STD = -5.0, 4.0  # of log-mel values of speech, so that a network gets numbers around 0 and 1
REFERENCE_N_FFT = 1_024  # of a sound at 16 kHz, whose frames are those of all rates


def speech_hop_length(sample_rate: int) -> int:
    """Samples from one frame to the next, a multiple of 8; raises BadSetting for a rate that does not have such a number."""
    hop_length = round(sample_rate / FRAMES_PER_SECOND)
    if sample_rate < 2 * F_MAX_HZ or sample_rate % 500:
        raise BadSetting(
            f"The sample rate is {sample_rate} Hz; mel frames of speech need {2 * F_MAX_HZ:g} Hz or more, and a multiple of 500: "
            "resample to 16000, 24000 or 48000."
        )
    return hop_length


def speech_mel(wave: np.ndarray, sample_rate: int) -> np.ndarray:
    """Log-mel frames ``(N_MELS, frames)`` float32 of ``wave (time,)``, one for each hop begun: ``log(power + MEL_FLOOR)``.

    Frame ``i`` is centred on sample ``i * speech_hop_length(sample_rate)``. Raises BadSetting as :func:`speech_hop_length` does.
    """
    hop_length = speech_hop_length(sample_rate)
    return power_to_log(mel_power(wave, sample_rate, WINDOW_HOPS * hop_length, hop_length, N_MELS, F_MAX_HZ))


def mel_power(
    wave: np.ndarray, sample_rate: int, n_fft: int, hop_length: int, n_mels: int, f_max_hz: float
) -> np.ndarray:
    """Power in mel bands of ``wave (time,)``, a frame for each ``hop_length`` samples begun: ``(n_mels, frames)`` float32.

    It is that of a window of REFERENCE_N_FFT samples, see :func:`power_scale`.
    """
    power = mel_spectrogram(np.asarray(wave, np.float32), sample_rate, n_fft, hop_length, n_mels, f_max_hz=f_max_hz)
    n_frames = -(-len(wave) // hop_length)
    return (power[:, :n_frames] * np.float32(power_scale(n_fft))).astype(np.float32, copy=False)


def power_scale(n_fft: int) -> float:
    """What a spectrum's power is multiplied by, so that a window of as many seconds at another rate finds the same power."""
    return (REFERENCE_N_FFT / n_fft) ** 2


def power_to_log(power: np.ndarray) -> np.ndarray:
    """The natural logarithm of power in mel bands and the floor, float32."""
    return np.log(power + np.float32(MEL_FLOOR))


def mel_to_features(mel: np.ndarray) -> np.ndarray:
    """Log-mel frames ``(n_mels, frames)`` as a network gets them, ``(frames, n_mels)`` float32."""
    return ((mel.T - MEL_MEAN) / MEL_STD).astype(np.float32)


def features_to_mel(features: np.ndarray) -> np.ndarray:
    """The inverse of :func:`mel_to_features`: ``(frames, n_mels)`` -> ``(n_mels, frames)``."""
    return MEL_STD * features.T + MEL_MEAN
