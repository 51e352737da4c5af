"""The loops of the range coder with a context model, compiled by numba; in integers alone.

``tables`` are those of :class:`.contexts.ContextTables` in its order, from ``inside`` to ``table``. The tables of codes
are split into groups: ``code_weights (n_codebooks, groups, codes, C)`` and ``code_bias (n_codebooks, groups, codes)``.
All codes are given by their ranks.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from ....dsp.compiled import compiled, inlined
from . import SILENT
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
    workspace as range_workspace,
)

Tables: TypeAlias = tuple[np.ndarray, ...]
INSIDE, BACK, UNKNOWN, MIX, MIX_BIAS, BIAS, GROUP_WEIGHTS, GROUP_BIAS, CODE_WEIGHTS, CODE_BIAS, TABLE = range(11)
"""Indices in the tables."""

MAX_ACTIVATION = 1_023  # of an element of a context in units of 1/16; the smallest is 0
WEIGHT_BITS = 6  # a weight is in units of 2 ** -6, so a product is in nats / 1024
INDEX_BITS = 6  # of nats / 1024 to sixteenths of a nat


def workspace(n_channels: int, tables: Tables) -> tuple[np.ndarray, ...]:
    """Return the loops' buffers: the range coder's, three contexts, and starts."""
    size, n_groups, group_size = (tables[index].shape[-1] for index in (MIX_BIAS, GROUP_BIAS, CODE_BIAS))
    contexts = np.zeros((3, size), np.int64)
    starts = np.zeros(max(n_groups, group_size) + 1, np.int64)
    return *range_workspace(n_channels), *contexts, starts


@inlined(**FLAGS)
def start_context(
    tables: Tables, ranks: np.ndarray, channel: int, frame: int, embedded: np.ndarray, context: np.ndarray
) -> None:
    """Compute ``context (C,)`` from the frames before ``frame`` of a channel of ``ranks``, back to a silent one.

    ``embedded (C,)`` is a buffer.
    """
    back, unknown, mix, mix_bias = tables[BACK], tables[UNKNOWN], tables[MIX], tables[MIX_BIAS]
    n_codebooks = min(ranks.shape[1], back.shape[1])
    size = context.size
    for column in range(size):
        embedded[column] = 0
    is_known = True
    for n_back in range(back.shape[0]):
        is_known = is_known and frame > n_back and ranks[channel, 0, frame - 1 - n_back] != SILENT
        if is_known:
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
def add_code(tables: Tables, book: int, rank: Int, context: np.ndarray) -> None:
    """Add the embedding of a code to the context of the later codebooks of its frame."""
    inside = tables[INSIDE]
    for column in range(context.size):
        context[column] += inside[book, rank, column]


@inlined(**FLAGS)
def accumulate_frequencies(
    hidden: np.ndarray, weights: np.ndarray, bias: np.ndarray, table: np.ndarray, starts: np.ndarray
) -> int:
    """Write the cumulative frequencies of symbols to ``starts``; return their sum.

    ``weights (symbols, C)`` and ``bias (symbols,)`` give their logits.
    """
    largest = np.int64(-(2**62))
    for row in range(bias.size):
        logit = np.int64(bias[row])
        for index in range(hidden.size):
            logit += hidden[index] * weights[row, index]
        starts[row + 1] = logit
        largest = max(largest, logit)
    for row in range(bias.size):
        below = (largest - starts[row + 1]) >> INDEX_BITS
        starts[row + 1] = starts[row] + table[min(below, table.size - 1)]
    total: int = starts[bias.size]
    return total


@inlined(**FLAGS)
def group_frequencies(tables: Tables, context: np.ndarray, book: int, hidden: np.ndarray, starts: np.ndarray) -> int:
    """Write the clipped context of a codebook to ``hidden (C,)`` and the frequencies of its groups to ``starts``."""
    bias = tables[BIAS]
    for index in range(context.size):
        hidden[index] = min(max(context[index] + bias[book, index], 0), MAX_ACTIVATION)
    return accumulate_frequencies(hidden, tables[GROUP_WEIGHTS][book], tables[GROUP_BIAS][book], tables[TABLE], starts)


@inlined(**FLAGS)
def code_frequencies(tables: Tables, hidden: np.ndarray, book: int, group: Int, starts: np.ndarray) -> int:
    """Write the frequencies of the codes of a group to ``starts``."""
    weights, bias = tables[CODE_WEIGHTS][book, group], tables[CODE_BIAS][book, group]
    return accumulate_frequencies(hidden, weights, bias, tables[TABLE], starts)


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
    n_channels, n_codebooks, n_frames = ranks.shape
    state, was_silent, embedded, context, hidden, starts = buffers
    state[1] = FULL_RANGE
    for frame in range(n_frames):
        for channel in range(n_channels):
            if not encode_silence(state, out, ranks, channel, frame, was_silent):
                start_context(tables, ranks, channel, frame, embedded, context)
                for book in range(n_codebooks):
                    rank = np.int64(ranks[channel, book, frame])
                    group_size = tables[CODE_BIAS].shape[2]
                    group = rank // group_size
                    total = group_frequencies(tables, context, book, hidden, starts)
                    encode_symbol(state, out, starts, total, group)
                    total = code_frequencies(tables, hidden, book, group, starts)
                    encode_symbol(state, out, starts, total, rank - group * group_size)
                    add_code(tables, book, rank, context)
    return flush(state, out)


@compiled(LOOPS, **FLAGS)
def decode_ranks(payload: np.ndarray, tables: Tables, ranks: np.ndarray, buffers: Tables) -> None:
    """Decode into ``ranks (channels, n_codebooks, frames)``; any bytes give ranks of the codebooks."""
    n_channels, n_codebooks, n_frames = ranks.shape
    state, was_silent, embedded, context, hidden, starts = buffers
    start_decoding(payload, state)
    for frame in range(n_frames):
        for channel in range(n_channels):
            if not decode_silence(state, payload, ranks, channel, frame, was_silent):
                start_context(tables, ranks, channel, frame, embedded, context)
                for book in range(n_codebooks):
                    total = group_frequencies(tables, context, book, hidden, starts)
                    group = decode_symbol(state, payload, starts, total)
                    total = code_frequencies(tables, hidden, book, group, starts)
                    rank = group * tables[CODE_BIAS].shape[2] + decode_symbol(state, payload, starts, total)
                    ranks[channel, book, frame] = rank
                    add_code(tables, book, rank, context)
