"""Filters of voices, compiled by numba."""

from __future__ import annotations

import math

import numpy as np

from ..dsp.compiled import compiled, inlined
from .controls import CONTROL_SAMPLES, CUTOFF, LEVEL, RESONANCE, VOWEL, Segments

LOW_PASS, HIGH_PASS, BAND_PASS, NOTCH, LADDER, VOWELS = range(6)
N_FILTER_STATES = 10
LOWEST_HZ, HIGHEST = 16.0, 0.47
BUTTERWORTH, BUTTERWORTH_FIRST, BUTTERWORTH_SECOND = 1.4142, 1.8478, 0.7654
SHARPEST = 0.97  # fraction of the damping that the full resonance takes away
LADDER_FEEDBACK = 4.2
N_FORMANTS = 5
NEPERS_PER_OCTAVE = math.log(2.0)
DENORMAL_GUARD = 1e-60
"""Added to inputs: in silence the states would decay into denormal numbers, which are slow."""

FORMANTS_HZ = np.array(
    [
        [650.0, 1_080.0, 2_650.0, 2_900.0, 3_250.0],
        [400.0, 1_700.0, 2_600.0, 3_200.0, 3_580.0],
        [290.0, 1_870.0, 2_800.0, 3_250.0, 3_540.0],
        [400.0, 800.0, 2_600.0, 2_800.0, 3_000.0],
        [350.0, 600.0, 2_700.0, 2_900.0, 3_300.0],
    ]
)
"""Formants of the vowels a, e, i, o and u of a tenor."""

FORMANT_GAINS_DB = np.array(
    [
        [0.0, -6.0, -7.0, -8.0, -22.0],
        [0.0, -14.0, -12.0, -14.0, -20.0],
        [0.0, -15.0, -18.0, -20.0, -30.0],
        [0.0, -10.0, -12.0, -12.0, -26.0],
        [0.0, -20.0, -17.0, -14.0, -26.0],
    ]
)
FORMANT_WIDTHS_HZ = np.array([70.0, 90.0, 110.0, 130.0, 150.0])


@inlined(_nrt=False)
def _saturated(sample: float) -> float:
    """Return nearly the hyperbolic tangent."""
    bounded = min(max(sample, -3.0), 3.0)
    square = bounded * bounded
    return bounded * (27.0 + square) / (27.0 + 9.0 * square)


@inlined(_nrt=False)
def _angle(frequency_hz: float, sample_rate: float) -> float:
    return math.tan(math.pi * min(max(frequency_hz / sample_rate, LOWEST_HZ / sample_rate), HIGHEST))


@inlined(_nrt=False)
def _update(g: float, k: float) -> tuple[float, float, float]:
    """Return the update of the states of a state-variable filter under the trapezoidal rule."""
    first = 1.0 / (1.0 + g * (g + k))
    return 2.0 * first - 1.0, 2.0 * g * first, 1.0 - 2.0 * g * g * first


@inlined(_nrt=False)
def _state_variable(
    states: np.ndarray,
    first: int,
    starts: tuple[float, float, float],
    ends: tuple[float, float, float],
    mix: tuple[float, float, float],
    position: int,
    source: np.ndarray,
    target: np.ndarray,
    adds: bool,
) -> None:
    """Filter a block whose coefficients change linearly; the norm of the states then never grows by itself.

    - ``starts``, ``ends``: angle ``g``, damping ``k`` and gain of the output, at both ends of the block.
    - ``mix``: gains of the input, the band and the low output.
    - ``adds``: add to the target.
    """
    p, q, r = _update(starts[0], starts[1])
    p_end, q_end, r_end = _update(ends[0], ends[1])
    fraction = 1.0 / CONTROL_SAMPLES
    p_step, q_step, r_step = (p_end - p) * fraction, (q_end - q) * fraction, (r_end - r) * fraction
    k, k_step = starts[1], (ends[1] - starts[1]) * fraction
    gain, gain_step = starts[2], (ends[2] - starts[2]) * fraction
    direct, band_mix, low_mix = mix
    band, low = states[first], states[first + 1]
    for i in range(len(source)):
        n = float(position + i)
        sample = float(source[i]) + DENORMAL_GUARD
        p_now, q_now, r_now = p + p_step * n, q + q_step * n, r + r_step * n
        next_band = (p_now * band - q_now * low) + q_now * sample
        next_low = (q_now * band + r_now * low) + (1.0 - r_now) * sample
        band_output = 0.5 * (band + next_band)
        low_output = 0.5 * (low + next_low)
        band, low = next_band, next_low
        value = direct * sample + band_mix * (k + k_step * n) * band_output + low_mix * low_output
        value *= gain + gain_step * n
        target[i] = np.float32(target[i] + value if adds else value)
    states[first] = band
    states[first + 1] = low


