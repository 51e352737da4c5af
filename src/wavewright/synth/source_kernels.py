"""Frequency modulation, strings, struck bodies and grains, compiled by numba."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ..dsp.compiled import compiled, inlined
from .controls import ATTACK, CONTROL_SAMPLES, DECAY, FM, HOLD, LEVEL, MORPH, PITCH, RELEASE, Segments
from .noise_kernels import noise_sample
from .oscillator_kernels import CYCLE, HIGHEST_FREQUENCY, PHASE_MASK, frequency_of, increment_of

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
    """Fill the outputs of the voices; the level is first of the stages of their own envelopes."""
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


SILENCE = 1e-9


class ModeBank(NamedTuple):
    """Settings and state of modes."""

    ratios: np.ndarray  # (modes,)
    decays: np.ndarray  # (voices, modes): factor a sample
    states: np.ndarray  # (voices, 2, modes): sine and cosine
    rotations: np.ndarray  # (voices, 2, modes): of the last pitch
    pitches: np.ndarray  # (voices,) the last pitch
    noise: np.ndarray  # (voices, 2): level, factor a sample
    seeds: np.ndarray  # (voices,) int64
    counts: np.ndarray  # (voices,) int64


@inlined(_nrt=False)
def _set_pitch(bank: ModeBank, voice: int, pitch: float, sample_rate: float) -> None:
    """Set the rotations of the modes, if the pitch has changed."""
    if pitch == bank.pitches[voice]:
        return
    bank.pitches[voice] = pitch
    frequency = frequency_of(pitch, sample_rate)
    for mode in range(len(bank.ratios)):
        cycles = frequency * bank.ratios[mode]
        decay = bank.decays[voice, mode] if cycles < HIGHEST_FREQUENCY else 0.0
        bank.rotations[voice, 0, mode] = decay * math.sin(2.0 * math.pi * cycles)
        bank.rotations[voice, 1, mode] = decay * math.cos(2.0 * math.pi * cycles)


@inlined(_nrt=False)
def _add_mode(states: np.ndarray, rotations: np.ndarray, mode: int, is_start: bool, output: np.ndarray) -> None:
    sine, cosine = states[0, mode], states[1, mode]
    if is_start and abs(sine) + abs(cosine) < SILENCE:
        sine = cosine = 0.0
    if sine != 0.0 or cosine != 0.0:
        turn, along = rotations[0, mode], rotations[1, mode]
        for i in range(len(output)):
            output[i] += np.float32(sine)
            next_sine = sine * along + cosine * turn
            cosine = cosine * along - sine * turn
            sine = next_sine
    states[0, mode] = sine
    states[1, mode] = cosine


@inlined(_nrt=False)
def _add_contact(bank: ModeBank, voice: int, is_start: bool, output: np.ndarray) -> None:
    """Add the noise of the contact."""
    level, factor = bank.noise[voice]
    if is_start and level < SILENCE:
        level = 0.0
    if level > 0.0:
        for i in range(len(output)):
            output[i] += np.float32(level * noise_sample(bank.seeds[voice], bank.counts[voice] + i))
            level *= factor
    bank.noise[voice, 0] = level
    bank.counts[voice] += len(output)


@compiled("the modes of the synthesiser", _nrt=False)
def render_modes(bank: ModeBank, segments: Segments, n_segments: int, sample_rate: float, output: np.ndarray) -> None:
    """Fill the outputs of the voices."""
    for voice in range(output.shape[1]):
        for number in range(n_segments):
            start, n = segments.starts[number], segments.lengths[number]
            target = output[0, voice, start : start + n]
            target[:] = np.float32(0.0)
            values, steps = segments.values[number, voice], segments.steps[number, voice]
            if values[LEVEL] == 0.0 and steps[LEVEL] == 0.0:
                continue
            is_start = segments.positions[number] == 0
            _set_pitch(bank, voice, values[PITCH], sample_rate)
            for mode in range(len(bank.ratios)):
                _add_mode(bank.states[voice], bank.rotations[voice], mode, is_start, target)
            _add_contact(bank, voice, is_start, target)


SHORTEST_DELAY = 2.0
DENORMAL_GUARD = 1e-30


class StringBank(NamedTuple):
    """Settings and state of strings."""

    lines: np.ndarray  # (voices, length) float32, a power of two
    heads: np.ndarray  # (voices,) int64: next sample to write
    loops: np.ndarray  # (voices, 3): gain, pole, amplitude of the bow
    filters: np.ndarray  # (voices, 2): states of the loss and of the bow's noise
    seeds: np.ndarray  # (voices,) int64
    counts: np.ndarray  # (voices,) int64


@inlined(_nrt=False)
def _delay(pitch: float, pole: float, sample_rate: float, longest: float) -> float:
    """Return the delay of the line, so that the loop with its filter has the period of the pitch."""
    angle = 2.0 * math.pi * frequency_of(pitch, sample_rate)
    filter_delay = math.atan2(pole * math.sin(angle), 1.0 - pole * math.cos(angle)) / angle
    return min(max(2.0 * math.pi / angle - filter_delay, SHORTEST_DELAY), longest)


@compiled("the strings of the synthesiser", _nrt=False)
def render_strings(
    bank: StringBank, stages: np.ndarray, segments: Segments, n_segments: int, sample_rate: float, output: np.ndarray
) -> None:
    """Fill the outputs of the voices; arguments as those of :func:`.source_kernels.render_operators`."""
    length = bank.lines.shape[1]
    wrap = length - 1
    for voice in range(output.shape[1]):
        line = bank.lines[voice]
        gain, pole, bow = bank.loops[voice]
        for number in range(n_segments):
            start, n = segments.starts[number], segments.lengths[number]
            position = segments.positions[number]
            target = output[0, voice, start : start + n]
            values, steps = segments.values[number, voice], segments.steps[number, voice]
            if values[LEVEL] == 0.0 and steps[LEVEL] == 0.0:
                target[:] = np.float32(0.0)
                continue
            delay = _delay(values[PITCH], pole, sample_rate, length - 4.0)
            slope = 0.0
            if steps[PITCH] != 0.0:
                end = _delay(values[PITCH] + CONTROL_SAMPLES * steps[PITCH], pole, sample_rate, length - 4.0)
                slope = (end - delay) / CONTROL_SAMPLES
            force = bow if stages[voice, 0] < RELEASE else 0.0
            head = bank.heads[voice]
            loss, rosin = bank.filters[voice]
            for i in range(n):
                ago = delay + slope * (position + i)
                whole = int(ago)
                t = ago - whole
                at = head - whole
                after, here = float(line[(at + 1) & wrap]), float(line[at & wrap])
                before, earlier = float(line[(at - 1) & wrap]), float(line[(at - 2) & wrap])
                u, w, z = t + 1.0, t - 1.0, t - 2.0
                value = 0.5 * (u * w * z * here - u * t * z * before) + (u * t * w * earlier - t * w * z * after) / 6.0
                loss = (1.0 - pole) * value + pole * loss + DENORMAL_GUARD
                sample = gain * loss
                if force > 0.0:
                    rosin += 0.3 * (noise_sample(bank.seeds[voice], bank.counts[voice] + i) - rosin)
                    sample += force * rosin
                line[head & wrap] = np.float32(sample)
                target[i] = np.float32(sample)
                head += 1
            bank.heads[voice] = head & wrap
            bank.counts[voice] += n
            bank.filters[voice, 0] = loss
            bank.filters[voice, 1] = rosin


MAX_GRAINS = 24
RANDOM_NUMBERS = 8
"""Random numbers of each grain."""


class GrainBank(NamedTuple):
    """Settings and state of grains."""

    cloud: np.ndarray  # (4,): samples from grain to grain, samples of a grain, jitter in semitones, spread
    chord: np.ndarray  # (pitches,) semitones
    samples: np.ndarray  # (points,) float32
    offsets: np.ndarray  # (levels,) int64
    shifts: np.ndarray  # (levels,) int64
    level_of: np.ndarray  # (1 + harmonics,) int64
    grains: np.ndarray  # (voices, grains, 4) int64: age (or -1), phase, increment, level
    gains: np.ndarray  # (voices, grains, 2)
    waits: np.ndarray  # (voices,): samples to the next grain
    seeds: np.ndarray  # (voices,) int64
    counts: np.ndarray  # (voices,) int64


@inlined(_nrt=False)
def _begin(
    bank: GrainBank, voice: int, pitch: float, density: float, sample_rate: float, delay: int, position: int
) -> None:
    """Begin a grain in a slot that was free at the start of the block, if there is one."""
    number = bank.counts[voice] * RANDOM_NUMBERS
    bank.counts[voice] += 1
    seed = bank.seeds[voice]
    bank.waits[voice] += max(1.0, math.floor(bank.cloud[0] / density * (1.0 + 0.5 * noise_sample(seed, number))))
    for slot in range(MAX_GRAINS):
        if bank.grains[voice, slot, 0] - position >= bank.cloud[1]:
            choice = int((noise_sample(seed, number + 1) * 0.5 + 0.5) * len(bank.chord)) % len(bank.chord)
            semitones = pitch + bank.chord[choice] + bank.cloud[2] * noise_sample(seed, number + 2)
            increment = increment_of(frequency_of(semitones, sample_rate), 1.0)
            n_harmonics = int(min(float(len(bank.level_of) - 1), 0.5 * CYCLE / max(increment, 1)))
            bank.grains[voice, slot, 0] = -delay
            bank.grains[voice, slot, 1] = int((noise_sample(seed, number + 3) * 0.5 + 0.5) * CYCLE)
            bank.grains[voice, slot, 2] = increment
            bank.grains[voice, slot, 3] = bank.level_of[n_harmonics]
            angle = (1.0 + bank.cloud[3] * noise_sample(seed, number + 4)) * math.pi / 4.0
            bank.gains[voice, slot, 0] = math.cos(angle)
            bank.gains[voice, slot, 1] = math.sin(angle)
            break


@inlined(_nrt=False)
def _add_grain(bank: GrainBank, voice: int, slot: int, n: int, left: np.ndarray, right: np.ndarray) -> None:
    age, phase, increment, level = bank.grains[voice, slot]
    length = bank.cloud[1]
    bank.grains[voice, slot, 0] = age + n
    if age >= length:
        return
    shift, offset = bank.shifts[level], bank.offsets[level]
    mask, scale = (1 << shift) - 1, 1.0 / (1 << shift)
    left_gain, right_gain = bank.gains[voice, slot]
    for i in range(max(0, -age), n):
        t = (age + i) / length
        if t >= 1.0:
            break
        at = (phase + (age + i) * increment) & PHASE_MASK
        index = offset + (at >> shift)
        fraction = (at & mask) * scale
        value = bank.samples[index] + fraction * (bank.samples[index + 1] - bank.samples[index])
        window = 4.0 * t * (1.0 - t)
        value *= window * window
        left[i] += np.float32(left_gain * value)
        right[i] += np.float32(right_gain * value)


@compiled("the grains of the synthesiser", _nrt=False)
def render_grains(bank: GrainBank, segments: Segments, n_segments: int, sample_rate: float, output: np.ndarray) -> None:
    """Fill the outputs of the voices ``(2, voices, time)``; arguments as in :func:`render_modes`."""
    output[:] = np.float32(0.0)
    for voice in range(output.shape[1]):
        for number in range(n_segments):
            values, steps = segments.values[number, voice], segments.steps[number, voice]
            if values[LEVEL] == 0.0 and steps[LEVEL] == 0.0:
                continue
            start, n = segments.starts[number], segments.lengths[number]
            density = 4.0 ** min(max(values[MORPH], -1.0), 1.0)
            while bank.waits[voice] < n:
                delay = int(max(0.0, bank.waits[voice]))
                _begin(bank, voice, values[PITCH], density, sample_rate, delay, segments.positions[number])
            bank.waits[voice] -= n
            left, right = output[0, voice, start : start + n], output[1, voice, start : start + n]
            for slot in range(MAX_GRAINS):
                _add_grain(bank, voice, slot, n, left, right)
