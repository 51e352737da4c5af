"""Struck bodies as a source of sound: modes that decay, and a noise of contact."""

from __future__ import annotations

import math

import numpy as np

from .controls import DECAY_NEPERS, Segments, VoiceState
from .patch import ModalTable
from .source import VoiceSource

REFERENCE_KEY = 60.0
SILENT_DECAYS = 1.5


class ModalSource(VoiceSource):
    """The modes of a patch."""

    def __init__(self, settings: ModalTable, n_voices: int, sample_rate: int) -> None:
        from .modal_kernels import ModeBank  # numba is slow to import

        self._settings = settings
        self._sample_rate = float(sample_rate)
        self._decays_s = np.array([mode.decay_s for mode in settings.modes])
        self._levels = np.array([mode.level for mode in settings.modes])
        n = len(settings.modes)
        self._bank = ModeBank(
            ratios=np.array([mode.ratio for mode in settings.modes]),
            decays=np.zeros((n_voices, n)),
            states=np.zeros((n_voices, 2, n)),
            rotations=np.zeros((n_voices, 2, n)),
            pitches=np.zeros(n_voices),
            noise=np.zeros((n_voices, 2)),
            seeds=np.zeros(n_voices, np.int64),
            counts=np.zeros(n_voices, np.int64),
        )
        self._rows = tuple(self._bank)[1:]

    def start(self, voice: int, key: float, velocity: float, seed: int) -> float:
        """Strike, see :meth:`.source.VoiceSource.start`; a soft stroke excites fewer high modes."""
        bank, settings = self._bank, self._settings
        frequencies = 440.0 * 2.0 ** ((key - 69.0) / 12.0) * bank.ratios
        hardness = settings.hardness_hz * (0.25 + 0.75 * velocity)
        amplitudes = self._levels / (1.0 + (frequencies / hardness) ** 2)
        decays_s = self._decays_s * 2.0 ** (-settings.key_scaling * (key - REFERENCE_KEY) / 12.0)
        bank.decays[voice] = np.exp(-DECAY_NEPERS / (decays_s * self._sample_rate))
        bank.states[voice, 0] = 0.0
        bank.states[voice, 1] = np.where(frequencies < 0.49 * self._sample_rate, amplitudes, 0.0)
        bank.pitches[voice] = math.nan
        bank.noise[voice] = settings.noise, math.exp(-DECAY_NEPERS / (settings.noise_s * self._sample_rate))
        bank.seeds[voice] = seed
        bank.counts[voice] = 0
        return SILENT_DECAYS * float(decays_s.max()) * self._sample_rate

    def render(self, state: VoiceState, segments: Segments, n_segments: int, output: np.ndarray) -> None:
        """Fill the outputs, see :meth:`.source.VoiceSource.render`."""
        from .modal_kernels import render_modes

        render_modes(self._bank, segments, n_segments, self._sample_rate, output)
