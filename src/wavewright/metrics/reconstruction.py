"""Distances between a recording and its reconstruction: log-mel, multi-resolution STFT, SI-SDR.

All take two waves of one length, ``(time,)``, and raise BadSetting for others.
"""

from __future__ import annotations

import numpy as np

from ..base.errors import BadSetting
from ..dsp.mel import log_mel
from ..dsp.spectrum import spectrogram

STFT_SIZES = (512, 1024, 2048)
MAGNITUDE_FLOOR = 1e-5  # relative to a full-scale tone


def mel_distance(reference: np.ndarray, estimate: np.ndarray, sample_rate: int) -> float:
    """Compute the mean absolute difference of log-mel spectrograms.

    The spectrograms have 80 bands, frames of 1024 samples and a hop of a quarter; 1e-5 is added to each power.

    Raises BadSetting if the waves are not ``(time,)`` of one length.

    Parameters
    ----------
    reference, estimate : np.ndarray
        Waves of one length, ``(time,)``.
    sample_rate : int, in Hz

    Returns
    -------
    float
        Distance in nats.
    """
    _check_pair(reference, estimate)
    mels = [log_mel(wave, sample_rate, n_fft=1024, hop_length=256, n_mels=80) for wave in (reference, estimate)]
    return float(np.abs(mels[0] - mels[1]).mean())


def stft_distance(reference: np.ndarray, estimate: np.ndarray) -> float:
    """Compute the multi-resolution STFT distance: spectral convergence plus mean log-magnitude difference.

    Raises BadSetting if the waves have other shapes.

    Parameters
    ----------
    reference, estimate : np.ndarray of shape ``(time,)``
        Waves of one length.

    Returns
    -------
    float
        The mean over three frame lengths.

    References
    ----------
    R. Yamamoto, E. Song and J.-M. Kim, "Parallel WaveGAN", 2020, equations 4 to 6.
    """
    _check_pair(reference, estimate)
    distances = []
    for n_fft in STFT_SIZES:
        target, output = (spectrogram(wave, n_fft, n_fft // 4, power=1.0) for wave in (reference, estimate))
        floor = MAGNITUDE_FLOOR * n_fft / 4
        target_energy = np.maximum(np.square(target).sum(), floor**2)
        convergence = float(np.sqrt(np.square(target - output).sum() / target_energy))
        log_difference = np.log(np.maximum(target, floor)) - np.log(np.maximum(output, floor))
        distances.append(convergence + np.abs(log_difference).mean())
    return float(np.mean(distances))


def si_sdr(reference: np.ndarray, estimate: np.ndarray) -> float:
    """Compute the scale-invariant signal-to-distortion ratio.

    ``10 log10(|a s|^2 / |a s - e|^2)`` with ``a = e.s / |s|^2``, reference ``s`` and estimate ``e``.

    Raises BadSetting if the lengths differ or a wave has another shape.

    Parameters
    ----------
    reference, estimate : np.ndarray of shape ``(time,)``
        The waves ``s`` and ``e``, of one length.

    Returns
    -------
    float
        Ratio in dB, -100 to 100.

    References
    ----------
    J. Le Roux, S. Wisdom, H. Erdogan and J. R. Hershey, "SDR - half-baked or well done?", 2019.
    """
    _check_pair(reference, estimate)
    signal = reference.astype(np.float64)
    output = estimate.astype(np.float64)
    target = (output @ signal) / np.maximum(signal @ signal, 1e-20) * signal
    ratio = (target @ target + 1e-20) / (np.square(output - target).sum() + 1e-20)
    return float(np.clip(10 * np.log10(ratio), -100.0, 100.0))


def _check_pair(reference: np.ndarray, estimate: np.ndarray) -> None:
    if reference.ndim != 1 or reference.shape != estimate.shape:
        raise BadSetting(
            f"The waves have shapes {reference.shape} and {estimate.shape}; "
            "give two of one shape (time,): mix channels first."
        )
