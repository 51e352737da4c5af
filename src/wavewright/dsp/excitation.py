"""Pulses and noise shaped to a given mel spectrogram."""

from __future__ import annotations

import numpy as np

from ..base.errors import BadSetting
from .spectrum import istft, power_spectrum, stft

MIN_POWER = 1e-12
MAX_GAIN = 1e3  # of a band in one pass; a band that is nearly empty in one frame may be full in the next


def pulse_train(f0_hz: np.ndarray, sample_rate: int, hop_length: int, n_samples: int) -> np.ndarray:
    """Return band-limited pulses with the spectral density of noise of variance 1.

    The sum of all harmonics below half the sample rate in closed form,
    ``sum cos k x = sin((K + 1/2) x) / (2 sin(x / 2)) - 1/2`` (Dirichlet kernel).

    - ``f0_hz``: pitch of each frame, ``(frames,)``, above 0; interpolated between frames.
    - ``sample_rate``: in Hz.
    - ``hop_length``: samples between frames.
    - ``n_samples``: length of the result.
    - returns: ``(n_samples,)`` float32.

    Raises BadSetting if a frame has no pitch.
    """
    if not (np.asarray(f0_hz) > 0).all():
        raise BadSetting("A pulse train needs a pitch above 0 in every frame; interpolate it through unvoiced frames.")
    frame_samples = np.arange(len(f0_hz)) * hop_length
    pitch_hz = np.interp(np.arange(n_samples), frame_samples, f0_hz)
    angle = 2 * np.pi * np.cumsum(pitch_hz / sample_rate) % (2 * np.pi)
    n_harmonics = np.maximum(np.floor(sample_rate / 2 / pitch_hz - 1e-6), 1)
    half = np.sin(angle / 2)
    near = np.abs(half) < 1e-6
    pulses = np.where(near, n_harmonics, np.sin((n_harmonics + 0.5) * angle) / np.where(near, 1.0, 2 * half) - 0.5)
    scaled: np.ndarray = 2 * np.sqrt(pitch_hz / sample_rate) * pulses
    return scaled.astype(np.float32)


def mix_by_periodicity(pulses: np.ndarray, noise: np.ndarray, periodicity: np.ndarray) -> np.ndarray:
    """Mix spectra as ``sqrt(p) pulses + sqrt(1 - p) noise``, which preserves their power.

    - ``pulses``, ``noise``: ``(bins, frames)``, spectra.
    - ``periodicity``: ``p``, in [0, 1], broadcastable to ``(bins, frames)``.
    - returns: ``(bins, frames)``.
    """
    mixed: np.ndarray = np.sqrt(periodicity) * pulses + np.sqrt(1 - periodicity) * noise
    return mixed


def disperse(spectrum: np.ndarray, seconds: float, sample_rate: int) -> np.ndarray:
    """Delay a spectrum by a time that grows linearly with frequency.

    Pulses become short chirps. Their peaks are lower (by a third at 3 ms) and they are less harsh than pulses whose
    harmonics all peak at once.

    - ``spectrum``: STFT, ``(bins, frames)``.
    - ``seconds``: delay at half the sample rate; it must be short against a frame.
    - ``sample_rate``: in Hz.
    - returns: ``(bins, frames)``; the phase is ``-pi seconds f^2 / (sample_rate / 2)``.
    """
    frequency_hz = np.linspace(0, sample_rate / 2, len(spectrum))
    angle = -2 * np.pi * seconds * frequency_hz**2 / sample_rate
    delayed: np.ndarray = spectrum * np.exp(1j * angle).astype(np.complex64)[:, None]
    return delayed


def shape_to_mel(
    spectrum: np.ndarray,
    mel: np.ndarray,
    filters: np.ndarray,
    n_fft: int,
    hop_length: int,
    n_samples: int,
    n_iterations: int = 4,
) -> np.ndarray:
    """Return a wave with nearly a given mel spectrogram and the fine structure of a given spectrum.

    Each iteration scales the bins by the missing gain of their bands and then takes the STFT of the inverse STFT, so
    that overlapping frames agree: the alternating projections of Griffin and Lim with the power of each mel band
    instead of each magnitude.

    - ``spectrum``: STFT of the excitation, ``(bins, frames)``.
    - ``mel``: power in mel bands, ``(n_mels, frames)``.
    - ``filters``: Mel filterbank, ``(n_mels, bins)``.
    - ``n_fft``, ``hop_length``: of the STFT, samples.
    - ``n_samples``: length of the wave.
    - returns: ``(n_samples,)`` float32.

    References
    ----------
    D. Griffin, J. Lim, "Signal estimation from modified short-time Fourier transform", 1984.
    """
    peaks = np.maximum(filters.max(axis=1, keepdims=True), MIN_POWER)
    weights = filters / peaks  # (n_mels, bins)
    coverage = weights.sum(axis=0)
    band_to_bin = (weights / np.maximum(coverage, 1e-3)).T  # (bins, n_mels)
    wave = np.zeros(n_samples, np.float32)
    for _ in range(n_iterations):
        power = filters @ power_spectrum(spectrum)
        log_ratio = np.log(np.maximum(mel, MIN_POWER) / np.maximum(power, MIN_POWER))
        gain = np.exp(np.clip(band_to_bin @ log_ratio / 2, -np.log(MAX_GAIN), np.log(MAX_GAIN)))
        gain[coverage < 1e-3] = 0.0  # bins outside all bands
        wave = istft((spectrum * gain).astype(np.complex64), n_fft, hop_length, n_samples=n_samples)
        spectrum = stft(wave, n_fft, hop_length)
    return wave
