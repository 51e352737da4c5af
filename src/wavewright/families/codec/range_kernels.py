"""The loops of the range coder, compiled by numba: integers alone, so that every machine writes and reads the same bytes.

A range coder (Martin, "Range encoding: an algorithm for removing redundancy from a digitised message", 1979) holds an interval
``[low, low + range)`` of 32-bit numbers and narrows it, symbol by symbol, to the part that the symbol's frequency gives it. Bytes that
no later symbol can change leave at the top; a carry runs back into the bytes that left already, for a packet is held as a whole.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...dsp.compiled import compiled, inlined
from .config import SILENT, TOTAL

LOOPS = "the range coder"  # its name in messages while it compiles
FLAGS: Any = {"_nrt": False}  # no loop allocates an array, so reference counts are not needed

TOTAL_BITS = 16
SMALLEST_RANGE = 1 << 24  # below it, a byte leaves
WHOLE_RANGE = (1 << 32) - 1
CARRY = 1 << 32

SILENT_AFTER_SOUND = 64  # of TOTAL: 10 bits to fall silent, 0.0014 bits to go on
SILENT_AFTER_SILENCE = TOTAL - 512  # 7 bits to begin again, 0.011 bits to stay silent


def workspace(n_channels: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the state of a coder (low or number, range, bytes) and silence flags of the last frame ``(n_channels,)``.

    Python allocates them, because allocation takes longer to compile than the loops themselves.
    """
    return np.zeros(3, np.int64), np.zeros(n_channels, np.bool_)


@inlined(**FLAGS)
def narrow(state: np.ndarray, out: np.ndarray, part: int, start: int, frequency: int) -> None:
    """Narrow ``state`` (low, range, bytes written) to ``frequency`` times ``part``, from ``start`` times on; certain bytes go to ``out``."""
    state[0] += part * start
    state[1] = part * frequency
    if state[0] >= CARRY:
        state[0] -= CARRY
        carry(out, state[2])
    while state[1] < SMALLEST_RANGE:
        out[state[2]] = state[0] >> 24
        state[2] += 1
        state[0] = (state[0] & 0xFFFFFF) << 8
        state[1] <<= 8


@inlined(**FLAGS)
def carry(out: np.ndarray, n_bytes: int) -> None:
    """Add one to the number that the first ``n_bytes`` of ``out`` are, the last byte the smallest."""
    place = n_bytes - 1
    while out[place] == 255:
        out[place] = 0
        place -= 1
    out[place] += 1


@inlined(**FLAGS)
def finish(state: np.ndarray, out: np.ndarray) -> int:
    """End with the number of the interval that has the most zero bytes at its end, leave these out; the number of bytes."""
    for n_more in range(5):
        mask = (1 << (32 - 8 * n_more)) - 1
        number = (state[0] + mask) & ~mask
        if number < state[0] + state[1]:
            break
    if number >= CARRY:
        number -= CARRY
        carry(out, state[2])
    n_bytes = state[2]
    for place in range(n_more):
        out[n_bytes + place] = (number >> (24 - 8 * place)) & 0xFF
    n_bytes += n_more
    while n_bytes > 0 and out[n_bytes - 1] == 0:
        n_bytes -= 1
    return n_bytes


@inlined(**FLAGS)
def write_silence(state: np.ndarray, out: np.ndarray, was_silent: bool, is_silent: bool) -> None:
    """Write whether a frame is silent, behind one of its channel that was or was not."""
    silent = SILENT_AFTER_SILENCE if was_silent else SILENT_AFTER_SOUND
    start, frequency = silent, TOTAL - silent
    if is_silent:  # at the bottom of the interval, so that a silent packet is the number 0: no bytes
        start, frequency = 0, silent
    narrow(state, out, state[1] >> TOTAL_BITS, start, frequency)


@compiled(LOOPS, **FLAGS)
def write_codes(
    codes: np.ndarray, starts: np.ndarray, out: np.ndarray, state: np.ndarray, was_silent: np.ndarray
) -> int:
    """Write ``codes (channels, levels, frames)`` by ``starts (levels, codes + 1)``, cumulated frequencies.

    ``state`` and ``was_silent`` are those of :func:`workspace`. Return the number of bytes in ``out``.
    """
    n_channels, n_codebooks, n_frames = codes.shape
    state[1] = WHOLE_RANGE
    for frame in range(n_frames):
        for channel in range(n_channels):
            is_silent = codes[channel, 0, frame] == SILENT
            write_silence(state, out, was_silent[channel], is_silent)
            was_silent[channel] = is_silent
            if is_silent:
                continue
            for level in range(n_codebooks):
                code = codes[channel, level, frame]
                start = np.int64(starts[level, code])  # one type everywhere: every other type would be compiled as well
                narrow(state, out, state[1] >> TOTAL_BITS, start, starts[level, code + 1] - start)
    return finish(state, out)


@inlined(**FLAGS)
def begin_reading(payload: np.ndarray, state: np.ndarray) -> None:
    """Set ``state`` (number, range, bytes read), all zeros, to the start of ``payload``."""
    for place in range(4):
        state[0] = (state[0] << 8) | (payload[place] if place < payload.size else 0)
    state[1], state[2] = WHOLE_RANGE, 4


@inlined(**FLAGS)
def widen(state: np.ndarray, payload: np.ndarray, part: int, start: int, frequency: int) -> None:
    """Undo :func:`narrow` on ``state`` (number, range, bytes read); beyond the end of ``payload`` there are zeros."""
    state[0] -= part * start
    state[1] = part * frequency
    while state[1] < SMALLEST_RANGE:
        byte = payload[state[2]] if state[2] < payload.size else 0
        state[0] = ((state[0] << 8) | byte) & 0xFFFFFFFF
        state[1] <<= 8
        state[2] += 1


@inlined(**FLAGS)
def read_silence(state: np.ndarray, payload: np.ndarray, was_silent: bool) -> bool:
    """Whether a frame is silent, behind one of its channel that was or was not."""
    silent = SILENT_AFTER_SILENCE if was_silent else SILENT_AFTER_SOUND
    part = state[1] >> TOTAL_BITS
    is_silent = state[0] // part < silent
    start, frequency = silent, TOTAL - silent
    if is_silent:
        start, frequency = 0, silent
    widen(state, payload, part, start, frequency)
    return is_silent


@compiled(LOOPS, **FLAGS)
def read_codes(
    payload: np.ndarray, starts: np.ndarray, codes: np.ndarray, state: np.ndarray, was_silent: np.ndarray
) -> None:
    """Read ``codes (channels, levels, frames)`` that :func:`write_codes` wrote; whatever the bytes are, each code lies in its table."""
    n_channels, n_codebooks, n_frames = codes.shape
    begin_reading(payload, state)
    for frame in range(n_frames):
        for channel in range(n_channels):
            was_silent[channel] = read_silence(state, payload, was_silent[channel])
            if was_silent[channel]:
                for level in range(n_codebooks):
                    codes[channel, level, frame] = SILENT
                continue
            for level in range(n_codebooks):
                part = state[1] >> TOTAL_BITS
                place = min(state[0] // part, TOTAL - 1)
                code, above = 0, starts.shape[1] - 1  # starts[code] <= place < starts[above]
                while above - code > 1:
                    middle = (code + above) >> 1
                    if starts[level, middle] <= place:
                        code = middle
                    else:
                        above = middle
                start = np.int64(starts[level, code])
                widen(state, payload, part, start, starts[level, code + 1] - start)
                codes[channel, level, frame] = code
