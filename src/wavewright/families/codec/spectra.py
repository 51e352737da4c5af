"""Features of a wave for the encoder, and the wave of the decoder's spectra, by NumPy.

:mod:`.modules` computes the same with gradients.
"""

from __future__ import annotations

import numpy as np

from ...dsp.spectrum import frame, hann_window, power_spectrum
from .config import CodecConfig

COMPRESSION = 0.3  # exponent of the magnitudes of the features
MIN_POWER = 1e-7  # added to the power of each bin
LOG_POWER_MEAN = -7.0  # of the bins of speech, about
LOG_POWER_SCALE = 5.0
MIN_ROOT = 1e-6  # added to squared magnitudes of the decoder, so that their root has a gradient at zero


def analysis_features(wave: np.ndarray, config: CodecConfig) -> np.ndarray:
    """Compute the encoder's features of a wave.

    - ``wave``: ``(lead + subframes * subframe_length,)`` float32; its first ``lead`` samples precede the first
      subframe.
    - returns: ``(subframes, 3 * n_bins)`` float32: real and imaginary part of each bin with compressed magnitude, and
      the scaled logarithm of its power.
    """
    frames = frame(wave, config.n_fft, config.subframe_length) * hann_window(config.n_fft)
    spectrum = np.fft.rfft(frames).astype(np.complex64)  # (subframes, n_bins)
    power = power_spectrum(spectrum) + np.float32(MIN_POWER)
    compressed = spectrum * power ** np.float32(0.5 * (COMPRESSION - 1))
    log_power = (np.log(power) - np.float32(LOG_POWER_MEAN)) / np.float32(LOG_POWER_SCALE)
    return np.concatenate([compressed.real, compressed.imag, log_power], axis=-1)


def synthesis_frames(spectra: np.ndarray, config: CodecConfig) -> np.ndarray:
    """Compute windowed frames of audio, which :func:`overlap_add` adds up, from the decoder's spectra.

    Each frame is divided by the sum of the squared windows, which is constant where all windows overlap.

    - ``spectra``: ``(subframes, 2 * n_bins)``: real parts, then imaginary parts, of bins with the square root of their
      magnitude.
    - returns: ``(subframes, n_fft)`` float32.
    """
    real, imaginary = np.split(spectra, 2, axis=-1)
    root = np.sqrt(real * real + imaginary * imaginary + np.float32(MIN_ROOT))
    window = hann_window(config.n_fft)
    envelope = np.square(window).reshape(config.overlap, -1).sum(axis=0)
    frames = np.fft.irfft(root * (real + 1j * imaginary), n=config.n_fft).astype(np.float32)
    windowed: np.ndarray = frames * (window / np.tile(envelope, config.overlap))
    return windowed


def overlap_add(frames: np.ndarray, config: CodecConfig) -> np.ndarray:
    """Add up overlapping frames; return the samples that they complete.

    The order of additions is fixed, so that a stream and a whole clip give the same bits.

    - ``frames``: ``(overlap - 1 + subframes, n_fft)``: the frames before the first subframe, then those of the
      subframes.
    - returns: ``(subframes * subframe_length,)``.
    """
    pieces = frames.reshape(len(frames), config.overlap, config.subframe_length)
    n_complete = len(frames) - config.overlap + 1
    total = pieces[:n_complete, -1]
    for later in range(1, config.overlap):
        total = total + pieces[later : later + n_complete, -1 - later]
    return total.reshape(-1)
