"""Pulses and noise through the filters that the network says, by NumPy, piece by piece."""

from __future__ import annotations

from functools import cache

import numpy as np

from ...dsp.mel import hz_to_mel, mel_to_hz
from ...dsp.spectrum import frame, hann_window, overlap_add
from ...dsp.speech_mel import F_MAX_HZ, REFERENCE_N_FFT
from .config import VocoderConfig

WINDOW_POWER = 0.375  # mean square of a Hann window
BLOCK_FRAMES = 8  # at a time: few enough that arrays stay in the processor's cache and the allocator reuses them
SMALLEST = 1e-8  # of a squared size, so that its root has a slope at zero
LARGEST = 8.0  # of what the network says of a bin; squared, it is 36 dB above the envelope
CALM = 0.5  # of the noise's amplitude goes over to pulses where they are alone


@cache
def bands_of_bins(config: VocoderConfig) -> tuple[np.ndarray, np.ndarray]:
    """Of mel bands, the one below the middle of each bin ``(n_bins,)`` and the part of the way to the next one, float32 ``(n_bins,)``."""
    edges = np.linspace(0.0, hz_to_mel(F_MAX_HZ), config.n_mels + 2)
    centres_hz = mel_to_hz(edges[1:-1])
    bins_hz = np.arange(config.n_bins) * config.sample_rate / config.n_fft
    places = np.interp(bins_hz, centres_hz, np.arange(config.n_mels))
    below = np.minimum(places.astype(np.int64), config.n_mels - 2)
    return below, (places - below).astype(np.float32)


def log_gain_of_noise(config: VocoderConfig) -> float:
    """What a mel frame says of noise of variance 1: the logarithm of its power in a band of area 1."""
    return float(np.log(WINDOW_POWER * REFERENCE_N_FFT**2 / config.sample_rate))


def envelopes(mel: np.ndarray, config: VocoderConfig) -> np.ndarray:
    """The gains ``(frames * steps_per_frame, n_bins)`` float32 that log-mel ``mel (n_mels, frames + 1)`` asks of sources of variance 1.

    Between frames and between bands logarithms are interpolated, all element by element, so that no number of frames changes a bit.
    """
    below, part = bands_of_bins(config)
    log_power = mel.T[:, below] * (1 - part) + mel.T[:, below + 1] * part  # (frames + 1, n_bins)
    log_power = 0.5 * (log_power - np.float32(log_gain_of_noise(config)))
    share = (np.arange(config.steps_per_frame, dtype=np.float32) / config.steps_per_frame)[None, :, None]
    steps = log_power[:-1, None] * (1 - share) + log_power[1:, None] * share  # (frames, steps_per_frame, n_bins)
    return np.exp(steps).reshape(-1, config.n_bins)


def filters_of(described: np.ndarray, envelope: np.ndarray, calm: float) -> tuple[np.ndarray, np.ndarray]:
    """What the network says ``(steps, 3 n_bins)`` over an ``envelope (steps, n_bins)``: a complex filter of pulses, and a gain of noise.

    Real and imaginary part come with the square root of the filter's magnitude, and of the noise's gain comes the square root. Of the noise
    ``calm`` goes over to the pulses where there is nothing else, less where there is more noise; their power together stays.
    """
    real, imaginary, root = np.split(np.clip(described, -LARGEST, LARGEST), 3, axis=1)
    square, gains = real * real + imaginary * imaginary + np.float32(SMALLEST), root * root
    power = square * square
    share = power / (power + gains * gains)  # of the pulses
    gone = np.float32(calm) * share  # of the noise's amplitude
    size = np.sqrt(square * (1 + np.float32(calm) * (2 - gone) * (1 - share))) * envelope
    filters = np.empty(envelope.shape, np.complex64)
    np.multiply(real, size, out=filters.real)
    np.multiply(imaginary, size, out=filters.imag)
    return filters, gains * (1 - gone) * envelope


class Synthesis:
    """A wave of two sources and their filters, which come frame by frame; it lags by ``config.lag`` samples.

    ``calm`` see :func:`filters_of`; with 0 it is what the network learns by.
    """

    def __init__(self, config: VocoderConfig, calm: float = CALM):
        self.config, self.calm = config, calm
        self.window = hann_window(2 * config.step_length)
        self.past = np.zeros((2, config.step_length), np.float32)  # of pulses and noise, which the next step hears
        self.frames = np.zeros((config.overlap - 1, config.n_fft), np.float32)  # that reach into what comes

    def push(self, described: np.ndarray, mel: np.ndarray, pulses: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """The ``(frames * hop_length,)`` samples float32 that these steps finish.

        ``described (frames * steps_per_frame, 3 n_bins)`` is what the network says over the envelope of ``mel (n_mels, frames + 1)``, see
        :func:`filters_of`; ``pulses`` and ``noise`` are ``(frames * hop_length,)``.
        """
        hop_length, a_frame = self.config.hop_length, self.config.steps_per_frame
        waves = []
        for first in range(0, mel.shape[1] - 1, BLOCK_FRAMES):
            frames = slice(first, first + BLOCK_FRAMES)
            steps, samples = (slice(frames.start * size, frames.stop * size) for size in (a_frame, hop_length))
            gains = envelopes(mel[:, first : frames.stop + 1], self.config)
            waves.append(self._block(described[steps], gains, np.stack([pulses[samples], noise[samples]])))
        return np.concatenate(waves)

    def _block(self, described: np.ndarray, envelope: np.ndarray, sources: np.ndarray) -> np.ndarray:
        """The samples ``(steps * step_length,)`` that a few steps of both ``sources (2, time)`` finish."""
        config = self.config
        filters, gains = filters_of(described, envelope, self.calm)
        heard = np.concatenate([self.past, sources], axis=1)
        self.past = heard[:, heard.shape[1] - config.step_length :]
        framed = np.zeros((2, len(envelope), config.n_fft), np.float32)
        within = framed[:, :, config.step_length : 3 * config.step_length]
        np.multiply(frame(heard, 2 * config.step_length, config.step_length), self.window, out=within)
        of_pulses, of_noise = np.fft.rfft(framed)  # SciPy's takes 0.2 s to import
        filters *= of_pulses
        filters += of_noise * gains
        frames = np.concatenate([self.frames, np.fft.irfft(filters, n=config.n_fft)])
        self.frames = frames[len(envelope) :]
        first = (config.overlap - 1) * config.step_length
        return overlap_add(frames, config.step_length)[first : first + len(envelope) * config.step_length]
