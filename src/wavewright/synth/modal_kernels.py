"""Modes of struck bodies, compiled by numba."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ..dsp.compiled import compiled, inlined
from .controls import LEVEL, PITCH, Segments
from .noise_kernels import noise_sample
from .oscillator_kernels import HIGHEST_FREQUENCY, frequency_of

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
