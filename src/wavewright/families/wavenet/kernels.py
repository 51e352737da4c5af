"""The loop over samples, compiled by numba: cached layers, one pass over the weights a sample, one body for all kinds of weights.

Whether numbers are float32 or integers is a matter of the arrays that are given: numba compiles the loop for each kind and keeps the
result on disk. In the integer modes a vector that is multiplied is kept as 16-bit integers and one scale, found anew for each vector;
the sums are exact, so every order and instruction gives the same. Floating-point operations are never reordered.

Whether the result on disk is up to date numba sees by this file alone: after a change of wide_dots.py, save this one, too.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import types
from numba.extending import overload

from ...dsp.compiled import compiled, inlined
from .config import LARGEST_STEP, SMALLEST_LOG_SCALE
from .wide_dots import packed_product

LARGEST_INTEGER = (
    8_191  # of a vector's integers; packing.py sees to it that no sum of products with them leaves 32 bits
)

# tanh(x) = x P(x^2) / Q(x^2) for |x| <= 8, at most 6e-9 off before rounding (least largest error, by Lawson's weighted least squares).
TANH_REACHES = np.float32(8.0)  # beyond it tanh is 1 to within 3e-7
P0, P1, P2, P3, P4 = np.array([0.99999994, 0.13438188, 3.5641526e-3, 2.1773187e-5, 1.5061728e-8], np.float32)
Q1, Q2, Q3, Q4 = np.array([0.46771508, 2.6136002e-2, 3.3991734e-4, 8.453629e-7], np.float32)

SMALLEST_TEMPERATURE = np.float32(1e-6)  # of classes; all but the most probable one is then out of reach

ZERO, HALF, ONE = np.float32(0.0), np.float32(0.5), np.float32(1.0)
LARGEST = np.float32(LARGEST_INTEGER)

# SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014)
GOLDEN, MIX_A, MIX_B = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


class Weights(NamedTuple):
    """A network as the loop reads it; R channels, S skip channels, A head channels, O outputs.

    Matrices are packed (see wide_dots.py) or, for the plain integer loop, rows of columns; ``..._scale`` has a factor for each row.
    """

    input: np.ndarray  # (R, taps), always packed float32
    input_bias: np.ndarray  # (R,)
    dilated: np.ndarray  # (layers, 2 (past, now)) of (2 R, R)
    dilated_scale: np.ndarray  # (layers, 2 R)
    dilated_bias: np.ndarray  # (layers, 2 R)
    gated: np.ndarray  # (layers,) of (R + S, R): to the residual stream, then to the skip sum
    gated_scale: np.ndarray  # (layers, R + S)
    residual_bias: np.ndarray  # (layers, R)
    skip_bias: np.ndarray  # (S,)
    head: np.ndarray  # (A, S)
    head_scale: np.ndarray  # (A,)
    head_bias: np.ndarray  # (A,)
    output: np.ndarray  # (O, A)
    output_scale: np.ndarray  # (O,)
    output_bias: np.ndarray  # (O,)
    dilations: np.ndarray  # (layers,), powers of two
    ring_starts: np.ndarray  # (layers,): the first slot of each layer's ring
    is_mixture: bool  # the outputs are a mixture of logistics, not logits of classes


class Streams(NamedTuple):
    """What the streams remember; ``slots`` is the sum of all dilations, padded widths are multiples of 4."""

    seeds: np.ndarray  # (streams,) uint64
    past: np.ndarray  # (streams, padded taps) float32: the last samples heard, the newest at the end
    rings: np.ndarray  # (streams, slots, padded R): what each layer heard, float32 or int16
    ring_scales: np.ndarray  # (streams, slots) float32


class Desk(NamedTuple):
    """Arrays that the loop works on and nobody reads afterwards; sums have room for whole blocks of rows."""

    hidden: np.ndarray  # (streams, R) float32: the residual stream
    skipped: np.ndarray  # (streams, S) float32: the skip sum
    input_sums: np.ndarray  # float32
    sums: np.ndarray  # float32 or int32
    past_sums: np.ndarray  # of the same type
    units: np.ndarray  # (2 R or more,) float32
    vector: np.ndarray  # (padded largest width,) float32 or int16: what is multiplied, but for the rings


# Without ``_nrt`` numba does not count the references to arrays, which Python holds all along: that would take longer than a layer.
FLAGS: Any = {"_nrt": False, "error_model": "numpy", "fastmath": {"nnan", "ninf", "nsz", "contract"}}


def product(weights: Any, vector: Any, sums: Any) -> None:
    """``sums = weights @ vector``, by the way that fits how the weights lie; exists in compiled code alone."""


@overload(product, inline="never")
def _product(weights: Any, vector: Any, sums: Any) -> Any:
    return _plain_product if weights.ndim == 2 else _packed_product


def _packed_product(weights: Any, vector: Any, sums: Any) -> None:
    packed_product(weights, vector, sums)


def _plain_product(weights: Any, vector: Any, sums: Any) -> None:
    """Rows of integers; LLVM finds the instruction that multiplies and adds 16-bit pairs on every common processor."""
    for row in range(weights.shape[0]):
        total = np.int32(0)
        for column in range(weights.shape[1]):
            total += np.int32(weights[row, column]) * np.int32(vector[column])
        sums[row] = total


def quantise(values: Any, n_values: Any, largest: Any, kept: Any) -> Any:
    """Keep ``values`` in the type of ``kept`` and return the scale that gives them back; exists in compiled code alone.

    ``largest`` is their largest magnitude or more. Integers are rounded to the nearest.
    """


@overload(quantise)
def _quantise(values: Any, n_values: Any, largest: Any, kept: Any) -> Any:
    return _keep if kept.dtype == types.float32 else _round


def _keep(values: Any, n_values: Any, largest: Any, kept: Any) -> Any:
    for index in range(n_values):
        kept[index] = values[index]
    return ONE


def _round(values: Any, n_values: Any, largest: Any, kept: Any) -> Any:
    factor = LARGEST / largest if largest > ZERO else ZERO
    for index in range(n_values):
        # conversion cuts towards zero, so the rounding happens above it
        kept[index] = np.int32(values[index] * factor + (LARGEST + HALF)) - np.int32(LARGEST_INTEGER)
    return largest / LARGEST


@inlined(**FLAGS)
def largest_magnitude(values: np.ndarray, n_values: int) -> Any:
    """By the bits of the numbers without their signs, which are ordered as they are; several at once, as no comparison of floats is."""
    bits = values.view(np.int32)
    largest = np.int32(0)
    for index in range(n_values):
        largest = np.int32(max(largest, np.int32(bits[index] & np.int32(0x7FFFFFFF))))
    return np.int32(largest).view(np.float32)


@inlined(**FLAGS)
def gate(a: Any, b: Any) -> Any:
    """``tanh(a) sigmoid(b)`` by one division; ``sigmoid(b) = (1 + tanh(b / 2)) / 2``."""
    a = min(max(a, -TANH_REACHES), TANH_REACHES)
    b = min(max(HALF * b, -TANH_REACHES), TANH_REACHES)
    aa, bb = a * a, b * b
    tanh_above = a * ((((P4 * aa + P3) * aa + P2) * aa + P1) * aa + P0)
    tanh_below = (((Q4 * aa + Q3) * aa + Q2) * aa + Q1) * aa + ONE
    half_above = b * ((((P4 * bb + P3) * bb + P2) * bb + P1) * bb + P0)
    half_below = (((Q4 * bb + Q3) * bb + Q2) * bb + Q1) * bb + ONE
    return tanh_above * (half_above + half_below) / ((tanh_below + tanh_below) * half_below)


@inlined(**FLAGS)
def layer_step(
    weights: Weights, streams: Streams, desk: Desk, layer: int, stream: int, slot: int, condition: np.ndarray
) -> None:
    """One layer of one stream: from the residual stream and the ring to the residual stream and the skip sum."""
    hidden, skipped, units = desk.hidden[stream], desk.skipped[stream], desk.units
    n_channels, n_skip = len(hidden), len(skipped)
    heard = streams.rings[stream, slot]  # what the layer heard one dilation ago; then what it hears now
    past_scale = streams.ring_scales[stream, slot]
    product(weights.dilated[layer, 0], heard, desk.past_sums)
    scale = quantise(hidden, n_channels, largest_magnitude(hidden, n_channels), heard)
    streams.ring_scales[stream, slot] = scale
    product(weights.dilated[layer, 1], heard, desk.sums)
    row_scales, bias, past_sums, sums = (
        weights.dilated_scale[layer],
        weights.dilated_bias[layer],
        desk.past_sums,
        desk.sums,
    )
    for row in range(2 * n_channels):
        total = past_scale * np.float32(past_sums[row]) + scale * np.float32(sums[row])
        units[row] = row_scales[row] * total + (bias[row] + condition[row])
    to_sigmoid = units[n_channels:]
    for channel in range(n_channels):
        units[channel] = gate(units[channel], to_sigmoid[channel])
    scale = quantise(units, n_channels, ONE, desk.vector)
    product(weights.gated[layer], desk.vector, sums)
    row_scales, bias = weights.gated_scale[layer], weights.residual_bias[layer]
    for channel in range(n_channels):
        hidden[channel] += (scale * row_scales[channel]) * np.float32(sums[channel]) + bias[channel]
    skip_sums, row_scales = sums[n_channels:], row_scales[n_channels:]
    for channel in range(n_skip):
        skipped[channel] += (scale * row_scales[channel]) * np.float32(skip_sums[channel])


@inlined(**FLAGS)
def rectified_product(
    weights: np.ndarray,
    scales: np.ndarray,
    bias: np.ndarray,
    values: np.ndarray,
    n_values: int,
    desk: Desk,
    result: np.ndarray,
) -> None:
    """``result = weights @ relu(values) + bias``; ``values`` are rectified in place."""
    for index in range(n_values):
        values[index] = max(values[index], ZERO)
    scale = quantise(values, n_values, largest_magnitude(values, n_values), desk.vector)
    product(weights, desk.vector, desk.sums)
    for row in range(len(bias)):
        result[row] = (scale * scales[row]) * np.float32(desk.sums[row]) + bias[row]


@inlined(**FLAGS)
def uniform(seed: Any, index: int) -> float:
    """Number ``index`` of a seed's sequence, inside (0, 1): SplitMix64, whose numbers can be had in any order."""
    bits = seed + (np.uint64(index) + np.uint64(1)) * GOLDEN
    bits = (bits ^ (bits >> np.uint64(30))) * MIX_A
    bits = (bits ^ (bits >> np.uint64(27))) * MIX_B
    bits ^= bits >> np.uint64(31)
    return (np.float64(bits >> np.uint64(12)) + 0.5) * 2.0**-52


