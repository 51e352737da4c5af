"""Pulses and noise through the filters that the network says, by NumPy, piece by piece."""

from __future__ import annotations

from functools import cache

import numpy as np

from ...dsp.mel import hz_to_mel, mel_to_hz
from ...dsp.speech_mel import F_MAX_HZ, REFERENCE_N_FFT
from ...dsp.spectrum import frame, hann_window, overlap_add
from . import Config

WINDOW_POWER = 0.375  # mean square of a Hann window
SMALLEST = 1e-8  # of a squared size, so that its root has a slope at zero
LARGEST = 8.0  # of what the network says of a bin; squared, it is 36 dB above the envelope


@cache
def bands_of_bins(config: Config) -> tuple[np.ndarray, np.ndarray]:
    """Of mel bands, the one below the middle of each bin ``(n_bins,)`` and the part of the way to the next one, float32 ``(n_bins,)``."""
    edges = np.linspace(0.0, hz_to_mel(F_MAX_HZ), config.n_mels + 2)
    centres_hz = mel_to_hz(edges[1:-1])
    bins_hz = np.arange(config.n_bins) * config.sample_rate / config.n_fft
    places = np.interp(bins_hz, centres_hz, np.arange(config.n_mels))
    below = np.minimum(places.astype(np.int64), config.n_mels - 2)
    return below, (places - below).astype(np.float32)


def log_gain_of_noise(config: Config) -> float:
    """What a mel frame says of noise of variance 1: the logarithm of its power in a band of area 1."""
    return float(np.log(WINDOW_POWER * REFERENCE_N_FFT**2 / config.sample_rate))


def envelopes(mel: np.ndarray, config: Config) -> np.ndarray:
    """The gains ``(frames * steps_per_frame, n_bins)`` float32 that log-mel ``mel (n_mels, frames + 1)`` asks of sources of variance 1.

    Between frames and between bands logarithms are interpolated, all element by element, so that no number of frames changes a bit.
    """
    below, part = bands_of_bins(config)
    log_power = mel.T[:, below] * (1 - part) + mel.T[:, below + 1] * part  # (frames + 1, n_bins)
    log_power = 0.5 * (log_power - np.float32(log_gain_of_noise(config)))
    share = (np.arange(config.steps_per_frame, dtype=np.float32) / config.steps_per_frame)[None, :, None]
    steps = log_power[:-1, None] * (1 - share) + log_power[1:, None] * share  # (frames, steps_per_frame, n_bins)
    return np.exp(steps).reshape(-1, config.n_bins)


class Synthesis:
    """A wave of two sources and their filters, which come frame by frame; it lags by ``config.lag`` samples."""

    def __init__(self, config: Config):
        self.config = config
        self.window = hann_window(2 * config.step_length)
        self.past = np.zeros((2, config.step_length), np.float32)  # of pulses and noise, which the next step hears
        self.frames = np.zeros((config.overlap - 1, config.n_fft), np.float32)  # that reach into what comes

    def push(self, described: np.ndarray, mel: np.ndarray, pulses: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """The ``(frames * hop_length,)`` samples float32 that these steps finish.

        ``described (frames * steps_per_frame, 3 n_bins)`` are real and imaginary part of the pulses' filter with the square root of its
        magnitude, and the square root of the noise's gain, over the envelope of ``mel (n_mels, frames + 1)``; ``pulses`` and ``noise`` are
        ``(frames * hop_length,)``.
        """
        config = self.config
        sources = np.concatenate([self.past, np.stack([pulses, noise])], axis=1)
        self.past = sources[:, sources.shape[1] - config.step_length :]
        heard = frame(sources, 2 * config.step_length, config.step_length) * self.window  # (2, steps, 2 step_length)
        heard = np.pad(heard, ((0, 0), (0, 0), (config.step_length, config.n_fft - 3 * config.step_length)))
        of_pulses, of_noise = np.fft.rfft(heard).astype(np.complex64)
        real, imaginary, root = np.split(np.clip(described, -LARGEST, LARGEST), 3, axis=1)
        size = np.sqrt(real * real + imaginary * imaginary + np.float32(SMALLEST))
        spectrum = (real + np.complex64(1j) * imaginary) * size * of_pulses + root * root * of_noise
        fresh = np.fft.irfft(spectrum * envelopes(mel, config), n=config.n_fft).astype(np.float32)
        frames = np.concatenate([self.frames, fresh])
        self.frames = frames[len(fresh) :]
        first = (config.overlap - 1) * config.step_length
        return overlap_add(frames, config.step_length)[first : first + len(fresh) * config.step_length]