@inlined(_nrt=False)
def _low_pass(
    states: np.ndarray,
    first: int,
    start: tuple[float, float],
    end: tuple[float, float],
    position: int,
    block: np.ndarray,
) -> None:
    """Filter a block as :func:`_state_variable`, from the angle and damping at both ends, for the low output alone."""
    p, q, r = _update(start[0], start[1])
    p_end, q_end, r_end = _update(end[0], end[1])
    fraction = 1.0 / CONTROL_SAMPLES
    p_step, q_step, r_step = (p_end - p) * fraction, (q_end - q) * fraction, (r_end - r) * fraction
    band, low = states[first], states[first + 1]
    for i in range(len(block)):
        n = float(position + i)
        sample = float(block[i]) + DENORMAL_GUARD
        p_now, q_now, r_now = p + p_step * n, q + q_step * n, r + r_step * n
        next_low = (q_now * band + r_now * low) + (1.0 - r_now) * sample
        band = (p_now * band - q_now * low) + q_now * sample
        block[i] = np.float32(0.5 * (low + next_low))
        low = next_low
    states[first] = band
    states[first + 1] = low


@inlined(_nrt=False)
def _ladder(
    states: np.ndarray,
    starts: tuple[float, float],
    ends: tuple[float, float],
    position: int,
    block: np.ndarray,
) -> None:
    """Filter by four one-pole low-passes in a loop with feedback and saturation.

    The loop is solved without a delay (V. Zavalishin, "The Art of VA Filter Design", 2012), then saturated.
    """
    fraction = 1.0 / CONTROL_SAMPLES
    pole = starts[0] / (1.0 + starts[0])
    pole_step = (ends[0] / (1.0 + ends[0]) - pole) * fraction
    feedback, feedback_step = starts[1], (ends[1] - starts[1]) * fraction
    first, second, third, fourth = states[0], states[1], states[2], states[3]
    for i in range(len(block)):
        n = float(position + i)
        a = pole + pole_step * n
        r = feedback + feedback_step * n
        b = 1.0 - a
        square = a * a
        held = b * (first * square * a + second * square + third * a + fourth)
        solved = (float(block[i]) + DENORMAL_GUARD - r * held) / (1.0 + r * square * square)
        sample = _saturated(solved)
        change = a * (sample - first)
        sample = first + change
        first = sample + change
        change = a * (sample - second)
        sample = second + change
        second = sample + change
        change = a * (sample - third)
        sample = third + change
        third = sample + change
        change = a * (sample - fourth)
        sample = fourth + change
        fourth = sample + change
        block[i] = np.float32((1.0 + 0.5 * r) * sample)
    states[0] = first
    states[1] = second
    states[2] = third
    states[3] = fourth


@inlined(_nrt=False)
def _formant(vowel: float, formant: int) -> tuple[float, float]:
    """Return frequency and gain of a formant between two vowels."""
    bounded = min(max(vowel, 0.0), 4.0)
    first = min(int(bounded), 3)
    t = bounded - first
    frequency = FORMANTS_HZ[first, formant] ** (1.0 - t) * FORMANTS_HZ[first + 1, formant] ** t
    gain_db = (1.0 - t) * FORMANT_GAINS_DB[first, formant] + t * FORMANT_GAINS_DB[first + 1, formant]
    return frequency, 10.0 ** (gain_db / 20.0)


