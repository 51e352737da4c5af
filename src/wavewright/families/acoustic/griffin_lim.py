"""Mel frames of speech to audio by Griffin-Lim, for samples of a voice without a vocoder."""

from __future__ import annotations

import numpy as np

from ...dsp.mel import mel_filterbank
from ...dsp.phase import griffin_lim, mel_to_power
from ...dsp.speech_mel import F_MAX_HZ, MEL_FLOOR, power_scale
from .config import AcousticConfig

MAX_LOG_POWER = 20.0  # of a band; the exponential of more could overflow


def mel_to_wave(mel: np.ndarray, config: AcousticConfig) -> np.ndarray:
    """Return a wave whose mel frames are close to the given ones.

    Parameters
    ----------
    mel : np.ndarray
        Log-mel frames ``(n_mels, frames)``, see :mod:`wavewright.dsp.speech_mel`.
    config : AcousticConfig
        Of the voice; sets the sample rate.

    Returns
    -------
    np.ndarray
        ``(frames * hop_length,)`` float32 in [-1, 1].
    """
    power = np.maximum(np.exp(np.minimum(mel, MAX_LOG_POWER)) - MEL_FLOOR, 0.0) / power_scale(config.mel_n_fft)
    filters = mel_filterbank(config.sample_rate, config.mel_n_fft, config.n_mels, f_max_hz=F_MAX_HZ)
    magnitude = np.sqrt(mel_to_power(power, filters))
    wave = griffin_lim(magnitude, config.mel_n_fft, config.hop_length, n_samples=mel.shape[1] * config.hop_length)
    clipped: np.ndarray = np.clip(wave, -1.0, 1.0)
    return clipped.astype(np.float32)
