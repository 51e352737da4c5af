"""Controls of voices over time, and their sums as output, compiled by numba."""

from __future__ import annotations

import math

import numpy as np

from ..dsp.compiled import compiled, inlined
from .controls import (
    ATTACK,
    CONTROL_SAMPLES,
    DECAY,
    FIRST_ENVELOPE,
    FIRST_LFO,
    HOLD,
    KILL,
    LEVEL,
    N_DESTINATIONS,
    OFF,
    PAN,
    PITCH,
    RELEASE,
    ControlProgram,
    Segments,
    VoiceState,
)

SILENCE = 3e-5
SINE, TRIANGLE, SAW, SQUARE = range(4)
MIDDLE_KEY = 60.0
LOWEST_PITCH, HIGHEST_PITCH = -96.0, 240.0
BLOCK_FRACTION = 1.0 / CONTROL_SAMPLES


@inlined(_nrt=False)
def random_number(seed: int) -> float:
    """Return a number in [-1, 1) that a seed determines (S. Vigna, SplitMix64)."""
    mixed = np.uint64(seed) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed = mixed ^ (mixed >> np.uint64(31))
    return float(np.int64(mixed >> np.uint64(11))) * (2.0 / 9007199254740992.0) - 1.0


@inlined(_nrt=False)
def _lfo_value(shape: float, cycles: float, seed: float) -> float:
    t = cycles - math.floor(cycles)
    if shape == SINE:
        return math.sin(2.0 * math.pi * t)
    if shape == TRIANGLE:
        return 4.0 * abs(((t + 0.75) % 1.0) - 0.5) - 1.0
    if shape == SAW:
        return 2.0 * t - 1.0
    if shape == SQUARE:
        return 1.0 if t < 0.5 else -1.0
    return random_number(math.floor(cycles) + int((seed + 2.0) * 1_000_000.0))


@inlined(_nrt=False)
def _advance_envelope(state: VoiceState, settings: np.ndarray, row: int, voice: int, kill: float) -> None:
    level = state.envelopes[voice, 1, row]
    stage = state.stages[voice, row]
    if stage == ATTACK and level >= 1.0:
        stage = HOLD
    if stage == HOLD and state.held[voice, row] >= settings[row, 1]:
        stage = DECAY
    state.envelopes[voice, 0, row] = level
    if stage == ATTACK:
        level = min(1.0, level + settings[row, 0] * CONTROL_SAMPLES)
    elif stage == HOLD:
        state.held[voice, row] += CONTROL_SAMPLES
    elif stage == DECAY:
        sustain = settings[row, 3]
        level = sustain + (level - sustain) * math.exp(-settings[row, 2] * CONTROL_SAMPLES)
    elif stage == RELEASE:
        level *= math.exp(-settings[row, 4] * CONTROL_SAMPLES)
    elif stage == KILL:
        level = max(0.0, level - kill * CONTROL_SAMPLES)
    is_ending = stage >= RELEASE or (stage == DECAY and settings[row, 3] == 0.0)
    if row == 0 and is_ending and level < SILENCE:
        stage = OFF if state.envelopes[voice, 0, row] == 0.0 else stage
        level = 0.0
    state.stages[voice, row] = stage
    state.envelopes[voice, 1, row] = level


@inlined(_nrt=False)
def _fill_sources(
    state: VoiceState, program: ControlProgram, wheel: float, side: int, voice: int, sources: np.ndarray
) -> None:
    sources[0] = state.constants[voice, 0]
    sources[1] = (state.pitch[voice, side] - MIDDLE_KEY) / 12.0
    sources[2] = state.constants[voice, 1]
    sources[3] = wheel
    for row in range(len(program.envelopes)):
        sources[FIRST_ENVELOPE + row] = state.envelopes[voice, side, row]
    age = state.age[voice, 0] - CONTROL_SAMPLES * (1 - side)
    for row in range(len(program.lfos)):
        fade = 1.0
        past = age - program.lfos[row, 1]
        if past < 0.0:
            fade = 0.0
        elif past < program.lfos[row, 2]:
            fade = past / program.lfos[row, 2]
        value = _lfo_value(program.lfos[row, 3], state.lfos[voice, side, row], state.constants[voice, 1] + row)
        sources[FIRST_LFO + row] = fade * value


@inlined(_nrt=False)
def _fill_controls(
    state: VoiceState, program: ControlProgram, bend: float, side: int, voice: int, sources: np.ndarray
) -> None:
    for row in range(N_DESTINATIONS):
        state.controls[voice, side, row] = program.base[row]
    for number in range(len(program.routes)):
        amount = program.amounts[number] * sources[program.routes[number, 0]]
        if program.routes[number, 2] >= 0:
            amount *= sources[program.routes[number, 2]]
        state.controls[voice, side, program.routes[number, 1]] += amount
    pitch = state.controls[voice, side, PITCH] + state.pitch[voice, side] + bend
    state.controls[voice, side, PITCH] = min(max(pitch, LOWEST_PITCH), HIGHEST_PITCH)
    level = max(0.0, 1.0 + state.controls[voice, side, LEVEL])
    state.controls[voice, side, LEVEL] = level * state.envelopes[voice, side, 0] * state.gain[voice]


