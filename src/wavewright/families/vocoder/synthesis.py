"""Synthesis by NumPy: pulses and noise through the filters that the network predicts, block by block."""

from __future__ import annotations

from functools import cache

import numpy as np

from ...dsp.mel import hz_to_mel, mel_to_hz
from ...dsp.spectrum import frame, hann_window, overlap_add
from ...dsp.speech_mel import F_MAX_HZ, REFERENCE_N_FFT
from .config import VocoderConfig

HANN_POWER = 0.375  # mean square of a Hann window
BLOCK_FRAMES = 8  # few enough that the arrays stay in the processor's cache
MIN_POWER = 1e-8  # added to the squared magnitude, so that its root has a slope at zero
MAX_PARAMETER = 8.0  # limit of the network's outputs; squared, it is 36 dB above the envelope
NOISE_REDUCTION = 0.5  # default of VocoderRuntime.noise_reduction


@cache
def mel_interpolation(config: VocoderConfig) -> tuple[np.ndarray, np.ndarray]:
    """Return how to interpolate mel bands at the frequencies of the bins.

    Returns
    -------
    lower : np.ndarray
        Index of the band below each bin, ``(n_bins,)`` int64.
    weight : np.ndarray
        Weight of the band above it, ``(n_bins,)`` float32 in [0, 1].
    """
    edges = np.linspace(0.0, hz_to_mel(F_MAX_HZ), config.n_mels + 2)
    centres_hz = mel_to_hz(edges[1:-1])
    bins_hz = np.arange(config.n_bins) * config.sample_rate / config.n_fft
    positions = np.interp(bins_hz, centres_hz, np.arange(config.n_mels))
    lower = np.minimum(positions.astype(np.int64), config.n_mels - 2)
    return lower, (positions - lower).astype(np.float32)


def noise_log_power(config: VocoderConfig) -> float:
    """Return the log-mel value of white noise of variance 1, in nats."""
    return float(np.log(HANN_POWER * REFERENCE_N_FFT**2 / config.sample_rate))


def spectral_envelopes(mel: np.ndarray, config: VocoderConfig) -> np.ndarray:
    """Return the gains by which sources of variance 1 get the power of mel frames.

    Log powers are interpolated between frames and between bands, element by element, so that the number of frames does
    not change a bit.

    Parameters
    ----------
    mel : np.ndarray
        Log-mel frames at the boundaries of the frames, ``(n_mels, frames + 1)``.
    config : VocoderConfig
        Of the model.

    Returns
    -------
    np.ndarray
        ``(frames * n_subframes, n_bins)`` float32.
    """
    lower, weight = mel_interpolation(config)
    log_power = mel.T[:, lower] * (1 - weight) + mel.T[:, lower + 1] * weight  # (frames + 1, n_bins)
    log_gain = 0.5 * (log_power - np.float32(noise_log_power(config)))
    t = (np.arange(config.n_subframes, dtype=np.float32) / config.n_subframes)[None, :, None]
    log_gain = log_gain[:-1, None] * (1 - t) + log_gain[1:, None] * t  # (frames, n_subframes, n_bins)
    gains: np.ndarray = np.exp(log_gain)
    return gains.reshape(-1, config.n_bins)


