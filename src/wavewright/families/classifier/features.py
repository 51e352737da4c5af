"""Features of the classifier: a clip of fixed length and its log-mel spectrogram, in NumPy."""

from __future__ import annotations

import numpy as np

from ...base.units import seconds_to_samples
from ...dsp.mel import MelPreset, log_mel
from ...dsp.onset import fade
from .config import MEL_PRESET, POWER_FLOOR, BCResNetConfig

FADE_SECONDS = 0.01  # at the end of a clip, since a cut would be a click


def fixed_length(wave: np.ndarray, config: BCResNetConfig) -> np.ndarray:
    """Return the first ``n_samples`` of a wave ``(time,)``, padded with zeros, the last 10 ms faded out, as float32."""
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
    """Return the log-mel spectrogram ``(n_mels, n_frames)`` float32 of what :func:`fixed_length` returns."""
    spectrogram = log_mel(clip, *log_mel_settings(config))
    return spectrogram.astype(np.float32, copy=False)
