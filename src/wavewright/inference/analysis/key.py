"""Musical key of a recording, from its pitch classes and the profiles of Krumhansl and Kessler."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...dsp.spectrum import FrameBuffer, hann_window, power_spectrum
from ...music.theory import pitch_class_name

N_FFT, HOP_LENGTH = 8_192, 4_096
LOWEST_HZ, HIGHEST_HZ = 65.0, 2_100.0
REFERENCE_HZ = 440.0 * 2 ** (-9 / 12)  # a C
BINS_PER_SEMITONE = 10
PEAK_POWER = 1e-4  # of a partial, relative to the strongest of its frame
SILENT_POWER = 1e-8  # mean square of a frame without notes

PROFILES = {
    "major": (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
    "minor": (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
}
"""Fit of each pitch class to a key, from the tonic on (Krumhansl, Cognitive Foundations of Musical Pitch, 1990)."""

CLEAR_MARGIN = 0.15
SURE = 0.2


@dataclass(frozen=True)
class Key:
    """Musical key; None for silence.

    - ``name``: such as ``A minor``.
    - ``confidence``: 0 to 1: how well the partials keep to a scale of semitones, times the correlation with the profile
      of the key, less where another key fits nearly as well.
    - ``is_sure``: whether the confidence suffices; it does not for speech and noise.
    - ``tuning_cents``: deviation of the semitones from a concert pitch of 440 Hz, -50 to 50.
    """

    name: str | None
    confidence: float
    is_sure: bool
    tuning_cents: float


class KeyMeter:
    """Key of consecutive blocks."""

    def __init__(self, sample_rate: int) -> None:
        self._bin_hz = sample_rate / N_FFT
        self._window = hann_window(N_FFT)
        self._frames = FrameBuffer(1, N_FFT, HOP_LENGTH)
        self._histogram = np.zeros(12 * BINS_PER_SEMITONE)

    def add(self, wave: np.ndarray) -> None:
        """Add the next block of the wave, ``(1, time)``."""
        for samples in self._frames.add(wave)[0]:
            if float(np.square(samples, dtype=np.float64).mean()) > SILENT_POWER:
                self._count(samples)

    def result(self) -> Key:
        """Return the key of all blocks."""
        total = self._histogram.sum()
        if not total:
            return Key(None, 0.0, False, 0.0)
        angle = 2 * np.pi * np.arange(len(self._histogram)) / BINS_PER_SEMITONE
        tuning = (self._histogram * np.exp(1j * angle)).sum() / total
        shift = np.angle(tuning) / (2 * np.pi)  # in semitones
        classes = np.zeros(12)
        semitones = np.arange(len(self._histogram)) / BINS_PER_SEMITONE - shift
        np.add.at(classes, np.rint(semitones).astype(int) % 12, self._histogram)
        correlations = (
            {
                f"{pitch_class_name(tonic)} {mode}": float(np.corrcoef(classes, np.roll(profile, tonic))[0, 1])
                for mode, profile in PROFILES.items()
                for tonic in range(12)
            }
            if np.ptp(classes) > 0
            else {"C major": 0.0, "C minor": 0.0}
        )
        (name, best), (_, second) = sorted(correlations.items(), key=lambda item: -item[1])[:2]
        confidence = float(abs(tuning)) * max(best, 0.0) * min(1.0, (best - second) / CLEAR_MARGIN)
        return Key(name, round(confidence, 2), confidence >= SURE, round(100 * float(shift), 1))

    def _count(self, samples: np.ndarray) -> None:
        """Add the partials of a frame to the histogram of pitch classes, each by its amplitude."""
        power = power_spectrum(np.fft.rfft(samples * self._window))
        first, last = int(LOWEST_HZ / self._bin_hz), int(HIGHEST_HZ / self._bin_hz)
        before, here, after = (power[first + shift : last + shift] for shift in (-1, 0, 1))
        peaks = np.flatnonzero((here >= before) & (here > after) & (here > PEAK_POWER * max(here.max(), 1e-30)))
        # A parabola through the logarithms of three bins finds the frequency of a tone between them.
        logs = np.log(np.maximum(np.stack([before, here, after])[:, peaks], 1e-30))
        offset = 0.5 * (logs[0] - logs[2]) / np.minimum(logs[0] - 2 * logs[1] + logs[2], -1e-9)
        frequency_hz = (first + peaks + offset) * self._bin_hz
        bins = np.rint(12 * BINS_PER_SEMITONE * np.log2(frequency_hz / REFERENCE_HZ)).astype(int)
        weights = np.sqrt(here[peaks])
        np.add.at(self._histogram, bins % len(self._histogram), weights / max(float(weights.sum()), 1e-30))
