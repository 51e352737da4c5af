"""Features of a recording of heart sounds: intervals, levels and spectra of the four parts of its beats.

References
----------
Potes et al., "Ensemble of feature-based and deep learning-based classifiers for detection of abnormal heart sounds",
2016, whose features of time and frequency these resemble.
"""

from __future__ import annotations

import numpy as np

from recipes.heart_sounds.segmentation import STATES, HeartBeats, segment_beats
from wavewright.dsp.mel import mel_filterbank

N_FFT_SECONDS = 0.128
HOP_SECONDS = 0.016
N_BANDS = 14  # on the mel scale
BAND_HZ = (25.0, 500.0)
N_CEPSTRA = 8
FLOOR = 1e-8  # of the largest power
LEVEL_FLOOR = 1e-6
INTERVALS = ("cycle", *STATES, "systole_of_cycle", "diastole_of_cycle", "systole_of_diastole")
LEVELS = ("systole_of_s1", "diastole_of_s2", "s2_of_s1", "diastole_of_systole")


def feature_names() -> tuple[str, ...]:
    """Return the names of the features in their order."""
    statistics = [f"{name}_{kind}" for name in (*INTERVALS, *LEVELS) for kind in ("median", "deviation")]
    spectra = [f"{state}_band_{band}" for state in STATES for band in range(N_BANDS)]
    cepstra = [f"{state}_cepstrum_{number}" for state in STATES for number in range(1, N_CEPSTRA + 1)]
    spread = [f"{state}_deviation" for state in STATES]
    return (*statistics, *spectra, *cepstra, *spread, "beats_per_second", "likelihood")


def recording_features(wave: np.ndarray, sample_rate: int, beats: HeartBeats | None = None) -> np.ndarray:
    """Return the features of a recording.

    Parameters
    ----------
    wave
        ``(time,)``, at least two seconds.
    sample_rate
        In hertz, at least 1,000.
    beats
        Its beats; by default those of :func:`.segmentation.segment_beats`.

    Returns
    -------
    np.ndarray
        ``(features,)`` in the order of :func:`feature_names`; zeros for what a recording without whole beats lacks.

    Raises
    ------
    BadAudio
        As :func:`.segmentation.segment_beats`.
    """
    beats = beats or segment_beats(wave, sample_rate)
    seconds = len(wave) / sample_rate
    ends = [len(beats.onsets) / seconds, beats.log_likelihood]
    if not len(beats.onsets):
        return np.concatenate([np.zeros(len(feature_names()) - len(ends)), ends])
    spectra = _spectra(wave, sample_rate)  # (frames, bands), log
    by_state = [_means(spectra, beats.onsets[:, k], beats.onsets[:, k + 1]) for k in range(4)]  # (beats, bands) each
    reference = np.median(np.concatenate(by_state))
    bands = [np.median(each, axis=0) - reference for each in by_state]
    deviations = [np.std(each, axis=0).mean() for each in by_state]
    cepstra = [_cosines() @ each for each in bands]
    columns = np.concatenate([_intervals(beats.onsets), _levels(wave, sample_rate, beats.onsets)], axis=1)
    statistics = np.stack([np.median(columns, axis=0), np.std(columns, axis=0)], axis=1).ravel()
    features = np.concatenate([statistics, *bands, *cepstra, deviations, ends])
    finite: np.ndarray = np.nan_to_num(features, posinf=0.0, neginf=0.0)
    return finite


def _intervals(onsets: np.ndarray) -> np.ndarray:
    """Return the intervals of each beat in seconds, and their ratios, ``(beats, 8)``."""
    parts = np.diff(onsets, axis=1)
    cycle = parts.sum(axis=1)
    ratios = [parts[:, 1] / cycle, parts[:, 3] / cycle, parts[:, 1] / parts[:, 3]]
    columns: np.ndarray = np.stack([cycle, *parts.T, *ratios], axis=1)
    return columns


def _levels(wave: np.ndarray, sample_rate: int, onsets: np.ndarray) -> np.ndarray:
    """Return the logarithms of ratios of mean absolute values between parts of each beat, ``(beats, 4)``."""
    sums = np.concatenate([[0.0], np.cumsum(np.abs(wave, dtype=np.float64))])
    edges = np.clip(np.round(onsets * sample_rate).astype(int), 0, len(wave))
    means = np.diff(sums[edges], axis=1) / np.maximum(np.diff(edges, axis=1), 1)
    levels = np.log(means + LEVEL_FLOOR * max(float(np.abs(wave).max()), LEVEL_FLOOR))
    s1, systole, s2, diastole = levels.T
    ratios: np.ndarray = np.stack([systole - s1, diastole - s2, s2 - s1, diastole - systole], axis=1)
    return ratios


def _spectra(wave: np.ndarray, sample_rate: int) -> np.ndarray:
    """Return the natural logarithm of the power in each band, ``(frames, bands)``, a frame every HOP_SECONDS."""
    n_fft = 2 * round(N_FFT_SECONDS * sample_rate / 2)
    hop = max(1, round(HOP_SECONDS * sample_rate))
    padded = np.pad(np.asarray(wave, np.float64), n_fft // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, n_fft)[::hop] * np.hanning(n_fft)
    power = np.abs(np.fft.rfft(frames, axis=1)) ** 2
    filters = mel_filterbank(sample_rate, n_fft, N_BANDS, BAND_HZ[0], min(BAND_HZ[1], sample_rate / 2), "htk")
    bands = power @ filters.T
    logarithm: np.ndarray = np.log(bands + FLOOR * max(float(bands.max()), 1e-30))
    return logarithm


def _means(spectra: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Return the mean spectrum between times in seconds, ``(beats, bands)``; at least one frame counts."""
    first = np.clip(np.round(starts / HOP_SECONDS).astype(int), 0, len(spectra) - 1)
    last = np.clip(np.round(ends / HOP_SECONDS).astype(int), first + 1, len(spectra))
    sums = np.concatenate([np.zeros((1, spectra.shape[1])), np.cumsum(spectra, axis=0)])
    means: np.ndarray = (sums[last] - sums[first]) / (last - first)[:, None]
    return means


def _cosines() -> np.ndarray:
    """Return the rows of a cosine transform without its constant, ``(N_CEPSTRA, N_BANDS)``."""
    positions = (np.arange(N_BANDS) + 0.5) / N_BANDS
    rows: np.ndarray = np.cos(np.pi * np.arange(1, N_CEPSTRA + 1)[:, None] * positions) * np.sqrt(2 / N_BANDS)
    return rows
