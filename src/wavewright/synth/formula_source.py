"""Formulas that do not repeat in each period as a source of sound, computed at eight times the sample rate."""

from __future__ import annotations

import math

import numpy as np

from .controls import Segments, VoiceState
from .formula import parse_formula
from .source import VoiceSource

OVERSAMPLING = 8
HALF_TAPS = 24 * OVERSAMPLING
BLOCK = 256
"""Samples that are computed at once, so that the lengths of the engine's blocks change no bit."""


class FormulaSource(VoiceSource):
    """A formula of time and frequency; a note keeps the frequency that it begins with.

    - ``text``: see :mod:`.formula`.
    """

    def __init__(self, text: str, n_voices: int, sample_rate: int) -> None:
        self._formula = parse_formula(text)
        self._sample_rate = sample_rate
        self._taps = decimation_filter()
        self._frequencies = np.zeros(n_voices)
        self._counts = np.zeros(n_voices, np.int64)
        self._blocks = np.zeros((n_voices, BLOCK), np.float32)
        self._rows = self._frequencies, self._counts, self._blocks

    def start(self, voice: int, key: float, velocity: float, seed: int) -> float:
        """Start at time 0, see :meth:`.source.VoiceSource.start`."""
        self._frequencies[voice] = 440.0 * 2.0 ** ((key - 69.0) / 12.0)
        self._counts[voice] = 0
        return math.inf

    def render(self, state: VoiceState, segments: Segments, n_segments: int, output: np.ndarray) -> None:
        """Fill the outputs, see :meth:`.source.VoiceSource.render`."""
        n_samples = output.shape[2]
        for voice in range(output.shape[1]):
            done = 0
            while done < n_samples:
                first = int(self._counts[voice]) % BLOCK
                if first == 0:
                    self._blocks[voice] = self._block(voice)
                n = min(BLOCK - first, n_samples - done)
                output[0, voice, done : done + n] = self._blocks[voice, first : first + n]
                self._counts[voice] += n
                done += n

    def _block(self, voice: int) -> np.ndarray:
        """Return the next block of a voice, low-pass filtered and decimated."""
        from scipy.signal import upfirdn  # slow to import

        start = int(self._counts[voice]) * OVERSAMPLING
        numbers = np.arange(start - HALF_TAPS, start + BLOCK * OVERSAMPLING + HALF_TAPS)
        times = np.maximum(numbers, 0) / (OVERSAMPLING * self._sample_rate)
        wave = np.where(numbers < 0, 0.0, self._formula(times, float(self._frequencies[voice])))
        filtered = upfirdn(self._taps, wave, 1, OVERSAMPLING)
        skipped = 2 * HALF_TAPS // OVERSAMPLING
        return np.asarray(filtered[skipped : skipped + BLOCK], np.float32)


def decimation_filter() -> np.ndarray:
    """Return the low-pass filter before the decimation, ``(1 + 2 * HALF_TAPS,)``, 0.42 of the sample rate wide."""
    positions = np.arange(-HALF_TAPS, HALF_TAPS + 1)
    taps = np.sinc(0.92 * positions / OVERSAMPLING) * np.kaiser(len(positions), 10.0)
    normalised: np.ndarray = taps / taps.sum()
    return normalised
