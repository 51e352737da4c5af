"""A wave with a given mel spectrogram: pulses and noise, shaped frame by frame until their mel bands have the asked power."""

from __future__ import annotations

import numpy as np

from ..errors import BadSetting
from .spectrum import istft, power_spectrum, stft

SMALLEST_POWER = 1e-12
LARGEST_GAIN = 1e3  # of a band in one pass; what is nearly empty in one frame may be full in the next


def pulse_train(f0_hz: np.ndarray, sample_rate: int, hop_length: int, n_samples: int) -> np.ndarray:
    """Band-limited pulses ``(n_samples,)`` at the pitch ``f0_hz (frames,)``, as loud per hertz as noise of variance 1.

    The sum of all harmonics below half the sample rate in closed form, ``sum cos k x = sin((K + 1/2) x) / (2 sin(x / 2)) - 1/2``.
    The pitch is interpolated between frames and must be above 0 everywhere.
    """
    if not (np.asarray(f0_hz) > 0).all():
        raise BadSetting(
            "A pulse train needs a pitch above 0 in every frame; fill the unvoiced ones with their neighbours'."
        )
    frame_samples = np.arange(len(f0_hz)) * hop_length
    pitch_hz = np.interp(np.arange(n_samples), frame_samples, f0_hz)
    angle = 2 * np.pi * np.cumsum(pitch_hz / sample_rate) % (2 * np.pi)
    n_harmonics = np.maximum(np.floor(sample_rate / 2 / pitch_hz - 1e-6), 1)
    half = np.sin(angle / 2)
    near = np.abs(half) < 1e-6
    pulses = np.where(near, n_harmonics, np.sin((n_harmonics + 0.5) * angle) / np.where(near, 1.0, 2 * half) - 0.5)
    return (2 * np.sqrt(pitch_hz / sample_rate) * pulses).astype(np.float32)


def mix_by_periodicity(pulses: np.ndarray, noise: np.ndarray, periodicity: np.ndarray) -> np.ndarray:
    """``sqrt(p) pulses + sqrt(1 - p) noise``, all spectra ``(bins, frames)``: of power 1 where pulses and noise have it."""
    return np.sqrt(periodicity) * pulses + np.sqrt(1 - periodicity) * noise


def disperse(spectrum: np.ndarray, seconds: float, sample_rate: int) -> np.ndarray:
    """``spectrum (bins, frames)`` with a delay that grows with frequency from 0 to ``seconds`` at half the sample rate.

    Pulses whose harmonics all peak at once are harsher than a voice, whose throat rings: they become short sweeps, with a third less peak
    at 3 ms. The delay, whose phase is ``-pi seconds f^2 / (sample_rate / 2)``, must be short against a frame.
    """
    frequency_hz = np.linspace(0, sample_rate / 2, len(spectrum))
    angle = -2 * np.pi * seconds * frequency_hz**2 / sample_rate
    return spectrum * np.exp(1j * angle).astype(np.complex64)[:, None]


def shape_to_mel(
    spectrum: np.ndarray,
    mel: np.ndarray,
    filters: np.ndarray,
    n_fft: int,
    hop_length: int,
    n_samples: int,
    n_iterations: int = 4,
) -> np.ndarray:
    """A wave ``(n_samples,)`` whose mel spectrogram comes close to ``mel (n_mels, frames)`` and whose detail is the spectrum's.

    Each pass scales the bins of ``spectrum (bins, frames)`` by what their bands lack, then goes through the wave, so that overlapping
    frames agree: the alternating projections of Griffin and Lim (1984) with the power of each mel band in place of each magnitude.
    ``filters`` are ``(n_mels, bins)``.
    """
    heights = np.maximum(filters.max(axis=1, keepdims=True), SMALLEST_POWER)
    shares = filters / heights  # (n_mels, bins)
    covered = shares.sum(axis=0)
    spread = (shares / np.maximum(covered, 1e-3)).T  # (bins, n_mels)
    wave = np.zeros(n_samples, np.float32)
    for _ in range(n_iterations):
        found = filters @ power_spectrum(spectrum)
        lacking = np.log(np.maximum(mel, SMALLEST_POWER) / np.maximum(found, SMALLEST_POWER))
        gain = np.exp(np.clip(spread @ lacking / 2, -np.log(LARGEST_GAIN), np.log(LARGEST_GAIN)))
        gain[covered < 1e-3] = 0.0  # bins that no band hears
        wave = istft((spectrum * gain).astype(np.complex64), n_fft, hop_length, n_samples=n_samples)
        spectrum = stft(wave, n_fft, hop_length)
    return wave
