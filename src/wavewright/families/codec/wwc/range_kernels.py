"""The loops of the range coder, compiled by numba; in integers alone, so that every machine writes the same bytes.

A range coder [1]_ holds an interval ``[low, low + range)`` of 32-bit numbers and narrows it, symbol by symbol, to the
sub-interval of the symbol's frequency. Bytes that no later symbol can change are written; a carry is propagated into
written bytes, because a packet is held as a whole.

References
----------
.. [1] G. Martin, "Range encoding: an algorithm for removing redundancy from a digitised message", 1979.
"""

from __future__ import annotations

from typing import TypeAlias, TypedDict

import numpy as np

from ....dsp.compiled import compiled, inlined
from . import SILENT, TOTAL


class NumbaFlags(TypedDict):
    """Options of numba's compiler."""

    _nrt: bool


Int: TypeAlias = int | np.int64

LOOPS = "the range coder"  # its name in messages while it compiles
FLAGS: NumbaFlags = {"_nrt": False}  # no loop allocates an array, so reference counts are not needed

TOTAL_BITS = 16
MIN_RANGE = 1 << 24  # below it, a byte is written
FULL_RANGE = (1 << 32) - 1
CARRY = 1 << 32

SILENT_AFTER_SOUND = 64  # of TOTAL: a first silent frame takes 10 bits, a further active frame 0.0014 bits
SILENT_AFTER_SILENCE = TOTAL - 512  # a first active frame takes 7 bits, a further silent frame 0.011 bits