def decode_filters(
    parameters: np.ndarray, envelope: np.ndarray, noise_reduction: float
) -> tuple[np.ndarray, np.ndarray]:
    """Convert the network's outputs to filters.

    Parameters
    ----------
    parameters : np.ndarray
        ``(subframes, 3 * n_bins)``: real and imaginary part of the pulse filter, both divided by the root of its
        magnitude, and the root of the noise gain.
    envelope : np.ndarray
        See :func:`spectral_envelopes`, ``(subframes, n_bins)``; the filters are relative to it.
    noise_reduction : float
        Fraction of the noise amplitude that moves to the pulses in bins without noise, 0 to 1; less moves where there
        is more noise. The power of both together does not change.

    Returns
    -------
    pulse_filters : np.ndarray
        ``(subframes, n_bins)`` complex64.
    noise_gains : np.ndarray
        ``(subframes, n_bins)`` float32.
    """
    real, imaginary, root = np.split(np.clip(parameters, -MAX_PARAMETER, MAX_PARAMETER), 3, axis=1)
    magnitude = real * real + imaginary * imaginary + np.float32(MIN_POWER)
    noise_gains = root * root
    power = magnitude * magnitude
    pulse_fraction = power / (power + noise_gains * noise_gains)
    reduction = np.float32(noise_reduction) * pulse_fraction
    raised = magnitude * (1 + np.float32(noise_reduction) * (2 - reduction) * (1 - pulse_fraction))
    root_magnitude = np.sqrt(raised) * envelope
    pulse_filters = np.empty(envelope.shape, np.complex64)
    np.multiply(real, root_magnitude, out=pulse_filters.real)
    np.multiply(imaginary, root_magnitude, out=pulse_filters.imag)
    return pulse_filters, noise_gains * (1 - reduction) * envelope


class StreamingSynthesis:
    """Filter pulses and noise frame by frame; the wave is late by ``config.delay`` samples.

    Parameters
    ----------
    config : VocoderConfig
        Of the model.
    noise_reduction : float
        See :func:`decode_filters`; 0 for the synthesis that the network is trained with.
    """

    def __init__(self, config: VocoderConfig, noise_reduction: float = NOISE_REDUCTION) -> None:
        self.config = config
        self.noise_reduction = noise_reduction
        self._window = hann_window(2 * config.subframe_length)
        self._sources = np.zeros((2, config.subframe_length), np.float32)  # pulses and noise of the last subframe
        self._overlap = np.zeros((config.fft_subframes - 1, config.n_fft), np.float32)  # frames that are not yet added

    def push(self, parameters: np.ndarray, mel: np.ndarray, pulses: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """Return the samples of the next frames.

        Parameters
        ----------
        parameters : np.ndarray
            The network's outputs, ``(frames * n_subframes, 3 * n_bins)``, see :func:`decode_filters`.
        mel : np.ndarray
            Log-mel frames at the boundaries of the frames, ``(n_mels, frames + 1)``.
        pulses, noise : np.ndarray
            Sources, ``(frames * hop_length,)``.

        Returns
        -------
        np.ndarray
            ``(frames * hop_length,)`` float32.
        """
        n_subframes, hop_length = self.config.n_subframes, self.config.hop_length
        waves = []
        for start in range(0, mel.shape[1] - 1, BLOCK_FRAMES):
            end = start + BLOCK_FRAMES
            envelope = spectral_envelopes(mel[:, start : end + 1], self.config)
            samples = slice(start * hop_length, end * hop_length)
            sources = np.stack([pulses[samples], noise[samples]])
            waves.append(self._filter(parameters[start * n_subframes : end * n_subframes], envelope, sources))
        return np.concatenate(waves)

    def _filter(self, parameters: np.ndarray, envelope: np.ndarray, sources: np.ndarray) -> np.ndarray:
        """Return ``(subframes * subframe_length,)`` samples of ``sources (2, time)``."""
        config = self.config
        pulse_filters, noise_gains = decode_filters(parameters, envelope, self.noise_reduction)
        sources = np.concatenate([self._sources, sources], axis=1)
        self._sources = sources[:, sources.shape[1] - config.subframe_length :]
        padded = np.zeros((2, len(envelope), config.n_fft), np.float32)
        centre = padded[:, :, config.subframe_length : 3 * config.subframe_length]
        np.multiply(frame(sources, 2 * config.subframe_length, config.subframe_length), self._window, out=centre)
        pulse_spectrum, noise_spectrum = np.fft.rfft(padded)  # SciPy's takes 0.2 s to import
        pulse_filters *= pulse_spectrum
        pulse_filters += noise_spectrum * noise_gains
        frames = np.concatenate([self._overlap, np.fft.irfft(pulse_filters, n=config.n_fft)])
        self._overlap = frames[len(envelope) :]
        first = (config.fft_subframes - 1) * config.subframe_length
        return overlap_add(frames, config.subframe_length)[first : first + len(envelope) * config.subframe_length]
