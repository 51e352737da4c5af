"""Modulation spectrum: power of the level fluctuations in each mel band by rate, and the distance between two sets."""

from __future__ import annotations

import numpy as np

from wavewright.base.errors import BadSetting
from wavewright.dsp.mel import mel_filterbank
from wavewright.dsp.spectrum import frame, hann_window, power_spectrum, spectrogram
from wavewright.metrics.checks import checked_waves

N_MELS = 24
FRAME_SECONDS = 0.023  # rounded to a power of two in samples; the hop is a quarter
FLOOR_DB = -80.0  # below the loudest cell of a clip
MIN_RATE_HZ = 1.0  # of the lowest band of modulation rates; each band is half an octave wide
MIN_POWER_DB2 = 1e-3  # keeps the distance finite where one clip does not fluctuate at all


def modulation_distance(
    reference: np.ndarray, estimate: np.ndarray, sample_rate: int, segment_seconds: float = 2.0
) -> float:
    """Compute the distance between the modulation spectra of two sets of clips.

    Root mean square of the differences in dB over mel bands and modulation rates. A clip of constant level is tens of
    dB from a reference that flickers, even if their average spectra are equal.

    Parameters
    ----------
    reference, estimate : np.ndarray
        Mono waves, ``(n, time)`` and ``(m, time)``.
    sample_rate, segment_seconds
        As for :func:`modulation_spectrum`.

    Returns
    -------
    float
        Distance in dB.

    Raises
    ------
    BadAudio, BadSetting
        As :func:`modulation_spectrum`.
    """
    spectra = [modulation_spectrum(waves, sample_rate, segment_seconds) for waves in (reference, estimate)]
    levels_db = [10 * np.log10(np.maximum(spectrum, MIN_POWER_DB2)) for spectrum in spectra]
    return float(np.sqrt(np.mean(np.square(levels_db[0] - levels_db[1]))))


def modulation_spectrum(waves: np.ndarray, sample_rate: int, segment_seconds: float = 2.0) -> np.ndarray:
    """Compute the mean modulation spectrum of a set of clips.

    The envelope is logarithmic: the level of each mel band in dB relative to the loudest cell of the clip, so the gain
    does not count.

    Parameters
    ----------
    waves : np.ndarray of shape ``(n, time)``
    sample_rate : int, in Hz
    segment_seconds : float
        Length of the analysed segments.

    Returns
    -------
    np.ndarray
        Power in dB squared, ``(n_mels, rates)``; rates are half-octave bands from 1 Hz to half the frame rate.

    Raises
    ------
    BadAudio
        If the waves have another shape or values that are not finite.
    BadSetting
        If the clips are shorter than a segment.

    References
    ----------
    H. Hermansky, "The modulation spectrum in the automatic recognition of speech", 1997.
    """
    waves = checked_waves(waves)
    n_fft = 2 ** round(np.log2(FRAME_SECONDS * sample_rate))
    hop_length = n_fft // 4
    filters = mel_filterbank(sample_rate, n_fft, N_MELS, 30.0, min(16_000.0, sample_rate / 2), "htk")
    spectra = []
    for wave in waves:
        power = filters @ spectrogram(wave, n_fft, hop_length)
        loudest = max(float(power.max()), 1e-20)
        level_db = 10 * np.log10(np.maximum(power / loudest, 10 ** (FLOOR_DB / 10)))
        spectra.append(level_modulation_spectrum(level_db, sample_rate / hop_length, segment_seconds))
    return np.asarray(np.mean(spectra, axis=0))


def level_modulation_spectrum(level_db: np.ndarray, frame_rate: float, segment_seconds: float = 2.0) -> np.ndarray:
    """Compute the modulation spectrum of level contours.

    Segments overlap by half; their mean is removed and a Hann window applied. The power is scaled so that a level of
    ``a sin(2 pi f t)`` has ``a^2 / 2`` in the rates around ``f``.

    Parameters
    ----------
    level_db : np.ndarray of shape ``(bands, frames)``
        Levels in dB.
    frame_rate : float
        Frames a second.
    segment_seconds : float
        Length of the segments.

    Returns
    -------
    np.ndarray
        Power in dB squared, ``(bands, rates)``.

    Raises
    ------
    BadSetting
        If the contours are shorter than a segment.
    """
    n_segment = round(segment_seconds * frame_rate)
    if level_db.shape[-1] < n_segment or n_segment < 8:
        raise BadSetting(
            f"The clips last {level_db.shape[-1] / frame_rate:.2g} s; the modulation spectrum needs segments of "
            f"{segment_seconds:g} s: give longer clips, or a smaller segment_seconds."
        )
    segments = frame(level_db, n_segment, max(1, n_segment // 2))  # (bands, segments, n_segment)
    window = hann_window(n_segment)
    spectrum = np.fft.rfft((segments - segments.mean(axis=-1, keepdims=True)) * window)
    power = 2 * power_spectrum(spectrum).mean(axis=1) / (n_segment * np.square(window).sum())  # (bands, bins)
    rates_hz = np.arange(power.shape[1]) * frame_rate / n_segment
    n_rates = int(2 * np.log2(frame_rate / 2 / MIN_RATE_HZ))
    rate_of_bin = np.floor(2 * np.log2(np.maximum(rates_hz, 1e-6) / MIN_RATE_HZ) + 0.5).astype(int)
    in_rates = [power[:, rate_of_bin == rate].sum(axis=1) for rate in range(n_rates) if (rate_of_bin == rate).any()]
    return np.stack(in_rates, axis=1)
