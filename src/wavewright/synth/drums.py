"""Drums as a source of sound: every key of a kit has a drum of its own."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from .controls import DECAY_NEPERS, Segments, VoiceState
from .patch import DrumTable
from .source import VoiceSource

CLICK_S = 0.004
BURST_NEPERS = 3.0
SILENT_DECAYS = 1.5
NOISE_KINDS = ("band-pass", "high-pass", "low-pass")


class DrumSource(VoiceSource):
    """The drums of a kit; keys without a drum are silent."""

    n_channels = 2

    def __init__(self, drums: Sequence[DrumTable], n_voices: int, sample_rate: int) -> None:
        from .drum_kernels import N_PHASES, N_SETTINGS, DrumBank  # numba is slow to import

        self._sample_rate = float(sample_rate)
        self._drums = {drum.key: drum for drum in drums}
        self._bank = DrumBank(
            settings=np.zeros((n_voices, N_SETTINGS)),
            phases=np.zeros((n_voices, N_PHASES)),
            envelopes=np.zeros((n_voices, 5)),
            filters=np.zeros((n_voices, 2)),
            seeds=np.zeros(n_voices, np.int64),
            counts=np.zeros(n_voices, np.int64),
        )
        self._rows = tuple(self._bank)

    def start(self, voice: int, key: float, velocity: float, seed: int) -> float:
        """Strike the drum of a key, see :meth:`.source.VoiceSource.start`."""
        bank = self._bank
        drum = self._drums.get(round(key))
        if drum is None:
            bank.settings[voice] = 0.0
            return 0.0
        bank.settings[voice] = _settings_of(drum, self._sample_rate)
        bank.phases[voice] = 0.0
        bank.phases[voice, 2:] = np.random.default_rng(seed).random(bank.phases.shape[1] - 2)
        bank.envelopes[voice] = 1.0
        bank.filters[voice] = 0.0
        bank.seeds[voice] = seed
        bank.counts[voice] = 0
        decays = {drum.tone_decay_s: drum.tone_level + drum.overtone_level, drum.metal_decay_s: drum.metal_level}
        decays |= {drum.noise_decay_s: drum.noise_level, CLICK_S: 1.0}
        longest = max(seconds for seconds, level in decays.items() if level > 0)
        return (SILENT_DECAYS * longest + drum.bursts * drum.burst_s) * self._sample_rate

    def render(self, state: VoiceState, segments: Segments, n_segments: int, output: np.ndarray) -> None:
        """Fill the outputs, see :meth:`.source.VoiceSource.render`."""
        from .drum_kernels import render_drums

        render_drums(self._bank, segments, n_segments, output)


def _settings_of(drum: DrumTable, sample_rate: float) -> np.ndarray:
    """Return the settings of a drum for the compiled loop, see :mod:`.drum_kernels`."""

    def factor(seconds: float, nepers: float = DECAY_NEPERS) -> float:
        return math.exp(-nepers / max(1.0, seconds * sample_rate))

    burst = max(1, round(drum.burst_s * sample_rate))
    angle = (drum.pan + 1.0) * math.pi / 4.0
    return np.array(
        [
            *(drum.tone_hz / sample_rate, drum.tone_level),
            *(2.0 ** (drum.sweep_semitones / 12.0) - 1.0, factor(drum.sweep_s, BURST_NEPERS)),
            *(factor(drum.tone_decay_s), drum.overtone_ratio, drum.overtone_level),
            *(drum.metal_hz / sample_rate, drum.metal_level, factor(drum.metal_decay_s)),
            *(drum.noise_level, factor(drum.noise_decay_s)),
            *(math.tan(math.pi * min(drum.noise_hz / sample_rate, 0.47)), 1.0 / drum.noise_q),
            NOISE_KINDS.index(drum.noise_kind),
            *(burst, burst * (drum.bursts - 1), factor(drum.burst_s, BURST_NEPERS)),
            *(drum.click_level, factor(CLICK_S)),
            1.0 / max(1.0, drum.attack_s * sample_rate),
            10.0 ** (drum.drive_db / 20.0) if drum.drive_db else 0.0,
            *(drum.level, math.sqrt(2.0) * math.cos(angle), math.sqrt(2.0) * math.sin(angle)),
        ]
    )
