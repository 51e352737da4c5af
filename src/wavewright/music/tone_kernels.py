"""Voices of the simple instrument, compiled by numba."""

from __future__ import annotations

import numpy as np

from ..dsp.compiled import compiled, inlined

(ACTIVE, CHANNEL, KEY, TIMBRE, PHASE, STEP, STEP_END, STEP_RATIO, LEVEL, STAGE, ATTACK, DECAY, SUSTAIN, RELEASE, *_) = (
    range(24)
)
(GAIN, TONE, NOISE, COLOUR, LOW, HELD, AGE, PEDAL) = range(14, 22)
N_FIELDS = 22
"""Columns of the array of voices."""

BEND, VOLUME, LEFT, RIGHT, VIBRATO = range(5)
"""Columns of the array of channels."""

ATTACKING, DECAYING, RELEASED = 0.0, 1.0, 2.0
NEAR = 1e-6
"""Distance at which a value reaches its target."""

SILENT = 1e-5
"""Level at which a voice ends: -100 dB."""


@inlined
def add_voice(output: np.ndarray, table: np.ndarray, voice: np.ndarray, curves: np.ndarray, white: np.ndarray) -> None:
    """Add the next block of a voice.

    Parameters
    ----------
    output : (2, time) float32, added to
    table : (samples,) float64
    voice : (N_FIELDS,) float64, updated
    curves : (3, time) float64
        Bend, and gains of both outputs.
    white : (time,) float64
        Noise.
    """
    size = len(table) - 1
    level, stage, phase, step, filtered = voice[LEVEL], voice[STAGE], voice[PHASE], voice[STEP], voice[LOW]
    attack, sustain, decay, release = voice[ATTACK], voice[SUSTAIN], voice[DECAY], voice[RELEASE]
    step_end, step_ratio, colour = voice[STEP_END], voice[STEP_RATIO], voice[COLOUR]
    tone_amplitude, noise_amplitude, gain = voice[TONE], voice[NOISE], voice[GAIN]
    for i in range(output.shape[1]):
        if stage == ATTACKING:
            level += attack
            if level >= 1.0:
                level, stage = 1.0, DECAYING
        elif stage == DECAYING:
            level = sustain + (level - sustain) * decay
        else:
            level *= release
        if level < SILENT and stage != ATTACKING:
            voice[ACTIVE] = 0.0
            break
        step = step_end + (step - step_end) * step_ratio
        phase += step * curves[0, i]
        phase -= int(phase)
        index = int(phase * size)
        tone = table[index] + (table[index + 1] - table[index]) * (phase * size - index)
        filtered += colour * (white[i] - filtered)
        value = gain * level * (tone_amplitude * tone + noise_amplitude * (white[i] - filtered))
        output[0, i] += np.float32(value * curves[1, i])
        output[1, i] += np.float32(value * curves[2, i])
    voice[LEVEL], voice[STAGE], voice[PHASE], voice[STEP], voice[LOW] = level, stage, phase, step, filtered


@inlined
def is_idle(channel: int, voices: np.ndarray, values: np.ndarray, targets: np.ndarray) -> bool:
    """Return True if a channel has no voice, and its values are at their targets."""
    for v in range(voices.shape[0]):
        if voices[v, ACTIVE] > 0.0 and voices[v, CHANNEL] == channel:
            return False
    return bool(np.all(values == targets))


@inlined
def follow(values: np.ndarray, targets: np.ndarray, smoothing: float, wobble: np.ndarray, curves: np.ndarray) -> None:
    """Move the values of a channel towards their targets; compute bend and gains of both outputs, ``(3, time)``."""
    for i in range(curves.shape[1]):
        for column in range(len(values)):
            distance = targets[column] - values[column]
            values[column] += distance if abs(distance) < NEAR else smoothing * distance
        curves[0, i] = values[BEND] * (1.0 + wobble[i] * values[VIBRATO])
        curves[1, i] = values[VOLUME] * values[LEFT]
        curves[2, i] = values[VOLUME] * values[RIGHT]


@compiled("the simple instrument")
def add_voices(
    output: np.ndarray,
    tables: np.ndarray,
    voices: np.ndarray,
    channels: np.ndarray,
    targets: np.ndarray,
    smoothing: float,
    clock: np.ndarray,
    vibrato_step: float,
) -> None:
    """Add the next block of all voices.

    Parameters
    ----------
    output : (2, time) float32, added to
    tables : (timbres, samples) float64
        One period each, its first sample repeated at the end.
    voices : (voices, N_FIELDS) float64
        State of each voice; updated.
    channels, targets : (16, 5) float64
        Bend ratio, volume, gains of both outputs and depth of the vibrato; ``channels`` approach ``targets``.
    smoothing : float
        Fraction of the distance to the targets in a sample.
    clock : (2,) float64
        Phase of the vibrato, and state of the noise; updated.
    vibrato_step : float
        Periods of the vibrato in a sample.
    """
    n_samples = output.shape[1]
    wobble, white = np.empty(n_samples), np.empty(n_samples)
    state = np.uint64(clock[1])
    for i in range(n_samples):
        clock[0] += vibrato_step
        if clock[0] >= 1.0:
            clock[0] -= 1.0
        wobble[i] = 4.0 * abs(clock[0] - 0.5) - 1.0
        state = (state * np.uint64(1_103_515_245) + np.uint64(12_345)) & np.uint64(0x7FFFFFFF)
        white[i] = np.float64(state) / 1_073_741_824.0 - 1.0
    clock[1] = np.float64(state)
    curves = np.empty((3, n_samples))
    for channel in range(channels.shape[0]):
        if is_idle(channel, voices, channels[channel], targets[channel]):
            continue
        follow(channels[channel], targets[channel], smoothing, wobble, curves)
        for v in range(voices.shape[0]):
            if voices[v, ACTIVE] > 0.0 and voices[v, CHANNEL] == channel:
                add_voice(output, tables[int(voices[v, TIMBRE])], voices[v], curves, white)
