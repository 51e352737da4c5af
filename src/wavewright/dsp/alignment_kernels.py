"""Forward-backward and Viterbi over frames and symbols, compiled by numba."""

from __future__ import annotations

import math

import numpy as np

from .compiled import compiled, inlined

IMPOSSIBLE = -1e30  # log-probability


@inlined
def _log_sum(a: float, b: float) -> float:
    """Return ``log(exp(a) + exp(b))``."""
    if a < b:
        a, b = b, a
    return a + math.log1p(math.exp(b - a)) if b > IMPOSSIBLE / 2 else a


@inlined
def _forward(scores: np.ndarray, is_skippable: np.ndarray) -> np.ndarray:
    """Return the log-probability of the frames up to each one with each symbol last, ``(frames, symbols)``."""
    n_frames, n_symbols = scores.shape
    forward = np.full((n_frames, n_symbols), IMPOSSIBLE)
    forward[0, 0] = scores[0, 0]
    if n_symbols > 1 and is_skippable[0]:
        forward[0, 1] = scores[0, 1]
    for frame in range(1, n_frames):
        for symbol in range(min(n_symbols, 2 * frame + 2)):
            total = forward[frame - 1, symbol]
            if symbol >= 1:
                total = _log_sum(total, forward[frame - 1, symbol - 1])
            if symbol >= 2 and is_skippable[symbol - 1]:
                total = _log_sum(total, forward[frame - 1, symbol - 2])
            forward[frame, symbol] = total + scores[frame, symbol] if total > IMPOSSIBLE / 2 else IMPOSSIBLE
    return forward


@inlined
def _step_back(backward: np.ndarray, with_score: np.ndarray, is_skippable: np.ndarray) -> None:
    """Fill ``backward`` of a frame from that of the next frame plus its scores; all ``(symbols,)``."""
    n_symbols = len(backward)
    for symbol in range(n_symbols):
        total = with_score[symbol]
        if symbol + 1 < n_symbols:
            total = _log_sum(total, with_score[symbol + 1])
        if symbol + 2 < n_symbols and is_skippable[symbol + 1]:
            total = _log_sum(total, with_score[symbol + 2])
        backward[symbol] = max(total, IMPOSSIBLE)


@compiled("the alignment")
def forward_backward(scores: np.ndarray, is_skippable: np.ndarray, posterior: np.ndarray) -> float:
    """Return a clip's log-probability as :func:`.alignment.forward_sum`, IMPOSSIBLE for none; fill ``posterior``."""
    n_frames, n_symbols = scores.shape
    forward = _forward(scores, is_skippable)
    backward = np.full(n_symbols, IMPOSSIBLE)  # of the frames after the current one, for each of its symbols
    backward[n_symbols - 1] = 0.0
    if n_symbols > 1 and is_skippable[n_symbols - 1]:
        backward[n_symbols - 2] = 0.0
    log_total: float = forward[n_frames - 1, n_symbols - 1] + backward[n_symbols - 1]
    if n_symbols > 1:
        log_total = _log_sum(log_total, forward[n_frames - 1, n_symbols - 2] + backward[n_symbols - 2])
    if log_total < IMPOSSIBLE / 2:
        return IMPOSSIBLE
    with_score = np.empty(n_symbols)
    for frame in range(n_frames - 1, -1, -1):
        for symbol in range(n_symbols):
            log_posterior = forward[frame, symbol] + backward[symbol] - log_total
            posterior[frame, symbol] = math.exp(log_posterior) if log_posterior > -50.0 else 0.0
            with_score[symbol] = scores[frame, symbol] + backward[symbol]
        _step_back(backward, with_score, is_skippable)
    return log_total


@compiled("the alignment")
def viterbi_path(scores: np.ndarray, is_skippable: np.ndarray, durations: np.ndarray) -> bool:
    """Fill ``durations`` of one clip as :func:`.alignment.best_durations`; return False where there is no alignment.

    ``scores`` and ``is_skippable`` are those of :func:`forward_backward`, ``durations`` is ``(symbols,)`` int64 and
    unchanged where there is no alignment.
    """
    n_frames, n_symbols = scores.shape
    steps = np.zeros((n_frames, n_symbols), np.int8)  # symbols advanced since the previous frame
    best = np.full(n_symbols, IMPOSSIBLE)
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
            best[symbol] = top + scores[frame, symbol] if top > IMPOSSIBLE / 2 else IMPOSSIBLE
            steps[frame, symbol] = step
    symbol = n_symbols - 1
    if n_symbols > 1 and is_skippable[symbol] and best[symbol - 1] > best[symbol]:
        symbol -= 1
    if best[symbol] < IMPOSSIBLE / 2:
        return False
    durations[:] = 0
    for frame in range(n_frames - 1, -1, -1):
        durations[symbol] += 1
        symbol -= steps[frame, symbol]
    return True
