"""The loops over frames and symbols of alignments, compiled by numba."""

from __future__ import annotations

import math

import numpy as np

from .compiled import compiled, inlined

NEVER = -1e30  # log-probability of what cannot be


@inlined
def _log_sum(a: float, b: float) -> float:
    """``log(exp(a) + exp(b))``."""
    if a < b:
        a, b = b, a
    return a + math.log1p(math.exp(b - a)) if b > NEVER / 2 else a


@compiled("the alignment")
def forward_backward(scores: np.ndarray, is_skippable: np.ndarray, posterior: np.ndarray) -> float:
    """What :func:`.alignment.forward_sum` finds for one clip; ``posterior (frames, symbols)`` is written."""
    n_frames, n_symbols = scores.shape
    before = np.full((n_frames, n_symbols), NEVER)
    before[0, 0] = scores[0, 0]
    if n_symbols > 1 and is_skippable[0]:
        before[0, 1] = scores[0, 1]
    for frame in range(1, n_frames):
        for symbol in range(min(n_symbols, 2 * frame + 2)):
            total = before[frame - 1, symbol]
            if symbol >= 1:
                total = _log_sum(total, before[frame - 1, symbol - 1])
            if symbol >= 2 and is_skippable[symbol - 1]:
                total = _log_sum(total, before[frame - 1, symbol - 2])
            before[frame, symbol] = total + scores[frame, symbol] if total > NEVER / 2 else NEVER
    after = np.full(n_symbols, NEVER)  # of the frames behind one, given its symbol
    after[n_symbols - 1] = 0.0
    if n_symbols > 1 and is_skippable[n_symbols - 1]:
        after[n_symbols - 2] = 0.0
    log_total = before[n_frames - 1, n_symbols - 1] + after[n_symbols - 1]
    if n_symbols > 1:
        log_total = _log_sum(log_total, before[n_frames - 1, n_symbols - 2] + after[n_symbols - 2])
    if log_total < NEVER / 2:
        return NEVER
    arriving = np.empty(n_symbols)
    for frame in range(n_frames - 1, -1, -1):
        for symbol in range(n_symbols):
            log_share = before[frame, symbol] + after[symbol] - log_total
            posterior[frame, symbol] = math.exp(log_share) if log_share > -50.0 else 0.0
            arriving[symbol] = scores[frame, symbol] + after[symbol]
        for symbol in range(n_symbols):
            total = arriving[symbol]
            if symbol + 1 < n_symbols:
                total = _log_sum(total, arriving[symbol + 1])
            if symbol + 2 < n_symbols and is_skippable[symbol + 1]:
                total = _log_sum(total, arriving[symbol + 2])
            after[symbol] = max(total, NEVER)
    return log_total


@compiled("the alignment")
def viterbi_path(scores: np.ndarray, is_skippable: np.ndarray, durations: np.ndarray) -> bool:
    """What :func:`.alignment.best_durations` finds for one clip, into ``durations (symbols,)``; False where there is no path."""
    n_frames, n_symbols = scores.shape
    steps = np.zeros((n_frames, n_symbols), np.int8)  # symbols that were passed to reach this one
    best = np.full(n_symbols, NEVER)
    best[0] = scores[0, 0]
    if n_symbols > 1 and is_skippable[0]:
        best[1] = scores[0, 1]
    for frame in range(1, n_frames):
        for symbol in range(n_symbols - 1, -1, -1):
            top, step = best[symbol], 0
            if symbol >= 1 and best[symbol - 1] > top:
                top, step = best[symbol - 1], 1
            if symbol >= 2 and is_skippable[symbol - 1] and best[symbol - 2] > top:
                top, step = best[symbol - 2], 2
            best[symbol] = top + scores[frame, symbol] if top > NEVER / 2 else NEVER
            steps[frame, symbol] = step
    symbol = n_symbols - 1
    if n_symbols > 1 and is_skippable[symbol] and best[symbol - 1] > best[symbol]:
        symbol -= 1
    if best[symbol] < NEVER / 2:
        return False
    durations[:] = 0
    for frame in range(n_frames - 1, -1, -1):
        durations[symbol] += 1
        symbol -= steps[frame, symbol]
    return True
