"""Clouds of grains, compiled by numba."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ..dsp.compiled import compiled, inlined
from .controls import LEVEL, MORPH, PITCH, Segments
from .noise_kernels import noise_sample
from .oscillator_kernels import PHASE_MASK, frequency_of, increment_of
from .wavetable_kernels import CYCLE

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
    """Fill the outputs of the voices ``(2, voices, time)``; arguments as in :func:`.modal_kernels.render_modes`."""
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
