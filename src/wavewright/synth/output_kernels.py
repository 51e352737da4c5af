"""Levels of voices and of channels, compiled by numba."""

from __future__ import annotations

import math

import numpy as np

from ..dsp.compiled import compiled, inlined
from .controls import CONTROL_SAMPLES, LEVEL, PAN, Segments

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
    """Add a stereo block to an output, with gains that follow their targets exponentially.

    - ``speed``: fraction of the distance in one sample.
    """
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
