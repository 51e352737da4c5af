"""Frames that condition the network: mel bands, or the position in a clip."""

from __future__ import annotations

import numpy as np

from ...dsp import speech_mel
from .config import POSITION_FEATURES, WaveNetConfig

DECAYS_SECONDS = (0.02, 0.1, 0.4)  # of the position features at both ends of a clip


def samples_to_frames(n_samples: int, config: WaveNetConfig) -> int:
    """Return the number of frames that cover so many samples."""
    return -(-n_samples // config.hop_length)


def mel_power(wave: np.ndarray, config: WaveNetConfig) -> np.ndarray:
    """Compute the power in mel bands of ``wave (time,)``, ``(n_mels, frames)`` float32.

    Frame ``i`` is centred on sample ``i * hop_length``; there is one for each hop begun.
    """
    return speech_mel.mel_power(
        wave, config.sample_rate, config.n_fft, config.hop_length, config.n_mels, config.f_max_hz
    )


def mel_frames(wave: np.ndarray, config: WaveNetConfig) -> np.ndarray:
    """Compute the log-mel frames of ``wave (time,)``, ``(n_mels, frames)`` float32."""
    return speech_mel.power_to_log(mel_power(wave, config))


def position_features(n_frames: int, n_samples: int, config: WaveNetConfig, start: int = 0) -> np.ndarray:
    """Compute features of the position of frames in a clip.

    - ``n_frames``: number of frames, which may go beyond the end of the clip.
    - ``n_samples``: length of the clip.
    - ``config``: of the model.
    - ``start``: sample of the first frame.
    - returns: ``(n_frames, POSITION_FEATURES)`` float32: elapsed fraction of the clip, half a sine over it, log-length,
      and the proximity of the start (three decays) and of the end (two).
    """
    seconds = (start + np.arange(n_frames) * config.hop_length) / config.sample_rate
    length = n_samples / config.sample_rate
    elapsed = np.minimum(seconds / length, 1.0)
    remaining = np.maximum(length - seconds, 0.0)
    rows = [elapsed, np.sin(np.pi * elapsed), np.full(n_frames, np.log(length / 0.5))]
    rows += [np.exp(-seconds / decay) for decay in DECAYS_SECONDS]
    rows += [np.exp(-remaining / decay) for decay in DECAYS_SECONDS[: POSITION_FEATURES - len(rows)]]
    return np.stack(rows, axis=1).astype(np.float32)
