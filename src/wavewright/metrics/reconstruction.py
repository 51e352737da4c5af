"""How close a rebuilt wave is to the recording: log-mel distance, multi-resolution STFT distance, SI-SDR."""

from __future__ import annotations

import numpy as np

from ..dsp.mel import log_mel
from ..dsp.spectrum import spectrogram
from ..errors import BadSetting

STFT_SIZES = (512, 1024, 2048)
MAGNITUDE_FLOOR = 1e-5  # of a full-scale tone's


def mel_distance(reference: np.ndarray, estimate: np.ndarray, sample_rate: int) -> float:
    """Mean absolute difference of log-mel spectrograms in nats, of waves ``(time,)``: 80 bands, 1024 samples, a quarter apart.

    1e-5 is added to each power. Raises BadSetting where the waves differ in length.
    """
    _check_pair(reference, estimate)
    mels = [log_mel(wave, sample_rate, n_fft=1024, hop_length=256, n_mels=80) for wave in (reference, estimate)]
    return float(np.abs(mels[0] - mels[1]).mean())


def stft_distance(reference: np.ndarray, estimate: np.ndarray) -> float:
    """Spectral convergence plus mean log-magnitude difference, the mean over three window sizes, of waves ``(time,)``.

    Yamamoto, Song and Kim, "Parallel WaveGAN", 2020, equations 4 to 6. Raises BadSetting where the waves differ in length.
    """
    _check_pair(reference, estimate)
    distances = []
    for n_fft in STFT_SIZES:
        real, made = (spectrogram(wave, n_fft, n_fft // 4, power=1.0) for wave in (reference, estimate))
        floor = MAGNITUDE_FLOOR * n_fft / 4
        convergence = float(np.sqrt(np.square(real - made).sum() / np.maximum(np.square(real).sum(), floor**2)))
        distances.append(convergence + np.abs(np.log(np.maximum(real, floor)) - np.log(np.maximum(made, floor))).mean())
    return float(np.mean(distances))


def si_sdr(reference: np.ndarray, estimate: np.ndarray) -> float:
    """Scale-invariant signal-to-distortion ratio in dB of waves ``(time,)``; -100 to 100.

    ``10 log10(|a s|^2 / |a s - e|^2)`` with ``a = e.s / |s|^2``: Le Roux, Wisdom, Erdogan and Hershey, "SDR - half-baked or well done?",
    2019. Raises BadSetting where the waves differ in length.
    """
    _check_pair(reference, estimate)
    signal, heard = reference.astype(np.float64), estimate.astype(np.float64)
    target = (heard @ signal) / np.maximum(signal @ signal, 1e-20) * signal
    ratio = (target @ target + 1e-20) / (np.square(heard - target).sum() + 1e-20)
    return float(np.clip(10 * np.log10(ratio), -100.0, 100.0))


def _check_pair(reference: np.ndarray, estimate: np.ndarray) -> None:
    if reference.ndim != 1 or reference.shape != estimate.shape:
        raise BadSetting(
            f"The waves have shapes {reference.shape} and {estimate.shape}; give two of one shape (time,): mix channels first."
        )
