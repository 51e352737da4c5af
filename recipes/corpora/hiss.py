"""Removal of steady noise from recordings of speech, so that denoisers do not learn to keep it."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import uniform_filter1d
from scipy.special import exp1

from wavewright.audio.clip import Clip
from wavewright.base.units import seconds_to_samples

WINDOW_SECONDS = 0.032
N_HOPS = 4  # of a window
PAUSE_FRACTION = 0.1  # of the frames: the quietest are pauses between words
SMOOTH_BINS = 5  # over which the noise is averaged
EXCESS = 1.6  # of the power of noise: quiet frames of a recording are quieter than its mean
DECISION = 0.97  # share of the frame before in the ratio of speech to noise
MIN_RATIO = 1e-3  # of speech to noise, in power: what remains of noise is about 30 dB lower
MIN_GAIN = 0.05


def without_hiss(clip: Clip) -> Clip:
    """Return a clip without its steady noise, which is measured in its quietest tenth.

    The gain of each bin is that of the minimum mean square error of the logarithm of the magnitude, with the ratio of
    speech to noise estimated from the frame before.

    References
    ----------
    Y. Ephraim, D. Malah, "Speech enhancement using a minimum mean-square error log-spectral amplitude estimator", 1985.
    """
    hop_length = seconds_to_samples(WINDOW_SECONDS / N_HOPS, clip.sample_rate)
    n_fft = N_HOPS * hop_length
    window = np.hanning(n_fft + 1)[:-1]
    n_samples = clip.wave.shape[1]
    mode = "reflect" if n_samples > 2 * n_fft else "constant"
    padded = np.pad(clip.wave.astype(np.float64), ((0, 0), (n_fft, 2 * n_fft)), mode)
    frames = np.lib.stride_tricks.sliding_window_view(padded, n_fft, axis=1)[:, ::hop_length] * window
    spectra = np.fft.rfft(frames)
    spectra *= np.stack([_gains(power) for power in np.square(np.abs(spectra))])
    frames = np.fft.irfft(spectra, n_fft) * window
    clean = np.zeros_like(padded)
    for index in range(frames.shape[1]):
        clean[:, index * hop_length : index * hop_length + n_fft] += frames[:, index]
    scale = np.square(window).sum() / hop_length
    return Clip((clean[:, n_fft : n_fft + n_samples] / scale).astype(np.float32), clip.sample_rate)


def _gains(power: np.ndarray) -> np.ndarray:
    """Return the gains ``(frames, bins)`` of a power spectrum."""
    level = power.sum(1)
    sounding = level > 1e-9 * level.max(initial=0.0)  # digital silence says nothing of the noise
    if not sounding.any():
        return np.ones_like(power)
    quiet = sounding & (level <= np.quantile(level[sounding], PAUSE_FRACTION))
    noise = EXCESS * uniform_filter1d(power[quiet].mean(0), SMOOTH_BINS, mode="nearest") + 1e-20
    posterior = np.minimum(power / noise, 1e6)
    gains = np.empty_like(power)
    speech = np.maximum(posterior[0] - 1, 0)  # over the noise, of the frame before
    for index, ratio in enumerate(posterior):
        prior = np.maximum(DECISION * speech + (1 - DECISION) * np.maximum(ratio - 1, 0), MIN_RATIO)
        share = prior / (1 + prior)
        gain = share * np.exp(0.5 * exp1(np.maximum(share * ratio, 1e-8)))
        gains[index] = np.clip(gain, MIN_GAIN, 1.0)
        speech = np.square(gains[index]) * ratio
    return gains
