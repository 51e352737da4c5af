"""The loops of the range coder with a context model, compiled by numba; in integers alone.

``tables`` are those of :class:`.contexts.ContextTables` in its order, from ``inside`` to ``table``; all codes are given
by their ranks.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from ...dsp.compiled import compiled, inlined
from .config import SILENT
from .range_kernels import (
    FLAGS,
    FULL_RANGE,
    LOOPS,
    Int,
    decode_interval,
    decode_silence,
    encode_interval,
    encode_silence,
    flush,
    start_decoding,
)
from .range_kernels import workspace as range_workspace

Tables: TypeAlias = tuple[np.ndarray, ...]
MIX_BIAS = 4  # indices in the tables
GROUP_BIAS = 7
CODE_BIAS = 9

MAX_ACTIVATION = 1_023  # of an element of a context in units of 1/16; the smallest is 0
WEIGHT_BITS = 6  # a weight is in units of 2 ** -6, so a product is in nats / 1024
INDEX_BITS = 6  # of nats / 1024 to sixteenths of a nat


def workspace(n_channels: int, tables: Tables) -> tuple[np.ndarray, ...]:
    """Return the loops' buffers: the range coder's, the known frames of each channel, three contexts, and starts."""
    size, n_groups, n_codes = (tables[index].shape[-1] for index in (MIX_BIAS, GROUP_BIAS, CODE_BIAS))
    contexts = np.zeros((3, size), np.int64)
    starts = np.zeros(max(n_groups, n_codes // n_groups) + 1, np.int64)
    return *range_workspace(n_channels), np.zeros(n_channels, np.int64), *contexts, starts


@inlined(**FLAGS)
def compute_past_context(
    ranks: np.ndarray,
    channel: int,
    frame: int,
    n_known: int,
    back: np.ndarray,
    unknown: np.ndarray,
    mix: np.ndarray,
    mix_bias: np.ndarray,
    embedded: np.ndarray,
    context: np.ndarray,
) -> None:
    """Compute ``context (C,)`` from the ``n_known`` frames before ``frame`` of a channel of ``ranks``.

    ``embedded (C,)`` is a buffer.
    """
    n_codebooks = min(ranks.shape[1], back.shape[1])
    size = context.size
    for column in range(size):
        embedded[column] = 0
    for n_back in range(back.shape[0]):
        if n_known > n_back:
            for book in range(n_codebooks):
                rank = ranks[channel, book, frame - 1 - n_back]
                for column in range(size):
                    embedded[column] += back[n_back, book, rank, column]
        else:
            for column in range(size):
                embedded[column] += unknown[n_back, column]
    for row in range(size):
        total = 0
        for column in range(size):
            total += min(max(embedded[column], 0), MAX_ACTIVATION) * mix[row, column]
        context[row] = mix_bias[row] + (total >> WEIGHT_BITS)


@inlined(**FLAGS)
def activate(context: np.ndarray, bias: np.ndarray, book: int, hidden: np.ndarray) -> None:
    """Write the clipped context of a codebook to ``hidden (C,)``."""
    for index in range(context.size):
        hidden[index] = min(max(context[index] + bias[book, index], 0), MAX_ACTIVATION)


@inlined(**FLAGS)
def accumulate_frequencies(
    hidden: np.ndarray,
    weights: np.ndarray,
    bias: np.ndarray,
    book: int,
    first: Int,
    n_symbols: int,
    table: np.ndarray,
    starts: np.ndarray,
) -> int:
    """Write the cumulative frequencies of symbols ``first`` to ``first + n_symbols - 1`` to ``starts``; return the sum.

    ``weights (n_codebooks, symbols, C)`` and ``bias (n_codebooks, symbols)`` give their logits.
    """
    largest = np.int64(-(2**62))
    for row in range(n_symbols):
        logit = np.int64(bias[book, first + row])
        for index in range(hidden.size):
            logit += hidden[index] * weights[book, first + row, index]
        starts[row + 1] = logit
        largest = max(largest, logit)
    for row in range(n_symbols):
        below = (largest - starts[row + 1]) >> INDEX_BITS
        starts[row + 1] = starts[row] + table[min(below, table.size - 1)]
    total: int = starts[n_symbols]
    return total


@inlined(**FLAGS)
def encode_symbol(state: np.ndarray, out: np.ndarray, starts: np.ndarray, total: int, symbol: int) -> None:
    """Encode a symbol by cumulative frequencies."""
    encode_interval(state, out, state[1] // total, starts[symbol], starts[symbol + 1] - starts[symbol])


@inlined(**FLAGS)
def decode_symbol(state: np.ndarray, payload: np.ndarray, starts: np.ndarray, total: int) -> int:
    """Decode a symbol by cumulative frequencies."""
    unit = state[1] // total
    target = min(state[0] // unit, total - 1)
    symbol = 0
    while starts[symbol + 1] <= target:
        symbol += 1
    decode_interval(state, payload, unit, starts[symbol], starts[symbol + 1] - starts[symbol])
    return symbol


@compiled(LOOPS, **FLAGS)
def encode_ranks(ranks: np.ndarray, tables: Tables, out: np.ndarray, buffers: Tables) -> int:
    """Encode ``ranks (channels, n_codebooks, frames)`` with the buffers of a workspace; return the bytes in ``out``."""
    inside, back, unknown, mix, mix_bias, bias, group_weights, group_bias, code_weights, code_bias, table = tables
    n_channels, n_codebooks, n_frames = ranks.shape
    n_groups = group_bias.shape[1]
    group_size = code_bias.shape[1] // n_groups
    state, was_silent, n_known, embedded, context, hidden, starts = buffers
    state[1] = FULL_RANGE
    for frame in range(n_frames):
        for channel in range(n_channels):
            is_silent = ranks[channel, 0, frame] == SILENT
            encode_silence(state, out, was_silent[channel], is_silent)
            was_silent[channel] = is_silent
            if is_silent:
                n_known[channel] = 0
                continue
            compute_past_context(
                ranks, channel, frame, n_known[channel], back, unknown, mix, mix_bias, embedded, context
            )
            n_known[channel] += 1
            for book in range(n_codebooks):
                rank = np.int64(ranks[channel, book, frame])
                group = rank // group_size
                first = group * group_size
                activate(context, bias, book, hidden)
                total = accumulate_frequencies(
                    hidden, group_weights, group_bias, book, np.int64(0), n_groups, table, starts
                )
                encode_symbol(state, out, starts, total, group)
                total = accumulate_frequencies(hidden, code_weights, code_bias, book, first, group_size, table, starts)
                encode_symbol(state, out, starts, total, rank - first)
                for column in range(context.size):
                    context[column] += inside[book, rank, column]
    return flush(state, out)


@compiled(LOOPS, **FLAGS)
def decode_ranks(payload: np.ndarray, tables: Tables, ranks: np.ndarray, buffers: Tables) -> None:
    """Decode into ``ranks (channels, n_codebooks, frames)``; any bytes give ranks of the codebooks."""
    inside, back, unknown, mix, mix_bias, bias, group_weights, group_bias, code_weights, code_bias, table = tables
    n_channels, n_codebooks, n_frames = ranks.shape
    n_groups = group_bias.shape[1]
    group_size = code_bias.shape[1] // n_groups
    state, was_silent, n_known, embedded, context, hidden, starts = buffers
    start_decoding(payload, state)
    for frame in range(n_frames):
        for channel in range(n_channels):
            was_silent[channel] = decode_silence(state, payload, was_silent[channel])
            if was_silent[channel]:
                for book in range(n_codebooks):
                    ranks[channel, book, frame] = SILENT
                n_known[channel] = 0
                continue
            compute_past_context(
                ranks, channel, frame, n_known[channel], back, unknown, mix, mix_bias, embedded, context
            )
            n_known[channel] += 1
            for book in range(n_codebooks):
                activate(context, bias, book, hidden)
                total = accumulate_frequencies(
                    hidden, group_weights, group_bias, book, np.int64(0), n_groups, table, starts
                )
                first = decode_symbol(state, payload, starts, total) * group_size
                total = accumulate_frequencies(hidden, code_weights, code_bias, book, first, group_size, table, starts)
                rank = first + decode_symbol(state, payload, starts, total)
                ranks[channel, book, frame] = rank
                for column in range(context.size):
                    context[column] += inside[book, rank, column]
