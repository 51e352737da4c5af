"""Oscillators of all voices, compiled by numba."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ..dsp.compiled import compiled, inlined
from .controls import CONTROL_SAMPLES, LEVEL, MORPH, OSCILLATORS, PITCH, WIDTH, Segments
from .noise_kernels import add_noise

CYCLE = 4_294_967_296.0
"""Steps of a phase in one period; phases are unsigned integers of 32 bits and wrap by themselves."""


@compiled("the wavetables", _nrt=False)
def add_wave(
    samples: np.ndarray,
    offset: int,
    shift: int,
    phase: int,
    increment: int,
    slope: int,
    position: int,
    gain: np.float32,
    gain_step: np.float32,
    output: np.ndarray,
) -> None:
    """Add a wave to an output, by cubic Lagrange interpolation in a table.

    Sample ``i`` is a function of ``position + i`` alone, so a block may be rendered in any pieces, and processors
    compute several samples at once.

    - ``offset``: index of the first sample of the period.
    - ``shift``: 32 minus the base-2 logarithm of the period's length.
    - ``phase``: phase at the start of the block in steps, see :data:`CYCLE`.
    - ``increment``: steps from the first sample of the block to the second.
    - ``slope``: change of the increment from sample to sample.
    - ``position``: position of the first sample of the output in the block.
    - ``gain``, ``gain_step``: gain at the start of the block and its change from sample to sample.
    """
    bits = np.uint32(shift)
    mask = np.uint32((1 << shift) - 1)
    scale = np.float32(1.0 / (1 << shift))
    first, step, bend = np.uint32(phase), np.uint32(increment), np.uint32(slope)
    sixth, third, half = np.float32(1.0 / 6.0), np.float32(1.0 / 3.0), np.float32(0.5)
    table = samples[offset - 1 :]
    for i in range(len(output)):
        n = np.uint32(position + i)
        at = np.uint32(
            first + np.uint32(n * step) + np.uint32(np.uint32(n * np.uint32(n - np.uint32(1))) >> np.uint32(1)) * bend
        )
        index = np.uint32(at >> bits)
        t = np.float32(np.int32(at & mask)) * scale
        before, here = table[index], table[index + 1]
        after, later = table[index + 2], table[index + 3]
        linear = after - third * before - half * here - sixth * later
        square = half * (before + after) - here
        cube = sixth * (later - before) + half * (here - after)
        value = ((cube * t + square) * t + linear) * t + here
        output[i] += (gain + gain_step * np.float32(np.int32(n))) * value


TABLE, PULSE, NOISE = range(3)
A4_KEY, A4_HZ = 69.0, 440.0
CONTROL_SHIFT = CONTROL_SAMPLES.bit_length() - 1
NARROWEST = 0.01  # pulse
PHASE_MASK = 0xFFFFFFFF
NEPERS_PER_SEMITONE = math.log(2.0) / 12.0
HIGHEST_FREQUENCY = 0.499  # cycles a sample


class OscillatorBank(NamedTuple):
    """Settings and state of the oscillators of a patch."""

    kinds: np.ndarray  # (oscillators, 2) int64: kind, number of copies or colour of noise
    pitches: np.ndarray  # (oscillators, 2): key tracking, semitones
    shapes: np.ndarray  # (oscillators, 2): width, morph
    ratios: np.ndarray  # (oscillators, copies): of the frequencies of the copies
    gains: np.ndarray  # (oscillators, copies, channels)
    samples: np.ndarray  # (points,) float32: of all tables
    offsets: np.ndarray  # (tables, levels) int64
    tables: np.ndarray  # (oscillators, 2) int64: first table, number of frames
    shifts: np.ndarray  # (oscillators, levels) int64
    level_of: np.ndarray  # (oscillators, 1 + harmonics) int64
    n_harmonics: np.ndarray  # (oscillators,) int64
    phases: np.ndarray  # (voices, oscillators, copies) int64
    seeds: np.ndarray  # (voices,) int64
    counts: np.ndarray  # (voices,) int64: samples of noise so far
    noise: np.ndarray  # (voices, oscillators, channels, states)


@inlined(_nrt=False)
def frequency_of(pitch: float, sample_rate: float) -> float:
    """Return the cycles a sample of a pitch in semitones."""
    return A4_HZ / sample_rate * math.exp((pitch - A4_KEY) * NEPERS_PER_SEMITONE)


@inlined(_nrt=False)
def increment_of(frequency: float, ratio: float) -> int:
    """Return the steps of a phase in a sample, at a ratio of a frequency in cycles a sample."""
    return int(min(frequency * ratio, HIGHEST_FREQUENCY) * CYCLE + 0.5)


@inlined(_nrt=False)
def advance(n: int, increment: int, slope: int) -> int:
    """Return the steps of the phase in the first samples of a block."""
    return n * increment + (n * (n - 1) // 2) * slope


@inlined(_nrt=False)
def _add_frames(
    bank: OscillatorBank,
    oscillator: int,
    level: int,
    phase: int,
    increment: int,
    slope: int,
    position: int,
    morphs: tuple[float, float],
    gains: tuple[float, float],
    output: np.ndarray,
) -> None:
    """Add a wave between two frames of a wavetable; gains and morphs are those at both ends of the block."""
    table, n_frames = bank.tables[oscillator]
    shift = bank.shifts[oscillator, level]
    if n_frames == 1:
        step = np.float32((gains[1] - gains[0]) / CONTROL_SAMPLES)
        offset = bank.offsets[table, level]
        add_wave(bank.samples, offset, shift, phase, increment, slope, position, np.float32(gains[0]), step, output)
        return
    first = min(max(morphs[0], 0.0), 1.0) * (n_frames - 1)
    last = min(max(morphs[1], 0.0), 1.0) * (n_frames - 1)
    for frame in range(int(min(first, last)), min(n_frames - 1, math.ceil(max(first, last))) + 1):
        start = gains[0] * max(0.0, 1.0 - abs(first - frame))
        end = gains[1] * max(0.0, 1.0 - abs(last - frame))
        step = np.float32((end - start) / CONTROL_SAMPLES)
        offset = bank.offsets[table + frame, level]
        add_wave(bank.samples, offset, shift, phase, increment, slope, position, np.float32(start), step, output)


@inlined(_nrt=False)
def _add_pitched(
    bank: OscillatorBank,
    oscillator: int,
    voice: int,
    segments: Segments,
    number: int,
    sample_rate: float,
    output: np.ndarray,
) -> None:
    """Add the copies of an oscillator of waves to the channels of a voice, in a segment."""
    values, steps = segments.values[number, voice], segments.steps[number, voice]
    start, n, position = segments.starts[number], segments.lengths[number], segments.positions[number]
    kind, n_copies = bank.kinds[oscillator]
    row = OSCILLATORS + 2 * oscillator
    tracking, semitones = bank.pitches[oscillator]
    pitch = semitones + tracking * (values[PITCH] - A4_KEY) + A4_KEY + values[row]
    last_pitch = pitch + CONTROL_SAMPLES * (tracking * steps[PITCH] + steps[row])
    frequency = frequency_of(pitch, sample_rate)
    last_frequency = frequency if last_pitch == pitch else frequency_of(last_pitch, sample_rate)
    highest = increment_of(max(frequency, last_frequency), bank.ratios[oscillator, n_copies - 1])
    n_harmonics = int(min(float(bank.n_harmonics[oscillator]), 0.5 * CYCLE / max(highest, 1)))
    level = bank.level_of[oscillator, n_harmonics]
    morph = bank.shapes[oscillator, 1] + values[MORPH]
    morphs = (morph, morph + CONTROL_SAMPLES * steps[MORPH])
    width = bank.shapes[oscillator, 0] + values[WIDTH]
    first_width = min(max(width, NARROWEST), 1.0 - NARROWEST)
    last_width = min(max(width + CONTROL_SAMPLES * steps[WIDTH], NARROWEST), 1.0 - NARROWEST)
    delay = int(first_width * CYCLE)
    drift = int((last_width - first_width) * CYCLE / CONTROL_SAMPLES)
    for copy in range(n_copies):
        ratio = bank.ratios[oscillator, copy]
        increment = increment_of(frequency, ratio)
        slope = (increment_of(last_frequency, ratio) - increment) >> CONTROL_SHIFT
        phase = bank.phases[voice, oscillator, copy] - advance(position, increment, slope)
        bank.phases[voice, oscillator, copy] = (phase + advance(position + n, increment, slope)) & PHASE_MASK
        for channel in range(len(output)):
            first_gain = bank.gains[oscillator, copy, channel] * values[row + 1]
            last_gain = first_gain + bank.gains[oscillator, copy, channel] * CONTROL_SAMPLES * steps[row + 1]
            target = output[channel, voice, start : start + n]
            sign = -1.0 if kind == PULSE else 1.0
            _add_frames(
                *(bank, oscillator, level, phase, increment, slope, position, morphs),
                *((sign * first_gain, sign * last_gain), target),
            )
            if kind == PULSE:  # the difference of two saws
                _add_frames(
                    *(bank, oscillator, level, phase - delay, increment - drift, slope, position, morphs),
                    *((first_gain, last_gain), target),
                )


@inlined(_nrt=False)
def _add_noises(
    bank: OscillatorBank, oscillator: int, voice: int, segments: Segments, number: int, output: np.ndarray
) -> None:
    """Add noise to the channels of a voice, in a segment; it is independent in each channel."""
    start, n = segments.starts[number], segments.lengths[number]
    row = OSCILLATORS + 2 * oscillator + 1
    for channel in range(len(output)):
        gain = bank.gains[oscillator, 0, channel]
        add_noise(
            bank.kinds[oscillator, 1],
            bank.seeds[voice] + oscillator * len(output) + channel,
            bank.counts[voice],
            bank.noise[voice, oscillator, channel],
            segments.positions[number],
            gain * segments.values[number, voice, row],
            gain * segments.steps[number, voice, row],
            output[channel, voice, start : start + n],
        )


@compiled("the oscillators of the synthesiser", _nrt=False)
def render_oscillators(
    bank: OscillatorBank, segments: Segments, n_segments: int, sample_rate: float, output: np.ndarray
) -> None:
    """Fill the outputs of the voices."""
    output[:] = 0.0
    for voice in range(output.shape[1]):
        for number in range(n_segments):
            if segments.values[number, voice, LEVEL] == 0.0 and segments.steps[number, voice, LEVEL] == 0.0:
                continue
            for oscillator in range(len(bank.kinds)):
                if bank.kinds[oscillator, 0] == NOISE:
                    _add_noises(bank, oscillator, voice, segments, number, output)
                else:
                    _add_pitched(bank, oscillator, voice, segments, number, sample_rate, output)
            bank.counts[voice] += segments.lengths[number]