@inlined(**FLAGS)
def to_softmax(logits: np.ndarray, temperature: Any, result: np.ndarray) -> None:
    """``result (classes,)``: what is proportional to softmax(logits / temperature), at most 1.

    ``e^x = (e^(x / 256))^256``, by the series of the small exponent and 8 squarings, which many classes go through at once.
    """
    bits = logits.view(np.int32)
    largest = np.int32(-(2**31))
    for index in range(len(logits)):
        largest = np.int32(max(largest, in_order(bits[index])))
    above = np.int32(in_order(largest)).view(np.float32)
    sharpness = ONE / max(temperature, SMALLEST_TEMPERATURE)
    for index in range(len(logits)):
        x = max((logits[index] - above) * sharpness, np.float32(-80.0)) * np.float32(1 / 256)
        x = (((x * np.float32(1 / 24) + np.float32(1 / 6)) * x + HALF) * x + ONE) * x + ONE
        x *= x
        x *= x
        x *= x
        x *= x
        x *= x
        x *= x
        x *= x
        result[index] = x * x


@inlined(**FLAGS)
def in_order(bits: Any) -> Any:
    """The bits of a float32 as an integer that is larger where the number is, and back again."""
    return np.int32(bits ^ ((bits >> np.int32(31)) & np.int32(0x7FFFFFFF)))


