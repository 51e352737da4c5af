"""Frequency modulation by six operators, compiled by numba."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ..dsp.compiled import compiled, inlined
from .controls import ATTACK, CONTROL_SAMPLES, DECAY, FM, HOLD, LEVEL, PITCH, RELEASE, Segments
from .oscillator_kernels import PHASE_MASK, frequency_of, increment_of

N_OPERATORS = 6
STEP = 1.0 / 4_294_967_296.0
PER_RADIAN = 1.0 / (2.0 * math.pi)


class OperatorBank(NamedTuple):
    """Settings and state of the operators."""

    modulators: np.ndarray  # (6, 6): 1 at [a, b] if a modulates b
    carriers: np.ndarray  # (6,) 1 or 0
    loop: np.ndarray  # (2,) int64: source and target of the feedback
    feedback: np.ndarray  # (1,) in cycles
    pitches: np.ndarray  # (6, 2): ratio, or a fixed frequency in cycles a sample
    envelopes: np.ndarray  # (6, 5), see ControlProgram
    levels: np.ndarray  # (voices, 6)
    phases: np.ndarray  # (voices, 6) int64
    stages: np.ndarray  # (voices, 6) int64
    held: np.ndarray  # (voices, 6)
    ends: np.ndarray  # (voices, 2, 6): envelopes at both ends of the block
    positions: np.ndarray  # (voices,) int64: samples of the block that are over
    history: np.ndarray  # (voices, 2): last outputs in the loop
    memory: np.ndarray  # (7, block): outputs of the operators, and a modulation


@inlined(_nrt=False)
def sine(cycles: float) -> float:
    """Return the sine of a phase in cycles, right to 1e-7."""
    t = cycles - math.floor(cycles + 0.5)
    v = 0.25 - abs(abs(t) - 0.25)
    square = v * v
    value = v * (
        6.283185307
        + square
        * (
            -41.34170224
            + square * (81.60524928 + square * (-76.70585975 + square * (42.05869394 - square * 15.09464258)))
        )
    )
    return value if t >= 0.0 else -value


@inlined(_nrt=False)
def _advance_operators(bank: OperatorBank, voice: int, is_released: bool) -> None:
    """Begin a block: the envelopes at its end."""
    fraction = bank.positions[voice] / CONTROL_SAMPLES
    bank.positions[voice] = 0
    for number in range(N_OPERATORS):
        start, end = bank.ends[voice, 0, number], bank.ends[voice, 1, number]
        level = start + (end - start) * fraction
        stage = bank.stages[voice, number]
        if is_released:
            stage = RELEASE
        if stage == ATTACK and level >= 1.0:
            stage = HOLD
        if stage == HOLD and bank.held[voice, number] >= bank.envelopes[number, 1]:
            stage = DECAY
        bank.stages[voice, number] = stage
        bank.ends[voice, 0, number] = level
        if stage == ATTACK:
            level = min(1.0, level + bank.envelopes[number, 0] * CONTROL_SAMPLES)
        elif stage == HOLD:
            bank.held[voice, number] += CONTROL_SAMPLES
        elif stage == DECAY:
            sustain = bank.envelopes[number, 3]
            level = sustain + (level - sustain) * math.exp(-bank.envelopes[number, 2] * CONTROL_SAMPLES)
        else:
            level *= math.exp(-bank.envelopes[number, 4] * CONTROL_SAMPLES)
        bank.ends[voice, 1, number] = level


@inlined(_nrt=False)
def _sum_modulators(bank: OperatorBank, number: int, n: int, modulation: np.ndarray) -> None:
    for i in range(n):
        modulation[i] = 0.0
    for other in range(number + 1, N_OPERATORS):
        if bank.modulators[other, number] != 0.0:
            for i in range(n):
                modulation[i] += bank.memory[other, i]


@inlined(_nrt=False)
def _render_operator(
    bank: OperatorBank,
    voice: int,
    number: int,
    values: np.ndarray,
    steps: np.ndarray,
    position: int,
    n: int,
    rate: float,
) -> None:
    increment = increment_of(bank.pitches[number, 1], 1.0)
    if bank.pitches[number, 0] > 0.0:
        pitch = values[PITCH] + 0.5 * CONTROL_SAMPLES * steps[PITCH]
        increment = increment_of(frequency_of(pitch, rate), bank.pitches[number, 0])
    now = bank.phases[voice, number]
    bank.phases[voice, number] = (now + n * increment) & PHASE_MASK
    start, end = bank.ends[voice, 0, number], bank.ends[voice, 1, number]
    level = bank.levels[voice, number]
    index, index_step = 1.0, 0.0
    if bank.carriers[number] == 0.0:
        index, index_step = max(0.0, values[FM]), steps[FM]
        level *= PER_RADIAN
    slope = (end - start) / CONTROL_SAMPLES
    modulation = bank.memory[N_OPERATORS]
    _sum_modulators(bank, number, n, modulation)
    output = bank.memory[number]
    is_loop = bank.loop[1] == number
    first, second = bank.history[voice, 0], bank.history[voice, 1]
    for i in range(n):
        at = ((now + i * increment) & PHASE_MASK) * STEP
        gain = level * (start + slope * (position + i)) * (index + index_step * (position + i))
        if is_loop:
            at += 0.5 * bank.feedback[0] * (first + second)
        value = sine(at + modulation[i])
        output[i] = gain * value
        if is_loop:
            second = first
            first = value * (start + slope * (position + i))
    if is_loop:
        bank.history[voice, 0] = first
        bank.history[voice, 1] = second


@compiled("the frequency modulation of the synthesiser", _nrt=False)
def render_operators(
    bank: OperatorBank, stages: np.ndarray, segments: Segments, n_segments: int, sample_rate: float, output: np.ndarray
) -> None:
    """Fill the outputs of the voices.

    - ``stages``: stages of the voices' own envelopes, the level first.
    """
    for voice in range(output.shape[1]):
        for number in range(n_segments):
            start, n = segments.starts[number], segments.lengths[number]
            position = segments.positions[number]
            target = output[0, voice, start : start + n]
            target[:] = np.float32(0.0)
            values, steps = segments.values[number, voice], segments.steps[number, voice]
            if values[LEVEL] == 0.0 and steps[LEVEL] == 0.0:
                continue
            if position == 0:
                _advance_operators(bank, voice, stages[voice, 0] >= RELEASE)
            bank.positions[voice] = position + n
            for operator in range(N_OPERATORS - 1, -1, -1):
                if bank.levels[voice, operator] != 0.0:
                    _render_operator(bank, voice, operator, values, steps, position, n, sample_rate)
                    if bank.carriers[operator] != 0.0:
                        for i in range(n):
                            target[i] += np.float32(bank.memory[operator, i])
                else:
                    for i in range(n):
                        bank.memory[operator, i] = 0.0
