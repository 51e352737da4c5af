"""What a WaveNet hears and what its condition says, computed alike where it learns and where it plays."""

from __future__ import annotations

import numpy as np

from ...dsp import speech_mel
from ...dsp.companding import mu_law_decode, mu_law_quantise
from .config import LARGEST_STEP, MU_LAW_LEVELS, POSITION_FEATURES, WaveNetConfig
from .prediction import Prediction

DECAYS_SECONDS = (0.02, 0.1, 0.4)  # of the position features at both ends of a sound


def mel_power(wave: np.ndarray, config: WaveNetConfig) -> np.ndarray:
    """Power in mel bands of ``wave (time,)``, a frame for each ``hop_length`` samples begun: ``(n_mels, frames)`` float32.

    Frame ``i`` is centred on sample ``i * hop_length``.
    """
    return speech_mel.mel_power(
        wave, config.sample_rate, config.n_fft, config.hop_length, config.n_mels, config.f_max_hz
    )


def mel_frames(wave: np.ndarray, config: WaveNetConfig) -> np.ndarray:
    """The natural logarithm of :func:`mel_power` and a floor, ``(n_mels, frames)`` float32."""
    return speech_mel.power_to_log(mel_power(wave, config))


def position_features(n_frames: int, n_samples: int, config: WaveNetConfig, start: int = 0) -> np.ndarray:
    """Where each of ``n_frames`` from sample ``start`` on lies in a sound of ``n_samples``: ``(frames, POSITION_FEATURES)`` float32.

    The share of the sound that is past, how near its two ends are (decays of three lengths at the start, two at the end), half a sine
    over it, and the logarithm of its length.
    """
    seconds = (start + np.arange(n_frames) * config.hop_length) / config.sample_rate
    length = n_samples / config.sample_rate
    past = np.minimum(seconds / length, 1.0)
    left = np.maximum(length - seconds, 0.0)
    rows = [past, np.sin(np.pi * past), np.full(n_frames, np.log(length / 0.5))]
    rows += [np.exp(-seconds / decay) for decay in DECAYS_SECONDS]
    rows += [np.exp(-left / decay) for decay in DECAYS_SECONDS[: POSITION_FEATURES - len(rows)]]
    return np.stack(rows, axis=1).astype(np.float32)


def frames_of(n_samples: int, config: WaveNetConfig) -> int:
    """Frames that cover so many samples."""
    return -(-n_samples // config.hop_length)


def to_heard(wave: np.ndarray, config: WaveNetConfig, prediction: Prediction | None = None) -> np.ndarray:
    """Samples ``(..., time)`` in [-1, 1] as the network hears them, float32: emphasised, then mu-law codes / 128 or the 16-bit grid.

    With a ``prediction`` the network hears what that leaves over of ``wave (order + time,)``, ``(time,)``.
    """
    emphasised = wave.astype(np.float64) if prediction is None else prediction.excitation(wave)
    if config.pre_emphasis:
        emphasised = np.concatenate(
            [emphasised[..., :1], emphasised[..., 1:] - config.pre_emphasis * emphasised[..., :-1]], axis=-1
        )
    emphasised = np.clip(emphasised, -1.0, 1.0)
    if config.head == "mu-law":
        return (mu_law_quantise(emphasised) / (MU_LAW_LEVELS // 2)).astype(np.float32)
    return (np.rint(emphasised * LARGEST_STEP) / LARGEST_STEP).astype(np.float32)


def to_wave(
    heard: np.ndarray,
    config: WaveNetConfig,
    past: np.ndarray | None = None,
    prediction: Prediction | None = None,
    first: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """What the network drew ``(..., time)`` as samples float32, and the last ones, float64, which the next chunk goes on from.

    With a ``prediction`` ``heard`` is ``(1, time)`` and begins at its segment ``first``.
    """
    wave = mu_law_decode(heard.astype(np.float64)) if config.head == "mu-law" else heard.astype(np.float64)
    if prediction is not None:
        samples = prediction.wave(wave[0], np.zeros(prediction.order) if past is None else past, first)
        return samples[None, prediction.order :].astype(np.float32), samples[len(samples) - prediction.order :]
    if config.pre_emphasis and wave.shape[-1]:
        from scipy.signal import lfilter

        state = np.zeros((*wave.shape[:-1], 1)) if past is None else config.pre_emphasis * past
        wave, _ = lfilter([1.0], [1.0, -config.pre_emphasis], wave, zi=state)
    return wave.astype(np.float32), wave[..., -1:].astype(np.float64)


def targets(heard: np.ndarray) -> np.ndarray:
    """The class of each mu-law sample as :func:`to_heard` gives it, int64 from 0 to 255."""
    return np.rint(heard * (MU_LAW_LEVELS // 2)).astype(np.int64) + MU_LAW_LEVELS // 2
