"""Plucked and bowed strings as a source of sound (K. Karplus, A. Strong, 1983; D. Jaffe, J. Smith, 1983)."""

from __future__ import annotations

import math

import numpy as np

from .controls import Segments, VoiceState
from .patch import StringTable
from .source import VoiceSource

LOWEST_HZ = 12.0
REFERENCE_KEY = 57.0
LARGEST_GAIN = 0.99995
SILENT_DECAYS = 2.0
"""Times to -60 dB after which a string is silent."""

STROKE_RMS = 0.25


class StringSource(VoiceSource):
    """Strings: a delay line in a loop with losses, filled by a stroke."""

    def __init__(self, settings: StringTable, n_voices: int, sample_rate: int) -> None:
        from .string_kernels import StringBank  # numba is slow to import

        self._settings = settings
        self._sample_rate = float(sample_rate)
        length = 1 << math.ceil(math.log2(sample_rate / LOWEST_HZ + 8))
        self._bank = StringBank(
            lines=np.zeros((n_voices, length), np.float32),
            heads=np.zeros(n_voices, np.int64),
            loops=np.zeros((n_voices, 3)),
            filters=np.zeros((n_voices, 2)),
            seeds=np.zeros(n_voices, np.int64),
            counts=np.zeros(n_voices, np.int64),
        )
        self._rows = tuple(self._bank)

    def start(self, voice: int, key: float, velocity: float, seed: int) -> float:
        """Pluck a string, see :meth:`.source.VoiceSource.start`."""
        bank, settings = self._bank, self._settings
        frequency = max(LOWEST_HZ, 440.0 * 2.0 ** ((key - 69.0) / 12.0))
        decay_s = settings.decay_s * 2.0 ** (-settings.key_scaling * (key - REFERENCE_KEY) / 12.0)
        pole = 0.9 * settings.damping**1.5 * math.exp(-frequency / self._sample_rate)
        angle = 2.0 * math.pi * frequency / self._sample_rate
        magnitude = (1.0 - pole) / math.sqrt(1.0 - 2.0 * pole * math.cos(angle) + pole * pole)
        gain = min(LARGEST_GAIN, 10.0 ** (-3.0 / (decay_s * frequency)) / magnitude)
        is_bowed = settings.stroke == "bow"
        bank.loops[voice] = gain, pole, 3.0 * math.sqrt(1.0 - gain) if is_bowed else 0.0
        bank.heads[voice] = bank.counts[voice] = 0
        bank.filters[voice] = 0.0
        bank.seeds[voice] = seed
        bank.lines[voice] = 0.0
        if is_bowed:
            return math.inf
        stroke = self._stroke(frequency, velocity, seed)
        bank.lines[voice, -len(stroke) :] = stroke
        return float(SILENT_DECAYS * decay_s * self._sample_rate)

    def render(self, state: VoiceState, segments: Segments, n_segments: int, output: np.ndarray) -> None:
        """Fill the outputs, see :meth:`.source.VoiceSource.render`."""
        from .string_kernels import render_strings

        render_strings(self._bank, state.stages, segments, n_segments, self._sample_rate, output)

    def _stroke(self, frequency: float, velocity: float, seed: int) -> np.ndarray:
        """Return the displacement: noise of one period, darker for soft notes, shaped by the position of the stroke."""
        n = math.ceil(self._sample_rate / frequency) + 4
        spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(n))
        numbers = np.arange(len(spectrum))
        brightness = self._settings.brightness_hz * (0.3 + 0.7 * velocity)
        spectrum *= np.sin(np.pi * numbers * self._settings.position) / (1.0 + (numbers * frequency / brightness) ** 2)
        spectrum[0] = 0.0
        wave = np.fft.irfft(spectrum, n)
        return STROKE_RMS * wave / max(1e-9, math.sqrt(float(np.square(wave).mean())))
