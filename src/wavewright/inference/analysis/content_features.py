"""Features by which speech, music and other audio differ, of windows of 3.5 s.

References
----------
E. Scheirer, M. Slaney: Construction and evaluation of a robust multifeature speech/music discriminator. ICASSP, 1997.
K. Seyerlehner, T. Pohle, M. Schedl, G. Widmer: Automatic music detection in television productions. DAFx, 2007.
"""

from __future__ import annotations

import numpy as np

from ...dsp.mel import mel_filterbank
from ...dsp.spectrum import FrameBuffer, hann_window, power_spectrum

SAMPLE_RATE = 16_000
N_FFT, HOP_LENGTH = 1_024, 320
FRAMES_PER_SECOND = SAMPLE_RATE / HOP_LENGTH

STEP_FRAMES = 25
STEP_SECONDS = STEP_FRAMES / FRAMES_PER_SECOND
"""Seconds from one window to the next."""

CONTEXT_STEPS = 3
"""Steps of a window before and after its own; fewer at both ends of a recording."""

N_MELS = 24
N_CEPSTRA = 13
FLOOR_POWER = 1e-5  # of a bin, 98 dB below a sine at full scale
RANGE_DB = 60.0  # below the loudest band of a window nothing is regarded
LN_PER_DB = np.log(10) / 10

TONE_BINS = slice(4, 356)  # 60 Hz to 5.5 kHz
TONE_SMOOTHING = 21  # bins of the mean that a tone stands out from ...
TONE_DB = 3.0  # ... by so much
TONE_LAGS = (5, 15)  # frames after which the same bins are compared
TOP_BINS = (1, 5, 20)  # of the bins with the steadiest tones

