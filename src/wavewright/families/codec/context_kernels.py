"""The loops of the range coder that goes by contexts, compiled by numba: integers alone, so that every machine writes and reads the same.

``tables`` are those of :class:`.contexts.Contexts` in its order, from ``inside`` to ``table``; all codes are given by their places.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from ...dsp.compiled import compiled
from . import SILENT
from .contexts import TOP
from .range_kernels import WHOLE_RANGE, begin_reading, finish, narrow, read_silence, widen, write_silence

Tables: TypeAlias = tuple[np.ndarray, ...]

WEIGHT_BITS = 6  # a weight's unit is 2 ** -6
INDEX_BITS = 6  # sums in nats / 1024 to sixteenths of a nat


@compiled
def room(size: int, n_symbols: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Where three contexts ``(size,)`` and the starts of up to ``n_symbols`` symbols are written."""
    return np.zeros(size, np.int64), np.zeros(size, np.int64), np.zeros(size, np.int64), np.zeros(n_symbols + 1, np.int64)


@compiled
def earlier(
    places: np.ndarray,
    frame: int,
    n_known: int,
    back: np.ndarray,
    unknown: np.ndarray,
    mix: np.ndarray,
    mix_bias: np.ndarray,
    added: np.ndarray,
    context: np.ndarray,
) -> None:
    """Write to ``context (C,)`` what the ``n_known`` frames before ``frame`` of ``places (levels, frames)`` say; ``added (C,)`` is changed."""
    n_levels = min(places.shape[0], back.shape[1])
    added[:] = 0
    for n_back in range(back.shape[0]):
        if n_known > n_back:
            for level in range(n_levels):
                added += back[n_back, level, places[level, frame - 1 - n_back]]
        else:
            added += unknown[n_back]
    for row in range(context.size):
        total = 0
        for column in range(context.size):
            total += min(max(added[column], 0), TOP) * mix[row, column]
        context[row] = mix_bias[row] + (total >> WEIGHT_BITS)


@compiled
def heard(context: np.ndarray, bias: np.ndarray, hidden: np.ndarray) -> None:
    """Write the context of a level, between 0 and TOP, to ``hidden (C,)``."""
    for place in range(context.size):
        hidden[place] = min(max(context[place] + bias[place], 0), TOP)


@compiled
def deal_out(hidden: np.ndarray, weights: np.ndarray, bias: np.ndarray, table: np.ndarray, starts: np.ndarray) -> int:
    """Write to ``starts (n + 1,)`` where the parts of each of the ``n`` rows of ``weights (n, C)`` begin; how many there are."""
    n_rows = bias.size
    largest = np.int64(-(2**62))
    for row in range(n_rows):
        total = np.int64(bias[row])
        for place in range(hidden.size):
            total += hidden[place] * weights[row, place]
        starts[row + 1] = total
        largest = max(largest, total)
    for row in range(n_rows):
        behind = (largest - starts[row + 1]) >> INDEX_BITS
        starts[row + 1] = starts[row] + table[min(behind, table.size - 1)]
    return starts[n_rows]


@compiled
def write_symbol(state: np.ndarray, out: np.ndarray, starts: np.ndarray, total: int, symbol: int) -> None:
    """Narrow to the parts of a symbol."""
    narrow(state, out, state[1] // total, starts[symbol], starts[symbol + 1] - starts[symbol])


@compiled
def read_symbol(state: np.ndarray, payload: np.ndarray, starts: np.ndarray, total: int) -> int:
    """The symbol whose parts the number lies in."""
    part = state[1] // total
    place = min(state[0] // part, total - 1)
    symbol = 0
    while starts[symbol + 1] <= place:
        symbol += 1
    widen(state, payload, part, starts[symbol], starts[symbol + 1] - starts[symbol])
    return symbol


@compiled
def write_codes(places: np.ndarray, tables: Tables, out: np.ndarray) -> int:
    """Write ``places (channels, levels, frames)``; the number of bytes in ``out``."""
    inside, back, unknown, mix, mix_bias, bias, group_weights, group_bias, code_weights, code_bias, table = tables
    n_channels, n_levels, n_frames = places.shape
    in_group = code_bias.shape[1] // group_bias.shape[1]
    added, context, hidden, starts = room(mix_bias.size, max(group_bias.shape[1], in_group))
    state = np.zeros(3, np.int64)  # low, range, bytes written
    state[1] = WHOLE_RANGE
    was_silent, n_known = np.zeros(n_channels, np.bool_), np.zeros(n_channels, np.int64)
    for frame in range(n_frames):
        for channel in range(n_channels):
            is_silent = places[channel, 0, frame] == SILENT
            write_silence(state, out, was_silent[channel], is_silent)
            was_silent[channel] = is_silent
            if is_silent:
                n_known[channel] = 0
                continue
            earlier(places[channel], frame, n_known[channel], back, unknown, mix, mix_bias, added, context)
            n_known[channel] += 1
            for level in range(n_levels):
                place = places[channel, level, frame]
                group = place // in_group
                first = group * in_group
                heard(context, bias[level], hidden)
                total = deal_out(hidden, group_weights[level], group_bias[level], table, starts)
                write_symbol(state, out, starts, total, group)
                rows = slice(first, first + in_group)
                total = deal_out(hidden, code_weights[level, rows], code_bias[level, rows], table, starts)
                write_symbol(state, out, starts, total, place - first)
                context += inside[level, place]
    return finish(state, out)


@compiled
def read_codes(payload: np.ndarray, tables: Tables, places: np.ndarray) -> None:
    """Read ``places (channels, levels, frames)`` that :func:`write_codes` wrote; whatever the bytes are, each is that of a code."""
    inside, back, unknown, mix, mix_bias, bias, group_weights, group_bias, code_weights, code_bias, table = tables
    n_channels, n_levels, n_frames = places.shape
    in_group = code_bias.shape[1] // group_bias.shape[1]
    added, context, hidden, starts = room(mix_bias.size, max(group_bias.shape[1], in_group))
    state = begin_reading(payload)
    was_silent, n_known = np.zeros(n_channels, np.bool_), np.zeros(n_channels, np.int64)
    for frame in range(n_frames):
        for channel in range(n_channels):
            was_silent[channel] = read_silence(state, payload, was_silent[channel])
            if was_silent[channel]:
                places[channel, :, frame] = SILENT
                n_known[channel] = 0
                continue
            earlier(places[channel], frame, n_known[channel], back, unknown, mix, mix_bias, added, context)
            n_known[channel] += 1
            for level in range(n_levels):
                heard(context, bias[level], hidden)
                total = deal_out(hidden, group_weights[level], group_bias[level], table, starts)
                first = read_symbol(state, payload, starts, total) * in_group
                rows = slice(first, first + in_group)
                total = deal_out(hidden, code_weights[level, rows], code_bias[level, rows], table, starts)
                place = first + read_symbol(state, payload, starts, total)
                places[channel, level, frame] = place
                context += inside[level, place]
