"""The loops of the range coder that goes by contexts, compiled by numba: integers alone, so that every machine writes and reads the same.

``tables`` are those of :class:`.contexts.Contexts` in its order, from ``inside`` to ``table``; all codes are given by their places.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from ...dsp.compiled import compiled, inlined
from .config import SILENT
from .contexts import TOP
from .range_kernels import FLAGS, LOOPS, WHOLE_RANGE, begin_reading, finish, narrow, read_silence, widen, write_silence
from .range_kernels import workspace as range_workspace

Tables: TypeAlias = tuple[np.ndarray, ...]
MIX_BIAS, GROUP_BIAS, CODE_BIAS = 4, 7, 9  # places in the tables

WEIGHT_BITS = 6  # a weight's unit is 2 ** -6
INDEX_BITS = 6  # sums in nats / 1024 to sixteenths of a nat


def workspace(n_channels: int, tables: Tables) -> tuple[np.ndarray, ...]:
    """Return the loops' buffers: the range coder's, the known frames of each channel, three contexts, and starts."""
    size, n_groups, n_codes = (tables[place].shape[-1] for place in (MIX_BIAS, GROUP_BIAS, CODE_BIAS))
    contexts = np.zeros((3, size), np.int64)
    starts = np.zeros(max(n_groups, n_codes // n_groups) + 1, np.int64)
    return *range_workspace(n_channels), np.zeros(n_channels, np.int64), *contexts, starts


@inlined(**FLAGS)
def earlier(
    places: np.ndarray,
    channel: int,
    frame: int,
    n_known: int,
    back: np.ndarray,
    unknown: np.ndarray,
    mix: np.ndarray,
    mix_bias: np.ndarray,
    added: np.ndarray,
    context: np.ndarray,
) -> None:
    """Compute ``context (C,)`` from the ``n_known`` frames before ``frame`` of a channel of ``places``.

    ``added (C,)`` is overwritten.
    """
    n_codebooks = min(places.shape[1], back.shape[1])
    size = context.size
    for column in range(size):
        added[column] = 0
    for n_back in range(back.shape[0]):
        if n_known > n_back:
            for level in range(n_codebooks):
                place = places[channel, level, frame - 1 - n_back]
                for column in range(size):
                    added[column] += back[n_back, level, place, column]
        else:
            for column in range(size):
                added[column] += unknown[n_back, column]
    for row in range(size):
        total = 0
        for column in range(size):
            total += min(max(added[column], 0), TOP) * mix[row, column]
        context[row] = mix_bias[row] + (total >> WEIGHT_BITS)


@inlined(**FLAGS)
def heard(context: np.ndarray, bias: np.ndarray, level: int, hidden: np.ndarray) -> None:
    """Write the context of a level, between 0 and TOP, to ``hidden (C,)``."""
    for place in range(context.size):
        hidden[place] = min(max(context[place] + bias[level, place], 0), TOP)


@inlined(**FLAGS)
def deal_out(
    hidden: np.ndarray,
    weights: np.ndarray,
    bias: np.ndarray,
    level: int,
    first: int,
    n_rows: int,
    table: np.ndarray,
    starts: np.ndarray,
) -> int:
    """Write cumulated frequencies of ``n_rows`` rows of ``weights (levels, rows, C)`` to ``starts``; return the sum."""
    largest = np.int64(-(2**62))
    for row in range(n_rows):
        total = np.int64(bias[level, first + row])
        for place in range(hidden.size):
            total += hidden[place] * weights[level, first + row, place]
        starts[row + 1] = total
        largest = max(largest, total)
    for row in range(n_rows):
        behind = (largest - starts[row + 1]) >> INDEX_BITS
        starts[row + 1] = starts[row] + table[min(behind, table.size - 1)]
    return starts[n_rows]


@inlined(**FLAGS)
def write_symbol(state: np.ndarray, out: np.ndarray, starts: np.ndarray, total: int, symbol: int) -> None:
    """Narrow to the parts of a symbol."""
    narrow(state, out, state[1] // total, starts[symbol], starts[symbol + 1] - starts[symbol])


@inlined(**FLAGS)
def read_symbol(state: np.ndarray, payload: np.ndarray, starts: np.ndarray, total: int) -> int:
    """The symbol whose parts the number lies in."""
    part = state[1] // total
    place = min(state[0] // part, total - 1)
    symbol = 0
    while starts[symbol + 1] <= place:
        symbol += 1
    widen(state, payload, part, starts[symbol], starts[symbol + 1] - starts[symbol])
    return symbol


@compiled(LOOPS, **FLAGS)
def write_codes(places: np.ndarray, tables: Tables, out: np.ndarray, buffers: Tables) -> int:
    """Write ``places (channels, levels, frames)`` to ``out`` with the ``buffers`` of a workspace; return its bytes."""
    inside, back, unknown, mix, mix_bias, bias, group_weights, group_bias, code_weights, code_bias, table = tables
    n_channels, n_codebooks, n_frames = places.shape
    n_groups = group_bias.shape[1]
    in_group = code_bias.shape[1] // n_groups
    state, was_silent, n_known, added, context, hidden, starts = buffers
    state[1] = WHOLE_RANGE
    for frame in range(n_frames):
        for channel in range(n_channels):
            is_silent = places[channel, 0, frame] == SILENT
            write_silence(state, out, was_silent[channel], is_silent)
            was_silent[channel] = is_silent
            if is_silent:
                n_known[channel] = 0
                continue
            earlier(places, channel, frame, n_known[channel], back, unknown, mix, mix_bias, added, context)
            n_known[channel] += 1
            for level in range(n_codebooks):
                place = np.int64(places[channel, level, frame])
                group = place // in_group
                first = group * in_group
                heard(context, bias, level, hidden)
                total = deal_out(hidden, group_weights, group_bias, level, np.int64(0), n_groups, table, starts)
                write_symbol(state, out, starts, total, group)
                total = deal_out(hidden, code_weights, code_bias, level, first, in_group, table, starts)
                write_symbol(state, out, starts, total, place - first)
                for column in range(context.size):
                    context[column] += inside[level, place, column]
    return finish(state, out)


@compiled(LOOPS, **FLAGS)
def read_codes(payload: np.ndarray, tables: Tables, places: np.ndarray, buffers: Tables) -> None:
    """Read ``places (channels, levels, frames)`` that :func:`write_codes` wrote; whatever the bytes are, each is that of a code."""
    inside, back, unknown, mix, mix_bias, bias, group_weights, group_bias, code_weights, code_bias, table = tables
    n_channels, n_codebooks, n_frames = places.shape
    n_groups = group_bias.shape[1]
    in_group = code_bias.shape[1] // n_groups
    state, was_silent, n_known, added, context, hidden, starts = buffers
    begin_reading(payload, state)
    for frame in range(n_frames):
        for channel in range(n_channels):
            was_silent[channel] = read_silence(state, payload, was_silent[channel])
            if was_silent[channel]:
                for level in range(n_codebooks):
                    places[channel, level, frame] = SILENT
                n_known[channel] = 0
                continue
            earlier(places, channel, frame, n_known[channel], back, unknown, mix, mix_bias, added, context)
            n_known[channel] += 1
            for level in range(n_codebooks):
                heard(context, bias, level, hidden)
                total = deal_out(hidden, group_weights, group_bias, level, np.int64(0), n_groups, table, starts)
                first = read_symbol(state, payload, starts, total) * in_group
                total = deal_out(hidden, code_weights, code_bias, level, first, in_group, table, starts)
                place = first + read_symbol(state, payload, starts, total)
                places[channel, level, frame] = place
                for column in range(context.size):
                    context[column] += inside[level, place, column]
