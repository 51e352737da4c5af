"""Modulation spectrum: how fast and how much the level in each mel band rises and falls, and how far two sets of sounds differ in it."""

from __future__ import annotations

import numpy as np

from ..dsp.mel import mel_filterbank
from ..dsp.spectrum import frame, hann_window, power_spectrum, spectrogram
from ..errors import BadSetting
from .embeddings import checked_waves

N_MELS = 24
FRAME_SECONDS = 0.023  # nearest power of two; a quarter of it lies between frames
FLOOR_DB = -80.0  # below a sound's loudest cell
SLOWEST_HZ = 1.0  # of the lowest band of modulations; each is half an octave wide
SMALLEST_POWER_DB2 = 1e-3  # of a modulation; a sound that stands still is not infinitely far from one that hardly moves


def modulation_distance(
    reference: np.ndarray, estimate: np.ndarray, sample_rate: int, segment_seconds: float = 2.0
) -> float:
    """How far two sets of sounds differ in their modulations, in dB: 0 where levels move alike.

    Root mean square over mel bands and modulation rates of the difference of the decibels of :func:`modulation_spectrum`;
    ``reference (n, time)`` and ``estimate (m, time)`` are at ``sample_rate``. A sound that stands still where the reference flickers is
    tens of decibels away, whatever its average spectrum. Raises as :func:`modulation_spectrum`.
    """
    sides = [modulation_spectrum(waves, sample_rate, segment_seconds) for waves in (reference, estimate)]
    levels_db = [10 * np.log10(np.maximum(side, SMALLEST_POWER_DB2)) for side in sides]
    return float(np.sqrt(np.mean(np.square(levels_db[0] - levels_db[1]))))


def modulation_spectrum(waves: np.ndarray, sample_rate: int, segment_seconds: float = 2.0) -> np.ndarray:
    """Mean power, in dB squared, of the movement of each mel band's level at each rate: ``(n_mels, rates)``.

    ``waves (n, time)``; their level is in dB relative to the loudest cell of a sound, so loudness does not count. Rates are half-octave
    bands from SLOWEST_HZ up to half the frame rate. After H. Hermansky, "The modulation spectrum in the automatic recognition of
    speech", 1997, with a logarithmic envelope. Raises BadAudio for waves of another shape, BadSetting where they are shorter than a
    segment.
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
        spectra.append(spectrum_of_levels(level_db, sample_rate / hop_length, segment_seconds))
    return np.mean(spectra, axis=0)


def spectrum_of_levels(level_db: np.ndarray, frame_rate: float, segment_seconds: float = 2.0) -> np.ndarray:
    """Mean power of the movements of ``level_db (bands, frames)`` at each rate, in dB squared, ``(bands, rates)``.

    Segments that overlap by half are freed of their mean and weighted by a Hann window; the power is scaled so that a level that moves as
    ``a sin(2 pi f t)`` has ``a^2 / 2`` in the rates around ``f``. Raises BadSetting for levels shorter than a segment.
    """
    n_segment = round(segment_seconds * frame_rate)
    if level_db.shape[-1] < n_segment or n_segment < 8:
        raise BadSetting(
            f"The sounds last {level_db.shape[-1] / frame_rate:.2g} s; the modulation spectrum needs segments of {segment_seconds:g} s: "
            "give longer sounds, or a smaller segment_seconds."
        )
    segments = frame(level_db, n_segment, max(1, n_segment // 2))  # (bands, segments, n_segment)
    window = hann_window(n_segment)
    moved = np.fft.rfft((segments - segments.mean(axis=-1, keepdims=True)) * window)
    power = 2 * power_spectrum(moved).mean(axis=1) / (n_segment * np.square(window).sum())  # (bands, bins)
    rates_hz = np.arange(power.shape[1]) * frame_rate / n_segment
    n_bands = int(2 * np.log2(frame_rate / 2 / SLOWEST_HZ))
    number = np.floor(2 * np.log2(np.maximum(rates_hz, 1e-6) / SLOWEST_HZ) + 0.5).astype(int)  # band of each bin
    in_bands = [power[:, number == band].sum(axis=1) for band in range(n_bands) if (number == band).any()]
    return np.stack(in_bands, axis=1)