@compiled("the vowels of the synthesiser", _nrt=False)
def filter_vowels(
    segments: Segments, n_segments: int, sample_rate: float, states: np.ndarray, memory: np.ndarray, block: np.ndarray
) -> None:
    """Filter the voices by the formants of vowels; arguments as those of :func:`filter_voices`."""
    for channel in range(block.shape[0]):
        for voice in range(block.shape[1]):
            for number in range(n_segments):
                start, n = segments.starts[number], segments.lengths[number]
                if segments.values[number, voice, LEVEL] == 0.0 and segments.steps[number, voice, LEVEL] == 0.0:
                    continue
                target = block[channel, voice, start : start + n]
                source = memory[:n]
                for i in range(n):
                    source[i] = target[i]
                    target[i] = np.float32(0.0)
                vowel = segments.values[number, voice, VOWEL]
                next_vowel = vowel + CONTROL_SAMPLES * segments.steps[number, voice, VOWEL]
                shift = 2.0 ** segments.values[number, voice, CUTOFF] / 1_000.0
                for formant in range(N_FORMANTS):
                    frequency, gain = _formant(vowel, formant)
                    next_frequency, next_gain = _formant(next_vowel, formant)
                    width = FORMANT_WIDTHS_HZ[formant]
                    starts = (_angle(shift * frequency, sample_rate), width / frequency, gain)
                    ends = (_angle(shift * next_frequency, sample_rate), width / next_frequency, next_gain)
                    _state_variable(
                        *(states[voice, channel], 2 * formant, starts, ends, (0.0, 1.0, 0.0)),
                        *(segments.positions[number], source, target, True),
                    )


@inlined(_nrt=False)
def _mix_of(kind: int) -> tuple[float, float, float]:
    """Return the gains of input, band and low output of a state-variable filter's response."""
    if kind == HIGH_PASS:
        return 1.0, -1.0, -1.0
    if kind == BAND_PASS:
        return 0.0, 1.0, 0.0
    return 1.0, -1.0, 0.0


@inlined(_nrt=False)
def _bounded_resonance(resonance: float) -> float:
    return min(max(resonance, 0.0), 1.0)


@inlined(_nrt=False)
def _filter_segment(
    kind: int,
    n_stages: int,
    values: np.ndarray,
    steps: np.ndarray,
    position: int,
    sample_rate: float,
    states: np.ndarray,
    target: np.ndarray,
) -> None:
    cutoff = float(values[CUTOFF])
    resonance = _bounded_resonance(values[RESONANCE])
    next_resonance = _bounded_resonance(values[RESONANCE] + CONTROL_SAMPLES * steps[RESONANCE])
    g = _angle(math.exp(cutoff * NEPERS_PER_OCTAVE), sample_rate)
    next_g = g
    if steps[CUTOFF] != 0.0:
        next_g = _angle(math.exp((cutoff + CONTROL_SAMPLES * steps[CUTOFF]) * NEPERS_PER_OCTAVE), sample_rate)
    if kind == LADDER:
        loops = (LADDER_FEEDBACK * resonance, LADDER_FEEDBACK * next_resonance)
        _ladder(states, (g, loops[0]), (next_g, loops[1]), position, target)
        return
    widest = BUTTERWORTH if n_stages == 1 else BUTTERWORTH_SECOND
    start, end = (g, widest * (1.0 - SHARPEST * resonance)), (next_g, widest * (1.0 - SHARPEST * next_resonance))
    for stage in range(n_stages):
        if stage == 1:
            start, end = (g, BUTTERWORTH_FIRST), (next_g, BUTTERWORTH_FIRST)
        if kind == LOW_PASS:
            _low_pass(states, 2 * stage, start, end, position, target)
        else:
            starts, ends = (start[0], start[1], 1.0), (end[0], end[1], 1.0)
            _state_variable(states, 2 * stage, starts, ends, _mix_of(kind), position, target, target, False)


@compiled("the filters of the synthesiser", _nrt=False)
def filter_voices(
    kind: int,
    n_stages: int,
    drive: float,
    segments: Segments,
    n_segments: int,
    sample_rate: float,
    states: np.ndarray,
    block: np.ndarray,
) -> None:
    """Filter the voices; ``drive`` is the gain into a saturation before the filter, 0 for none."""
    for channel in range(block.shape[0]):
        for voice in range(block.shape[1]):
            for number in range(n_segments):
                values, steps = segments.values[number, voice], segments.steps[number, voice]
                if values[LEVEL] == 0.0 and steps[LEVEL] == 0.0:
                    continue
                start, n = segments.starts[number], segments.lengths[number]
                target = block[channel, voice, start : start + n]
                if drive > 0.0:
                    for i in range(n):
                        target[i] = np.float32(_saturated(drive * target[i]))
                _filter_segment(
                    *(kind, n_stages, values, steps, segments.positions[number], sample_rate),
                    *(states[voice, channel], target),
                )
