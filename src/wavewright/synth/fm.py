"""Frequency modulation as a source of sound: six operators in one of 32 algorithms."""

from __future__ import annotations

import math

import numpy as np

from .controls import CONTROL_SAMPLES, Segments, VoiceState, envelope_settings
from .fm_algorithms import ALGORITHMS
from .patch import N_OPERATORS, FMTable, OperatorTable
from .source import VoiceSource

MIDDLE_KEY = 60.0


class FMSource(VoiceSource):
    """The operators of a patch.

    Operators that the patch leaves out are silent. A loop over several operators feeds its target with the target's own
    outputs.
    """

    def __init__(self, settings: FMTable, n_voices: int, sample_rate: int) -> None:
        from .fm_kernels import OperatorBank  # numba is slow to import

        algorithm = ALGORITHMS[settings.algorithm - 1]
        self._operators = settings.operators
        self._sample_rate = float(sample_rate)
        carriers = np.zeros(N_OPERATORS)
        carriers[[number - 1 for number in algorithm.carriers]] = 1.0
        pitches, envelopes = np.zeros((N_OPERATORS, 2)), np.zeros((N_OPERATORS, 5))
        for number, operator in enumerate(settings.operators):
            if operator.fixed_hz is None:
                pitches[number, 0] = operator.ratio * 2.0 ** (operator.cents / 1_200.0)
            else:
                pitches[number, 1] = operator.fixed_hz / sample_rate
            envelopes[number] = envelope_settings(operator.envelope, sample_rate)
        self._bank = bank = OperatorBank(
            modulators=algorithm.matrix(),
            carriers=carriers,
            loop=np.array([number - 1 for number in algorithm.feedback], np.int64),
            feedback=np.array([settings.feedback / (2.0 * math.pi)]),
            pitches=pitches,
            envelopes=envelopes,
            levels=np.zeros((n_voices, N_OPERATORS)),
            phases=np.zeros((n_voices, N_OPERATORS), np.int64),
            stages=np.zeros((n_voices, N_OPERATORS), np.int64),
            held=np.zeros((n_voices, N_OPERATORS)),
            ends=np.zeros((n_voices, 2, N_OPERATORS)),
            positions=np.zeros(n_voices, np.int64),
            history=np.zeros((n_voices, 2)),
            memory=np.zeros((N_OPERATORS + 1, CONTROL_SAMPLES)),
        )
        self._rows = bank.levels, bank.phases, bank.stages, bank.held, bank.ends, bank.positions, bank.history

    def start(self, voice: int, key: float, velocity: float, seed: int) -> float:
        """Start the envelopes, see :meth:`.source.VoiceSource.start`."""
        bank = self._bank
        for array in (bank.phases, bank.stages, bank.held, bank.ends, bank.positions, bank.history):
            array[voice] = 0
        bank.ends[voice] = bank.envelopes[:, 0] >= 1.0  # without an attack
        bank.levels[voice, : len(self._operators)] = [_level(each, key, velocity) for each in self._operators]
        return math.inf

    def render(self, state: VoiceState, segments: Segments, n_segments: int, output: np.ndarray) -> None:
        """Fill the outputs, see :meth:`.source.VoiceSource.render`."""
        from .fm_kernels import render_operators

        render_operators(self._bank, state.stages, segments, n_segments, self._sample_rate, output)


def _level(operator: OperatorTable, key: float, velocity: float) -> float:
    """Return the level of an operator for a key and a velocity."""
    scaling = 10.0 ** (operator.key_scaling_db * (key - MIDDLE_KEY) / 12.0 / 20.0)
    return float(operator.level * min(scaling, 16.0) * (1.0 - operator.velocity * (1.0 - velocity)))
