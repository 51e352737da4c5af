"""Features of the classifier: a clip of fixed length and its log-mel spectrogram, in NumPy."""

from __future__ import annotations

import numpy as np

from ...base.units import seconds_to_samples
from ...dsp.mel import MelPreset, log_mel
from ...dsp.onset import fade
from .config import MEL_PRESET, POWER_FLOOR, BCResNetConfig

FADE_SECONDS = 0.01  # at the end of a clip, since a cut would be a click


def fixed_length(wave: np.ndarray, config: BCResNetConfig) -> np.ndarray:
    """Cut or pad a wave to the length that the network takes.

    - ``wave``: ``(time,)`` at the sample rate of the model.
    - ``config``: configuration of the model.
    - returns: ``(n_samples,)`` float32: the first samples, padded with zeros, the last 10 ms faded out.
    """
    clip = np.zeros(config.n_samples, dtype=np.float32)
    n_samples = min(len(wave), config.n_samples)
    clip[:n_samples] = wave[:n_samples]
    return fade(clip, 0, seconds_to_samples(FADE_SECONDS, config.sample_rate))


def log_mel_settings(
    config: BCResNetConfig,
) -> tuple[int, int, int, int, float, float | None, MelPreset, float]:
    """Return the arguments of :func:`.dsp.mel.log_mel` after the wave, which are those of :class:`.LogMel`."""
    windows = config.n_fft, config.hop_length, config.n_mels
    return config.sample_rate, *windows, config.f_min_hz, None, MEL_PRESET, POWER_FLOOR


def log_mel_spectrogram(clip: np.ndarray, config: BCResNetConfig) -> np.ndarray:
    """Compute the log-mel spectrogram of a clip.

    - ``clip``: ``(n_samples,)`` as :func:`fixed_length` returns it.
    - ``config``: configuration of the model.
    - returns: ``(n_mels, n_frames)`` float32, the natural logarithm of the power in each mel band.
    """
    spectrogram = log_mel(clip, *log_mel_settings(config))
    return spectrogram.astype(np.float32, copy=False)