@inlined(**FLAGS)
def draw_class(logits: np.ndarray, temperature: Any, chance: float, up_to: np.ndarray) -> int:
    """The class at ``chance`` of the way through softmax(logits / temperature); ``up_to`` (classes,) is overwritten."""
    to_softmax(logits, temperature, up_to)
    total = ZERO
    for index in range(len(logits)):
        total += up_to[index]
        up_to[index] = total
    low, high = 0, len(logits) - 1
    while low < high:
        middle = (low + high) // 2
        if up_to[middle] > chance * total:
            high = middle
        else:
            low = middle + 1
    return low


@inlined(**FLAGS)
def draw_logistic(outputs: np.ndarray, temperature: Any, seed: Any, index: int, up_to: np.ndarray) -> Any:
    """A sample on the 16-bit grid from a mixture of logistics ``outputs`` (logits, means and log scales, one after the other)."""
    n_mixtures = len(outputs) // 3
    mixture = draw_class(outputs[:n_mixtures], ONE, uniform(seed, index), up_to)
    chance = uniform(seed, index + 1)
    scale = math.exp(max(np.float64(outputs[2 * n_mixtures + mixture]), SMALLEST_LOG_SCALE)) * np.float64(temperature)
    sample = np.float64(outputs[n_mixtures + mixture]) + scale * (math.log(chance) - math.log(1.0 - chance))
    return np.float32(round(min(max(sample, -1.0), 1.0) * LARGEST_STEP) / LARGEST_STEP)


