"""Plucked strings, compiled by numba."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ..dsp.compiled import compiled, inlined
from .controls import CONTROL_SAMPLES, LEVEL, PITCH, RELEASE, Segments
from .noise_kernels import noise_sample
from .oscillator_kernels import frequency_of

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
    """Fill the outputs of the voices; arguments as those of :func:`.fm_kernels.render_operators`."""
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