@inlined(_nrt=False)
def _advance_voice(
    state: VoiceState, program: ControlProgram, wheel: float, bend: float, voice: int, sources: np.ndarray
) -> None:
    if state.stages[voice, 0] == OFF:
        state.controls[voice, 0, LEVEL] = 0.0
        state.controls[voice, 1, LEVEL] = 0.0
        return
    if state.age[voice, 0] > state.age[voice, 1] and state.stages[voice, 0] < KILL:
        state.stages[voice, 0] = KILL
    for row in range(len(program.envelopes)):
        _advance_envelope(state, program.envelopes, row, voice, program.kill)
    for row in range(len(program.lfos)):
        state.lfos[voice, 0, row] = state.lfos[voice, 1, row]
        state.lfos[voice, 1, row] += program.lfos[row, 0] * CONTROL_SAMPLES
    target = state.pitch[voice, 2]
    pitch = state.pitch[voice, 1]
    most = state.glide[voice] * CONTROL_SAMPLES
    state.pitch[voice, 0] = pitch
    state.pitch[voice, 1] = pitch + min(max(target - pitch, -most), most)
    state.age[voice, 0] += CONTROL_SAMPLES
    if state.is_fresh[voice]:
        state.is_fresh[voice] = 0
        _fill_sources(state, program, wheel, 0, voice, sources)
        _fill_controls(state, program, bend, 0, voice, sources)
    else:
        for row in range(N_DESTINATIONS):
            state.controls[voice, 0, row] = state.controls[voice, 1, row]
    _fill_sources(state, program, wheel, 1, voice, sources)
    _fill_controls(state, program, bend, 1, voice, sources)


@compiled("the envelopes of the synthesiser", _nrt=False)
def advance_controls(
    state: VoiceState,
    program: ControlProgram,
    wheel: float,
    bend: float,
    n_voices: int,
    position: int,
    n_samples: int,
    segments: Segments,
) -> tuple[int, int]:
    """Compute the controls of a chunk.

    - ``position``: samples of the current block that are over; CONTROL_SAMPLES where the next block begins.
    - returns ``position``: after the chunk.
    """
    sources = segments.sources
    start = 0
    number = 0
    while start < n_samples:
        if position == CONTROL_SAMPLES:
            position = 0
            for voice in range(n_voices):
                _advance_voice(state, program, wheel, bend, voice, sources)
        n = min(CONTROL_SAMPLES - position, n_samples - start)
        segments.starts[number] = start
        segments.lengths[number] = n
        segments.positions[number] = position
        for voice in range(n_voices):
            for row in range(N_DESTINATIONS):
                first = state.controls[voice, 0, row]
                segments.values[number, voice, row] = first
                segments.steps[number, voice, row] = (state.controls[voice, 1, row] - first) * BLOCK_FRACTION
        start += n
        position += n
        number += 1
    return position, number


SMALLEST_CHANGE = 1e-7


@inlined(_nrt=False)
def _pan_gain(pan: float, channel: int) -> float:
    """Return a gain of constant power, 1 in the middle."""
    if pan == 0.0:
        return 1.0
    angle = (min(max(pan, -1.0), 1.0) + 1.0) * math.pi / 4.0
    return math.sqrt(2.0) * (math.cos(angle) if channel == 0 else math.sin(angle))


@compiled("the levels of the synthesiser", _nrt=False)
def mix_voices(segments: Segments, n_segments: int, block: np.ndarray, output: np.ndarray) -> None:
    """Add the voices to a stereo output."""
    for voice in range(block.shape[1]):
        for number in range(n_segments):
            level = segments.values[number, voice, LEVEL]
            step = segments.steps[number, voice, LEVEL]
            if level == 0.0 and step == 0.0:
                continue
            start, n = segments.starts[number], segments.lengths[number]
            pan = segments.values[number, voice, PAN]
            next_pan = pan + CONTROL_SAMPLES * segments.steps[number, voice, PAN]
            for channel in range(2):
                gain = np.float32(level * _pan_gain(pan, channel))
                end = (level + CONTROL_SAMPLES * step) * _pan_gain(next_pan, channel)
                gain_step = np.float32((end - gain) / CONTROL_SAMPLES)
                source = block[min(channel, len(block) - 1), voice, start : start + n]
                target = output[channel, start : start + n]
                position = np.int32(segments.positions[number])
                for i in range(n):
                    target[i] += source[i] * (gain + gain_step * np.float32(position + np.int32(i)))


@compiled("the faders of the synthesiser", _nrt=False)
def add_faded(block: np.ndarray, gains: np.ndarray, targets: np.ndarray, speed: float, output: np.ndarray) -> None:
    """Add a stereo block to an output, with gains that approach their targets by the fraction ``speed`` each sample."""
    for channel in range(2):
        gain, target = gains[channel], targets[channel]
        source, destination = block[channel], output[channel]
        if gain == target:
            constant = np.float32(gain)
            for i in range(len(source)):
                destination[i] += constant * source[i]
            continue
        for i in range(len(source)):
            gain += speed * (target - gain)
            if abs(target - gain) < SMALLEST_CHANGE:
                gain = target
            destination[i] += np.float32(gain) * source[i]
        gains[channel] = gain