def workspace(n_channels: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the state of a coder and the silence flags of the previous frame ``(n_channels,)``.

    The state is (low, range, bytes written) of an encoder or (value, range, bytes read) of a decoder. Python allocates
    these arrays, because allocation takes longer to compile than the loops themselves.
    """
    return np.zeros(3, np.int64), np.zeros(n_channels, np.bool_)


@inlined(**FLAGS)
def encode_interval(state: np.ndarray, out: np.ndarray, unit: Int, start: Int, frequency: Int) -> None:
    """Narrow the interval to ``frequency`` units from ``start`` units on; write the bytes that are certain."""
    state[0] += unit * start
    state[1] = unit * frequency
    if state[0] >= CARRY:
        state[0] -= CARRY
        propagate_carry(out, state[2])
    while state[1] < MIN_RANGE:
        out[state[2]] = state[0] >> 24
        state[2] += 1
        state[0] = (state[0] & 0xFFFFFF) << 8
        state[1] <<= 8


@inlined(**FLAGS)
def propagate_carry(out: np.ndarray, n_bytes: int) -> None:
    """Add one to the big-endian number in the first ``n_bytes`` of ``out``."""
    index = n_bytes - 1
    while out[index] == 255:
        out[index] = 0
        index -= 1
    out[index] += 1


@inlined(**FLAGS)
def flush(state: np.ndarray, out: np.ndarray) -> int:
    """Write the number of the interval with the most trailing zero bytes, without these; return the number of bytes."""
    for n_more in range(5):
        mask = (1 << (32 - 8 * n_more)) - 1
        number = (state[0] + mask) & ~mask
        if number < state[0] + state[1]:
            break
    if number >= CARRY:
        number -= CARRY
        propagate_carry(out, state[2])
    n_bytes: int = state[2]
    for index in range(n_more):
        out[n_bytes + index] = (number >> (24 - 8 * index)) & 0xFF
    n_bytes += n_more
    while n_bytes > 0 and out[n_bytes - 1] == 0:
        n_bytes -= 1
    return n_bytes


@inlined(**FLAGS)
def encode_silence(
    state: np.ndarray, out: np.ndarray, codes: np.ndarray, channel: int, frame: int, was_silent: np.ndarray
) -> bool:
    """Encode and return the silence flag of a frame, given that of the frame before it in its channel."""
    is_silent: bool = codes[channel, 0, frame] == SILENT
    silent = SILENT_AFTER_SILENCE if was_silent[channel] else SILENT_AFTER_SOUND
    start, frequency = silent, TOTAL - silent
    if is_silent:  # at the bottom of the interval, so that a silent packet is the number 0: no bytes
        start, frequency = 0, silent
    encode_interval(state, out, state[1] >> TOTAL_BITS, start, frequency)
    was_silent[channel] = is_silent
    return is_silent


@compiled(LOOPS, **FLAGS)
def encode_codes(
    codes: np.ndarray, starts: np.ndarray, out: np.ndarray, state: np.ndarray, was_silent: np.ndarray
) -> int:
    """Encode ``codes (channels, n_codebooks, frames)``; return the number of bytes in ``out``.

    ``starts (n_codebooks, codebook_size + 1)`` are cumulative frequencies; see :func:`workspace` for the last two.
    """
    n_channels, n_codebooks, n_frames = codes.shape
    state[1] = FULL_RANGE
    for frame in range(n_frames):
        for channel in range(n_channels):
            if not encode_silence(state, out, codes, channel, frame, was_silent):
                for book in range(n_codebooks):
                    code = codes[channel, book, frame]
                    start = np.int64(
                        starts[book, code]
                    )  # one type everywhere: every other type would be compiled as well
                    encode_interval(state, out, state[1] >> TOTAL_BITS, start, starts[book, code + 1] - start)
    return flush(state, out)


@inlined(**FLAGS)
def start_decoding(payload: np.ndarray, state: np.ndarray) -> None:
    """Set ``state``, all zeros, to the start of ``payload``."""
    for index in range(4):
        state[0] = (state[0] << 8) | (payload[index] if index < payload.size else 0)
    state[1] = FULL_RANGE
    state[2] = 4


@inlined(**FLAGS)
def decode_interval(state: np.ndarray, payload: np.ndarray, unit: Int, start: Int, frequency: Int) -> None:
    """Undo :func:`encode_interval`; zeros follow the end of ``payload``."""
    state[0] -= unit * start
    state[1] = unit * frequency
    while state[1] < MIN_RANGE:
        byte = payload[state[2]] if state[2] < payload.size else 0
        state[0] = ((state[0] << 8) | byte) & 0xFFFFFFFF
        state[1] <<= 8
        state[2] += 1


@inlined(**FLAGS)
def decode_silence(
    state: np.ndarray, payload: np.ndarray, codes: np.ndarray, channel: int, frame: int, was_silent: np.ndarray
) -> bool:
    """Undo :func:`encode_silence`; write the codes of a silent frame."""
    silent = SILENT_AFTER_SILENCE if was_silent[channel] else SILENT_AFTER_SOUND
    unit = state[1] >> TOTAL_BITS
    is_silent: bool = state[0] // unit < silent
    start, frequency = silent, TOTAL - silent
    if is_silent:
        start, frequency = 0, silent
    decode_interval(state, payload, unit, start, frequency)
    was_silent[channel] = is_silent
    if is_silent:
        codes[channel, :, frame] = SILENT
    return is_silent


@compiled(LOOPS, **FLAGS)
def decode_codes(
    payload: np.ndarray, starts: np.ndarray, codes: np.ndarray, state: np.ndarray, was_silent: np.ndarray
) -> None:
    """Decode into ``codes (channels, n_codebooks, frames)``; any bytes give codes of the codebooks.

    The other arguments are those of :func:`encode_codes`.
    """
    n_channels, n_codebooks, n_frames = codes.shape
    start_decoding(payload, state)
    for frame in range(n_frames):
        for channel in range(n_channels):
            if not decode_silence(state, payload, codes, channel, frame, was_silent):
                for book in range(n_codebooks):
                    unit = state[1] >> TOTAL_BITS
                    target = min(state[0] // unit, TOTAL - 1)
                    code, above = 0, starts.shape[1] - 1  # starts[code] <= target < starts[above]
                    while above - code > 1:
                        middle = (code + above) >> 1
                        if starts[book, middle] <= target:
                            code = middle
                        else:
                            above = middle
                    start = np.int64(starts[book, code])
                    decode_interval(state, payload, unit, start, starts[book, code + 1] - start)
                    codes[channel, book, frame] = code
