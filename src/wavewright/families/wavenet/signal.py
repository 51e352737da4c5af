"""The signal that the network models: the emphasised or predicted wave, as mu-law codes or on the 16-bit grid."""

from __future__ import annotations

import numpy as np

from ...dsp import mel
from ...dsp.companding import mu_law_decode, mu_law_quantise
from .config import MAX_STEP, MU_LAW_LEVELS, POSITION_FEATURES, WaveNetConfig
from .prediction import LinearPrediction

# --- Frames that condition the network: mel bands, or the position in a clip

DECAYS_SECONDS = (0.02, 0.1, 0.4)  # of the position features at both ends of a clip


def samples_to_frames(n_samples: int, config: WaveNetConfig) -> int:
    """Return the number of frames that cover so many samples."""
    return -(-n_samples // config.hop_length)


def mel_power(wave: np.ndarray, config: WaveNetConfig) -> np.ndarray:
    """Compute the power in mel bands of ``wave (time,)``, ``(n_mels, frames)`` float32.

    Frame ``i`` is centred on sample ``i * hop_length``; there is one for each hop begun.
    """
    return mel.mel_power(wave, config.sample_rate, config.n_fft, config.hop_length, config.n_mels, config.f_max_hz)


def mel_frames(wave: np.ndarray, config: WaveNetConfig) -> np.ndarray:
    """Compute the log-mel frames of ``wave (time,)``, ``(n_mels, frames)`` float32."""
    return mel.power_to_log(mel_power(wave, config))


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


def wave_to_signal(wave: np.ndarray, config: WaveNetConfig, prediction: LinearPrediction | None = None) -> np.ndarray:
    """Convert a wave to the signal that the network models.

    - ``wave``: ``(..., time)`` in [-1, 1]; with a prediction ``(order + time,)``.
    - ``config``: of the model.
    - ``prediction``: filters whose residual is modelled.
    - returns: ``(..., time)`` float32 in [-1, 1]: emphasised, then mu-law codes over 128, or rounded to the 16-bit
      grid.
    """
    emphasised = wave.astype(np.float64) if prediction is None else prediction.residual(wave)
    if config.pre_emphasis:
        differences = emphasised[..., 1:] - config.pre_emphasis * emphasised[..., :-1]
        emphasised = np.concatenate([emphasised[..., :1], differences], axis=-1)
    emphasised = np.clip(emphasised, -1.0, 1.0)
    if config.head == "mu-law":
        return np.asarray(mu_law_quantise(emphasised) / (MU_LAW_LEVELS // 2), np.float32)
    return np.asarray(np.rint(emphasised * MAX_STEP) / MAX_STEP, np.float32)


def signal_to_wave(
    signal: np.ndarray,
    config: WaveNetConfig,
    past: np.ndarray | None = None,
    prediction: LinearPrediction | None = None,
    first_segment: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Convert a signal to a wave, chunk by chunk.

    - ``signal``: ``(..., time)``; with a prediction ``(1, time)``, from the start of a segment.
    - ``config``: of the model.
    - ``past``: what the call for the previous chunk returned; None for the first chunk.
    - ``prediction``: filters that the signal excites.
    - ``first_segment``: the segment of the prediction at which the signal starts.
    - returns ``wave``: the shape of ``signal``, float32.
    - returns ``past``: the last samples, float64, for the next chunk.
    """
    excitation = signal.astype(np.float64)
    if config.head == "mu-law":
        excitation = mu_law_decode(excitation)
    if prediction is not None:
        past = np.zeros(prediction.order) if past is None else past
        samples = prediction.synthesise(excitation[0], past, first_segment)
        return samples[None, prediction.order :].astype(np.float32), samples[len(samples) - prediction.order :]
    wave = excitation
    if config.pre_emphasis and wave.shape[-1]:
        from scipy.signal import lfilter

        state = np.zeros((*wave.shape[:-1], 1)) if past is None else config.pre_emphasis * past
        wave, _ = lfilter([1.0], [1.0, -config.pre_emphasis], wave, zi=state)
    return wave.astype(np.float32), wave[..., -1:].astype(np.float64)


def signal_to_classes(signal: np.ndarray) -> np.ndarray:
    """Return the class of each mu-law sample of a signal, int64 from 0 to 255."""
    return np.asarray(np.rint(signal * (MU_LAW_LEVELS // 2)) + MU_LAW_LEVELS // 2, np.int64)
