"""Clouds of grains as a source of sound."""

from __future__ import annotations

import math

import numpy as np

from .controls import Segments, VoiceState
from .patch import GrainTable
from .source import VoiceSource
from .spectra import harmonic_spectrum
from .wavetables import make_wavetables

MAX_GRAINS = 24


class GrainSource(VoiceSource):
    """The grains of a patch: a modulation of ``morph`` by 1 makes them four times as dense."""

    n_channels = 2

    def __init__(self, settings: GrainTable, n_voices: int, sample_rate: int) -> None:
        from .grain_kernels import GrainBank  # numba is slow to import

        self._sample_rate = float(sample_rate)
        tables = make_wavetables([harmonic_spectrum(settings.harmonics)])
        length = max(2.0, round(settings.length_s * sample_rate))
        cloud = (sample_rate / settings.density_hz, length, settings.pitch_jitter_cents / 100.0, settings.spread)
        self._bank = bank = GrainBank(
            cloud=np.array(cloud),
            chord=np.array(settings.chord, np.float64),
            samples=tables.samples,
            offsets=tables.offsets[0],
            shifts=tables.shifts,
            level_of=tables.level_of,
            grains=np.full((n_voices, MAX_GRAINS, 4), 2**40, np.int64),
            gains=np.zeros((n_voices, MAX_GRAINS, 2)),
            waits=np.zeros(n_voices),
            seeds=np.zeros(n_voices, np.int64),
            counts=np.zeros(n_voices, np.int64),
        )
        self._rows = bank.grains, bank.gains, bank.waits, bank.seeds, bank.counts

    def start(self, voice: int, key: float, velocity: float, seed: int) -> float:
        """Start a cloud, see :meth:`.source.VoiceSource.start`."""
        bank = self._bank
        bank.grains[voice] = 2**40
        bank.waits[voice] = 0.0
        bank.counts[voice] = 0
        bank.seeds[voice] = seed
        return math.inf

    def render(self, state: VoiceState, segments: Segments, n_segments: int, output: np.ndarray) -> None:
        """Fill the outputs, see :meth:`.source.VoiceSource.render`."""
        from .grain_kernels import render_grains

        render_grains(self._bank, segments, n_segments, self._sample_rate, output)