@inlined(**FLAGS)
def draw(weights: Weights, desk: Desk, outputs: np.ndarray, temperature: Any, seed: Any, position: int) -> Any:
    """The next sample by its ``outputs``, as the network hears it."""
    if weights.is_mixture:
        return draw_logistic(outputs, temperature, seed, 2 * position, desk.units)
    drawn = draw_class(outputs, temperature, uniform(seed, 2 * position), desk.units)
    return np.float32(drawn - len(outputs) // 2) / np.float32(len(outputs) // 2)


@inlined(**FLAGS)
def start_sample(weights: Weights, streams: Streams, desk: Desk, stream: int) -> None:
    """The residual stream before the first layer, from the last samples; the skip sum at its bias."""
    product(weights.input, streams.past[stream], desk.input_sums)
    hidden, skipped = desk.hidden[stream], desk.skipped[stream]
    for channel in range(len(hidden)):
        hidden[channel] = desk.input_sums[channel] + weights.input_bias[channel]
    for channel in range(len(skipped)):
        skipped[channel] = weights.skip_bias[channel]


@inlined(**FLAGS)
def remember(past: np.ndarray, heard: Any) -> None:
    for index in range(len(past) - 1):
        past[index] = past[index + 1]
    past[-1] = heard


@compiled("the sample loop", **FLAGS)
def advance(
    weights: Weights,
    streams: Streams,
    desk: Desk,
    position: int,
    condition: np.ndarray,
    hop: int,
    first_segment: int,
    wave: np.ndarray,
    outputs: np.ndarray,
    draws: bool,
    temperature: Any,
) -> None:
    """Move the streams on by ``wave (streams, n)``: what they hear or, where it ``draws``, room for the samples that are drawn.

    ``position`` is that of the first sample. ``condition (streams, segments, layers, 2 R)``; each segment holds for ``hop`` samples, the
    first is number ``first_segment`` of the streams. ``outputs (streams, n, O)`` takes what describes each sample; with room
    for one sample they are overwritten, with room for none not computed.
    """
    n_streams, n_samples = wave.shape
    n_outputs = outputs.shape[1]
    for sample in range(n_samples):
        now = position + sample
        segment = now // hop - first_segment
        for stream in range(n_streams):
            start_sample(weights, streams, desk, stream)
        for layer in range(len(weights.dilations)):
            slot = weights.ring_starts[layer] + now % weights.dilations[layer]
            for stream in range(n_streams):
                layer_step(weights, streams, desk, layer, stream, slot, condition[stream, segment, layer])
        for stream in range(n_streams):
            if n_outputs > 0:
                found = outputs[stream, min(sample, n_outputs - 1)]
                skipped, hidden = desk.skipped[stream], desk.units
                rectified_product(
                    weights.head, weights.head_scale, weights.head_bias, skipped, len(skipped), desk, hidden
                )
                rectified_product(
                    weights.output,
                    weights.output_scale,
                    weights.output_bias,
                    hidden,
                    len(weights.head_bias),
                    desk,
                    found,
                )
                if draws:
                    wave[stream, sample] = draw(weights, desk, found, temperature, streams.seeds[stream], now)
            remember(streams.past[stream], wave[stream, sample])


@compiled("the sample loop", **FLAGS)
def predicted(
    samples: np.ndarray, excitation: np.ndarray, coefficients: np.ndarray, level: np.ndarray, hold: int
) -> None:
    """Fill ``samples (order + time,)`` after the first ``order`` ones: each is predicted from those before it, and excited."""
    order = coefficients.shape[1]
    for time in range(len(excitation)):
        segment = time // hold
        total = excitation[time] * level[segment]
        for lag in range(order):
            total += coefficients[segment, lag] * samples[order + time - 1 - lag]
        samples[order + time] = total
