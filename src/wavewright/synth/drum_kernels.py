"""Drums, compiled by numba."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ..dsp.compiled import compiled, inlined
from .controls import LEVEL, Segments
from .noise_kernels import noise_sample
from .source_kernels import sine

(
    TONE,
    TONE_LEVEL,
    SWEEP,
    SWEEP_DECAY,
    TONE_DECAY,
    OVERTONE,
    OVERTONE_LEVEL,
    METAL,
    METAL_LEVEL,
    METAL_DECAY,
    NOISE_LEVEL,
    NOISE_DECAY,
    NOISE_ANGLE,
    NOISE_DAMPING,
    NOISE_KIND,
    BURST,
    LAST_BURST,
    BURST_DECAY,
    CLICK_LEVEL,
    CLICK_DECAY,
    ATTACK_STEP,
    DRIVE,
    DRUM_LEVEL,
    LEFT,
    RIGHT,
) = range(25)
"""Columns of the settings of a drum; frequencies in cycles a sample, decays as factors, times in samples."""

N_SETTINGS = 25
METAL_RATIOS = (1.0, 1.4471, 1.6170, 1.9265, 2.5028, 2.6637)
N_PHASES = 2 + len(METAL_RATIOS)
BAND_PASS_NOISE, HIGH_PASS_NOISE, LOW_PASS_NOISE = range(3)


class DrumBank(NamedTuple):
    """Settings and state of drums."""

    settings: np.ndarray  # (voices, N_SETTINGS)
    phases: np.ndarray  # (voices, N_PHASES) cycles
    envelopes: np.ndarray  # (voices, 5): tone, sweep, metal, noise, click
    filters: np.ndarray  # (voices, 2)
    seeds: np.ndarray  # (voices,) int64
    counts: np.ndarray  # (voices,) int64


@inlined(_nrt=False)
def _square(phase: float, increment: float) -> float:
    """Return a square wave with smoothed steps (V. Välimäki, PolyBLEP, 2007)."""
    value = 1.0 if phase < 0.5 else -1.0
    distance = phase if phase < 0.5 else phase - 0.5
    sign = value
    if distance < increment:
        t = distance / increment
        value += sign * (2.0 * t - t * t - 1.0)
    elif 0.5 - distance < increment:
        t = (distance - 0.5) / increment
        value -= sign * (t * t + 2.0 * t + 1.0)
    return value


@inlined(_nrt=False)
def _tone(settings: np.ndarray, phases: np.ndarray, envelopes: np.ndarray) -> float:
    frequency = min(settings[TONE] * (1.0 + settings[SWEEP] * envelopes[1]), 0.45)
    value = settings[TONE_LEVEL] * sine(phases[0]) + settings[OVERTONE_LEVEL] * sine(phases[1])
    phases[0] = (phases[0] + frequency) % 1.0
    phases[1] = (phases[1] + min(frequency * settings[OVERTONE], 0.45)) % 1.0
    return float(value * envelopes[0])


@inlined(_nrt=False)
def _metal(settings: np.ndarray, phases: np.ndarray) -> float:
    value = 0.0
    for number in range(len(METAL_RATIOS)):
        increment = min(settings[METAL] * METAL_RATIOS[number], 0.24)
        value += _square(phases[2 + number], increment)
        phases[2 + number] = (phases[2 + number] + increment) % 1.0
    return float(settings[METAL_LEVEL] * value / len(METAL_RATIOS))


@inlined(_nrt=False)
def _filtered(settings: np.ndarray, filters: np.ndarray, sample: float) -> float:
    """Filter noise and metal by a state-variable filter."""
    g, k = settings[NOISE_ANGLE], settings[NOISE_DAMPING]
    band = (filters[0] + g * (sample - filters[1])) / (1.0 + g * (g + k))
    low = filters[1] + g * band
    filters[0] = 2.0 * band - filters[0]
    filters[1] = 2.0 * low - filters[1]
    if settings[NOISE_KIND] == BAND_PASS_NOISE:
        return float(k * band)
    if settings[NOISE_KIND] == HIGH_PASS_NOISE:
        return float(sample - k * band - low)
    return float(low)


@inlined(_nrt=False)
def _drum_sample(
    settings: np.ndarray, phases: np.ndarray, envelopes: np.ndarray, filters: np.ndarray, seed: int, count: int
) -> float:
    noise = noise_sample(seed, count)
    hiss = settings[NOISE_LEVEL] * envelopes[3] * noise
    if settings[METAL_LEVEL] > 0.0:
        hiss += envelopes[2] * _metal(settings, phases)
    value = _filtered(settings, filters, hiss + 1e-30) + settings[CLICK_LEVEL] * envelopes[4] * noise
    if settings[TONE_LEVEL] > 0.0 or settings[OVERTONE_LEVEL] > 0.0:
        value += _tone(settings, phases, envelopes)
    envelopes[0] *= settings[TONE_DECAY]
    envelopes[1] *= settings[SWEEP_DECAY]
    envelopes[2] *= settings[METAL_DECAY]
    envelopes[4] *= settings[CLICK_DECAY]
    if count < settings[LAST_BURST]:
        is_new = (count + 1) % int(settings[BURST]) == 0
        envelopes[3] = 1.0 if is_new else envelopes[3] * settings[BURST_DECAY]
    else:
        envelopes[3] *= settings[NOISE_DECAY]
    if settings[DRIVE] > 0.0:
        value = math.tanh(settings[DRIVE] * value) / math.tanh(settings[DRIVE])
    return float(value * min(1.0, (count + 1) * settings[ATTACK_STEP]))


@compiled("the drums of the synthesiser", _nrt=False)
def render_drums(bank: DrumBank, segments: Segments, n_segments: int, output: np.ndarray) -> None:
    """Fill the outputs of the voices."""
    for voice in range(output.shape[1]):
        settings, phases = bank.settings[voice], bank.phases[voice]
        envelopes, filters = bank.envelopes[voice], bank.filters[voice]
        for number in range(n_segments):
            start, n = segments.starts[number], segments.lengths[number]
            is_on = segments.values[number, voice, LEVEL] != 0.0 or segments.steps[number, voice, LEVEL] != 0.0
            if not is_on or settings[DRUM_LEVEL] == 0.0:
                output[0, voice, start : start + n] = np.float32(0.0)
                output[1, voice, start : start + n] = np.float32(0.0)
                continue
            count = bank.counts[voice]
            for i in range(n):
                value = settings[DRUM_LEVEL] * _drum_sample(
                    settings, phases, envelopes, filters, bank.seeds[voice], count + i
                )
                output[0, voice, start + i] = np.float32(settings[LEFT] * value)
                output[1, voice, start + i] = np.float32(settings[RIGHT] * value)
            bank.counts[voice] = count + n
