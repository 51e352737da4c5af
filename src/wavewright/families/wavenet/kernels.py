"""The loop over samples, compiled by numba: cached layers, one pass over the weights for each sample.

The types of the arrays select float32 or integer arithmetic: numba compiles the loop for each mode and caches the
machine code on disk. In the integer modes, each vector is quantised to 16-bit integers and one scale before it is
multiplied. The sums are exact, so every order and instruction gives the same result. Floating-point operations are
never reordered.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numba import types
from numba.extending import overload

from ...dsp.compiled import compiled, inlined
from .config import MAX_STEP, MIN_LOG_SCALE
from .wide_dots import packed_product

MAX_INTEGER = 8_191  # in a vector; engine.py scales the weights so that no sum of products overflows 32 bits

# tanh(x) = x P(x^2) / Q(x^2) for |x| <= 8, with an error of at most 6e-9 before rounding (minimax, by Lawson's
# weighted least squares).
TANH_RANGE = np.float32(8.0)  # beyond it tanh is 1 to within 3e-7
P0, P1, P2, P3, P4 = np.array([0.99999994, 0.13438188, 3.5641526e-3, 2.1773187e-5, 1.5061728e-8], np.float32)
Q1, Q2, Q3, Q4 = np.array([0.46771508, 2.6136002e-2, 3.3991734e-4, 8.453629e-7], np.float32)

_Inferred: TypeAlias = Any  # a number or option whose type numba infers

MIN_TEMPERATURE = np.float32(1e-6)  # of classes; only the most probable one is then drawn

ZERO, HALF, ONE = np.float32(0.0), np.float32(0.5), np.float32(1.0)
LARGEST = np.float32(MAX_INTEGER)

# SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014)
GOLDEN, MIX_A, MIX_B = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


class Weights(NamedTuple):
    """A network as the loop reads it; R channels, S skip channels, A head channels, O outputs.

    Matrices are packed (see wide_dots.py) or, for the plain integer loop, rows of columns; ``..._scale`` has the scale
    of each row.
    """

    input: np.ndarray  # (R, taps), always packed float32
    input_bias: np.ndarray  # (R,)
    dilated: np.ndarray  # (layers, 2 (past, now)) of (2 R, R)
    dilated_scale: np.ndarray  # (layers, 2 R)
    dilated_bias: np.ndarray  # (layers, 2 R)
    gated: np.ndarray  # (layers,) of (R + S, R): from the gated units to the residual stream and the skip sum
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
    """Cached inputs of the layers; ``slots`` is the sum of all dilations, padded widths are multiples of 4."""

    seeds: np.ndarray  # (streams,) uint64
    past: np.ndarray  # (streams, padded taps) float32: the last samples, most recent last
    rings: np.ndarray  # (streams, slots, padded R): past inputs of each layer, float32 or int16
    ring_scales: np.ndarray  # (streams, slots) float32


class Workspace(NamedTuple):
    """Work arrays of the loop; sums have the size of whole blocks of rows."""

    hidden: np.ndarray  # (streams, R) float32: the residual stream
    skipped: np.ndarray  # (streams, S) float32: the skip sum
    input_sums: np.ndarray  # float32
    sums: np.ndarray  # float32 or int32
    past_sums: np.ndarray  # of the same type
    units: np.ndarray  # (2 R or more,) float32
    vector: np.ndarray  # (padded largest width,) float32 or int16: the vector to multiply


# Without ``_nrt`` numba does not count references to arrays, which would take longer than a layer; Python holds them.
FLAGS: _Inferred = {"_nrt": False, "error_model": "numpy", "fastmath": {"nnan", "ninf", "nsz", "contract"}}


def product(weights: _Inferred, vector: _Inferred, sums: _Inferred) -> None:
    """Compute ``sums = weights @ vector`` for either layout of the weights; exists in compiled code alone."""


@overload(product, inline="never")
def _product(weights: _Inferred, vector: _Inferred, sums: _Inferred) -> Callable[..., None]:  # noqa: ARG001
    return _plain_product if weights.ndim == 2 else _packed_product


def _packed_product(weights: _Inferred, vector: _Inferred, sums: _Inferred) -> None:
    packed_product(weights, vector, sums)


def _plain_product(weights: _Inferred, vector: _Inferred, sums: _Inferred) -> None:
    """Multiply rows of integers, which LLVM vectorises by the multiply-add of 16-bit pairs on common processors."""
    for row in range(weights.shape[0]):
        total = np.int32(0)
        for column in range(weights.shape[1]):
            total += np.int32(weights[row, column]) * np.int32(vector[column])
        sums[row] = total


def quantise(values: _Inferred, n_values: _Inferred, largest: _Inferred, quantised: _Inferred) -> _Inferred:
    """Convert ``values`` to the type of ``quantised`` and return their scale; exists in compiled code alone.

    ``largest`` is their largest magnitude or more. Integers are rounded to the nearest.
    """
    raise NotImplementedError


@overload(quantise)
def _quantise(
    values: _Inferred,  # noqa: ARG001
    n_values: _Inferred,  # noqa: ARG001
    largest: _Inferred,  # noqa: ARG001
    quantised: _Inferred,
) -> Callable[..., _Inferred]:
    return _copy if quantised.dtype == types.float32 else _round


def _copy(values: _Inferred, n_values: _Inferred, largest: _Inferred, quantised: _Inferred) -> _Inferred:  # noqa: ARG001
    for index in range(n_values):
        quantised[index] = values[index]
    return ONE


def _round(values: _Inferred, n_values: _Inferred, largest: _Inferred, quantised: _Inferred) -> _Inferred:
    factor = LARGEST / largest if largest > ZERO else ZERO
    for index in range(n_values):
        # Conversion truncates towards zero, so the values are shifted above it to be rounded.
        quantised[index] = np.int32(values[index] * factor + (LARGEST + HALF)) - np.int32(MAX_INTEGER)
    return largest / LARGEST


@inlined(**FLAGS)
def largest_magnitude(values: np.ndarray, n_values: int) -> _Inferred:
    """Return the largest magnitude, by comparing the bits without signs, which LLVM vectorises unlike floats."""
    bits = values.view(np.int32)
    largest = np.int32(0)
    for index in range(n_values):
        largest = np.int32(max(largest, np.int32(bits[index] & np.int32(0x7FFFFFFF))))
    return np.int32(largest).view(np.float32)


@inlined(**FLAGS)
def gate(a: _Inferred, b: _Inferred) -> _Inferred:
    """Return ``tanh(a) sigmoid(b)`` with one division; ``sigmoid(b) = (1 + tanh(b / 2)) / 2``."""
    a = min(max(a, -TANH_RANGE), TANH_RANGE)
    b = min(max(HALF * b, -TANH_RANGE), TANH_RANGE)
    aa, bb = a * a, b * b
    tanh_numerator = a * ((((P4 * aa + P3) * aa + P2) * aa + P1) * aa + P0)
    tanh_denominator = (((Q4 * aa + Q3) * aa + Q2) * aa + Q1) * aa + ONE
    half_numerator = b * ((((P4 * bb + P3) * bb + P2) * bb + P1) * bb + P0)
    half_denominator = (((Q4 * bb + Q3) * bb + Q2) * bb + Q1) * bb + ONE
    return (
        tanh_numerator
        * (half_numerator + half_denominator)
        / ((tanh_denominator + tanh_denominator) * half_denominator)
    )


@inlined(**FLAGS)
def layer_step(
    weights: Weights, streams: Streams, workspace: Workspace, layer: int, stream: int, slot: int, condition: np.ndarray
) -> None:
    """Compute one layer of one stream: update its ring, the residual stream and the skip sum."""
    hidden, skipped, units = workspace.hidden[stream], workspace.skipped[stream], workspace.units
    n_channels, n_skip = len(hidden), len(skipped)
    cached = streams.rings[stream, slot]  # the input one dilation ago, replaced by the input now
    past_scale = streams.ring_scales[stream, slot]
    product(weights.dilated[layer, 0], cached, workspace.past_sums)
    scale = quantise(hidden, n_channels, largest_magnitude(hidden, n_channels), cached)
    streams.ring_scales[stream, slot] = scale
    product(weights.dilated[layer, 1], cached, workspace.sums)
    row_scales = weights.dilated_scale[layer]
    bias = weights.dilated_bias[layer]
    past_sums, sums = workspace.past_sums, workspace.sums
    for row in range(2 * n_channels):
        total = past_scale * np.float32(past_sums[row]) + scale * np.float32(sums[row])
        units[row] = row_scales[row] * total + (bias[row] + condition[row])
    to_sigmoid = units[n_channels:]
    for channel in range(n_channels):
        units[channel] = gate(units[channel], to_sigmoid[channel])
    scale = quantise(units, n_channels, ONE, workspace.vector)
    product(weights.gated[layer], workspace.vector, sums)
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
    workspace: Workspace,
    result: np.ndarray,
) -> None:
    """Compute ``result = weights @ relu(values) + bias``; ``values`` are rectified in place."""
    for index in range(n_values):
        values[index] = max(values[index], ZERO)
    scale = quantise(values, n_values, largest_magnitude(values, n_values), workspace.vector)
    product(weights, workspace.vector, workspace.sums)
    for row in range(len(bias)):
        result[row] = (scale * scales[row]) * np.float32(workspace.sums[row]) + bias[row]


@inlined(**FLAGS)
def uniform(seed: _Inferred, index: int) -> _Inferred:
    """Return number ``index`` of the sequence of a seed, inside (0, 1): SplitMix64, which has random access."""
    bits = seed + (np.uint64(index) + np.uint64(1)) * GOLDEN
    bits = (bits ^ (bits >> np.uint64(30))) * MIX_A
    bits = (bits ^ (bits >> np.uint64(27))) * MIX_B
    bits ^= bits >> np.uint64(31)
    return (np.float64(bits >> np.uint64(12)) + 0.5) * 2.0**-52


@inlined(**FLAGS)
def to_softmax(logits: np.ndarray, temperature: _Inferred, result: np.ndarray) -> None:
    """Compute ``result (classes,)`` proportional to softmax(logits / temperature), at most 1.

    ``e^x = (e^(x / 256))^256``, by a series and 8 squarings, which LLVM vectorises over the classes.
    """
    bits = logits.view(np.int32)
    largest = np.int32(-(2**31))
    for index in range(len(logits)):
        largest = np.int32(max(largest, in_order(bits[index])))
    above = np.int32(in_order(largest)).view(np.float32)
    sharpness = ONE / max(temperature, MIN_TEMPERATURE)
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
def in_order(bits: _Inferred) -> _Inferred:
    """Convert the bits of a float32 to an integer of the same order, and back."""
    return np.int32(bits ^ ((bits >> np.int32(31)) & np.int32(0x7FFFFFFF)))


@inlined(**FLAGS)
def draw_class(logits: np.ndarray, temperature: _Inferred, quantile: _Inferred, cumulative: np.ndarray) -> int:
    """Return the class at a quantile of softmax(logits / temperature); ``cumulative (classes,)`` is overwritten."""
    to_softmax(logits, temperature, cumulative)
    total = ZERO
    for index in range(len(logits)):
        total += cumulative[index]
        cumulative[index] = total
    low, high = 0, len(logits) - 1
    while low < high:
        middle = (low + high) // 2
        if cumulative[middle] > quantile * total:
            high = middle
        else:
            low = middle + 1
    return low


@inlined(**FLAGS)
def draw_logistic(
    outputs: np.ndarray, temperature: _Inferred, seed: _Inferred, index: int, cumulative: np.ndarray
) -> _Inferred:
    """Draw a sample on the 16-bit grid from a mixture of logistics: ``outputs`` are logits, means and log scales."""
    n_mixtures = len(outputs) // 3
    mixture = draw_class(outputs[:n_mixtures], ONE, uniform(seed, index), cumulative)
    quantile = uniform(seed, index + 1)
    scale = math.exp(max(np.float64(outputs[2 * n_mixtures + mixture]), MIN_LOG_SCALE)) * np.float64(temperature)
    sample = np.float64(outputs[n_mixtures + mixture]) + scale * (math.log(quantile) - math.log(1.0 - quantile))
    return np.float32(round(min(max(sample, -1.0), 1.0) * MAX_STEP) / MAX_STEP)


@inlined(**FLAGS)
def draw(
    weights: Weights, workspace: Workspace, outputs: np.ndarray, temperature: _Inferred, seed: _Inferred, position: int
) -> _Inferred:
    """Draw the next sample from the distribution that ``outputs`` describe."""
    if weights.is_mixture:
        return draw_logistic(outputs, temperature, seed, 2 * position, workspace.units)
    index = draw_class(outputs, temperature, uniform(seed, 2 * position), workspace.units)
    return np.float32(index - len(outputs) // 2) / np.float32(len(outputs) // 2)


@inlined(**FLAGS)
def start_sample(weights: Weights, streams: Streams, workspace: Workspace, stream: int) -> None:
    """Set the residual stream to the input layer of the last samples, and the skip sum to its bias."""
    product(weights.input, streams.past[stream], workspace.input_sums)
    hidden, skipped = workspace.hidden[stream], workspace.skipped[stream]
    for channel in range(len(hidden)):
        hidden[channel] = workspace.input_sums[channel] + weights.input_bias[channel]
    for channel in range(len(skipped)):
        skipped[channel] = weights.skip_bias[channel]


@inlined(**FLAGS)
def push_sample(past: np.ndarray, sample: _Inferred) -> None:
    """Shift the last samples by one and append a sample."""
    for index in range(len(past) - 1):
        past[index] = past[index + 1]
    past[-1] = sample


@compiled("the sample loop", **FLAGS)
def advance(
    weights: Weights,
    streams: Streams,
    workspace: Workspace,
    position: int,
    condition: np.ndarray,
    hop: int,
    first_segment: int,
    signal: np.ndarray,
    outputs: np.ndarray,
    is_drawn: bool,
    temperature: _Inferred,
) -> None:
    """Advance the streams over a signal.

    - ``weights``, ``streams``, ``workspace``: the network, the cached inputs, which are updated, and work arrays.
    - ``position``: of the first sample.
    - ``condition``: ``(streams, segments, layers, 2 R)``; each segment lasts ``hop`` samples.
    - ``hop``, ``first_segment``: samples of a segment, and number of the first segment of ``condition`` in the streams.
    - ``signal``: ``(streams, n)``, used as it is or, with ``is_drawn``, overwritten by the drawn samples.
    - ``outputs``: ``(streams, m, O)`` for the outputs of the samples; with ``m`` of 1 they are overwritten, of 0 not
      computed.
    - ``is_drawn``: draw the samples.
    - ``temperature``: scale of the distributions.
    """
    n_streams, n_samples = signal.shape
    n_outputs = outputs.shape[1]
    for sample in range(n_samples):
        now = position + sample
        segment = now // hop - first_segment
        for stream in range(n_streams):
            start_sample(weights, streams, workspace, stream)
        for layer in range(len(weights.dilations)):
            slot = weights.ring_starts[layer] + now % weights.dilations[layer]
            for stream in range(n_streams):
                layer_step(weights, streams, workspace, layer, stream, slot, condition[stream, segment, layer])
        for stream in range(n_streams):
            if n_outputs > 0:
                sample_outputs = outputs[stream, min(sample, n_outputs - 1)]
                skipped, hidden = workspace.skipped[stream], workspace.units
                rectified_product(
                    weights.head, weights.head_scale, weights.head_bias, skipped, len(skipped), workspace, hidden
                )
                rectified_product(
                    weights.output,
                    weights.output_scale,
                    weights.output_bias,
                    hidden,
                    len(weights.head_bias),
                    workspace,
                    sample_outputs,
                )
                if is_drawn:
                    seed = streams.seeds[stream]
                    signal[stream, sample] = draw(weights, workspace, sample_outputs, temperature, seed, now)
            push_sample(streams.past[stream], signal[stream, sample])


@compiled("the sample loop", **FLAGS)
def all_pole_filter(
    samples: np.ndarray, excitation: np.ndarray, coefficients: np.ndarray, level: np.ndarray, segment_length: int
) -> None:
    """Fill ``samples (order + time,)`` after the first ``order`` ones with the output of a time-varying filter."""
    order = coefficients.shape[1]
    for time in range(len(excitation)):
        segment = time // segment_length
        total = excitation[time] * level[segment]
        for lag in range(order):
            total += coefficients[segment, lag] * samples[order + time - 1 - lag]
        samples[order + time] = total