LAGS = slice(SAMPLE_RATE // 500, SAMPLE_RATE // 70)  # of the pitch
HARMONIC = 0.5  # autocorrelation of a voiced frame
STEADY_LAG = 0.02  # relative change of the lag

BAND_GROUP = 4  # mel bands whose modulation is measured together
MODULATION_HZ = (0.6, 1.5, 3.0, 6.0, 12.0, 25.0)
MODULATION_FFT = 256
BEAT_FRAMES = slice(12, 60)  # 0.24 to 1.2 s


class ContentFeatures:
    """Features of consecutive blocks at 16 kHz, a row for each step of 0.5 s.

    The frames that begin in a step are its own; a window adds those of the CONTEXT_STEPS around it.
    """

    def __init__(self) -> None:
        self._frames = FrameBuffer(1, N_FFT, HOP_LENGTH)
        self._window = hann_window(N_FFT)
        self._filters = mel_filterbank(SAMPLE_RATE, N_FFT, N_MELS).T
        self._filters = self._filters / self._filters.sum(axis=0)
        autocorrelation = np.fft.irfft(power_spectrum(np.fft.rfft(self._window, 2 * N_FFT)))[LAGS]
        self._lag_gain = np.square(self._window).sum() / autocorrelation
        self._rows = _Rows.none()
        self._n_before = 0  # steps in `_rows` whose features are there already

    def add(self, wave: np.ndarray) -> np.ndarray:
        """Add the next block ``(1, time)``; return the features of completed windows, ``(windows, features)``."""
        self._rows = self._rows.followed_by(self._measure(self._frames.add(wave)[0]))
        end = max(self._n_before, len(self._rows) // STEP_FRAMES - CONTEXT_STEPS)
        features = self._windows(end)
        forgotten = max(0, end - CONTEXT_STEPS)  # steps that no later window holds
        self._rows, self._n_before = self._rows.slice_steps(forgotten, None), end - forgotten
        return features

    def rest(self) -> np.ndarray:
        """Return the features of the last windows, which have less context or frames, ``(windows, features)``."""
        return self._windows(-(-len(self._rows) // STEP_FRAMES))

    def _windows(self, end: int) -> np.ndarray:
        """Return the features of the steps from the first that has none yet to ``end``."""
        rows = [
            window_features(self._rows.slice_steps(max(0, step - CONTEXT_STEPS), step + CONTEXT_STEPS + 1))
            for step in range(self._n_before, end)
        ]
        return np.array(rows, np.float32).reshape(len(rows), N_FEATURES)

    def _measure(self, frames: np.ndarray) -> _Rows:
        """Return what is measured of each frame ``(frames, time)``."""
        power = power_spectrum(np.fft.rfft(frames * self._window)) + np.float32(FLOOR_POWER)
        autocorrelation = np.fft.irfft(power)  # circular, which the window keeps small at these lags
        lags = autocorrelation[:, LAGS] / autocorrelation[:, :1] * self._lag_gain
        best = lags.argmax(axis=1)
        log_power = np.log(power[:, TONE_BINS])
        stands_out = log_power - _smoothed(log_power) > TONE_DB * LN_PER_DB
        return _Rows(
            np.log(power @ self._filters),
            stands_out,
            np.log(power.mean(axis=1)) - np.log(power).mean(axis=1),
            np.take_along_axis(lags, best[:, None], axis=1)[:, 0],
            np.log(best + LAGS.start),
        )


class _Rows:
    """Measurements of frames: log mel bands, bins that stand out, log flatness, autocorrelation and log lag."""

    def __init__(self, *arrays: np.ndarray) -> None:
        self.log_mels, self.tones, self.flatness, self.harmonicity, self.log_lag = self.arrays = arrays

    @classmethod
    def none(cls) -> _Rows:
        """Return no frames."""
        tones = np.zeros((0, TONE_BINS.stop - TONE_BINS.start), bool)
        return cls(np.zeros((0, N_MELS), np.float32), tones, *np.zeros((3, 0), np.float32))

    def __len__(self) -> int:
        return len(self.flatness)

    def followed_by(self, rows: _Rows) -> _Rows:
        """Return these frames and then others."""
        return _Rows(*map(np.concatenate, zip(self.arrays, rows.arrays, strict=True)))

    def slice_steps(self, first_step: int, end_step: int | None) -> _Rows:
        """Return the frames of some steps."""
        frames = slice(first_step * STEP_FRAMES, None if end_step is None else end_step * STEP_FRAMES)
        return _Rows(*(array[frames] for array in self.arrays))


def window_features(rows: _Rows) -> list[float]:
    """Return the features of the frames of a window."""
    log_mels = np.maximum(rows.log_mels, rows.log_mels.max() - RANGE_DB * LN_PER_DB)
    cepstra = log_mels @ COSINES
    changes = np.diff(log_mels, axis=0, prepend=log_mels[:1])
    return [
        *cepstra.mean(axis=0)[1:],
        *cepstra.std(axis=0),
        *np.diff(cepstra, axis=0, prepend=cepstra[:1]).std(axis=0),
        *_level_features(np.log(np.exp(log_mels).mean(axis=1))),
        *_modulations(log_mels),
        *_flux_features(changes),
        *_tone_features(rows.tones),
        rows.flatness.mean(),
        rows.flatness.std(),
        *_pitch_features(rows),
    ]


def _level_features(level: np.ndarray) -> list[float]:
    """Return the fraction of frames of low energy, and how far the level spreads below and above its median."""
    power = np.exp(level)
    low, median, high = np.percentile(level, (10, 50, 90))
    return [float((power < 0.5 * power.mean()).mean()), median - low, high - median]


def _modulations(log_mels: np.ndarray) -> np.ndarray:
    """Return the log power of the modulation in each band of MODULATION_HZ, by group of mel bands and of all."""
    groups = log_mels.reshape(len(log_mels), -1, BAND_GROUP).mean(axis=2)
    envelopes = np.concatenate([groups, groups.mean(axis=1, keepdims=True)], axis=1)
    envelopes = envelopes - envelopes.mean(axis=0)
    power = power_spectrum(np.fft.rfft(envelopes, MODULATION_FFT, axis=0)) / len(log_mels)
    edges = np.rint(np.array(MODULATION_HZ) * MODULATION_FFT / FRAMES_PER_SECOND).astype(int)
    bands: np.ndarray = np.add.reduceat(power[: edges[-1]], edges[:-1], axis=0) / MODULATION_FFT
    return np.log(bands + 1e-3).ravel()


def _flux_features(changes: np.ndarray) -> list[float]:
    """Return mean, spread and asymmetry of the spectral flux, and how far it repeats at the interval of a beat."""
    flux, onsets = np.abs(changes).mean(axis=1), np.maximum(changes, 0.0).mean(axis=1)
    centred = onsets - onsets.mean()
    correlation = np.fft.irfft(power_spectrum(np.fft.rfft(centred, 2 * MODULATION_FFT)))
    beat = correlation[BEAT_FRAMES].max() / max(float(correlation[0]), 1e-6)
    return [flux.mean(), flux.std(), onsets.mean() / max(float(flux.mean()), 1e-6), beat]


def _tone_features(tones: np.ndarray) -> list[float]:
    """Return how many bins stand out, for how long the same ones do, and how steady the steadiest are."""
    density = max(float(tones.mean()), 1e-3)
    remain = [float((tones[lag:] & tones[:-lag]).mean()) / density if len(tones) > lag else 0.0 for lag in TONE_LAGS]
    activation = tones.mean(axis=0, keepdims=True, dtype=np.float32)
    steadiest = np.sort((activation - _smoothed(activation))[0])[::-1]
    return [density, *remain, *(float(steadiest[:count].mean()) for count in TOP_BINS)]


def _pitch_features(rows: _Rows) -> list[float]:
    """Return mean and spread of the harmonicity, the fraction of voiced frames, and how steady their pitch is."""
    is_voiced = rows.harmonicity > HARMONIC
    is_steady = np.abs(np.diff(rows.log_lag)) < STEADY_LAG
    pairs = is_voiced[1:] & is_voiced[:-1]
    steady = float((is_steady & pairs).sum()) / max(1, int(pairs.sum()))
    return [rows.harmonicity.mean(), rows.harmonicity.std(), float(is_voiced.mean()), steady]


def _smoothed(rows: np.ndarray) -> np.ndarray:
    """Return the mean of TONE_SMOOTHING bins around each, for rows ``(rows, bins)``."""
    half = TONE_SMOOTHING // 2
    sums = np.cumsum(np.pad(rows, ((0, 0), (half + 1, half)), mode="edge"), axis=1, dtype=np.float64)
    return (sums[:, TONE_SMOOTHING:] - sums[:, :-TONE_SMOOTHING]) / TONE_SMOOTHING


def _cosines() -> np.ndarray:
    """Return the cosine transform of the mel bands, ``(N_MELS, N_CEPSTRA)`` float32."""
    angles = np.outer(np.arange(N_MELS) + 0.5, np.arange(N_CEPSTRA)) * np.pi / N_MELS
    return (np.cos(angles) / N_MELS).astype(np.float32)


COSINES = _cosines()
N_FEATURES = (
    3 * N_CEPSTRA - 1 + 3 + (N_MELS // BAND_GROUP + 1) * (len(MODULATION_HZ) - 1) + 4 + 3 + len(TOP_BINS) + 2 + 4
)
