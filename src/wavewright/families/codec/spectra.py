"""The codec's view of sound, by NumPy: a wave to what the encoder hears of its spectra, and what the decoder says of them to a wave."""

from __future__ import annotations

import numpy as np

from ...dsp.spectrum import frame, hann_window, power_spectrum
from .config import CodecConfig

COMPRESSION = 0.3  # exponent of the magnitudes that the encoder hears
SMALLEST_POWER = 1e-7  # of a bin
LOG_POWER_MEAN, LOG_POWER_SCALE = -7.0, 5.0  # of bins of speech, nearly
SMALLEST_ROOT = 1e-6  # of the squared numbers that the decoder says, so that their root has a slope at zero


def to_features(wave: np.ndarray, config: CodecConfig) -> np.ndarray:
    """``wave (lead + steps * step_length,)`` float32, ``lead`` samples from before it, to features ``(steps, 3 n_bins)`` float32.

    Real and imaginary parts of each bin with a compressed magnitude, then its level.
    """
    frames = frame(wave, config.n_fft, config.step_length) * hann_window(config.n_fft)
    spectrum = np.fft.rfft(frames).astype(np.complex64)  # (steps, n_bins)
    power = power_spectrum(spectrum) + np.float32(SMALLEST_POWER)
    small = spectrum * power ** np.float32(0.5 * (COMPRESSION - 1))
    level = (np.log(power) - np.float32(LOG_POWER_MEAN)) / np.float32(LOG_POWER_SCALE)
    return np.concatenate([small.real, small.imag, level], axis=-1)


def to_frames(described: np.ndarray, config: CodecConfig) -> np.ndarray:
    """What the decoder says ``(steps, 2 n_bins)``, spectra with the square root of their magnitude, to windowed frames ``(steps, n_fft)`` float32, which :func:`overlapped` adds up.

    They are divided by the sum of squared windows already, which is the same at every sample once all windows are there.
    """
    real, imaginary = np.split(described, 2, axis=-1)
    root = np.sqrt(real * real + imaginary * imaginary + np.float32(SMALLEST_ROOT))
    window = hann_window(config.n_fft)
    envelope = np.square(window).reshape(config.overlap, -1).sum(axis=0)
    frames = np.fft.irfft(root * (real + 1j * imaginary), n=config.n_fft).astype(np.float32)
    return frames * (window / np.tile(envelope, config.overlap))


def overlapped(frames: np.ndarray, config: CodecConfig) -> np.ndarray:
    """``frames (overlap - 1 + steps, n_fft)``, those before the first step in front, to the samples that they finish.

    ``(steps * step_length,)``, always added in the order of the frames, so that a stream adds up to the same bits as the whole.
    """
    pieces = frames.reshape(len(frames), config.overlap, config.step_length)
    n_steps = len(frames) - config.overlap + 1
    total = pieces[:n_steps, -1]
    for later in range(1, config.overlap):
        total = total + pieces[later : later + n_steps, -1 - later]
    return total.reshape(-1)
